"""A proof from the log's files, as it is handed out."""

from __future__ import annotations

from activities.evidence.log.known import SignedCheckpoint
from activities.evidence.store import CheckpointStore, CheckpointStoreConflictError, CheckpointStoreMissingError
from schemas.evidence.checkpoint import Note
from schemas.evidence.merkle import consistency_proof, inclusion_proof
from schemas.evidence.proof import ProofBundle
from schemas.evidence.tiles import TileError, TileHashes


def proven(
    store: CheckpointStore, index: int, leaf: str, latest: SignedCheckpoint, earlier: SignedCheckpoint | None
) -> ProofBundle:
    """That leaf ``index`` is in the newest checkpoint, and that the log only grew since the earlier one, if there is one. Reads files.

    ``CheckpointStoreError`` where the files do not bear it out.
    """
    head, note = latest
    hash_at = TileHashes(store.read, head.size, head.algorithm)
    size = earlier.checkpoint.size if earlier is not None else 0
    signature = Note.parse(note).signatures[0]
    key = store.read(f"keys/{signature.key_id.hex()}")
    try:
        found = ProofBundle(
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
    if not found.includes() or (found.earlier and not found.grew()):
        raise CheckpointStoreConflictError(
            head.path(), "the log's files do not lead from the leaf to the root of this checkpoint"
        )
    return found
