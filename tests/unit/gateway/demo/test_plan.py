"""Every plan is lawful: the forty petitions and many invented ones played on the pure lifecycle, with no engine."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from datetime import UTC, datetime, timedelta

from activities.defaults import DemoPetition, default_policy, demo_organisation, demo_petitions
from activities.record.intake import LEDGER_LETTERS
from gateway.demo.city import SOURCE, Registry, receipts, waiting
from gateway.demo.invented import invented
from gateway.demo.offices.fates import Fate, fate_of
from gateway.demo.offices.plan import Plan
from gateway.demo.offices.robots import Refused, Robots
from gateway.demo.screen.book import Book
from gateway.desk import Filing, Rules
from gateway.importing.proposing import Proposer, load_taxonomy
from schemas import commands as c
from schemas.calendar import seed_calendar
from schemas.errors import UserError
from schemas.events import Event, FiledContent
from schemas.evidence import Recorded
from schemas.keys import KeyRing
from schemas.lifecycle import decide
from schemas.petition import SYSTEM, Actor, Card, Petition, Stage
from schemas.refusals import Refusal
from workflows.contract import Answer, workflow_id
from workflows.relay import Relay, relays

NOW = datetime(2026, 11, 18, 6, 0, tzinfo=UTC)
CITY = demo_organisation()
POLICY = default_policy()
RULES = Rules(policy=POLICY, calendar=seed_calendar(), city=CITY.city_code)


class PureCity:
    """The desk and the record in memory: orders are decided, folded and passed on at once."""

    def __init__(self) -> None:
        self.book = Book()
        self.now = NOW
        self.numbers: Counter[str] = Counter()
        self.refusals: list[tuple[str, str]] = []

    async def file(self, actor: Actor, content: FiledContent, *, received_at: datetime | None = None) -> Filing:
        self.numbers[LEDGER_LETTERS[content.ledger]] += 1
        letter = LEDGER_LETTERS[content.ledger]
        number = f"{CITY.city_code}-2026-{letter}-{self.numbers[letter]:06d}"
        trusted = POLICY.channels[content.channel].trusted_time
        command = c.File(
            number=number,
            content=content,
            received_at=received_at if trusted else None,
            trusted_time=trusted,
            policy=POLICY.figures(content.ledger, content.complexity),
            calendar=RULES.window(received_at or self.now),
        )
        decided = decide(None, c.Order(actor=actor, command=command), self.now)
        assert not isinstance(decided, Refusal), decided
        state = self._take(number, actor, decided)
        return Filing(number=number, tracking_code="", stage=state.stage)

    async def act(self, number: str, actor: Actor, command: c.Command, command_id: str) -> Answer:
        decided = self._order(number, c.Order(actor=actor, command=command))
        if isinstance(decided, Refusal):
            raise UserError(decided.code, zh=decided.zh, en=decided.en)
        state = self.book.cases[number].state
        return Answer(number=number, seq=state.seq, stage=state.stage)

    def _order(self, number: str, order: c.Order) -> Refusal | None:
        decided = decide(self.book.cases[number].state, order, self.now)
        if isinstance(decided, Refusal):
            return decided
        state = self._take(number, order.actor, decided)
        messages = deque(relays(state, decided))
        while messages:
            messages.extend(self._relayed(messages.popleft()))
        return None

    def _relayed(self, message: Relay) -> list[Relay]:
        to = next(number for number in self.book.cases if workflow_id(number) == message.workflow_id)
        decided = decide(self.book.cases[to].state, message.order, self.now)
        if isinstance(decided, Refusal):
            return [message.otherwise] if message.otherwise is not None else []
        return relays(self._take(to, SYSTEM, decided), decided)

    def _take(self, number: str, actor: Actor, events: list[Event]) -> Petition:
        for event in events:
            seen = self.book.cases.get(number)
            seq = seen.state.seq + 1 if seen is not None else 1
            self.book.take(
                Recorded(case_number=number, seq=seq, recorded_at=self.now, actor=actor, command_id="test", event=event)
            )
        return self.book.cases[number].state


def registry(city: PureCity) -> Registry:
    return Registry(city, CITY, Proposer(CITY, load_taxonomy(None)), KeyRing([("k1", b"k" * 32)]))


def robots(city: PureCity, twins: dict[str, str]) -> Robots:
    def heard(refused: Refused) -> None:
        city.refusals.append((refused.kind, refused.error.code))

    return Robots(Plan(CITY), city.book, city.act, SOURCE, twins, heard, clock=lambda: city.now)


async def played(city: PureCity, petitions: list[DemoPetition], *, steps: int) -> None:
    """Files one petition after the other while the robots act, then lets them act until nothing is left to do."""
    twins = {each.key: each.same_matter_as for each in petitions if each.same_matter_as}
    crew, desk = robots(city, twins), registry(city)
    moments = receipts(petitions, POLICY, RULES.calendar, city.now)
    queue = deque(zip(petitions, moments, strict=True))
    loop = asyncio.get_running_loop()
    idle = 0.0
    for _ in range(steps):
        city.now += timedelta(seconds=1)
        if queue:
            petition, moment = queue.popleft()
            trusted = POLICY.channels[petition.channel].trusted_time
            await desk.file(petition, moment if trusted else None)
        found = crew.choose(loop.time() + idle)
        if found is not None:
            await crew.carry_out(*found)
        else:
            # nobody's turn: the crew's own clock runs on, without waiting for it
            idle += 3
        idle += 1


async def test_the_forty_show_everything_and_every_step_is_lawful() -> None:
    city = PureCity()
    await played(city, list(waiting(POLICY)), steps=1500)
    cases = [seen.state for seen in city.book.cases.values()]
    assert len(cases) == 40
    # The one refusal that is asked for: a lead office that answers before its co-office has reported.
    assert set(city.refusals) == {("reply", "co_report_missing")}

    stages = {state.stage for state in cases}
    assert stages == set(Stage) - {Stage.RECEIVE}, "some cases rest in every stage"
    kinds = Counter(kind for seen in city.book.cases.values() for kind in seen.kinds)
    everything = {
        *("filed", "amended", "approved", "declined", "transfer_offered", "transfer_answered", "assigned", "accepted"),
        *("return_requested", "return_upheld", "return_refused", "progress_reported", "co_reported"),
        *("co_report_waived", "extension_requested", "extension_granted", "extension_refused", "paused", "resumed"),
        *("clock_set", "escalated", "urged", "replied", "revisit_recorded", "reworked", "sign_off_key_turned"),
        *("signed_off", "terminated", "disclosed", "accounted", "sealed", "withdrawn", "merged", "member_admitted"),
    }
    assert everything <= set(kinds)
    assert kinds["merged"] == sum(bool(each.same_matter_as) for each in demo_petitions())
    assert {card.colour for state in cases for card in state.cards} == {Card.YELLOW, Card.RED}
    assert {len(state.signed_by) for state in cases} >= {0, 1, 2}
    resting = [state for state in cases if state.open]
    assert len(resting) < 12, Counter(state.stage for state in resting)


async def test_those_who_come_later_are_carried_to_their_seal() -> None:
    city = PureCity()
    city.numbers.update({"S": 13, "C": 13, "P": 14})
    await played(city, [invented(index, CITY) for index in range(50)], steps=1300)
    assert set(city.refusals) <= {("reply", "co_report_missing")}
    assert len(city.book.cases) == 50
    assert {seen.state.stage for seen in city.book.cases.values()} == {Stage.ARCHIVED}


def test_the_forty_were_received_within_two_weeks_and_never_in_the_future() -> None:
    for hour in range(0, 24 * 21, 7):
        now = datetime(2026, 9, 20, 3, 30, tzinfo=UTC) + timedelta(hours=hour)
        petitions = waiting(POLICY)
        moments = receipts(petitions, POLICY, RULES.calendar, now)
        assert max(moments) <= now
        # The longest holiday of the year lies in these weeks: nine working days ago may be that much further away.
        assert min(moments) > now - timedelta(days=23)
        assert sum(moment < now - timedelta(days=1) for moment in moments) >= 8


def test_the_same_case_meets_the_same_fate() -> None:
    assert fate_of("WC-2026-S-000002") is fate_of("WC-2031-S-000002") is Fate.REWORKED
    assert fate_of("WC-2026-P-000009") is Fate.RESTS_ASSIGN
    assert fate_of("WC-2026-P-000023") is Fate.STRAIGHT


def test_the_street_never_brings_the_same_petition_twice() -> None:
    petitions = [invented(index, CITY) for index in range(300)]
    assert len({petition.key for petition in petitions}) == 300
    assert len({(petition.unit, petition.title, petition.text) for petition in petitions}) > 60
    assert invented(7, CITY) == invented(7, CITY)
