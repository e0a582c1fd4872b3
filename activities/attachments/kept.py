"""Attaching and reading what was attached."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path

from sqlalchemy import ColumnElement, RowMapping, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from activities.attachments.scanning import check_type, clean_name, scan
from activities.attachments.store import AttachmentStore
from activities.keys import seal, unseal
from activities.record.case_record import Clock, utc_now
from schemas.kernel.errors import UserError
from schemas.kernel.model import Frozen
from schemas.record import tables as t
from schemas.sealing.keys import KeyRing, Purpose, SealBrokenError

LOCK = 0x5A41_5454
"""Of PostgreSQL's advisory locks, that by which attachments are counted."""

MOST = 50
"""Attachments of one case."""


class Attachment(Frozen):
    """``digest``: SHA-256 of the content, hexadecimal. ``scan``: ``clean``, or ``unscanned`` where the installation has no scanner."""

    case_number: str
    digest: str
    name: str
    media_type: str
    size: int
    scan: str
    added_by: str
    added_at: datetime


class Quota(Frozen):
    """Bytes of all attachments: of one case, of one person within a day, of the installation; and what stays free where they lie in a folder."""

    case: int
    day: int
    total: int
    free: int
    folder: Path | None = None


DAY = timedelta(days=1)


class Attachments:
    """Attachments of one installation. Who may see the case is the caller's to ask."""

    def __init__(
        self,
        engine: AsyncEngine,
        store: AttachmentStore,
        keyring: KeyRing,
        *,
        types: Sequence[str],
        scanner: Sequence[str] = (),
        quota: Quota | None = None,
        clock: Clock = utc_now,
    ) -> None:
        self._engine = engine
        self._store = store
        self._keyring = keyring
        self._types = types
        self._scanner = scanner
        self._quota = quota
        self._clock = clock

    async def add(
        self,
        case_number: str,
        content: bytes,
        *,
        name: str,
        media_type: str,
        person: str,
        hear: Callable[[str], Awaitable[None]] | None = None,
    ) -> Attachment:
        """Keeps a content; the same content again is the attachment there is. ``hear`` is given its name before that stands on anybody's desk, and
        not at all where nothing is kept.

        ``UserError``: ``attachment_empty``, ``attachment_type_wrong``, ``attachment_refused``, ``scan_unavailable``, ``attachments_too_many``,
        ``attachments_too_much``, ``storage_full``.
        """
        if not content:
            raise UserError("attachment_empty", zh="附件是空的。", en="The attachment is empty.")
        check_type(media_type, content, self._types)
        digest = await asyncio.to_thread(digest_of, content)
        if (known := await self.find(case_number, digest)) is not None:
            return known
        table = t.attachments
        count = select(func.count()).where(table.c.case_number == case_number)
        async with self._engine.connect() as connection:
            if (await connection.execute(count)).scalar_one() >= MOST:
                raise UserError(
                    "attachments_too_many",
                    zh=f"一件最多 {MOST} 个附件。",
                    en=f"A case has at most {MOST} attachments.",
                    limit=MOST,
                )
        found = Attachment(
            case_number=case_number,
            digest=digest,
            name=clean_name(name),
            media_type=media_type,
            size=len(content),
            scan=await scan(self._scanner, content),
            added_by=person,
            added_at=self._clock(),
        )
        sealed = await asyncio.to_thread(self._sealed, content)
        if hear is not None:
            async with self._engine.connect() as connection:
                await self._check_quota(connection, found)
            # Outside the turn of uploads, in which nothing else may wait for the database.
            await hear(found.name)
        async with self._engine.begin() as connection:
            # One after the other: two that fit singly may be too much together.
            await connection.execute(select(func.pg_advisory_xact_lock(LOCK)))
            await self._check_quota(connection, found)
            await connection.execute(insert(table).on_conflict_do_nothing(), found.model_dump())
            await self._store.put(_path(digest), sealed)
        return await self.find(case_number, digest) or found

    async def _check_quota(self, connection: AsyncConnection, added: Attachment) -> None:
        if self._quota is None:
            return
        table, quota = t.attachments, self._quota

        async def size(*of: ColumnElement[bool]) -> int:
            query = select(func.coalesce(func.sum(table.c.size), 0)).where(*of)
            return int((await connection.execute(query)).scalar_one()) + added.size

        if await size(table.c.case_number == added.case_number) > quota.case:
            raise _too_much("本件附件", "The attachments of this case", quota.case)
        lately = table.c.added_at > added.added_at - DAY
        if await size(table.c.added_by == added.added_by, lately) > quota.day:
            raise _too_much("您一天内上传的附件", "What you have attached within a day", quota.day)
        full = quota.folder is not None and shutil.disk_usage(quota.folder).free - added.size < quota.free
        if full or await size() > quota.total:
            raise UserError(
                "storage_full",
                zh="附件存放空间已满，暂不能再附材料；请告知管理员。",
                en="There is no room left for attachments; tell the administrator.",
            )

    async def find(self, case_number: str, digest: str) -> Attachment | None:
        """An attachment of a case, or None."""
        table = t.attachments
        query = select(table).where(table.c.case_number == case_number, table.c.digest == digest)
        async with self._engine.connect() as connection:
            row = (await connection.execute(query)).mappings().one_or_none()
        return None if row is None else _attachment(row)

    async def of(self, case_number: str) -> list[Attachment]:
        """The attachments of a case, oldest first."""
        table = t.attachments
        query = select(table).where(table.c.case_number == case_number).order_by(table.c.added_at, table.c.digest)
        async with self._engine.connect() as connection:
            return [_attachment(row) for row in (await connection.execute(query)).mappings()]

    async def content(self, attachment: Attachment) -> bytes:
        """What was attached. ``SealBrokenError`` where it was altered, ``UserError`` ``attachment_lost`` where the store has it no more."""
        stored = await self._store.get(_path(attachment.digest))
        if stored is None:
            raise UserError(
                "attachment_lost",
                zh=f"附件存放处没有“{attachment.name}”，请从备份恢复。",
                en=f"The attachment store does not hold “{attachment.name}”; restore it from a backup.",
                digest=attachment.digest,
            )
        return await asyncio.to_thread(self._opened, stored, attachment.digest)

    # In a thread: the larger the file, the longer everybody else would wait.

    def _sealed(self, content: bytes) -> bytes:
        key_id, sealed = seal(self._keyring, Purpose.ATTACHMENT, content)
        return key_id.encode() + b"\n" + sealed

    def _opened(self, stored: bytes, digest: str) -> bytes:
        key_id, _, sealed = stored.partition(b"\n")
        content = unseal(self._keyring, Purpose.ATTACHMENT, key_id.decode("ascii", "replace"), sealed)
        if digest_of(content) != digest:
            raise SealBrokenError(f"attachment {digest} holds another content")
        return content


def _too_much(zh: str, en: str, limit: int) -> UserError:
    return UserError(
        "attachments_too_much",
        zh=f"{zh}合计超过上限 {limit:,} 字节；请精简后再附。",
        en=f"{en} would be more than {limit:,} bytes in all; attach less.",
        limit=limit,
    )


def digest_of(content: bytes) -> str:
    """By what a file is known: SHA-256, in hexadecimal."""
    return sha256(content).hexdigest()


def _path(digest: str) -> str:
    return f"{digest[:2]}/{digest}"


def _attachment(row: RowMapping) -> Attachment:
    return Attachment.model_validate(dict(row))
