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

from activities.evidence.log.growing import LOG_LOCK, MerkleLog
from activities.evidence.log.known import LogCutError, SignedCheckpoint

__all__ = ["LOG_LOCK", "LogCutError", "MerkleLog", "SignedCheckpoint"]
