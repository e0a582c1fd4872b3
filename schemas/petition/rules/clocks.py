"""Setting, lengthening and meeting the terms of a case. Dates come from :mod:`schemas.kernel.worktime`; this module decides which term applies."""

from __future__ import annotations

from datetime import datetime

from schemas.kernel.worktime import Calendar, calendar_days_term, term
from schemas.petition.state import Clock, ClockName, Complexity, Petition
from schemas.policy import CasePolicy


def set_clock(name: ClockName, calendar: Calendar, base: datetime, days: int, *, working: bool = True) -> Clock:
    """A term of ``days`` days from ``base``, whose day does not count."""
    counted = term(calendar, base, days) if working else calendar_days_term(base, days)
    return Clock(
        name=name,
        base=base,
        since=base,
        days=days,
        working=working,
        due=counted.due,
        last_day=counted.last_day,
        provisional=counted.provisional,
        calendar=calendar.version,
    )


def recount(clock: Clock, calendar: Calendar, at: datetime, *, more: int = 0) -> Clock:
    """The same term, set anew at ``at``: by this calendar and ``more`` days longer; rungs that have rung stay rung."""
    counted = set_clock(clock.name, calendar, clock.base, clock.days + more, working=clock.working)
    return counted.model_copy(update={"since": at, "met_at": clock.met_at, "void": clock.void, "rung": clock.rung})


def first_clocks(policy: CasePolicy, complexity: Complexity, calendar: Calendar, base: datetime) -> tuple[Clock, ...]:
    """The four terms of a new case (or a new run of it): promise and statute, side by side, all from receipt."""
    simple_term = policy.statute_finish_working_days if complexity is Complexity.SIMPLE else None
    return (
        set_clock(ClockName.ASSIGN, calendar, base, policy.assign_days),
        set_clock(ClockName.FINISH, calendar, base, policy.finish_days),
        set_clock(ClockName.STATUTE_ACCEPT, calendar, base, policy.statute_accept_days, working=False),
        set_clock(
            ClockName.STATUTE_FINISH,
            calendar,
            base,
            simple_term or policy.statute_finish_days,
            working=simple_term is not None,
        ),
    )


def accused_clock(policy: CasePolicy, calendar: Calendar, base: datetime) -> Clock:
    """The term to decide who of the organisation is complained of."""
    return set_clock(ClockName.ACCUSED, calendar, base, policy.accused_days)


def put(clocks: tuple[Clock, ...], clock: Clock) -> tuple[Clock, ...]:
    """The clocks with this one in the place of its namesake."""
    for place, old in enumerate(clocks):
        if old.name is clock.name:
            return (*clocks[:place], clock, *clocks[place + 1 :])
    return (*clocks, clock)


def meet(clocks: tuple[Clock, ...], names: tuple[ClockName, ...], at: datetime) -> tuple[Clock, ...]:
    """The clocks with those named met at ``at``; a clock already met keeps its moment."""
    return tuple(
        clock.model_copy(update={"met_at": at}) if clock.name in names and clock.running else clock for clock in clocks
    )


def void(clocks: tuple[Clock, ...], at: datetime) -> tuple[Clock, ...]:
    """The clocks with every running one stopped without having been met."""
    return tuple(clock.model_copy(update={"met_at": at, "void": True}) if clock.running else clock for clock in clocks)


def running(state: Petition) -> tuple[Clock, ...]:
    """The terms that count now; while the case stands still the promise to finish does not (the statute does)."""
    return tuple(
        clock for clock in state.clocks if clock.running and not (state.paused and clock.name is ClockName.FINISH)
    )
