"""The archive: engine histories of closed runs, compressed and sealed under the audit keys, so that neither the engine's retention nor a
renewal of the running system's keys can lose them.
"""

from __future__ import annotations

import asyncio
import zlib
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from temporalio.client import WorkflowHistory

from activities.evidence.histories import as_replayed
from activities.keys import seal, unseal
from schemas.evidence.archive import ArchiveDocument, history_hash, read, written
from schemas.kernel.errors import UserError
from schemas.record import tables as t
from schemas.sealing.keys import KeyRing, Purpose, SealBrokenError


class SealedRun(NamedTuple):
    """A closed run as its case's chain knows it: its last event, and the link after that."""

    case_number: str
    run: int
    seq: int
    link: bytes


class UnsealedArchiveError(RuntimeError):
    """A run has an archive and no seal: only somebody who took the seal away, or laid down the archive, past this code can have done that."""


class Archives:
    """The archive of one database, and the seals that bind it to the chains."""

    def __init__(self, engine: AsyncEngine, keyring: KeyRing, *, algorithm: str = "sha256") -> None:
        self._engine = engine
        self._keyring = keyring
        self._algorithm = algorithm

    async def put(self, run: SealedRun, document: ArchiveDocument, at: datetime) -> bool:
        """Writes archive and seal, both or neither; False where the run is sealed already. A seal once written is never replaced."""
        async with self._engine.begin() as connection:
            return await self.put_with(connection, run, document, at)

    async def put_with(
        self, connection: AsyncConnection, run: SealedRun, document: ArchiveDocument, at: datetime
    ) -> bool:
        """As `put`, in the caller's transaction. :class:`UnsealedArchiveError` where there is an archive already and no seal."""
        content = written(document)
        seal_row = {
            "case_number": run.case_number,
            "run": run.run,
            "seq": run.seq,
            "link": run.link,
            "history": history_hash(content, self._algorithm),
            "history_events": document.events,
            "algorithm": self._algorithm,
            "sealed_at": at,
        }
        # Of two that seal the same run at once, the second waits here for the first, and then has nothing to do.
        made = insert(t.seals).values(seal_row).on_conflict_do_nothing().returning(t.seals.c.run)
        if (await connection.execute(made)).one_or_none() is None:
            return False
        key_id, sealed = await asyncio.to_thread(self._closed, content)
        archive_row = {
            "case_number": run.case_number,
            "run": run.run,
            "key_id": key_id,
            "sealed": sealed,
            "archived_at": at,
        }
        laid_down = insert(t.archives).values(archive_row).on_conflict_do_nothing().returning(t.archives.c.run)
        if (await connection.execute(laid_down)).one_or_none() is None:
            raise UnsealedArchiveError(f"{run.case_number}, run {run.run}")
        return True

    async def content(self, case_number: str, run: int) -> bytes:
        """The written document, as it was hashed.

        ``UserError`` ``archive_missing``, or ``key_missing`` for a key the ring lacks; ``SealBrokenError`` for altered bytes.
        """
        archives = t.archives
        query = select(archives.c.key_id, archives.c.sealed).where(
            archives.c.case_number == case_number, archives.c.run == run
        )
        async with self._engine.connect() as connection:
            row = (await connection.execute(query)).one_or_none()
        if row is None:
            raise archive_missing(case_number, run)
        return await asyncio.to_thread(self.opened, row.key_id, row.sealed)

    def opened(self, key_id: str, sealed: bytes) -> bytes:
        """The written document of an ``archives`` row; errors as of `content`."""
        compressed = unseal(self._keyring, Purpose.AUDIT, key_id, sealed)
        try:
            return zlib.decompress(compressed)
        except zlib.error as error:
            raise SealBrokenError(f"an archive opened under {key_id} is not one") from error

    async def get(self, case_number: str, run: int) -> ArchiveDocument:
        """The document of a closed run; errors as of `content`."""
        return _read(await self.content(case_number, run))

    async def histories(self, case_number: str, run: int) -> list[WorkflowHistory]:
        """The engine's histories of a closed run as the replayer takes them, oldest first; errors as of `content`."""
        return [as_replayed(kept) for kept in (await self.get(case_number, run)).histories]

    async def runs(self, case_number: str) -> list[int]:
        """The runs of a case that are sealed, in order."""
        query = select(t.seals.c.run).where(t.seals.c.case_number == case_number).order_by(t.seals.c.run)
        async with self._engine.connect() as connection:
            return list((await connection.execute(query)).scalars())

    def _closed(self, content: bytes) -> tuple[str, bytes]:
        return seal(self._keyring, Purpose.AUDIT, zlib.compress(content, level=6))


def _read(content: bytes) -> ArchiveDocument:
    try:
        return read(content)
    except ValueError as error:
        raise SealBrokenError("an archive does not hold what an archive holds") from error


def archive_missing(case_number: str, run: int) -> UserError:
    """That run is not archived: it is open still, or closed just now, or it was lost."""
    return UserError(
        "archive_missing",
        zh=f"{case_number} 第 {run} 轮流程没有归档的历史：可能尚未销号，或刚销号还未归档（约一分钟），或归档已丢失（sanzhang audit verify 可查）。",
        en=f"Run {run} of {case_number} has no archived history: it is open, or was closed within the last minute, or the archive is lost "
        "(sanzhang audit verify tells).",
        number=case_number,
        run=run,
    )
