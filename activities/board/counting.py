"""Reading the sums: what the cases of a unit count at a moment from now on, where replies are overdue, and how much came and went.

The sums are of every case. Where somebody looks who may not see some of them, those are taken off again: ``hidden`` are such cases.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from itertools import pairwise
from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from schemas.kernel.units import within
from schemas.kernel.worktime import Calendar, local_day, monday_of
from schemas.petition.measures import AGE_BANDS, band_bounds, overdue_days, week_of
from schemas.petition.measures.cells import CAME, STRUCK, WEEKLY
from schemas.petition.measures.measure import OWED, band_of
from schemas.petition.measures.numbers import in_band
from schemas.petition.state import Ledger


class Hidden(NamedTuple):
    """A case that is not for whoever looks: what it counts now, and where."""

    number: str
    unit: str
    ledger: Ledger
    counts: Mapping[str, int]
    owed_since: datetime | None
    received_at: datetime
    sealed_at: datetime | None


_HIDDEN = text(
    "SELECT cases.case_number, kept.unit, profile.ledger, profile.counts, kept.owed_since, cases.received_at, cases.sealed_at"
    " FROM cases JOIN case_counts kept ON kept.case_number = cases.case_number JOIN count_profiles profile ON profile.id = kept.profile"
    " WHERE cases.kept_from <> '{}'::text[] AND cases.kept_from && CAST(:being AS text[])"
    " AND kept.since < :now AND kept.until >= :now"
)

_COUNTS = {
    column: text(
        f"SELECT ledger, what, sum({column}) FROM board_cells WHERE unit = :unit AND since < :now AND what <> ALL(:besides)"  # noqa: S608
        " GROUP BY ledger, what"
    )
    for column in ("below", "own")
}

_BUCKET = "width_bucket(since - interval '1 microsecond', CAST(:bounds AS timestamptz[])) AS bucket"

_OWED = {
    column: text(
        f"SELECT ledger, {_BUCKET}, sum({column}) FROM board_cells"  # noqa: S608
        " WHERE unit = :unit AND since < :now AND what = :owed GROUP BY ledger, bucket"
    )
    for column in ("below", "own")
}

# Written out, and not as a parameter: the index of what is owed is of that word alone.
_OVERDUE_WHERE = f" WHERE what = '{OWED}' AND since < :now AND own <> 0"

# "0" is the character after "/". The bounds alone also hold "XA-" and its like; but of an alternative no index makes a range.
BELOW = "unit ~>=~ :unit AND unit ~<~ :past AND (unit = :unit OR unit ~>=~ :first)"
"""Rows of a unit and those below it, in a form that a ``text_pattern_ops`` index serves with one range."""


def below(unit: str) -> dict[str, object]:
    """What ``BELOW`` asks for."""
    return {"unit": unit, "first": f"{unit}/", "past": f"{unit}0"}


_OVERDUE = text(
    # Compared one by one, which is a third of the work of sorting each row into its bucket.
    "SELECT unit, min(since), sum(own), "  # noqa: S608
    + ", ".join(f"coalesce(sum(own) FILTER (WHERE since <= :bound{place}), 0)" for place in range(len(AGE_BANDS) - 1))
    + f" FROM board_cells{_OVERDUE_WHERE} AND {BELOW} GROUP BY unit"
)

_OVERDUE_BY_DUE = text(
    f"SELECT unit, since, sum(own) FROM board_cells{_OVERDUE_WHERE} AND unit = ANY(:units) GROUP BY unit, since"  # noqa: S608
)

_WEEKLY = text(
    "SELECT what, since, sum(below) FROM board_cells WHERE unit = :unit AND what = ANY(:weekly) AND since >= :since GROUP BY what, since"
)


class OverdueAt(NamedTuple):
    """A unit's own overdue replies: how many per band of ``AGE_BANDS``, and the working days of the oldest."""

    unit: str
    ages: tuple[int, ...]
    oldest: int


async def hidden_now(engine: AsyncEngine, being: Sequence[str], unit: str, now: datetime) -> tuple[Hidden, ...]:
    """The cases at and below ``unit`` that are kept from somebody with those marks (:class:`schemas.access.sight.Eyes`).

    Only being accused can keep a case from somebody within whose reach the unit lies.
    """
    if not being:
        return ()
    async with engine.connect() as connection:
        rows = (await connection.execute(_HIDDEN, {"being": list(being), "now": now})).all()
    found = (Hidden(*row) for row in rows)
    return tuple(one._replace(ledger=Ledger(one.ledger)) for one in found if within(one.unit, unit))


