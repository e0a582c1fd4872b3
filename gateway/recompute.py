"""A new calendar reaches the open cases: which of them lean on a day it changes, what becomes of their due dates, and one recorded order each.

Only those cases are ordered at once. Every other open case takes the new calendar when a term of it is next set (:class:`gateway.case_service.CaseService`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime, timedelta

from activities.record.queries import CaseQueries
from activities.record.views import RunningTerm
from gateway.case_service import CaseService, Rules
from gateway.retry import READ_RETRY_SECONDS, retry_transient
from schemas.kernel.actor import SYSTEM
from schemas.kernel.calendar import diff
from schemas.kernel.errors import UserError
from schemas.kernel.model import Frozen
from schemas.kernel.worktime import Calendar, local_day
from schemas.petition import commands as c
from schemas.petition.events import ClockSet
from schemas.petition.refusals import SENTENCES
from schemas.petition.rules import decide
from schemas.petition.state import Clock, ClockName, Petition

LADDER_TAIL = timedelta(days=31)
"""How far past a due day a case still leans on the calendar: the chiefs above are called on the working days after it."""

AT_ONCE = 16
"""Orders under way at the same time."""


class NewDue(Frozen):
    """A term counted by the old calendar and by the new; ``provisional``: whether each still leans on a guess."""

    number: str
    clock: ClockName
    old_due: datetime
    new_due: datetime
    old_provisional: bool
    new_provisional: bool

    @property
    def moved(self) -> bool:
        """Whether anything a person sees has changed."""
        return (self.old_due, self.old_provisional) != (self.new_due, self.new_provisional)


class Outcome(Frozen):
    """What became of one case: its terms, or why the order was refused (``refused``: a code; it was sealed meanwhile, say)."""

    number: str
    dues: tuple[NewDue, ...] = ()
    refused: str = ""


def leans_on(state: Petition, calendar: Calendar) -> bool:
    """Whether a running count of working days passes a day that ``calendar`` has otherwise, or settles."""
    old = state.calendar
    spans = [(local_day(clock.base), clock.last_day + LADDER_TAIL) for clock in state.clocks if _counts(clock)]
    spans += [
        (local_day(state.touched_at), local_day(until))
        for until in (
            state.standstill.until if state.standstill is not None else None,
            state.offer.until if state.offer is not None else None,
        )
        if until is not None
    ]
    unsure = any(clock.provisional for clock in state.clocks if _counts(clock))
    return unsure or any(_differs(old, calendar, first + timedelta(days=1), last) for first, last in spans)


def _counts(clock: Clock) -> bool:
    return clock.working and clock.running


def _differs(old: Calendar, new: Calendar, first: date, last: date) -> bool:
    if old.any_provisional(first, last) and not new.any_provisional(first, last):
        return True
    return bool(diff(old, new, first, last))


class Recompute:
    """Carries one calendar version to the cases of one system; safe to repeat, it goes on where it stopped."""

    def __init__(self, queries: CaseQueries, desk: CaseService, rules: Rules) -> None:
        """``rules`` hold the calendar to carry."""
        self._queries = queries
        self._desk = desk
        self._rules = rules

    async def count(self) -> int:
        """How many cases will be looked at."""
        version = self._rules.calendar.version
        return await retry_transient(lambda: self._queries.count_before(version), READ_RETRY_SECONDS)

    async def run(self, told: Callable[[int], object], *, dry: bool = False) -> list[Outcome]:
        """Orders it for every case that leans on the calendar; ``told`` hears how many more have been looked at.

        ``dry``: only what would become of them. ``UserError`` ``system_unavailable``: repeat it later.
        """
        outcomes: list[Outcome] = []
        after = ""
        while page := await self._page(after):
            cases = [case for case in page if leans_on(case.state, self._rules.calendar)]
            if dry:
                outcomes += [self.foreseen(case, datetime.now(UTC)) for case in cases]
            else:
                outcomes += await self._carry(cases)
            told(len(page))
            after = page[-1].number
        return outcomes

    async def _page(self, after: str) -> list[RunningTerm]:
        version = self._rules.calendar.version
        return await retry_transient(lambda: self._queries.leaning_before(version, after=after), READ_RETRY_SECONDS)

    def foreseen(self, case: RunningTerm, now: datetime) -> Outcome:
        """What the order would do to the case; nothing is written."""
        order = c.Order(actor=SYSTEM, command=self._command(case.state, now))
        decided = decide(case.state, order, now)
        if not isinstance(decided, list):
            return Outcome(number=case.number, refused=decided.code)
        set_anew = {event.clock.name: event.clock for event in decided if isinstance(event, ClockSet)}
        return Outcome(number=case.number, dues=tuple(_dues(case, set_anew)))

    async def _carry(self, cases: Sequence[RunningTerm]) -> list[Outcome]:
        limit = asyncio.Semaphore(AT_ONCE)

        async def one(case: RunningTerm) -> Outcome:
            async with limit:
                return await self._one(case, f"calendar-{self._rules.calendar.version}")

        try:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(one(case)) for case in cases]
        except ExceptionGroup as errors:
            # The first says it all; what the others did meanwhile is done, and not done again when the import is repeated.
            raise errors.exceptions[0] from None
        return [task.result() for task in tasks]

    async def _one(self, case: RunningTerm, command_id: str) -> Outcome:
        now = datetime.now(UTC)
        foreseen = self.foreseen(case, now)
        try:
            await self._desk.act(case.number, SYSTEM, self._command(case.state, now), command_id=command_id)
        except UserError as error:
            if error.code not in SENTENCES:
                raise
            return Outcome(number=case.number, refused=error.code)
        return foreseen

    def _command(self, state: Petition, now: datetime) -> c.RecomputeDue:
        return c.RecomputeDue(calendar=self._rules.renewed(state, now))


def _dues(case: RunningTerm, set_anew: dict[ClockName, Clock]) -> Iterable[NewDue]:
    for old in case.state.clocks:
        if _counts(old):
            new = set_anew.get(old.name, old)
            yield NewDue(
                number=case.number,
                clock=old.name,
                old_due=old.due,
                new_due=new.due,
                old_provisional=old.provisional,
                new_provisional=new.provisional,
            )
