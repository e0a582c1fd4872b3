"""The city of the demonstration on the pure lifecycle: a desk and a record in memory, no engine."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from datetime import UTC, datetime, timedelta

from activities.defaults import DemoPetition, default_policy, demo_organisation, police_words
from activities.record.intake import LEDGER_LETTERS
from gateway.case_service import Filing, Rules
from gateway.demo.city import SOURCE, Registry, receipts
from gateway.demo.offices.plan import Plan
from gateway.demo.offices.robots import Refused, Robots
from gateway.demo.screen.book import Book
from gateway.importing.proposing import Proposer, load_taxonomy
from schemas.evidence.chain import Recorded
from schemas.kernel.actor import SYSTEM, Actor
from schemas.kernel.calendar import seed_calendar
from schemas.kernel.errors import UserError
from schemas.kernel.refusal import Refusal
from schemas.petition import commands as c
from schemas.petition.events import Event, FiledContent
from schemas.petition.relay import PetitionMessage, relays
from schemas.petition.rules import decide
from schemas.petition.rules_version import CURRENT_RULES
from schemas.petition.state import Petition
from schemas.proposals.holding import Hearing
from schemas.sealing.keys import KeyRing
from workflows.contract import Answer, workflow_id

NOW = datetime(2026, 11, 18, 6, 0, tzinfo=UTC)
CITY = demo_organisation()
HEARING = Hearing(CITY, police_words())
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
            content=HEARING.of_filing(content),
            received_at=received_at if trusted else None,
            trusted_time=trusted,
            policy=POLICY.figures(content.ledger, content.complexity),
            calendar=RULES.window(received_at or self.now),
            rules=CURRENT_RULES,
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
        messages = deque(relays(state, decided, party=True, answers=True))
        while messages:
            messages.extend(self._relayed(messages.popleft()))
        return None

    def _relayed(self, message: PetitionMessage) -> list[PetitionMessage]:
        to = next(number for number in self.book.cases if workflow_id(number) == message.workflow_id)
        decided = decide(self.book.cases[to].state, message.order, self.now)
        if isinstance(decided, Refusal):
            return [message.otherwise] if message.otherwise is not None else []
        state = self._take(to, SYSTEM, decided)
        return relays(state, decided, party=True, answers=True)

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
