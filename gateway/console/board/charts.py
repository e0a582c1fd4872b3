"""Trends as shapes: the server reckons where every bar stands, the template only writes it down."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import NamedTuple

from schemas.kernel.worktime import monday_of

WIDTH, HEIGHT = 640.0, 200.0
LEFT, BOTTOM, TOP = 34.0, 24.0, 14.0
GAP = 0.28
"""The share of a week's place that stays empty."""

WEEKS = 12


@dataclass(frozen=True)
class Bar:
    """One bar, and what it stands for."""

    x: float
    y: float
    width: float
    height: float
    count: int


class Week(NamedTuple):
    """A week by its Monday: what came in and what was struck off."""

    monday: date
    middle: float
    came: Bar
    done: Bar


class Chart(NamedTuple):
    """``lines``: heights of the grid with their numbers."""

    weeks: tuple[Week, ...]
    lines: tuple[tuple[float, int], ...]
    empty: bool


def weekly_chart(came: Mapping[date, int], done: Mapping[date, int], last: date) -> Chart:
    """Bars for the weeks up to the one of ``last``."""
    mondays = [monday_of(last) - timedelta(weeks=back) for back in reversed(range(WEEKS))]
    top = _ceiling(max([0, *(came.get(each, 0) for each in mondays), *(done.get(each, 0) for each in mondays)]))
    place = (WIDTH - LEFT) / WEEKS
    width = place * (1 - GAP) / 2
    reach = HEIGHT - BOTTOM - TOP

    def bar(x: float, count: int) -> Bar:
        height = reach * count / top
        return Bar(round(x, 1), round(HEIGHT - BOTTOM - height, 1), round(width, 1), round(height, 1), count)

    weeks: list[Week] = []
    for index, each in enumerate(mondays):
        x = LEFT + place * (index + GAP / 2)
        weeks.append(
            Week(
                each,
                round(LEFT + place * (index + 0.5), 1),
                bar(x, came.get(each, 0)),
                bar(x + width, done.get(each, 0)),
            )
        )
    lines = tuple((round(HEIGHT - BOTTOM - reach * part / 2, 1), top * part // 2) for part in (0, 1, 2))
    return Chart(tuple(weeks), lines, empty=not (any(came.values()) or any(done.values())))


def _ceiling(most: int) -> int:
    """A round number not below ``most``, and even, so that its half is a number too."""
    step = 2
    while step * 5 < most:
        step *= 5 if str(step)[0] == "2" else 2
    return max(2, -(-most // step) * step)
