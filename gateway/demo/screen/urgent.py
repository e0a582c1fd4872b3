"""Which open cases press most, and how much working time each has left."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from gateway.demo.screen.book import Seen
from schemas.kernel.worktime import Calendar, local_day, working_days_after
from schemas.petition.rules.clocks import running
from schemas.petition.rules.custody import owner
from schemas.petition.state import Card, Clock, ClockName, Stage

PROMISES = (ClockName.ASSIGN, ClockName.FINISH)


class Pressing(NamedTuple):
    """An open case with a promise still to be kept. ``left``: the remaining working time; ``late``: it is over."""

    number: str
    title: str
    stage: Stage
    owner: str
    clock: Clock
    left: str
    late: bool
    card: Card | None


def most_urgent(cases: Iterable[Seen], calendar: Calendar, now: datetime, most: int) -> list[Pressing]:
    """The cases whose promise ends first; those that stand still or follow another case press nobody."""
    found: list[Pressing] = []
    for seen in cases:
        state = seen.state
        if not state.open or state.merged_into:
            continue
        clock = min((each for each in running(state) if each.name in PROMISES), key=lambda it: it.due, default=None)
        if clock is None:
            continue
        left, late = remaining(clock, calendar, now)
        colours = {card.colour for card in state.cards}
        card = next((colour for colour in (Card.RED, Card.YELLOW) if colour in colours), None)
        found.append(Pressing(state.number, seen.title, state.stage, owner(state), clock, left, late, card))
    return sorted(found, key=lambda each: (each.clock.due, each.number))[:most]


def remaining(clock: Clock, calendar: Calendar, now: datetime) -> tuple[str, bool]:
    """The working time left on a term, and whether it is over. On its last day in hours, else in working days beside today."""
    today = local_day(now)
    if now > clock.due:
        days = working_days_after(calendar, clock.last_day, today)
        return (f"超 {days} 个工作日" if days else "已超期"), True
    if today == clock.last_day:
        hours = int((clock.due - now).total_seconds() // 3600)
        return (f"剩 {hours} 小时" if hours else "剩不足 1 小时"), False
    return f"剩 {working_days_after(calendar, today, clock.last_day)} 个工作日", False
