"""Likely duplicates among all filed messages, found by the bands of their signatures instead of by comparing everything with everything.

A signature is stored in the transaction that reserves the number and looked up after it: of two like messages filed at the same moment at
least one sees the other, whoever is first, and no lock is needed for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, Select, func, literal, select, true
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from schemas import tables as t
from schemas.proposals.similarity import LIKELY_DUPLICATE, bands, resemblance

MOST = 5
"""Likely duplicates shown with a case; a person looks at the first of them anyway."""

_NEWEST_OF_BAND = 40
"""Some matters are raised by thousands: of those that share a band only the newest are looked at, so that a lookup costs the same for ever."""

_VERIFIED = 20
"""Candidates compared in full: those that share the most bands."""


class Alike(NamedTuple):
    """A message like another: its number, and how alike the two are (0 to 1)."""

    number: str
    resemblance: float


class Resemblances:
    """The signatures in one database."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def remember(self, connection: AsyncConnection, number: str, minima: Sequence[int]) -> None:
        """Stores the signature of a message under its number, in the caller's transaction; once, however often it is called."""
        await connection.execute(
            insert(t.resemblances).values(case_number=number, signature=list(minima)).on_conflict_do_nothing()
        )
        keys = bands(minima)
        if not keys:
            return
        each = func.unnest(literal(list(keys), ARRAY(BigInteger))).table_valued("band", name="each").render_derived()
        await connection.execute(
            insert(t.resemblance_bands)
            .from_select(["band", "case_number"], select(each.c.band, literal(number)))
            .on_conflict_do_nothing()
        )

    async def likely(self, minima: Sequence[int], *, besides: str = "") -> tuple[Alike, ...]:
        """Those that resemble it, the most alike first, at most five; never ``besides`` itself.

        A number may be one that was reserved a moment ago and whose case is only now being filed.
        """
        keys = bands(minima)
        if not keys:
            return ()
        async with self._engine.connect() as connection:
            rows = (await connection.execute(_candidates(keys, besides))).all()
        return most_alike(Alike(row.case_number, resemblance(minima, row.signature)) for row in rows)


def most_alike(candidates: Iterable[Alike]) -> tuple[Alike, ...]:
    """Those alike enough to be shown, the most alike first, at most five."""
    alike = [one for one in candidates if one.resemblance >= LIKELY_DUPLICATE]
    return tuple(sorted(alike, key=lambda one: (-one.resemblance, one.number))[:MOST])


def _candidates(keys: Sequence[int], besides: str) -> Select[str, Any]:
    stored = t.resemblance_bands
    wanted = func.unnest(literal(list(keys), ARRAY(BigInteger))).table_valued("band", name="wanted").render_derived()
    newest = (
        select(stored.c.case_number)
        .where(stored.c.band == wanted.c.band, stored.c.case_number != besides)
        .order_by(stored.c.band.desc(), stored.c.case_number.desc())
        .limit(_NEWEST_OF_BAND)
        .lateral("newest")
    )
    sharing = (
        select(newest.c.case_number)
        .select_from(wanted.join(newest, true()))
        .group_by(newest.c.case_number)
        .order_by(func.count().desc(), newest.c.case_number)
        .limit(_VERIFIED)
        .subquery("sharing")
    )
    similar = t.resemblances
    return select(similar.c.case_number, similar.c.signature).join(
        sharing, sharing.c.case_number == similar.c.case_number
    )
