"""Reading the sums: what the cases of a unit count at a moment from now on, and where replies are overdue."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from schemas.measures import AGE_BANDS, band_bounds, overdue_days
from schemas.measures.measure import OWED
from schemas.petition import Ledger
from schemas.worktime import Calendar

_COUNTS = text(
    "SELECT ledger, what, sum(below) FROM board_cells WHERE unit = :unit AND since < :now AND what <> :owed GROUP BY ledger, what"
)

_BUCKET = "width_bucket(since - interval '1 microsecond', CAST(:bounds AS timestamptz[])) AS bucket"

_OWED = text(
    f"SELECT ledger, {_BUCKET}, sum(below) FROM board_cells"  # noqa: S608
    " WHERE unit = :unit AND since < :now AND what = :owed GROUP BY ledger, bucket"
)

_OVERDUE = text(
    # Written out, and not as a parameter: the index of what is owed is of that word alone.
    f"SELECT unit, {_BUCKET}, sum(own), min(since) FROM board_cells"  # noqa: S608
    f" WHERE what = '{OWED}' AND since < :now AND own <> 0"
    " AND (unit = :unit OR (unit ~>=~ :first AND unit ~<~ :past)) GROUP BY unit, bucket"
)


class OverdueAt(NamedTuple):
    """A unit's own overdue replies: how many per band of ``AGE_BANDS``, and the working days of the oldest."""

    unit: str
    ages: tuple[int, ...]
    oldest: int


async def counts_now(
    engine: AsyncEngine, unit: str, now: datetime, calendar: Calendar
) -> Mapping[Ledger, Mapping[str, int]]:
    """What the cases of a unit and those below it count at ``now`` (aware)."""
    asked: dict[str, object] = {"unit": unit, "now": now, "owed": OWED}
    counted: defaultdict[Ledger, Counter[str]] = defaultdict(Counter)
    async with engine.connect() as connection:
        for ledger, what, count in await connection.execute(_COUNTS, asked):
            counted[Ledger(ledger)][what] = int(count)
        for ledger, bucket, count in await connection.execute(_OWED, asked | {"bounds": band_bounds(now, calendar)}):
            counted[Ledger(ledger)][f"{OWED}.{AGE_BANDS[_band(bucket)][0]}"] += int(count)
    return counted


async def overdue_now(engine: AsyncEngine, unit: str, now: datetime, calendar: Calendar) -> list[OverdueAt]:
    """The units at and below ``unit`` whose replies are overdue at ``now`` (aware)."""
    asked: dict[str, object] = {"unit": unit, "now": now, "bounds": band_bounds(now, calendar)}
    # "0" is the character after "/": these bounds hold exactly the paths below the unit.
    asked |= {"first": f"{unit}/", "past": f"{unit}0"}
    ages: defaultdict[str, list[int]] = defaultdict(lambda: [0] * len(AGE_BANDS))
    oldest: dict[str, datetime] = {}
    async with engine.connect() as connection:
        for name, bucket, count, since in await connection.execute(_OVERDUE, asked):
            ages[name][_band(bucket)] += int(count)
            oldest[name] = min(since, oldest.get(name, since))
    return [
        OverdueAt(name, tuple(counts), overdue_days(oldest[name], now, calendar))
        for name, counts in ages.items()
        if any(counts)
    ]


def _band(bucket: int) -> int:
    """The place in ``AGE_BANDS``: the earlier a term ended, the later its band."""
    return len(AGE_BANDS) - 1 - bucket
