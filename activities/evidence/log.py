"""The one Merkle log of an installation: the heads of all chains, checkpoint after checkpoint, and the proofs taken from it.

A checkpoint is made in four steps:

1. the leaves are committed to the database, which fixes what the checkpoint is over;
2. the tiles that follow from them are written to the store;
3. the note is signed and written to the store: it alone holds something (the time) that does not follow from the leaves;
4. the checkpoint's row is committed to the database.

What a crash left is finished by the next call, from the same leaves, and with the note that is in the store if there is one. So every
checkpoint the database knows is complete in the store; and a store that holds a checkpoint of whose leaves the database knows nothing tells
of a database that was set back.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from datetime import UTC, datetime
from typing import Final, NamedTuple

from sqlalchemy import RowMapping, func, insert, select, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from activities.evidence.heads import BATCH, changed_heads, driver
from activities.evidence.signing import Signer
from activities.evidence.store import (
    CheckpointStore,
    CheckpointStoreAheadError,
    CheckpointStoreConflictError,
    CheckpointStoreMissingError,
)
from activities.record.case_record import Clock, utc_now
from schemas.errors import UserError
from schemas.evidence.checkpoint import Checkpoint, Note, PublicKey, checkpoint_path, key_path
from schemas.evidence.merkle import consistency_proof, empty_root, inclusion_proof
from schemas.evidence.proof import ProofBundle
from schemas.evidence.tiles import TileError, TileHashes, Tiling
from schemas.record import tables as t

LOG_LOCK: Final = 0x6C6F676C6F676C6F
"""The advisory lock behind which the log grows; the number is "logloglo" in ASCII."""

_BEFORE_ALL: Final = datetime.min.replace(tzinfo=UTC)
_LEAVES_FROM: Final = "SELECT index, leaf FROM log_leaves WHERE index >= $1 ORDER BY index"


class LogCutError(RuntimeError):
    """The database lacks leaves that a checkpoint was made over, or has them in another order: they were removed or altered."""


class SignedCheckpoint(NamedTuple):
    """A checkpoint and the note it was read from. Whether the signature holds is for whoever trusts a key to check."""

    checkpoint: Checkpoint
    note: str


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
            row = await _newest(connection)
        return None if row is None else _signed(row)

    async def checkpoints(self) -> AsyncGenerator[SignedCheckpoint]:
        """All checkpoints, oldest first."""
        query = select(t.checkpoints.c.note).order_by(t.checkpoints.c.number)
        async with self._engine.connect() as connection:
            async for row in (await connection.stream(query)).mappings():
                yield _signed(row)

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
            latest = await _newest(connection)
            if latest is None:
                raise _no_checkpoint()
            head, note = _signed(latest)
            leaves = t.log_leaves.c
            query = select(leaves.index, leaves.leaf).where(leaves.case_number == case_number, leaves.index < head.size)
            leaf = (await connection.execute(query.order_by(leaves.index.desc()).limit(1))).one_or_none()
            if leaf is None:
                raise _not_in_log(case_number, head)
            earlier = await _numbered(connection, since, head) if since is not None else None
        index, said = leaf
        found = await asyncio.to_thread(self._bundle, index, said, head, note, earlier)
        if not found.includes() or (found.earlier and not found.grew()):
            raise CheckpointStoreConflictError(
                checkpoint_path(head.number), "the log's files do not lead from the leaf to the root of this checkpoint"
            )
        return found

    def _bundle(
        self, index: int, leaf: str, head: Checkpoint, note: str, earlier: SignedCheckpoint | None
    ) -> ProofBundle:
        hash_at = TileHashes(self._store.read, head.size, head.algorithm)
        size = earlier.checkpoint.size if earlier is not None else 0
        signature = Note.parse(note).signatures[0]
        key = self._store.read(f"keys/{signature.key_id.hex()}")
        try:
            return ProofBundle(
                leaf=leaf,
                index=index,
                checkpoint=note,
                inclusion=inclusion_proof(hash_at, index, head.size, head.algorithm),
                algorithm=head.algorithm,
                earlier=earlier.note if earlier is not None else "",
                consistency=consistency_proof(hash_at, size, head.size, head.algorithm),
                key=key.decode().strip() if key is not None else "",
            )
        except TileError as error:
            raise CheckpointStoreMissingError(error.path, error.problem) from error

    async def _gather(self) -> bool:
        """Step 1; whether there are leaves now that no checkpoint is over."""
        # Heads are read through one connection while leaves are written through the other.
        async with self._engine.connect() as reader, self._engine.begin() as connection:
            await _alone(connection)
            last = await _newest(connection)
            size, number = (last["size"], last["number"]) if last is not None else (0, 0)
            index = start = await _leaves(connection)
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
            row = await _newest(connection)
            last = _signed(row) if row is not None else None
            before = last.checkpoint if last is not None else self._empty()
            self._agrees(before)
            await self._kept(last)
            size = await _leaves(connection)
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


async def _leaves(connection: AsyncConnection) -> int:
    return (await connection.execute(select(func.coalesce(func.max(t.log_leaves.c.index) + 1, 0)))).scalar_one()


async def _newest(connection: AsyncConnection) -> RowMapping | None:
    query = select(t.checkpoints).order_by(t.checkpoints.c.number.desc()).limit(1)
    return (await connection.execute(query)).mappings().one_or_none()


async def _numbered(connection: AsyncConnection, number: int, head: Checkpoint) -> SignedCheckpoint:
    query = select(t.checkpoints).where(t.checkpoints.c.number == number)
    row = (await connection.execute(query)).mappings().one_or_none()
    if row is None:
        raise UserError(
            "checkpoint_unknown",
            zh=f"没有第 {number} 号检查点；现有 1 至 {head.number} 号。",
            en=f"There is no checkpoint {number}; there are 1 to {head.number}.",
            number=number,
        )
    return _signed(row)


def _signed(row: RowMapping) -> SignedCheckpoint:
    return SignedCheckpoint(Checkpoint.parse(Note.parse(row["note"]).text), row["note"])


def _no_checkpoint() -> UserError:
    return UserError(
        "no_checkpoint_yet",
        zh="还没有检查点。每日零点十分自动生成，本机管理员也可执行 sanzhang audit checkpoint。",
        en="There is no checkpoint yet. One is made daily at 00:10; the administrator of this machine can make one now "
        "with sanzhang audit checkpoint.",
    )


def _not_in_log(case_number: str, head: Checkpoint) -> UserError:
    return UserError(
        "case_not_in_log",
        zh=f"检查点 {head.number} 中没有案件 {case_number}：编号有误，或案件在该检查点之后才登记。",
        en=f"Checkpoint {head.number} has no case {case_number}: the number is wrong, or the case was filed after it.",
        case=case_number,
        checkpoint=head.number,
    )
