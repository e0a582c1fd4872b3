"""Whether what the log says of one case stands in the newest signed checkpoint: proven from the store's tiles, without reading the whole log."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from activities.evidence.store import CheckpointStore
from activities.evidence.verify.log.logged import Logged
from activities.evidence.verify.rows import CaseRows
from schemas.evidence.checkpoint import Checkpoint, CheckpointError, PublicKey, SignatureError
from schemas.evidence.finding import finding
from schemas.evidence.merkle import inclusion_proof, leaf_hash, verify_inclusion
from schemas.evidence.tiles import WIDTH, TileError, TileHashes, read_entries
from schemas.petition.wording.witnesses import WITNESSES


async def included(store: CheckpointStore, keys: Sequence[PublicKey], case: CaseRows) -> Logged:
    """The leaves of a case against the newest checkpoint of the store."""
    told = Logged()
    names = [path async for path in store.list("checkpoints")]
    if not names:
        return told
    newest = names[-1]
    note = await store.get(newest)
    try:
        checkpoint = Checkpoint.signed((note or b"").decode(errors="replace"), keys)
    except (CheckpointError, SignatureError):
        zh, en = WITNESSES["store"]
        number = int(newest.rpartition("/")[2])
        told.findings.append(finding("checkpoint_unsigned", seq=number, field="store", place_zh=zh, place=en))
        return told
    told.checkpoints, told.size = 1, checkpoint.size
    await asyncio.to_thread(_prove, store, checkpoint, case, told)
    return told


def _prove(store: CheckpointStore, checkpoint: Checkpoint, case: CaseRows, told: Logged) -> None:
    size, algorithm = checkpoint.size, checkpoint.algorithm
    hashes = TileHashes(store.read, size, algorithm)
    for row in case.leaves:
        if not 0 <= row.place < size:
            # Of a checkpoint that is being made, or no leaf at all: only the whole log tells.
            continue
        hashed = leaf_hash(row.leaf.encode(), algorithm)
        try:
            path = inclusion_proof(hashes, row.place, size, algorithm)
            if verify_inclusion(hashed, row.place, size, path, checkpoint.root, algorithm):
                continue
            bundle, at = divmod(row.place, WIDTH)
            there = read_entries(store.read, bundle, size)[at].decode(errors="replace")
        except TileError as error:
            told.findings.append(finding("tile_altered", field=error.path, path=error.path))
            continue
        told.distrusted.add(row.place)
        told.findings.append(finding("leaf_altered", case.number, row.place, found=row.leaf, expected=there))
