"""The cases behind a number of the board at this moment, found by what they count and not by counting them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from enum import StrEnum

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from activities.board.counting import BELOW, Hidden, below
from schemas.kernel.worktime import Calendar
from schemas.petition.measures import AGE_BANDS, Number, band_bounds
from schemas.petition.measures.measure import OWED
from schemas.petition.state import Ledger

GATHERED = 20_000
"""Cases of a unit up to which they are gathered and sorted."""

LOOKED_UP = 12
"""How many entries of an index are read in the time in which what one case counts is looked up."""


class Way(StrEnum):
    """How the first of a list are found: all sorted; those of each profile in order, merged; or the newest cases one by one, until enough count."""

    GATHERED = "gathered"
    MERGED = "merged"
    WALKED = "walked"


def way_of(*, received: int, count: int, profiles: int, owed: bool) -> Way:
    """The quickest for a unit that has received so many cases, of which ``count`` with so many profiles are behind the number.

    To find one of a list, merging reads about ``all / received`` entries for each profile, and walking looks up ``all / count`` cases.
    """
    if received <= GATHERED:
        return Way.GATHERED
    return Way.WALKED if not owed and profiles * count > LOOKED_UP * received else Way.MERGED


_EVER, _NEVER = datetime(1, 1, 2, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC)

_THERE = f"kept.since < :now AND kept.until >= :now AND kept.case_number <> ALL(:hidden) AND {BELOW}"

_WANTED = "unnest(CAST(:profiles AS integer[]), CAST(:after AS timestamptz[]), CAST(:through AS timestamptz[])) AS wanted (profile, after, through)"

_BAND = "kept.owed_since > wanted.after AND kept.owed_since <= wanted.through"


def _merged(column: str, direction: str, within: str) -> str:
    order = f"{column} {direction}, case_number {direction}"
    return (
        f"SELECT found.case_number FROM {_WANTED} CROSS JOIN LATERAL (SELECT kept.case_number, kept.{column} FROM case_counts kept"  # noqa: S608
        f" WHERE kept.profile = wanted.profile AND {within} AND {_THERE} ORDER BY kept.{column} {direction}, kept.case_number {direction}"
        f" LIMIT :most) AS found ORDER BY {order} LIMIT :most"
    )


def _gathered(column: str, direction: str, within: str) -> str:
    return (
        f"SELECT kept.case_number FROM case_counts kept JOIN {_WANTED} ON kept.profile = wanted.profile"  # noqa: S608
        f" WHERE {within} AND {_THERE} ORDER BY kept.{column} {direction}, kept.case_number {direction} LIMIT :most"
    )


def _walked() -> str:
    return (
        "SELECT newest.case_number FROM cases newest CROSS JOIN LATERAL (SELECT FROM case_counts kept"  # noqa: S608
        # The limit keeps the planner from turning it round and counting every case.
        f" WHERE kept.case_number = newest.case_number AND kept.profile = ANY(CAST(:profiles AS integer[])) AND {_THERE} LIMIT 1) AS counted"
        " ORDER BY newest.received_at DESC, newest.case_number DESC LIMIT :most"
    )


_NEWEST = ("received_at", "DESC", "TRUE")
_OLDEST_OWED = ("owed_since", "ASC", _BAND)
_STATEMENTS = {
    (owed, way): text(made(*(_OLDEST_OWED if owed else _NEWEST)))
    for owed in (True, False)
    for way, made in ((Way.GATHERED, _gathered), (Way.MERGED, _merged))
} | {(False, Way.WALKED): text(_walked())}


async def behind_now(
    engine: AsyncEngine,
    number: Number,
    unit: str,
    now: datetime,
    calendar: Calendar,
    hidden: Sequence[Hidden],
    *,
    ledger: Ledger | None = None,
    alone: bool = False,
    received: int,
    count: int,
    most: int,
) -> tuple[str, ...]:
    """The first ``most`` cases behind a number of ``unit`` and those below it (``alone``: of it alone) at ``now`` (aware), in the order of
    :func:`schemas.petition.measures.place_in_list`. ``received``: how many cases the unit has; ``count``: how many of them are behind
    the number."""
    async with engine.connect() as connection:
        wanted = await _wanted(connection, number, ledger, now, calendar)
        if not wanted:
            return ()
        asked: dict[str, object] = {
            "profiles": [profile for profile, _, _ in wanted],
            "after": [after for _, after, _ in wanted],
            "through": [through for _, _, through in wanted],
            "now": now,
            "hidden": [one.number for one in hidden],
            **(below(unit) | ({"past": f"{unit}/"} if alone else {})),
            # Known to be as many, the search for more can end.
            "most": min(most, count),
        }
        way = way_of(received=received, count=count, profiles=len(wanted), owed=number.owed)
        statement = _STATEMENTS[number.owed, way]
        return tuple((await connection.execute(statement, asked)).scalars())


async def _wanted(
    connection: AsyncConnection, number: Number, ledger: Ledger | None, now: datetime, calendar: Calendar
) -> list[tuple[int, datetime, datetime]]:
    """The profiles of cases behind the number, each with the due instants after and through which what they owe must lie."""
    found: list[tuple[int, datetime, datetime]] = []
    # Between these the bands lie, the shortest overdue first.
    edges = [now, *reversed(band_bounds(now, calendar)), _EVER]
    for profile, of, counts in await connection.execute(_PROFILES):
        if ledger is not None and of != ledger.value:
            continue
        bands = number.bands(counts)
        if OWED not in counts or len(bands) == len(AGE_BANDS):
            found += [(profile, _EVER, _NEVER)] if bands else []
        else:
            found += [(profile, edges[place + 1], edges[place]) for place in bands]
    return found


_PROFILES = text("SELECT id, ledger, counts FROM count_profiles")
