"""What-if: a recorded message driven through the lifecycle and its ladder in virtual time, by the same rules as a real case and without an engine.

A leader who weighs a rule sees what it would have meant for last year's cases: same times, other figures. Pure: no clock, no I/O.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, NamedTuple

from pydantic import Field, PlainSerializer

from schemas.kernel.actor import Actor, Role
from schemas.kernel.model import Frozen
from schemas.kernel.refusal import Refusal
from schemas.kernel.worktime import SHANGHAI, Calendar, local_day, working_days_after
from schemas.petition import commands as c
from schemas.petition.events import Event, FiledContent
from schemas.petition.measures import Measures
from schemas.petition.rules import decide, fold, next_alarm
from schemas.petition.state import ClockName, Complexity, Ledger, Outcome, Petition, Stage
from schemas.policy import Policy

ShanghaiTime = Annotated[
    datetime, PlainSerializer(lambda moment: moment.astimezone(SHANGHAI).isoformat(), return_type=str, when_used="json")
]
"""An aware moment, written in Asia/Shanghai with its offset (+08:00)."""

Wait = Annotated[timedelta, Field(ge=timedelta(0), le=timedelta(days=3650))]

CITY, BRANCH, STATION, OFFICE = "S", "S/1", "S/1/1", "S/petitions"
"""The units of the simulation: a case of a branch, worked by a station of it, kept and revisited by the city's petition office."""

OPERATOR = Actor(id="operator", role=Role.OPERATOR, unit=OFFICE, scope=CITY)
VISITOR = Actor(id="visitor", role=Role.VISITOR, unit=OFFICE, scope=CITY)
HANDLER = Actor(id="handler", role=Role.HANDLER, unit=STATION)
_LONGEST = timedelta(days=800)
"""Reaches past every term that a policy may set (250 working days), and the rungs above it."""

LADDER = Actor(id="system", role=Role.SYSTEM, unit="")


class SimulationOptions(Frozen):
    """How the people of the simulation behave. Waits are plain time, not working time.

    ``approve_after``, ``assign_after``: after receipt; where the recorded answer came sooner, at the moment of that answer. ``revisit_after``: after the
    answer. ``satisfied``: what every petitioner says then. ``ledger``, ``complexity``: for every message, or None to take what its text proposes.
    """

    approve_after: Wait = timedelta(hours=4)
    assign_after: Wait = timedelta(hours=4)
    revisit_after: Wait = timedelta(hours=24)
    satisfied: bool = True
    ledger: Ledger | None = None
    complexity: Complexity | None = None


class Recorded(Frozen):
    """One message as it was recorded, with the time of its answer. Both times are aware."""

    message_id: str
    title: str
    text: str
    received_at: datetime
    replied_at: datetime
    reply: str
    ledger: Ledger
    complexity: Complexity


class SimulatedCase(Frozen):
    """What became of one message. ``yellow``: not answered by the hour of the yellow card (9:00) of the last counted day.

    ``overdue_working_days``: working days after the due day through the day of the answer; 0 when on time.
    """

    message_id: str
    received_at: ShanghaiTime
    assign_due: ShanghaiTime
    finish_due: ShanghaiTime
    replied_at: ShanghaiTime
    on_time: bool
    yellow: bool
    overdue_working_days: int


class RefusedMessage(Frozen):
    """A row that could not be simulated. ``row`` as Excel shows it; ``reason`` begins with a stable code and is in both languages."""

    row: int
    message_id: str
    reason: str


class SimulationResult(Frozen):
    """Everything a simulation says, in the order of the rows."""

    cases: tuple[SimulatedCase, ...]
    refused: tuple[RefusedMessage, ...]
    measures: Measures


class SimulationRefusedError(Exception):
    """The lifecycle refused a step: the recorded case could not have happened under these rules."""

    def __init__(self, step: str, refusal: Refusal) -> None:
        super().__init__(f"{step}: {refusal.code}")
        self.step = step
        self.refusal = refusal


class Played(NamedTuple):
    """A case played through: what happened, and where it stands."""

    events: tuple[Event, ...]
    state: Petition


