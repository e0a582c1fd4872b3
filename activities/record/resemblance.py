"""Likely duplicates among all filed messages, found by the bands of their signatures instead of by comparing everything with everything.

A signature is stored in the transaction that reserves the number (:mod:`activities.record.intake`). What resembles a case is looked up when somebody
looks, and among what they may see: whatever was written down once would tell others that a case kept from them exists.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from sqlalchemy.ext.asyncio import AsyncEngine

from activities.record.driver.direct import RawExecutor
from schemas.access import eyes
from schemas.kernel.actor import Actor
from schemas.proposals.similarity import LIKELY_DUPLICATE, bands, resemblance

MOST = 5
"""Likely duplicates shown with a case; a person looks at the first of them anyway."""

_NEWEST_OF_BAND = 40
"""Some matters are raised by thousands: of those that share a band only the newest that are seen are looked at, so that a lookup costs the same for
ever."""

_LOOKED_THROUGH = 1_000
"""Among how many of those that share a band they are looked for: the one place where cases that somebody may not see could crowd out others."""

_VERIFIED = 20
"""Candidates compared in full: those that share the most bands."""


class Alike(NamedTuple):
    """A message like another: its number, and how alike the two are (0 to 1)."""

    number: str
    resemblance: float


class Resemblances:
    """The signatures in one database."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._direct = RawExecutor(engine)

    async def of(self, number: str, viewer: Actor) -> tuple[Alike, ...]:
        """Those that resemble the message of this number, of what ``viewer`` may see; as :meth:`likely`."""
        rows = await self._direct.rows("SELECT signature FROM resemblances WHERE case_number = $1", number)
        return await self.likely(rows[0]["signature"], viewer, besides=number) if rows else ()

    async def likely(self, minima: Sequence[int], viewer: Actor, *, besides: str = "") -> tuple[Alike, ...]:
        """The cases that ``viewer`` may see which resemble it, the most alike first, at most five; never ``besides`` itself."""
        keys = bands(minima)
        if not keys:
            return ()
        own = eyes(viewer)
        bounds = (_NEWEST_OF_BAND, _VERIFIED, _LOOKED_THROUGH)
        rows = await self._direct.rows(_CANDIDATES, list(keys), besides, *bounds, own.sees, own.being)
        return most_alike(Alike(row["case_number"], resemblance(minima, row["signature"])) for row in rows)


def most_alike(candidates: Iterable[Alike]) -> tuple[Alike, ...]:
    """Those alike enough to be shown, the most alike first, at most five."""
    alike = [one for one in candidates if one.resemblance >= LIKELY_DUPLICATE]
    return tuple(sorted(alike, key=lambda one: (-one.resemblance, one.number))[:MOST])


_CANDIDATES = (
    "SELECT case_number, signature FROM resemblances JOIN"
    " (SELECT case_number FROM unnest(CAST($1 AS bigint[])) AS wanted (band) CROSS JOIN LATERAL"
    " (SELECT newest.case_number FROM"
    " (SELECT case_number FROM resemblance_bands WHERE resemblance_bands.band = wanted.band AND case_number <> $2"
    " ORDER BY resemblance_bands.band DESC, case_number DESC LIMIT $5) AS newest JOIN cases USING (case_number)"
    " WHERE cases.seen_by && CAST($6 AS text[]) AND NOT cases.kept_from && CAST($7 AS text[])"
    " ORDER BY newest.case_number DESC LIMIT $3) AS seen"
    " GROUP BY case_number ORDER BY count(*) DESC, case_number LIMIT $4) AS sharing USING (case_number)"
)
"""Those that share the most bands. Written out, because building it anew for every petition took longer than running it."""
