"""A year of the work calendar as months of weeks; nothing here draws."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Literal, NamedTuple

from schemas.calendar import CalendarDay
from schemas.worktime import Calendar, working_days_after

DayKind = Literal["working", "weekend", "off", "make-up"]


class Day(NamedTuple):
    """A day of a month. ``guess``: not published yet."""

    day: date
    kind: DayKind
    guess: bool
    notice: str


class Month(NamedTuple):
    """``weeks`` from Monday to Sunday; None for days of other months."""

    number: int
    working: int
    weeks: tuple[tuple[Day | None, ...], ...]


def year_of(calendar: Calendar, days: Mapping[date, CalendarDay], year: int) -> tuple[Month, ...]:
    """The twelve months of a year."""
    return tuple(_month(calendar, days, year, number) for number in range(1, 13))


def _month(calendar: Calendar, days: Mapping[date, CalendarDay], year: int, number: int) -> Month:
    first = date(year, number, 1)
    last = date(year + number // 12, number % 12 + 1, 1) - timedelta(days=1)
    weeks: list[tuple[Day | None, ...]] = []
    monday = first - timedelta(days=first.weekday())
    while monday <= last:
        week = [monday + timedelta(days=each) for each in range(7)]
        weeks.append(tuple(_day(calendar, days, each) if each.month == number else None for each in week))
        monday += timedelta(weeks=1)
    working = working_days_after(calendar, first - timedelta(days=1), last)
    return Month(number, working, tuple(weeks))


def _day(calendar: Calendar, days: Mapping[date, CalendarDay], day: date) -> Day:
    works, weekend = calendar.is_working(day), day.weekday() >= 5
    kind: DayKind = ("make-up" if weekend else "working") if works else ("weekend" if weekend else "off")
    listed = days.get(day)
    return Day(day, kind, calendar.any_provisional(day, day), listed.notice if listed is not None else "")
