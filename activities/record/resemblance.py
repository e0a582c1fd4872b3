"""Likely duplicates among all filed messages, found by the bands of their signatures instead of by comparing everything with everything.

A signature is stored in the transaction that reserves the number (:mod:`activities.record.intake`) and looked up after it: of two like messages filed at the same moment at
least one sees the other, whoever is first, and no lock is needed for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from sqlalchemy.ext.asyncio import AsyncEngine

from activities.record.driver.direct import Direct
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
        self._direct = Direct(engine)

    async def likely(self, minima: Sequence[int], *, besides: str = "") -> tuple[Alike, ...]:
        """Those that resemble it, the most alike first, at most five; never ``besides`` itself.

        A number may be one that was reserved a moment ago and whose case is only now being filed.
        """
        keys = bands(minima)
        if not keys:
            return ()
        rows = await self._direct.rows(_CANDIDATES, list(keys), besides, _NEWEST_OF_BAND, _VERIFIED)
        return most_alike(Alike(row["case_number"], resemblance(minima, row["signature"])) for row in rows)


def most_alike(candidates: Iterable[Alike]) -> tuple[Alike, ...]:
    """Those alike enough to be shown, the most alike first, at most five."""
    alike = [one for one in candidates if one.resemblance >= LIKELY_DUPLICATE]
    return tuple(sorted(alike, key=lambda one: (-one.resemblance, one.number))[:MOST])


_CANDIDATES = (
    "SELECT case_number, signature FROM resemblances JOIN"
    " (SELECT case_number FROM unnest(CAST($1 AS bigint[])) AS wanted (band) CROSS JOIN LATERAL"
    " (SELECT case_number FROM resemblance_bands WHERE resemblance_bands.band = wanted.band AND case_number <> $2"
    " ORDER BY resemblance_bands.band DESC, case_number DESC LIMIT $3) AS newest"
    " GROUP BY case_number ORDER BY count(*) DESC, case_number LIMIT $4) AS sharing USING (case_number)"
)
"""Those that share the most bands. Written out, because building it anew for every petition took longer than running it."""
