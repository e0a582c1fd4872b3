"""How the log grows, and what is taken from it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from datetime import UTC, datetime
from typing import Final

from sqlalchemy import func, insert, select, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from activities.evidence.log.heads import BATCH, changed_heads, driver
from activities.evidence.log.known import (
    LogCutError,
    SignedCheckpoint,
    leaf_count,
    newest,
    no_checkpoint,
    not_in_log,
    numbered,
    signed,
)
from activities.evidence.log.proving import proven
from activities.evidence.signing import Signer
from activities.evidence.store import (
    CheckpointStore,
    CheckpointStoreAheadError,
    CheckpointStoreConflictError,
    CheckpointStoreMissingError,
)
from activities.record.case_record import Clock, utc_now
from schemas.evidence.checkpoint import Checkpoint, PublicKey, checkpoint_path, key_path
from schemas.evidence.merkle import empty_root
from schemas.evidence.proof import ProofBundle
from schemas.evidence.tiles import TileError, Tiling
from schemas.kernel.errors import UserError
from schemas.record import tables as t

LOG_LOCK: Final = 0x6C6F676C6F676C6F
"""The advisory lock behind which the log grows; the number is "logloglo" in ASCII."""

_BEFORE_ALL: Final = datetime.min.replace(tzinfo=UTC)
_LEAVES_FROM: Final = "SELECT index, leaf FROM log_leaves WHERE index >= $1 ORDER BY index"


class MerkleLog:
    """The log over the chains of one database. ``signer`` None: for taking proofs only.

    ``origin``: whose log it is, the first line of every checkpoint. ``algorithm`` is that of the tree; it can't change once there is a
    checkpoint (``UserError`` ``log_algorithm_fixed``).
    """

    def __init__(
        self,
        engine: AsyncEngine,
        store: CheckpointStore,
        signer: Signer | None,
        *,
        origin: str,
        algorithm: str = "sha256",
        clock: Clock = utc_now,
    ) -> None:
        self._engine = engine
        self._store = store
        self._signer = signer
        self._origin = origin
        self._algorithm = algorithm
        self._clock = clock
        # The database keeps processes apart; within one, calls that wait would take the connections the first one needs.
        self._turn = asyncio.Lock()

    @property
    def store(self) -> CheckpointStore:
        """Where the checkpoints are kept outside the database."""
        return self._store

    @property
    def key(self) -> PublicKey | None:
        """The public key it signs with, None where it only takes proofs."""
        return self._signer.key if self._signer is not None else None

    async def checkpoint(self, *, heartbeat: bool = False) -> Checkpoint | None:
        """Makes a checkpoint over all that changed since the last one; None where nothing did.

        ``heartbeat``: then too, over the same tree, to show that the log is alive. May be repeated, and called twice at once; uses two
        connections. Raises
        ``CheckpointStoreError`` where the store is not what it was, :class:`LogCutError` where the database is not, ``UserError``
        ``signing_key_missing``, ``log_algorithm_fixed``.
        """
        if self._signer is None:
            raise UserError(
                "signing_key_missing",
                zh="没有签名密钥，不能制作检查点。",
                en="There is no signing key, so no checkpoint can be made.",
            )
        async with self._turn:
            finished = await self._complete(self._signer, heartbeat=False)
            changed = await self._gather()
            if not changed and (finished is not None or not heartbeat):
                return finished
            return await self._complete(self._signer, heartbeat=heartbeat) or await self._latest()

    async def latest(self) -> SignedCheckpoint | None:
        """The newest checkpoint, or None."""
        async with self._engine.connect() as connection:
            row = await newest(connection)
        return None if row is None else signed(row)

    async def checkpoints(self) -> AsyncGenerator[SignedCheckpoint]:
        """All checkpoints, oldest first."""
        query = select(t.checkpoints.c.note).order_by(t.checkpoints.c.number)
        async with self._engine.connect() as connection:
            async for row in (await connection.stream(query)).mappings():
                yield signed(row)

    async def keys(self) -> list[PublicKey]:
        """The public keys in the store: of all that ever signed for this log."""
        return [
            PublicKey.parse(content.decode())
            async for path in self._store.list("keys")
            if (content := await self._store.get(path)) is not None
        ]

    async def proof(self, case_number: str, *, since: int | None = None) -> ProofBundle:
        """That the newest leaf of a case is in the newest checkpoint; ``since``: and that the log only grew since that checkpoint.

        No ``case_number``: of the journal. ``UserError`` ``no_checkpoint_yet``, ``case_not_in_log``, ``checkpoint_unknown``;
        ``CheckpointStoreError`` where the store does not bear the proof out.
        """
        async with self._engine.connect() as connection:
            latest = await newest(connection)
            if latest is None:
                raise no_checkpoint()
            head = signed(latest)
            leaves = t.log_leaves.c
            query = select(leaves.index, leaves.leaf).where(
                leaves.case_number == case_number, leaves.index < head.checkpoint.size
            )
            leaf = (await connection.execute(query.order_by(leaves.index.desc()).limit(1))).one_or_none()
            if leaf is None:
                raise not_in_log(case_number, head.checkpoint)
            earlier = await numbered(connection, since, head.checkpoint) if since is not None else None
        index, said = leaf
        return await asyncio.to_thread(proven, self._store, index, said, head, earlier)

    async def _gather(self) -> bool:
        """Step 1; whether there are leaves now that no checkpoint is over."""
        # Heads are read through one connection while leaves are written through the other.
        async with self._engine.connect() as reader, self._engine.begin() as connection:
            await _alone(connection)
            last = await newest(connection)
            size, number = (last["size"], last["number"]) if last is not None else (0, 0)
            index = start = await leaf_count(connection)
            if index > size:
                # Another process was faster: what it gathered is fixed, and may be in the store already.
                return True
            raw = await driver(connection)
            columns = ["index", "checkpoint", "case_number", "leaf"]
            writing: asyncio.Task[None] | None = None
            try:
                async for changed in changed_heads(reader):
                    rows = [(index + at, number + 1, case, leaf) for at, (case, leaf) in enumerate(changed)]
                    if writing is not None:
                        await writing
                    writing = asyncio.create_task(
                        raw.copy_records_to_table("log_leaves", records=rows, columns=columns)
                    )
                    index += len(rows)
            finally:
                if writing is not None:
                    await writing
            return index > start

    async def _complete(self, signer: Signer, *, heartbeat: bool) -> Checkpoint | None:
        """Steps 2 to 4 for the leaves that no checkpoint is over; None where there is nothing to do."""
        async with self._engine.begin() as connection:
            await _alone(connection)
            row = await newest(connection)
            last = signed(row) if row is not None else None
            before = last.checkpoint if last is not None else self._empty()
            self._agrees(before)
            await self._kept(last)
            size = await leaf_count(connection)
            waiting = await self._waiting(signer, before.number + 1)
            if size < before.size:
                raise LogCutError(f"checkpoint {before.number} is over {before.size} leaves, the database has {size}")
            if size == before.size and waiting is None and not heartbeat:
                return None
            if waiting is not None and waiting.checkpoint.size != size:
                raise CheckpointStoreAheadError(
                    checkpoint_path(before.number + 1),
                    f"the store holds this checkpoint, the database ends at checkpoint {before.number}: it was set back or cut",
                )
            tiling = await self._tiled(connection, before)
            made, note = await self._noted(signer, tiling, before, waiting)
            await connection.execute(
                insert(t.checkpoints),
                {
                    "number": made.number,
                    "size": made.size,
                    "root": made.root,
                    "algorithm": made.algorithm,
                    "note": note,
                    "made_at": made.made_at,
                },
            )
            return made

    def _empty(self) -> Checkpoint:
        return Checkpoint(self._origin, 0, empty_root(self._algorithm), 0, self._algorithm, _BEFORE_ALL)

    def _agrees(self, before: Checkpoint) -> None:
        if before.algorithm != self._algorithm:
            raise UserError(
                "log_algorithm_fixed",
                zh=f"检查点日志自第一个检查点起使用 {before.algorithm}，不能改为 {self._algorithm}。请把设置改回来。",
                en=f"The log is made with {before.algorithm} since its first checkpoint and cannot go on with "
                f"{self._algorithm}. Set the algorithm back.",
                algorithm=before.algorithm,
            )

    async def _kept(self, last: SignedCheckpoint | None) -> None:
        if last is None:
            return
        path = last.checkpoint.path()
        kept = await self._store.get(path)
        if kept is None:
            raise CheckpointStoreMissingError(path, "the store lacks the newest checkpoint the database knows")
        if kept != last.note.encode():
            raise CheckpointStoreConflictError(path, "the checkpoint in the store is not the one in the database")

    async def _tiled(self, connection: AsyncConnection, before: Checkpoint) -> Tiling:
        """Step 2."""
        try:
            tiling = await asyncio.to_thread(Tiling.at, self._store.read, before.size, before.algorithm)
        except TileError as error:
            raise CheckpointStoreMissingError(error.path, error.problem) from error
        if tiling.root() != before.root:
            raise CheckpointStoreConflictError(
                before.path(), "the log's files do not lead to the root of this checkpoint"
            )
        cursor = await (await driver(connection)).cursor(_LEAVES_FROM, before.size)
        writing: asyncio.Task[None] | None = None
        try:
            while rows := await cursor.fetch(BATCH):
                if rows[0][0] != tiling.size or rows[-1][0] != tiling.size + len(rows) - 1:
                    raise LogCutError(f"the database lacks leaves between {tiling.size} and {rows[-1][0]}")
                full = [(tile.path, content) for tile, content in tiling.extend(leaf.encode() for _, leaf in rows)]
                # Files are written while the next leaves are read and hashed; never more than one batch waits.
                if writing is not None:
                    await writing
                writing = asyncio.create_task(self._store.put_all(full))
        finally:
            if writing is not None:
                await writing
        await self._store.put_all((tile.path, content) for tile, content in tiling.partials())
        return tiling

    async def _noted(
        self, signer: Signer, tiling: Tiling, before: Checkpoint, waiting: SignedCheckpoint | None
    ) -> SignedCheckpoint:
        """Step 3."""
        made_at = waiting.checkpoint.made_at if waiting is not None else self._clock()
        made = Checkpoint(self._origin, tiling.size, tiling.root(), before.number + 1, self._algorithm, made_at)
        if waiting is not None:
            if made != waiting.checkpoint:
                raise CheckpointStoreConflictError(made.path(), "the store holds another checkpoint of that number")
            return waiting
        note = signer.sign(made.text)
        await self._store.put_new(key_path(signer.key), f"{signer.key.vkey}\n".encode())
        await self._store.put_new(made.path(), note.encode())
        return SignedCheckpoint(made, note)

    async def _waiting(self, signer: Signer, number: int) -> SignedCheckpoint | None:
        """The checkpoint of that number, if its note is in the store already."""
        path = checkpoint_path(number)
        content = await self._store.get(path)
        if content is None:
            return None
        try:
            note = content.decode()
            return SignedCheckpoint(Checkpoint.signed(note, [signer.key, *await self.keys()]), note)
        except ValueError as error:
            raise CheckpointStoreConflictError(path, f"this is no checkpoint of this log: {error}") from error

    async def _latest(self) -> Checkpoint | None:
        latest = await self.latest()
        return latest.checkpoint if latest is not None else None


async def _alone(connection: AsyncConnection) -> None:
    # A door for auditors is read-only; the log grows only where it is asked to in so many words.
    await connection.execute(text("SET TRANSACTION READ WRITE"))
    await connection.execute(select(func.pg_advisory_xact_lock(LOG_LOCK)))
