"""The ladder: reminder, yellow card, red card, then one chief further up at the end of each further working day.

Each rung has an absolute instant; it is recorded at that instant even when it is written down later, exactly once per clock and round. A due
date that leans on a provisional day carries no red card and nothing above it until the calendar is published.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from math import ceil
from typing import NamedTuple

from schemas.kernel.actor import Role
from schemas.kernel.units import ancestors
from schemas.kernel.worktime import at_hour, counted_day
from schemas.petition.events import Escalated, Event, Resumed, TransferTimedOut
from schemas.petition.rules.clocks import running
from schemas.petition.rules.custody import owner
from schemas.petition.state import Card, Clock, ClockName, Petition

STATUTE = (ClockName.STATUTE_ACCEPT, ClockName.STATUTE_FINISH)


class Rung(NamedTuple):
    """One step of the ladder: when, whose, for whom, with which card."""

    at: datetime
    rank: int
    clock: Clock
    name: str
    unit: str
    role: Role
    card: Card | None


def office_of(state: Petition, clock: Clock) -> str:
    """Whose promise a clock (not one of the statute's) measures: the lead office's once there is one; before, of the unit that must act.

    A unit pays only for its own time: while the lead's objection is decided, the case follows another, or it is decided whom it complains of, it is
    not the lead that is late.
    """
    waits = state.objection is not None or state.merged_into or state.held is not None
    if clock.name is ClockName.FINISH and state.lead and not waits:
        return state.lead
    return owner(state)


def rungs(state: Petition, clock: Clock) -> list[Rung]:
    """The rungs of a clock that may ring next, in their order: none that has rung, and no chief above a red card that has not."""
    ladder = _statute_rungs(state, clock) if clock.name in STATUTE else _promise_rungs(state, clock)
    # A hand-over can put a longer ladder under a term that has ended: its rungs ring at the hand-over, never before what is recorded already.
    earliest = max(clock.since, state.touched_at)
    return [rung._replace(at=max(rung.at, earliest)) for rung in ladder if rung.name not in clock.rung]


def _promise_rungs(state: Petition, clock: Clock) -> list[Rung]:
    figures, office = state.policy.ladder, office_of(state, clock)
    reminded = counted_day(state.calendar, clock.base, max(1, ceil(clock.days * figures.reminder_share)))
    ladder = [
        Rung(at_hour(reminded, figures.reminder_hour), 0, clock, "reminder", office, Role.HANDLER, None),
        Rung(
            at_hour(clock.last_day, figures.yellow_hour),
            1,
            clock,
            "yellow",
            office,
            Role.HANDLER,
            Card.YELLOW,
        ),
    ]
    if clock.provisional:
        return ladder
    ladder.append(Rung(clock.due, 2, clock, "red", office, Role.CHIEF, Card.RED))
    if "red" not in clock.rung:
        return ladder
    for above, unit in enumerate(ancestors(office), start=1):
        day = counted_day(state.calendar, clock.base, clock.days + above)
        ladder.append(Rung(at_hour(day, 24), 2 + above, clock, f"up{above}", unit, Role.CHIEF, None))
    return ladder


def _statute_rungs(state: Petition, clock: Clock) -> list[Rung]:
    warned = clock.last_day - timedelta(days=state.policy.ladder.statute_warning_days)
    city = (state.accountable, *ancestors(state.accountable))[-1]
    return [
        Rung(
            at_hour(warned, state.policy.ladder.reminder_hour), 0, clock, "warning", state.accountable, Role.CHIEF, None
        ),
        Rung(clock.due, 1, clock, "breach", city, Role.CHIEF, None),
    ]


def _next_rung(state: Petition) -> Rung | None:
    waiting = [rung for clock in running(state) for rung in rungs(state, clock)]
    return min(waiting, key=lambda rung: (rung.at, rung.rank, rung.clock.name), default=None)


def next_alarm(state: Petition) -> datetime | None:
    """The next instant at which the system itself has something to record, or None. Aware, UTC."""
    event = next_alarm_event(state)
    return event.at if event is not None else None


def next_alarm_event(state: Petition) -> Event | None:
    """What the system itself has to record next, or None. A cap or time-out comes before a rung of the same instant."""
    rung = _next_rung(state)
    latest = rung.at if rung is not None else None
    limits: list[TransferTimedOut | Resumed] = []
    if state.offer is not None:
        limits.append(TransferTimedOut(at=state.offer.until, to=state.offer.to))
    if state.standstill is not None:
        limits.append(Resumed(at=state.standstill.until, by_cap=True))
    limit = min(limits, key=lambda event: event.at, default=None)
    if limit is not None and (latest is None or limit.at <= latest):
        return limit
    return _escalated(rung) if rung is not None else None


def _escalated(rung: Rung) -> Escalated:
    return Escalated(
        at=rung.at,
        clock=rung.clock.name,
        rung=rung.name,
        unit=rung.unit,
        role=rung.role,
        card=rung.card,
        due=rung.clock.due,
    )