def play(recorded: Recorded, policy: Policy, calendar: Calendar, options: SimulationOptions) -> Played:
    """The case, from its receipt to its sign-off (or to its revisit, if the petitioner is not satisfied).

    ``ValueError`` if the answer is earlier than the message; ``SimulationRefusedError`` if a step is refused.
    """
    if recorded.replied_at < recorded.received_at:
        raise ValueError(f"message {recorded.message_id} was answered before it was received")
    case = _Case()
    case.order(OPERATOR, _filing(recorded, policy, _pinned(calendar, recorded)), recorded.received_at)
    approved_at = min(recorded.received_at + options.approve_after, recorded.replied_at)
    assigned_at = max(approved_at, min(recorded.received_at + options.assign_after, recorded.replied_at))
    revisited_at = recorded.replied_at + options.revisit_after
    if case.state.stage is Stage.APPROVE:
        case.order(_chief(case.state), c.Approve(), approved_at)
    case.order(OPERATOR, c.Assign(lead=STATION), assigned_at)
    case.order(HANDLER, c.Accept(), assigned_at)
    case.order(HANDLER, c.Reply(outcome=Outcome.EXPLAINED, text=recorded.reply), recorded.replied_at)
    said = options.satisfied
    revisit = c.RecordRevisit(reached=True, solved=said, satisfied_with_office=said, satisfied_with_unit=said)
    case.order(VISITOR, revisit, revisited_at)
    if said:
        case.order(_chief(case.state), c.SignOff(), revisited_at)
    return Played(tuple(case.events), case.state)


def judge(message_id: str, state: Petition, calendar: Calendar) -> SimulatedCase:
    """What a played case says about the promise. ``ValueError`` if it has no clocks or was never answered."""
    assign, finish = state.clock(ClockName.ASSIGN), state.clock(ClockName.FINISH)
    if assign is None or finish is None or not state.answers:
        raise ValueError(f"the case of message {message_id} was not played to its answer")
    answer = state.answers[0]
    days = 0 if answer.on_time else working_days_after(calendar, finish.last_day, local_day(answer.at))
    return SimulatedCase(
        message_id=message_id,
        received_at=state.received_at,
        assign_due=assign.due,
        finish_due=finish.due,
        replied_at=answer.at,
        on_time=answer.on_time,
        yellow="yellow" in finish.rung,
        overdue_working_days=days,
    )


class _Case:
    """A case in virtual time: before each human step, the ladder rings whatever is due by then."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self._state: Petition | None = None

    @property
    def state(self) -> Petition:
        if self._state is None:
            raise ValueError("nothing has been filed")
        return self._state

    def order(self, actor: Actor, command: c.Command, at: datetime) -> None:
        # At the same instant the person comes first: an answer at the due instant is still in time.
        while self._state is not None and (alarm := next_alarm(self._state)) is not None and alarm < at:
            self._take(LADDER, c.RingAlarm(), alarm)
        self._take(actor, command, at)

    def _take(self, actor: Actor, command: c.Command, at: datetime) -> None:
        made = decide(self._state, c.Order(actor=actor, command=command), at)
        if isinstance(made, Refusal):
            raise SimulationRefusedError(command.kind, made)
        self.events.extend(made)
        self._state = fold(made, self._state)


def _pinned(calendar: Calendar, recorded: Recorded) -> Calendar:
    # As a real case does: the whole calendar, copied and checked at each step, would be most of the work.
    if calendar.window is not None:
        return calendar
    day = local_day(recorded.received_at)
    return calendar.slice(day, day + _LONGEST)


def _chief(state: Petition) -> Actor:
    return Actor(id=f"chief-{state.accountable}", role=Role.CHIEF, unit=state.accountable)


def _filing(recorded: Recorded, policy: Policy, calendar: Calendar) -> c.File:
    content = FiledContent(
        source="simulation",
        source_event_id=recorded.message_id,
        channel="import",
        title=recorded.title.strip() or recorded.text[:40],
        text=recorded.text,
        submitted_at=recorded.received_at,
        ledger=recorded.ledger,
        complexity=recorded.complexity,
        unit=BRANCH,
    )
    return c.File(
        number=recorded.message_id,
        content=content,
        received_at=recorded.received_at,
        trusted_time=True,
        policy=policy.figures(recorded.ledger, recorded.complexity),
        calendar=calendar,
    )
