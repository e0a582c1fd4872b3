"""Messages of a broker that could not become a case: kept sealed with the reason, until somebody sends them in again or drops them."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncEngine

from activities.keys import seal, unseal
from activities.record.case_record import Clock, utc_now
from schemas.kernel.errors import UserError
from schemas.kernel.model import Frozen
from schemas.record import tables as t
from schemas.sealing.keys import KeyRing, Purpose


class Letter(Frozen):
    """A message as a broker delivered it. ``attributes``: its CloudEvents headers, without the broker's own prefix."""

    content_type: str = ""
    attributes: dict[str, str]
    body: bytes

    @property
    def id(self) -> str:
        """The same for the same message, however often it is delivered."""
        said = [self.content_type, sorted(self.attributes.items()), base64.b64encode(self.body).decode()]
        return hashlib.sha256(json.dumps(said).encode()).hexdigest()[:24]


class ParkedLine(Frozen):
    """A parked message without its content: whence, why and since when."""

    id: str
    source: str
    reason: str
    parked_at: datetime
    driven_at: datetime | None


class Parked:
    """The parked messages of one database."""

    def __init__(self, engine: AsyncEngine, keyring: KeyRing, *, clock: Clock = utc_now) -> None:
        self._engine = engine
        self._keyring = keyring
        self._clock = clock

    async def park(self, letter: Letter, *, source: str, reason: str, once: bool = False) -> None:
        """Keeps a message; the same one again stays one, with the newer reason. ``once``: also after it has been decided on."""
        key_id, sealed = seal(self._keyring, Purpose.PARKED, _written(letter))
        row = {
            "id": letter.id,
            "source": source,
            "reason": reason,
            "key_id": key_id,
            "sealed": sealed,
            "parked_at": self._clock(),
            "driven_at": None,
        }
        again = {"reason": reason, "driven_at": None, "key_id": key_id, "sealed": sealed}
        kept = insert(t.parked).values(row)
        statement = (
            kept.on_conflict_do_nothing() if once else kept.on_conflict_do_update(index_elements=["id"], set_=again)
        )
        async with self._engine.begin() as connection:
            await connection.execute(statement)

    async def waiting(self, *, all_of_them: bool = False) -> list[ParkedLine]:
        """Those that wait, oldest first; with ``all_of_them`` also those that were decided on."""
        parked = t.parked
        query = select(*(parked.c[name] for name in ParkedLine.model_fields)).order_by(parked.c.parked_at, parked.c.id)
        if not all_of_them:
            query = query.where(parked.c.driven_at.is_(None))
        async with self._engine.connect() as connection:
            return [ParkedLine.model_validate(dict(row)) for row in (await connection.execute(query)).mappings()]

    async def letter(self, parked_id: str) -> Letter:
        """The message. ``UserError`` ``parked_unknown`` for one that is not there or waits no more."""
        parked = t.parked
        query = select(parked.c.key_id, parked.c.sealed).where(parked.c.id == parked_id, parked.c.driven_at.is_(None))
        async with self._engine.connect() as connection:
            row = (await connection.execute(query)).one_or_none()
        if row is None:
            raise _unknown(parked_id)
        return _read(unseal(self._keyring, Purpose.PARKED, row.key_id, row.sealed))

    async def driven(self, parked_id: str) -> None:
        """It has become a case: its content is kept there, and here no longer."""
        done = update(t.parked).where(t.parked.c.id == parked_id).values(driven_at=self._clock(), sealed=b"")
        async with self._engine.begin() as connection:
            await connection.execute(done)

    async def drop(self, parked_id: str, why: str) -> None:
        """Removes its content for good; that it was there, and why it is no more, stays. ``UserError`` ``parked_unknown``."""
        parked = t.parked
        gone = (
            update(parked)
            .where(parked.c.id == parked_id, parked.c.driven_at.is_(None))
            .values(driven_at=self._clock(), sealed=b"", reason=f"dropped: {why}")
            .returning(parked.c.id)
        )
        async with self._engine.begin() as connection:
            if (await connection.execute(gone)).scalar_one_or_none() is None:
                raise _unknown(parked_id)


def _written(letter: Letter) -> bytes:
    body = base64.b64encode(letter.body).decode()
    said: Mapping[str, object] = {"type": letter.content_type, "attributes": letter.attributes, "body": body}
    return json.dumps(said).encode()


def _read(clear: bytes) -> Letter:
    said = json.loads(clear)
    return Letter(content_type=said["type"], attributes=said["attributes"], body=base64.b64decode(said["body"]))


def _unknown(parked_id: str) -> UserError:
    return UserError(
        "parked_unknown",
        zh=f"没有编号为 {parked_id} 的搁置消息（sanzhang intake parked 可查）。",
        en=f"There is no parked message {parked_id} (sanzhang intake parked lists them).",
        id=parked_id,
    )
