"""A year of the work calendar as months of weeks; nothing here draws."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date, timedelta
from typing import Literal, NamedTuple

from schemas.kernel.calendar import CalendarDay
from schemas.kernel.worktime import Calendar, monday_of, working_days_after

DayKind = Literal["working", "weekend", "off", "make-up"]


class Day(NamedTuple):
    """A day of a month. ``guess``: not published yet; ``differs``: another one in the version beside it."""

    day: date
    kind: DayKind
    guess: bool
    notice: str
    differs: bool


class Month(NamedTuple):
    """``weeks`` from Monday to Sunday; None for days of other months."""

    number: int
    working: int
    weeks: tuple[tuple[Day | None, ...], ...]


def year_of(
    calendar: Calendar, days: Mapping[date, CalendarDay], year: int, differing: Collection[str] = ()
) -> tuple[Month, ...]:
    """The twelve months of a year. ``differing``: the days, as ISO dates, on which another version says otherwise."""
    return tuple(_month(calendar, days, year, number, differing) for number in range(1, 13))


def _month(
    calendar: Calendar, days: Mapping[date, CalendarDay], year: int, number: int, differing: Collection[str]
) -> Month:
    first = date(year, number, 1)
    last = date(year + number // 12, number % 12 + 1, 1) - timedelta(days=1)
    weeks: list[tuple[Day | None, ...]] = []
    monday = monday_of(first)
    while monday <= last:
        week = [monday + timedelta(days=each) for each in range(7)]
        weeks.append(tuple(_day(calendar, days, each, differing) if each.month == number else None for each in week))
        monday += timedelta(weeks=1)
    working = working_days_after(calendar, first - timedelta(days=1), last)
    return Month(number, working, tuple(weeks))


def _day(calendar: Calendar, days: Mapping[date, CalendarDay], day: date, differing: Collection[str]) -> Day:
    works, weekend = calendar.is_working(day), day.weekday() >= 5
    kind: DayKind = ("make-up" if weekend else "working") if works else ("weekend" if weekend else "off")
    listed = days.get(day)
    return Day(
        day,
        kind,
        calendar.any_provisional(day, day),
        listed.notice if listed is not None else "",
        day.isoformat() in differing,
    )
