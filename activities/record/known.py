"""Whom cases are about, and which others they name, to be looked for in texts and hidden there; what is read here is shown to nobody."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from pydantic import ValidationError
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncEngine

from activities.personal import open_
from schemas.access import eyes
from schemas.access.case_numbers import WRITTEN
from schemas.kernel.actor import Actor
from schemas.kernel.errors import UserError
from schemas.record import tables as t
from schemas.sealing.keys import KeyRing, SealBrokenError
from schemas.sealing.personal import PersonalData, SealedPersonal

_TOGETHER: Final = text(
    """
    WITH RECURSIVE together (case_number, far) AS (
        SELECT CAST(:number AS text), 0
        UNION
        SELECT other.named, together.far + 1
        FROM together
        JOIN LATERAL (
            SELECT coalesce(payload->>'into', payload->>'following', payload->>'out_of', payload->>'number') AS named
            FROM events
            WHERE events.case_number = together.case_number
              AND kind IN ('merged', 'replied', 'unmerged', 'member_admitted')
        ) AS other ON other.named <> '' AND together.far < 2
    )
    SELECT DISTINCT case_number FROM together LIMIT 500
    """
)
"""A case, those it ever was merged with, and those these were: words about any of their petitioners may stand in it."""


class KnownPeople:
    """Reads one database."""

    def __init__(self, engine: AsyncEngine, keyring: KeyRing) -> None:
        self._engine = engine
        self._keyring = keyring

    async def together(self, number: str) -> tuple[str, ...]:
        """The case and all that were ever merged with it, also where they have come apart since."""
        async with self._engine.connect() as connection:
            return tuple((await connection.execute(_TOGETHER, {"number": number})).scalars())

    async def of(self, numbers: Collection[str]) -> dict[str, list[PersonalData]]:
        """The petitioners of these cases. Whoever can't be opened (a key is missing, bytes were altered) is left out."""
        if not numbers:
            return {}
        people = t.petitioners
        query = (
            select(people.c.case_number, people.c.sealed)
            .where(people.c.case_number.in_(numbers), people.c.sealed.is_not(None))
            .order_by(people.c.case_number, people.c.position)
        )
        async with self._engine.connect() as connection:
            rows = (await connection.execute(query)).all()
        found: dict[str, list[PersonalData]] = {}
        for row in rows:
            try:
                clear = open_(self._keyring, SealedPersonal.model_validate(row.sealed))
            except (UserError, SealBrokenError, ValidationError):
                continue
            found.setdefault(row.case_number, []).append(clear)
        return found


_NAMED: Final = text(
    "SELECT DISTINCT upper(named[1]) FROM events,"
    " regexp_matches(payload::text, :written, 'gi') AS named"
    " WHERE events.case_number = :number LIMIT 5000"
)


class NamedCases:
    """The numbers of cases that others name, and who sees them; reads one database."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def named_in(self, number: str) -> set[str]:
        """The numbers that anything in a case's history holds, whether there are such cases or not."""
        async with self._engine.connect() as connection:
            return set((await connection.execute(_NAMED, {"number": number, "written": WRITTEN})).scalars())

    async def seen(self, numbers: Collection[str], viewer: Actor) -> set[str]:
        """Those of these numbers that are cases the viewer sees."""
        cases, own = t.cases, eyes(viewer)
        query = select(cases.c.case_number, cases.c.seen_by, cases.c.kept_from).where(cases.c.case_number.in_(numbers))
        async with self._engine.connect() as connection:
            rows = (await connection.execute(query)).all()
        return {row.case_number for row in rows if own.meet(row.seen_by, row.kept_from)}
