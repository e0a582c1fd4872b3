"""Every due date explains itself: which rule, from which day, which days counted and which not, and what moved it since."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import Literal

from schemas.kernel.model import Frozen
from schemas.kernel.worktime import Calendar, explain, local_day
from schemas.petition import events as e
from schemas.petition.rules import fold
from schemas.petition.rules.ladder import STATUTE
from schemas.petition.state import Clock, ClockName, Petition, Standstill
from schemas.policy import CasePolicy

Why = Literal["receipt_day", "working_day", "made_up_day", "weekend", "holiday", "calendar_day"]
State = Literal["running", "standing_still", "met", "met_late", "overdue", "void"]

REASONS: dict[str, tuple[str, str]] = {
    "receipt_day": ("起算当日不计", "the day it starts does not count"),
    "working_day": ("工作日", "working day"),
    "made_up_day": ("调休上班", "make-up working day"),
    "weekend": ("周末", "weekend"),
    "holiday": ("节假日", "holiday"),
    "calendar_day": ("自然日", "calendar day"),
}

STATES: dict[str, tuple[str, str]] = {
    "running": ("计时中", "running"),
    "standing_still": ("暂停", "standing still"),
    "met": ("已按期完成", "met in time"),
    "met_late": ("已逾期完成", "met, late"),
    "overdue": ("已逾期", "overdue"),
    "void": ("已终止", "ended without being met"),
}


class CountedDay(Frozen):
    """One day on the way to the due date. ``number``: n for the n-th counted day. ``paused``: the promise stood still on it."""

    day: date
    counted: bool
    number: int | None
    reason: Why
    zh: str
    en: str
    provisional: bool
    paused: bool = False


class Moved(Frozen):
    """The due date was set anew at ``at``: from ``old_due`` to ``due``, by ``days`` days more or fewer, because of ``why``."""

    at: datetime
    why: str
    old_due: datetime | None
    due: datetime
    days: int


class Explained(Frozen):
    """A term and its reasons. ``granted``: days of the rule itself; ``days``: with extensions and standstill."""

    clock: ClockName
    promise: bool
    state: State
    rule_zh: str
    rule_en: str
    granted: int
    days: int
    working: bool
    base: datetime
    base_day: date
    due: datetime
    last_day: date
    met_at: datetime | None
    provisional: bool
    policy_version: int
    calendar_version: int
    moved: tuple[Moved, ...]
    counted: tuple[CountedDay, ...]


class Reasons(Frozen):
    """All terms of a case, promise and statute side by side, in that order."""

    number: str
    received_at: datetime
    at: datetime
    policy_version: int
    calendar_version: int
    standstill: Standstill | None
    extended: int
    stood_still: int
    clocks: tuple[Explained, ...]


def due_reasons(events: Sequence[e.Event], at: datetime) -> Reasons | None:
    """The reasons for every due date of a case with these events, as seen at ``at`` (aware); None where there is no case."""
    state = fold(events)
    if state is None:
        return None
    calendars = _calendars(events)
    pauses = _pauses(events, at)
    return Reasons(
        number=state.number,
        received_at=state.received_at,
        at=at,
        policy_version=state.policy.version,
        calendar_version=state.calendar.version,
        standstill=state.standstill,
        extended=state.extended,
        stood_still=state.stood_still,
        clocks=tuple(
            _explained(
                clock,
                state,
                calendars.get(clock.calendar, state.calendar),
                moved=_moves(events, clock),
                pauses=pauses,
                at=at,
            )
            for clock in state.clocks
        ),
    )


def _explained(
    clock: Clock,
    state: Petition,
    calendar: Calendar,
    *,
    moved: tuple[Moved, ...],
    pauses: Sequence[tuple[date, date]],
    at: datetime,
) -> Explained:
    granted = clock.days - sum(move.days for move in moved)
    rule_zh, rule_en = _rule(clock, state, granted)
    promise = clock.name not in STATUTE
    return Explained(
        clock=clock.name,
        promise=promise,
        state=_state(clock, state, at),
        rule_zh=rule_zh,
        rule_en=rule_en,
        granted=granted,
        days=clock.days,
        working=clock.working,
        base=clock.base,
        base_day=local_day(clock.base),
        due=clock.due,
        last_day=clock.last_day,
        met_at=clock.met_at,
        provisional=clock.provisional,
        policy_version=state.policy.version,
        calendar_version=calendar.version,
        moved=moved,
        counted=tuple(_days(clock, calendar, pauses if clock.name is ClockName.FINISH else ())),
    )


def _state(clock: Clock, state: Petition, at: datetime) -> State:
    if clock.void:
        return "void"
    if clock.met_at is not None:
        return "met" if clock.met_at <= clock.due else "met_late"
    if state.paused and clock.name is ClockName.FINISH:
        return "standing_still"
    return "running" if at <= clock.due else "overdue"


def _rule(clock: Clock, state: Petition, granted: int) -> tuple[str, str]:
    policy: CasePolicy = state.policy
    which_zh = f"政策第 {policy.version} 版 {state.ledger.value}/{state.complexity.value}"
    which_en = f"policy version {policy.version}, {state.ledger.value}/{state.complexity.value}"
    kind_zh, kind_en = ("个工作日", "working day") if clock.working else ("日", "calendar day")
    term_zh, term_en = f"{granted} {kind_zh}", f"{granted} {kind_en}{'' if granted == 1 else 's'}"
    match clock.name:
        case ClockName.ASSIGN:
            start = (
                ("收到", "receipt")
                if clock.base == state.received_at
                else ("退回或重新启动", "the return or reopening")
            )
            return (
                f"承诺：{start[0]}之日起 {term_zh}内交办（{which_zh} assign_days）",
                f"promise: assigned within {term_en} of {start[1]} ({which_en}, assign_days)",
            )
        case ClockName.FINISH if state.round > 1 and clock.base != state.received_at:
            return (
                f"承诺：第 {state.round} 轮重办，{term_zh}内答复（{which_zh} rework_days）",
                f"promise: round {state.round}, answered within {term_en} of the rework order ({which_en}, rework_days)",
            )
        case ClockName.FINISH:
            return (
                f"承诺：收到之日起 {term_zh}内答复（{which_zh} finish_days）",
                f"promise: answered within {term_en} of receipt ({which_en}, finish_days)",
            )
        case ClockName.ACCUSED:
            return (
                f"承诺：{term_zh}内认定被反映对象（{which_zh} accused_days）",
                f"promise: decided within {term_en} who is complained of ({which_en}, accused_days)",
            )
        case ClockName.STATUTE_ACCEPT:
            return (
                f"法定：收到之日起 {term_zh}内决定是否受理（《信访工作条例》，{which_zh}）",
                f"statute: accepted or declined within {term_en} of receipt (Regulations on Petition Work; {which_en})",
            )
        case ClockName.STATUTE_FINISH:
            simple = "，简单初次事项" if clock.working else ""
            return (
                f"法定：{term_zh}内办结{simple}（《信访工作条例》，{which_zh}）",
                f"statute: finished within {term_en}{' (simple, first time)' if simple else ''}"
                f" (Regulations on Petition Work; {which_en})",
            )


def _days(clock: Clock, calendar: Calendar, pauses: Sequence[tuple[date, date]]) -> Iterable[CountedDay]:
    if clock.working:
        for each in explain(calendar, clock.base, clock.days):
            paused = any(first < each.day <= last for first, last in pauses)
            yield _day(each.day, each.number, each.reason, provisional=each.provisional, paused=paused)
        return
    first = local_day(clock.base)
    yield _day(first, None, "receipt_day")
    for number in range(1, clock.days + 1):
        yield _day(first + timedelta(days=number), number, "calendar_day")


def _day(day: date, number: int | None, reason: Why, *, provisional: bool = False, paused: bool = False) -> CountedDay:
    zh, en = REASONS[reason]
    return CountedDay(
        day=day,
        counted=number is not None,
        number=number,
        reason=reason,
        zh=zh,
        en=en,
        provisional=provisional,
        paused=paused,
    )


def _calendars(events: Iterable[e.Event]) -> dict[int, Calendar]:
    """The calendars a case has leaned on, by version; of several windows of one version the latest."""
    return {
        event.calendar.version: event.calendar
        for event in events
        if isinstance(event, (e.Filed, e.CalendarPinned, e.Reopened))
    }


def _moves(events: Iterable[e.Event], clock: Clock) -> tuple[Moved, ...]:
    """How the term that counts now came about: what was set before its present base belongs to an earlier one."""
    moves: list[Moved] = []
    days: int | None = None
    for event in events:
        if isinstance(event, (e.Filed, e.Reopened)):
            moves, days = [], _first_days(event, clock.name)
        if not isinstance(event, e.ClockSet) or event.clock.name is not clock.name:
            continue
        if event.why in ("rework", "reopen", "return_upheld", "recused", "accused"):
            moves, days = [], event.clock.days
            continue
        moves.append(
            Moved(
                at=event.at,
                why=event.why,
                old_due=event.old_due,
                due=event.clock.due,
                days=0 if days is None or event.why == "amended" else event.clock.days - days,
            )
        )
        days = event.clock.days
    return tuple(moves)


def _first_days(event: e.Filed | e.Reopened, name: ClockName) -> int | None:
    if isinstance(event, e.Reopened):
        return None
    return next((clock.days for clock in event.clocks if clock.name is name), None)


def _pauses(events: Iterable[e.Event], at: datetime) -> list[tuple[date, date]]:
    """The pauses as days: after the first through the last the promise stood still."""
    pauses: list[tuple[date, date]] = []
    since: datetime | None = None
    for event in events:
        if isinstance(event, e.Paused):
            since = event.at
        elif isinstance(event, e.Resumed) and since is not None:
            pauses.append((local_day(since), local_day(event.at - timedelta(microseconds=1))))
            since = None
    if since is not None:
        pauses.append((local_day(since), local_day(at)))
    return pauses
