"""The form a person has half filled in, sealed: it holds what petitioners say of themselves."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import cast

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncEngine

from activities.keys import seal, unseal
from schemas.kernel.errors import UserError
from schemas.record import tables as t
from schemas.sealing.keys import KeyRing, Purpose, SealBrokenError

NAME = "petition"
LONGEST = 100_000
"""Bytes of a draft; a longer one is no draft of a petition, whose text has a limit far below."""

Boxes = Mapping[str, list[str]]


class DraftStore:
    """One form a person."""

    def __init__(self, engine: AsyncEngine, keyring: KeyRing) -> None:
        self._engine = engine
        self._keyring = keyring

    async def of(self, person: str) -> Boxes:
        """What was kept; nothing where there is none, or where the key it was sealed with is gone."""
        drafts = t.drafts
        query = select(drafts.c.key_id, drafts.c.sealed).where(drafts.c.person == person, drafts.c.name == NAME)
        async with self._engine.connect() as connection:
            row = (await connection.execute(query)).one_or_none()
        if row is None:
            return {}
        try:
            clear = unseal(self._keyring, Purpose.PERSONAL, row.key_id, row.sealed)
        except (UserError, SealBrokenError):
            return {}
        return cast("dict[str, list[str]]", json.loads(clear))

    async def keep(self, person: str, boxes: Boxes) -> bool:
        """Keeps it in place of the one before; False where it is too long to be kept."""
        clear = json.dumps(boxes, ensure_ascii=False).encode()
        if len(clear) > LONGEST:
            return False
        key_id, sealed = seal(self._keyring, Purpose.PERSONAL, clear)
        row = {"person": person, "name": NAME, "key_id": key_id, "sealed": sealed, "kept_at": datetime.now(UTC)}
        statement = insert(t.drafts).values(row)
        new = {name: statement.excluded[name] for name in ("key_id", "sealed", "kept_at")}
        async with self._engine.begin() as connection:
            await connection.execute(
                statement.on_conflict_do_update(index_elements=[t.drafts.c.person, t.drafts.c.name], set_=new)
            )
        return True

    async def drop(self, person: str) -> None:
        """Forgets it: filed, or given up."""
        drafts = t.drafts
        async with self._engine.begin() as connection:
            await connection.execute(delete(drafts).where(drafts.c.person == person, drafts.c.name == NAME))
