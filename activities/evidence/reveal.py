"""Showing personal data in clear: to whose work needs it, for a listed reason, and never before it stands in the journal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from activities.evidence.readings import ReadingBook
from activities.personal import open_
from activities.record.queries import CaseQueries, case_unknown
from schemas.access.revealing import given, needs_of
from schemas.evidence.journal import Entry, EntryKind
from schemas.kernel.actor import Actor
from schemas.kernel.errors import UserError
from schemas.petition.rules import may_see
from schemas.record import tables as t
from schemas.sealing.keys import KeyRing
from schemas.sealing.personal import PersonalData, SealedPersonal

FIELDS: Final = {
    "name": "masked_name",
    "phone": "masked_phone",
    "id_number": "masked_id",
    "address": "masked_address",
    "guardian": "masked_guardian",
    "guardian_phone": "masked_guardian_phone",
}
"""What personal data there may be, and the mask that is empty where it was not given."""


@dataclass(frozen=True)
class RevealedPetitioner:
    """A petitioner in clear; ``data`` is None for an anonymous one."""

    alias: str
    representative: bool
    data: PersonalData | None


@dataclass(frozen=True)
class Revealed:
    """The petitioners of a case in clear, and the entry of the journal that says who was shown them."""

    number: str
    entry: Entry
    petitioners: tuple[RevealedPetitioner, ...]


class Revealer:
    """Opens personal data of one database; an engine that is read-only otherwise will do."""

    def __init__(self, engine: AsyncEngine, keyring: KeyRing, book: ReadingBook) -> None:
        self._engine = engine
        self._queries = CaseQueries(engine)
        self._keyring = keyring
        self._book = book

    async def reveal(self, named: str, actor: Actor, reason: str, words: str = "") -> Revealed:
        """The petitioners of a case, named by its number.

        ``UserError`` ``case_unknown``, also where the actor may not see the case: the accused are not even told that it exists; those of
        :func:`needs_of` and :func:`given`; ``nothing_to_reveal`` where all petitioners are anonymous. Then nothing is recorded. Those of
        :meth:`ReadingBook.enter`. Errors of :func:`open_` come after the entry, which stands.
        """
        number = await self._queries.number(named)
        state = (await self._queries.case(number)).state
        if not may_see(state, actor):
            raise case_unknown(named)
        because = given(reason, words, needs_of(state, actor))
        petitioners = await self._sealed(number)
        sealed = [each for _, _, each in petitioners if each is not None]
        fields = [field for field, mask in FIELDS.items() if any(getattr(each, mask) for each in sealed)]
        if not fields:
            raise _nothing(number)
        entry = await self._book.enter(
            EntryKind.REVEALED, state, actor, because, {"fields": fields, "petitioners": len(sealed)}
        )
        return Revealed(
            number=number,
            entry=entry,
            petitioners=tuple(
                RevealedPetitioner(alias, representative, None if each is None else _shown(open_(self._keyring, each)))
                for alias, representative, each in petitioners
            ),
        )

    async def _sealed(self, number: str) -> list[tuple[str, bool, SealedPersonal | None]]:
        people = t.petitioners
        query = (
            select(people.c.alias, people.c.representative, people.c.sealed)
            .where(people.c.case_number == number)
            .order_by(people.c.position)
        )
        async with self._engine.connect() as connection:
            rows = (await connection.execute(query)).all()
        return [
            (row.alias, row.representative, SealedPersonal.model_validate(row.sealed) if row.sealed else None)
            for row in rows
        ]


def _shown(data: PersonalData) -> PersonalData:
    """A minor is reached through the guardian: the child's own number is shown to nobody."""
    return data.model_copy(update={"phone": None}) if data.guardian_phone else data


def _nothing(number: str) -> UserError:
    return UserError(
        "nothing_to_reveal",
        zh=f"{number} 没有可查看的个人信息：信访人均未留下。",
        en=f"There is no personal data to see of {number}: no petitioner left any.",
        number=number,
    )