async def counts_now(
    engine: AsyncEngine,
    unit: str,
    now: datetime,
    calendar: Calendar,
    hidden: Sequence[Hidden] = (),
    *,
    alone: bool = False,
) -> Mapping[Ledger, Mapping[str, int]]:
    """What the cases of a unit and those below it count at ``now`` (aware); ``alone``: of the unit itself only."""
    column = "own" if alone else "below"
    asked: dict[str, object] = {"unit": unit, "now": now}
    counted: defaultdict[Ledger, Counter[str]] = defaultdict(Counter)
    owed = asked | {"owed": OWED, "bounds": band_bounds(now, calendar)}
    async with engine.connect() as connection:
        for ledger, what, count in await connection.execute(_COUNTS[column], asked | {"besides": [OWED, *WEEKLY]}):
            counted[Ledger(ledger)][what] = int(count)
        for ledger, bucket, count in await connection.execute(_OWED[column], owed):
            counted[Ledger(ledger)][f"{OWED}.{AGE_BANDS[_band(bucket)][0]}"] += int(count)
    for one in hidden:
        if one.unit == unit if alone else within(one.unit, unit):
            counted[one.ledger].subtract(_in_band(one, now, calendar))
    return counted


async def overdue_now(
    engine: AsyncEngine, unit: str, now: datetime, calendar: Calendar, hidden: Sequence[Hidden] = ()
) -> list[OverdueAt]:
    """The units at and below ``unit`` whose replies are overdue at ``now`` (aware)."""
    bounds = reversed(band_bounds(now, calendar))
    asked = below(unit) | {"now": now} | {f"bound{place}": bound for place, bound in enumerate(bounds)}
    late: defaultdict[str, list[int]] = defaultdict(lambda: [0] * len(AGE_BANDS))
    oldest: dict[str, datetime] = {}
    fewer = {one.unit for one in hidden if one.owed_since is not None and within(one.unit, unit)}
    by_due: defaultdict[str, Counter[datetime]] = defaultdict(Counter)
    async with engine.connect() as connection:
        for name, since, *older in await connection.execute(_OVERDUE, asked):
            # As many as are overdue at all, and by more than each band: what lies between two of them is in the band.
            late[name] = [int(each - more) for each, more in pairwise((*older, 0))]
            oldest[name] = since
        if fewer:
            for name, since, count in await connection.execute(_OVERDUE_BY_DUE, {"now": now, "units": sorted(fewer)}):
                by_due[name][since] += int(count)
    for name in fewer:
        owed = by_due[name]
        owed.subtract(one.owed_since for one in hidden if one.unit == name and one.owed_since is not None)
        left = +owed
        late[name] = [0] * len(AGE_BANDS)
        for since, count in left.items():
            late[name][_place(since, now, calendar)] += count
        oldest[name] = min(left, default=now)
    return [
        OverdueAt(name, tuple(counts), overdue_days(oldest[name], now, calendar))
        for name, counts in late.items()
        if any(counts)
    ]


async def weekly_now(
    engine: AsyncEngine, unit: str, since: datetime, hidden: Sequence[Hidden] = ()
) -> tuple[Counter[date], Counter[date]]:
    """How many cases of a unit and those below it came in, and how many were struck off, in each week (by its Monday) from ``since``."""
    begun = week_of(since)
    found: dict[str, Counter[date]] = {CAME: Counter(), STRUCK: Counter()}
    async with engine.connect() as connection:
        rows = await connection.execute(_WEEKLY, {"unit": unit, "weekly": list(WEEKLY), "since": begun})
        for what, week, count in rows:
            found[what][local_day(week)] += int(count)
    for one in hidden:
        if within(one.unit, unit):
            found[CAME][monday_of(local_day(one.received_at))] -= 1
            if one.sealed_at is not None:
                found[STRUCK][monday_of(local_day(one.sealed_at))] -= 1
    return found[CAME], found[STRUCK]


def _in_band(one: Hidden, now: datetime, calendar: Calendar) -> Mapping[str, int]:
    if one.owed_since is None:
        return one.counts
    return in_band(one.counts, band_of(overdue_days(one.owed_since, now, calendar)))


def _place(since: datetime, now: datetime, calendar: Calendar) -> int:
    first = band_of(overdue_days(since, now, calendar))
    return next(place for place, band in enumerate(AGE_BANDS) if band[0] == first)


def _band(bucket: int) -> int:
    """The place in ``AGE_BANDS``: the earlier a term ended, the later its band."""
    return len(AGE_BANDS) - 1 - bucket
