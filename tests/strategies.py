"""A small city, its calendar, and random lives of a petition in it: shared by every test that drives the lifecycle.

``scripts()`` draws orders that are often meaningful: most steps are something that somebody is allowed to do at that moment, the rest is what
anybody might try. A script is only orders and pauses between them, so the same one can be put to the pure decider and to the real engine.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from schemas.kernel.actor import SYSTEM, Actor, Role
from schemas.kernel.refusal import Refusal
from schemas.kernel.worktime import Calendar
from schemas.petition import commands as c
from schemas.petition.events import Event, FiledContent, Finding, Petitioner
from schemas.petition.rules import RULES, decide, fold, next_alarm, permitted
from schemas.petition.rules_version import CURRENT_RULES, FIRST_RULES
from schemas.petition.state import Accusation, Complexity, Ledger, Outcome, Party, Petition, RatingDoor, petitioner_of
from schemas.policy import CasePolicy
from schemas.sealing.factors import Factor
from schemas.sealing.personal import SealedPersonal

CITY = "XA"
BRANCH, OTHER_BRANCH = "XA/A1", "XA/A2"
STATION, NEXT_STATION, FAR_STATION = "XA/A1/01", "XA/A1/02", "XA/A2/01"
CITY_DESK, BRANCH_DESK = "XA/XF", "XA/A1/XF"
UNITS = (CITY, CITY_DESK, BRANCH, BRANCH_DESK, STATION, NEXT_STATION, OTHER_BRANCH, FAR_STATION)
DESKS = {CITY_DESK: CITY, BRANCH_DESK: BRANCH}
"""Petition offices act for the unit they hang off."""

NUMBER = "XA-2026-S-000001"


def actor(role: Role, unit: str, suffix: str = "") -> Actor:
    """The person of that role in that unit; a petition office reaches as far as the unit it hangs off."""
    return Actor(id=f"{role}@{unit}{suffix}", role=role, unit=unit, scope=DESKS.get(unit, ""))


OPERATOR = actor(Role.OPERATOR, CITY_DESK)
SUPERVISOR = actor(Role.SUPERVISOR, CITY_DESK)
VISITOR = actor(Role.VISITOR, CITY_DESK)
AUDITOR = actor(Role.AUDITOR, CITY)
CITY_CHIEF = actor(Role.CHIEF, CITY)
BRANCH_CHIEF = actor(Role.CHIEF, BRANCH)
STATION_CHIEF = actor(Role.CHIEF, STATION)
HANDLER = actor(Role.HANDLER, STATION)
NEXT_HANDLER = actor(Role.HANDLER, NEXT_STATION)
FAR_HANDLER = actor(Role.HANDLER, FAR_STATION)
PETITIONER = petitioner_of(NUMBER)
UPSTREAM = Actor(id="12345", role=Role.UPSTREAM, unit="12345")

COMPLAINTS_OFFICER = actor(Role.SUPERVISOR, CITY_DESK, "/complaints").model_copy(update={"complaints": True})
SECOND_OFFICER = actor(Role.SUPERVISOR, CITY_DESK, "/complaints-2").model_copy(update={"complaints": True})
BRANCH_COMPLAINTS = actor(Role.OPERATOR, BRANCH_DESK, "/complaints").model_copy(update={"complaints": True})

PEOPLE: tuple[Actor, ...] = (
    COMPLAINTS_OFFICER,
    SECOND_OFFICER,
    BRANCH_COMPLAINTS,
    *(actor(Role.OPERATOR, unit) for unit in (CITY_DESK, BRANCH_DESK, STATION)),
    *(actor(Role.SUPERVISOR, unit) for unit in (CITY_DESK, BRANCH_DESK)),
    *(actor(Role.VISITOR, unit) for unit in (CITY_DESK, BRANCH_DESK, STATION)),
    *(actor(Role.CHIEF, unit) for unit in UNITS),
    actor(Role.CHIEF, CITY, "/deputy"),
    actor(Role.CHIEF, BRANCH, "/deputy"),
    *(actor(Role.HANDLER, unit) for unit in UNITS),
    AUDITOR,
    UPSTREAM,
    PETITIONER,
    petitioner_of("XA-2026-S-000002"),
)


def calendar(*, version: int = 1, years: tuple[int, ...] = (2026,)) -> Calendar:
    """A work calendar of the years given, with a national holiday in October and a make-up day on each side of it."""
    return Calendar(
        version=version,
        published_from=date(years[0], 1, 1),
        published_through=date(years[-1], 12, 31),
        off=tuple(
            day
            for year in years
            for day in (date(year, 1, 1), *(date(year, 10, number) for number in range(1, 8)))
            if day.weekday() < 5
        ),
        made_up=tuple(_weekend(year, month) for year in years for month in (9, 10)),
    )


def _weekend(year: int, month: int) -> date:
    day = date(year, 9, 26) if month == 9 else date(year, 10, 8)
    while day.weekday() < 5:
        day += timedelta(days=1)
    return day


def moment(month: int, day: int, hour: int = 10, minute: int = 0, *, year: int = 2026) -> datetime:
    """A moment on the Shanghai wall clock, in UTC."""
    return datetime(year, month, day, hour, minute, tzinfo=ZoneInfo("Asia/Shanghai")).astimezone(UTC)


MONDAY = moment(3, 2)
"""2 March 2026, 10:00: a Monday with four plain weeks ahead."""

FAST = CasePolicy(version=1, approval_implied=True, statute_finish_working_days=10)
REPORTED = CasePolicy(version=1)


def filing(
    *,
    by: Actor = OPERATOR,
    number: str = NUMBER,
    policy: CasePolicy | None = None,
    work_calendar: Calendar | None = None,
    received_at: datetime | None = None,
    trusted_time: bool = False,
    rules: str = FIRST_RULES,
    **content: Any,
) -> c.Order:
    """The order that files a complex claim at station 01 of branch A1; every fact of it can be given."""
    facts: dict[str, Any] = {
        "source": "walk-in",
        "source_event_id": number,
        "channel": "walk_in",
        "title": "Lamp out",
        "text": "The street lamp in front of number 12 is out.",
        "ledger": Ledger.CLAIM,
        "complexity": Complexity.COMPLEX,
        "unit": STATION,
    } | content
    simple = facts["complexity"] is Complexity.SIMPLE
    command = c.File(
        number=number,
        content=FiledContent(**facts),
        received_at=received_at,
        trusted_time=trusted_time,
        policy=policy or (FAST if simple else REPORTED),
        calendar=work_calendar or calendar(),
        rules=rules,
    )
    return c.Order(actor=by, command=command)


class UnexpectedRefusalError(AssertionError):
    """A step that a test took for allowed was refused."""


class Case:
    """A case lived step by step: ``do`` what must be allowed, ``ask`` what may be refused; time only goes on."""

    def __init__(self, order: c.Order | None = None, at: datetime = MONDAY) -> None:
        self.now = at
        self.events: list[Event] = []
        self.recorded: list[tuple[datetime, list[Event]]] = []
        self.state: Petition = self._folded(order or filing())

    def _folded(self, order: c.Order) -> Petition:
        decided = decide(None, order, self.now)
        if isinstance(decided, Refusal):
            raise UnexpectedRefusalError(decided.code)
        self._take(decided)
        return self.state

    def _take(self, decided: Iterable[Event]) -> list[Event]:
        events = list(decided)
        state = fold(events, self.state if self.events else None)
        if state is not None:
            self.state = state
        self.events += events
        self.recorded.append((self.now, events))
        return events

    def ask(self, who: Actor, command: c.Command) -> Refusal | list[Event]:
        """What the decider answers now; nothing changes."""
        return decide(self.state, c.Order(actor=who, command=command), self.now)

    def do(self, who: Actor, command: c.Command, at: datetime | None = None) -> list[Event]:
        """The events of a step that must be allowed."""
        self.now = at or self.now
        decided = self.ask(who, command)
        if isinstance(decided, Refusal):
            raise UnexpectedRefusalError(f"{command.kind}: {decided.code}: {decided.en}")
        return self._take(decided)

    def ring_until(self, at: datetime) -> list[Event]:
        """Rings every alarm at its own instant up to ``at``, as a timer would."""
        rung: list[Event] = []
        while (instant := next_alarm(self.state)) is not None and instant <= at:
            rung += self.do(SYSTEM, c.RingAlarm(), at=instant)
        self.now = at
        return rung

    def kinds(self) -> list[str]:
        """The kinds of all events so far."""
        return [event.kind for event in self.events]


class Step(NamedTuple):
    """An order, given so long after the step before."""

    order: c.Order
    after: timedelta


WORDS = st.sampled_from((*("the lamp is mended", "see the report", "路灯已修好") * 3, ""))
SAID = st.sampled_from(("because it is so", "见附件", "the file says so"))
SOME_UNITS = st.lists(st.sampled_from(UNITS), max_size=2).map(tuple)
NOBODY: st.SearchStrategy[tuple[str, ...]] = st.just(())
MEMBER = "XA-2026-S-000002"


@cache
def petitioners() -> st.SearchStrategy[tuple[Petitioner, ...]]:
    """None, a few, or too many; some without a match code."""
    one = st.builds(
        Petitioner,
        alias=st.sampled_from(("", "A0048")),
        sealed=st.none()
        | st.builds(
            SealedPersonal, key_id=st.just("k1"), sealed=st.just("0" * 8), person=st.sampled_from(("", "a" * 16))
        ),
    )
    return st.lists(one, max_size=6).map(tuple)


@cache
def accusations() -> st.SearchStrategy[Accusation | None]:
    """Mostly none; else of the station, of its handler, of both, or of the police in general, decided one or two levels up."""
    some = st.builds(
        Accusation,
        unit=st.sampled_from((BRANCH, CITY)),
        decides=st.sampled_from((Role.SUPERVISOR, Role.OPERATOR)),
        units=st.sampled_from(((), (STATION,), (STATION, NEXT_STATION))),
        persons=st.sampled_from(((), (HANDLER.id,))),
        words=st.just(("民警", "骂")),
    )
    return st.none() | st.none() | st.none() | some


def _parties() -> st.SearchStrategy[Party | None]:
    return st.none() | st.builds(
        Party,
        number=st.just(MEMBER),
        units=SOME_UNITS,
        persons=NOBODY | st.just((HANDLER.id,)),
        at=st.sampled_from(((STATION,), (FAR_STATION,))),
    )


@cache
def policies() -> st.SearchStrategy[CasePolicy]:
    """Figures as installations might set them, short terms preferred so that every limit is met."""
    return st.builds(
        CasePolicy,
        version=st.just(1),
        finish_days=st.integers(1, 8),
        rework_days=st.integers(1, 5),
        extension_days=st.integers(0, 4),
        extensions=st.integers(0, 2),
        pause_days=st.integers(0, 4),
        transfer_days=st.integers(1, 3),
        statute_finish_working_days=st.none() | st.just(10),
        approval_implied=st.booleans(),
        confidential=st.booleans(),
        no_fault_by_policy=st.booleans(),
    )


@cache
def filings() -> st.SearchStrategy[c.Order]:
    """A first order that is allowed: any ledger, any unit, now and then against a unit, a chief or a person."""

    def order(facts: dict[str, Any], policy: CasePolicy, accusation: Accusation | None) -> c.Order:
        if accusation is not None:
            facts = facts | {"rules": CURRENT_RULES}
        return filing(policy=policy, accusation=accusation, **facts)

    facts = st.fixed_dictionaries(
        {
            "ledger": st.sampled_from(list(Ledger)),
            "complexity": st.sampled_from(list(Complexity)),
            "unit": st.sampled_from((STATION, NEXT_STATION, BRANCH, CITY_DESK)),
            "accused_units": NOBODY | NOBODY | SOME_UNITS,
            "accused_persons": NOBODY | st.just((HANDLER.id,)),
            "conflicted_units": NOBODY | NOBODY | SOME_UNITS,
            "by": st.sampled_from((OPERATOR, actor(Role.OPERATOR, STATION), UPSTREAM)),
            "rules": st.sampled_from((FIRST_RULES, CURRENT_RULES)),
        }
    )
    return st.builds(order, facts, policies(), accusations())


def _amendments() -> st.SearchStrategy[c.Command]:
    return st.builds(
        c.Amend,
        reason=WORDS,
        title=st.none() | WORDS,
        unit=st.none() | st.sampled_from((*UNITS, "")),
        ledger=st.none() | st.sampled_from(list(Ledger)),
        complexity=st.none() | st.sampled_from(list(Complexity)),
        accused_units=st.none() | SOME_UNITS,
        conflicted_units=st.none() | NOBODY,
        petitioners=st.none() | petitioners(),
        policy=st.none() | policies(),
        accusation=accusations(),
    )


def _decisions() -> st.SearchStrategy[c.Command]:
    """Half of them say that it is nobody, or somebody who is not asked about."""
    whole = st.builds(
        c.DecideAccused,
        accused_units=st.sampled_from(((), (STATION,), (STATION, NEXT_STATION))),
        accused_persons=NOBODY | st.just((HANDLER.id,)),
        mentioned_units=NOBODY | st.just((NEXT_STATION,)),
        mentioned_persons=NOBODY | st.just((HANDLER.id,)),
        unit=st.sampled_from(("", "", FAR_STATION)),
        reason=WORDS,
    )
    return st.builds(c.DecideAccused, nobody=st.just(True), reason=WORDS) | whole


def _disclosures() -> st.SearchStrategy[c.Command]:
    return st.builds(
        c.Disclose,
        published=st.booleans(),
        summary=WORDS,
        exemption=st.sampled_from(("privacy", "minor", "shame")),
        countersigned_by=st.sampled_from((AUDITOR.id, SUPERVISOR.id, HANDLER.id, "")),
    )


def _revisits() -> st.SearchStrategy[c.Command]:
    happy = st.just(c.RecordRevisit(reached=True, solved=True, satisfied_with_office=True, satisfied_with_unit=True))
    return happy | st.builds(
        c.RecordRevisit,
        reached=st.booleans(),
        solved=st.booleans(),
        satisfied_with_unit=st.booleans(),
        accusation=accusations(),
    )


def _ratings() -> st.SearchStrategy[c.Command]:
    glad = st.just(c.Rate(solved=True, satisfied_with_office=True, satisfied_with_unit=True))
    return glad | st.builds(
        c.Rate,
        solved=st.booleans(),
        satisfied_with_office=st.booleans(),
        satisfied_with_unit=st.booleans(),
        remark=WORDS,
        accusation=accusations(),
        door=st.none() | st.sampled_from(list(RatingDoor)),
        factor=st.none() | st.sampled_from(list(Factor)),
    )


def _accounts() -> st.SearchStrategy[c.Command]:
    finding = st.builds(Finding, unit=st.just(STATION), fault=WORDS, measure=SAID)
    return st.builds(c.Account, no_fault=st.booleans(), findings=NOBODY | st.lists(finding, max_size=1).map(tuple))


CALENDARS = st.sampled_from((calendar(version=2), calendar(version=2, years=(2026, 2027)), calendar()))

_COMMANDS: dict[str, Callable[[], st.SearchStrategy[c.Command]]] = {
    "amend": _amendments,
    "name_accused": lambda: st.builds(
        c.NameAccused,
        reason=WORDS,
        accused_units=SOME_UNITS,
        accused_persons=NOBODY | st.just((HANDLER.id,)),
        conflicted_units=NOBODY | NOBODY | SOME_UNITS,
    ),
    "decide_accused": _decisions,
    "countersign": lambda: st.builds(c.Countersign, agreed=st.sampled_from((True, True, False)), reason=WORDS),
    "remark": lambda: st.builds(c.Remark, text=WORDS, accusation=accusations()),
    "approve": lambda: st.builds(c.Approve),
    "decline": lambda: st.builds(c.Decline, ground=st.sampled_from(("litigation", "mood")), notice=WORDS),
    "transfer": lambda: st.builds(c.Transfer, to=st.sampled_from(("12345", "110")), reason=SAID),
    "answer_transfer": lambda: st.builds(c.AnswerTransfer, accepted=st.booleans(), reference=WORDS),
    "assign": lambda: st.builds(
        c.Assign, lead=st.sampled_from(UNITS), co_offices=NOBODY | NOBODY | SOME_UNITS, joint=st.booleans()
    ),
    "accept": lambda: st.builds(c.Accept),
    "return": lambda: st.builds(c.Return, reason=WORDS),
    "uphold_return": lambda: st.builds(c.UpholdReturn, reason=WORDS),
    "refuse_return": lambda: st.builds(c.RefuseReturn, reason=WORDS),
    "report_progress": lambda: st.builds(c.ReportProgress, text=WORDS),
    "co_report": lambda: st.builds(c.CoReport, text=SAID),
    "waive_co_report": lambda: st.builds(c.WaiveCoReport, unit=st.sampled_from(UNITS), reason=SAID),
    "request_extension": lambda: st.builds(c.RequestExtension, days=st.integers(1, 5), reason=SAID),
    "grant_extension": lambda: st.builds(c.GrantExtension, told=SAID, statute=st.booleans()),
    "refuse_extension": lambda: st.builds(c.RefuseExtension, reason=WORDS),
    "pause": lambda: st.builds(c.Pause, reason=st.sampled_from(("hearing", "appraisal", "holiday"))),
    "resume": lambda: st.builds(c.Resume),
    "urge": lambda: st.builds(c.Urge, text=WORDS, card=st.sampled_from(("", "yellow", "red"))),
    "reply": lambda: st.builds(c.Reply, outcome=st.sampled_from(list(Outcome)), text=WORDS),
    "record_revisit": _revisits,
    "rate": _ratings,
    "contradict_revisit": lambda: st.builds(
        c.ContradictRevisit, revisit=st.integers(1, 4), words=SAID, accusation=accusations()
    ),
    "reissue_code": lambda: st.builds(c.ReissueCode, reason=WORDS),
    "rework": lambda: st.builds(c.Rework, reason=SAID),
    "sign_off": lambda: st.builds(c.SignOff),
    "terminate": lambda: st.builds(
        c.Terminate, basis=st.sampled_from(("reviewed", "unreasonable")), review=WORDS, re_review=WORDS, reason=SAID
    ),
    "disclose": _disclosures,
    "retract_disclosure": lambda: st.builds(
        c.RetractDisclosure, reason=WORDS, countersigned_by=st.sampled_from((AUDITOR.id, ""))
    ),
    "account": _accounts,
    "withdraw": lambda: st.builds(c.Withdraw, reason=WORDS),
    "merge": lambda: st.builds(
        c.Merge, into=st.sampled_from((MEMBER, NUMBER, "")), basis=st.sampled_from(("same_person", "same_matter"))
    ),
    "unmerge": lambda: st.builds(c.Unmerge, reason=WORDS),
    "reopen": lambda: st.builds(
        c.Reopen,
        facts=WORDS,
        policy=policies(),
        calendar=st.just(calendar()),
        rules=st.sampled_from(("", CURRENT_RULES)),
        accusation=accusations(),
    ),
    "ring_alarm": lambda: st.builds(c.RingAlarm),
    "recompute_due": lambda: st.builds(c.RecomputeDue, calendar=CALENDARS),
    "admit_member": lambda: st.builds(c.AdmitMember, number=st.sampled_from((MEMBER, NUMBER)), party=_parties()),
    "change_member": lambda: st.builds(
        c.ChangeMember, party=st.builds(Party, number=st.just(MEMBER), units=SOME_UNITS, at=SOME_UNITS)
    ),
    "propose_accused": lambda: st.builds(c.ProposeAccused, accusation=accusations()),
    "release_member": lambda: st.builds(c.ReleaseMember, number=st.just(MEMBER)),
    "follow_reply": lambda: st.builds(
        c.FollowReply, outcome=st.just(Outcome.EXPLAINED), text=SAID, unit=st.sampled_from(UNITS)
    ),
}

SYSTEM_KINDS = ("ring_alarm", *(kind for kind, rule in RULES.items() if not rule.people))
RARE = ("contradict_revisit", "reissue_code", "name_accused", "withdraw", "decline", "transfer", "merge", "terminate")
"""Short ways out: taken as often as the rest, hardly a script would come to a reply."""


FORWARD = {
    "approve": 5,
    "decide_accused": 5,
    "countersign": 5,
    "assign": 5,
    "accept": 8,
    "pause": 2,
    "request_extension": 2,
    "grant_extension": 2,
    "resume": 2,
    "co_report": 3,
    "reply": 8,
    "record_revisit": 8,
    "rate": 3,
    "sign_off": 5,
    "disclose": 4,
    "account": 3,
}
"""How often the steps of the straight path, and the clocks' own, are tried for each other one."""


@cache
def commands(kind: str) -> st.SearchStrategy[c.Command]:
    """Commands of that kind, more often whole than not. Kept: a strategy takes longer to be built than to be drawn from."""
    return _COMMANDS[kind]()


def those_who_may(state: Petition, kind: str) -> list[Actor]:
    """Everybody who may give that command now."""
    roles = RULES[kind].people
    return [who for who in PEOPLE if who.role in roles and permitted(state, kind, who) is None]


def _pauses(state: Petition, now: datetime) -> st.SearchStrategy[timedelta]:
    instants = [timedelta(hours=hours) for hours in (0, 1, 1, 3, 3, 20, 24, 9 * 24)]
    alarm = next_alarm(state)
    if alarm is not None and alarm >= now:
        instants += [alarm - now, alarm - now + timedelta(microseconds=1)]
    return st.sampled_from(instants)


@st.composite
def next_orders(draw: st.DrawFn, state: Petition) -> c.Order:
    """An order for a case in that state: four in five are somebody's to give, the rest anybody's attempt."""
    lot = draw(st.integers(0, 9))
    kinds = [kind for kind, rule in RULES.items() if rule.people and rule.covers(state)]
    usual = [kind for kind in kinds for _ in range(FORWARD.get(kind, 1)) if lot == 0 or kind not in RARE]
    kind = draw(st.sampled_from(usual or kinds))
    who = those_who_may(state, kind)
    if lot != 7 and lot != 9 and who:
        return c.Order(actor=draw(st.sampled_from(who)), command=draw(commands(kind)))
    if lot == 7:
        return c.Order(actor=SYSTEM, command=draw(st.sampled_from(SYSTEM_KINDS).flatmap(commands)))
    anything = draw(st.sampled_from(sorted(_COMMANDS)).flatmap(commands))
    return c.Order(actor=draw(st.sampled_from(PEOPLE)), command=anything)


@st.composite
def scripts(draw: st.DrawFn, *, max_steps: int = 30) -> list[Step]:
    """A life: a filing at :data:`MONDAY`, then up to ``max_steps`` orders, allowed or not."""
    first = draw(filings())
    steps, now = [Step(first, timedelta(0))], MONDAY
    decided = decide(None, first, now)
    state = None if isinstance(decided, Refusal) else fold(decided)
    for _ in range(draw(st.integers(min(8, max_steps), max_steps))):
        if state is None:
            break
        after = draw(_pauses(state, now))
        order = draw(next_orders(state))
        now += after
        steps.append(Step(order, after))
        decided = decide(state, order, now)
        if not isinstance(decided, Refusal):
            state = fold(decided, state)
    return steps


def play(steps: Iterable[Step], *, start: datetime = MONDAY) -> tuple[Petition | None, list[Event]]:
    """The state and the record that the pure decider makes of a script."""
    state: Petition | None = None
    events: list[Event] = []
    now = start
    for order, after in steps:
        now += after
        decided = decide(state, order, now)
        if not isinstance(decided, Refusal):
            state = fold(decided, state)
            events += decided
    return state, events
