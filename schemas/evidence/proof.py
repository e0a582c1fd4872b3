"""A proof that a leaf is in the log, as it is handed out: everything to check it with but the public key one trusts."""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from typing import Any, cast

from schemas.evidence.checkpoint import Checkpoint, CheckpointError, Note
from schemas.evidence.leaf import CaseLeaf, JournalLeaf, parse_leaf
from schemas.evidence.merkle import leaf_hash, verify_consistency, verify_inclusion

FORMAT = "sanzhang-proof-1"


class ProofError(ValueError):
    """A text that is no proof bundle; says why."""


@dataclass(frozen=True, slots=True)
class ProofBundle:
    """Leaf ``index`` of the log says ``leaf``, by the signed note ``checkpoint`` and the path ``inclusion``.

    ``earlier``: the note of a checkpoint before it, and ``consistency`` the path that shows that the log only grew since; else empty.
    ``key``: the vkey of the signer, for convenience: a key that comes with what it signs proves nothing by itself.
    ``algorithm``: that of the tree, as the checkpoint names it.
    """

    leaf: str
    index: int
    checkpoint: str
    inclusion: tuple[bytes, ...]
    algorithm: str = "sha256"
    earlier: str = ""
    consistency: tuple[bytes, ...] = ()
    key: str = ""

    def as_dict(self) -> dict[str, Any]:
        """JSON types; hashes in hex."""
        said: dict[str, Any] = {each.name: getattr(self, each.name) for each in fields(self)}
        paths = {name: [step.hex() for step in said[name]] for name in ("inclusion", "consistency")}
        return {"format": FORMAT} | said | paths

    def as_json(self) -> str:
        """The bundle as a file."""
        return json.dumps(self.as_dict(), ensure_ascii=False, indent=2) + "\n"

    @classmethod
    def parse(cls, said: str | bytes) -> ProofBundle:
        """The bundle of such a file. ``ProofError``; whether it proves anything is another matter."""
        try:
            document: object = json.loads(said)
        except ValueError:
            raise ProofError("a proof is not JSON") from None
        given = cast("dict[str, Any]", document) if isinstance(document, dict) else {}
        if given.get("format") != FORMAT:
            raise ProofError(f"a proof is of the format {FORMAT}")
        texts = {name: given.get(name, "") for name in ("leaf", "checkpoint", "algorithm", "earlier", "key")}
        index = given.get("index")
        if type(index) is not int or not all(isinstance(text, str) for text in texts.values()):
            raise ProofError("a proof lacks a field, or one is of another kind")
        return cls(index=index, inclusion=_path(given, "inclusion"), consistency=_path(given, "consistency"), **texts)

    def said(self) -> CaseLeaf | JournalLeaf:
        """What the leaf says. ``LeafError``."""
        return parse_leaf(self.leaf)

    def head(self) -> Checkpoint:
        """The checkpoint, unverified: see :meth:`Checkpoint.signed` for that. ``CheckpointError``."""
        return Checkpoint.parse(Note.parse(self.checkpoint).text)

    def includes(self) -> bool:
        """Whether the path leads from the leaf to the root of the checkpoint. ``CheckpointError``."""
        head = self.head()
        hashed = leaf_hash(self.leaf.encode(), head.algorithm)
        return self.algorithm == head.algorithm and verify_inclusion(
            hashed, self.index, head.size, self.inclusion, head.root, head.algorithm
        )

    def grew(self) -> bool:
        """Whether the log of ``earlier`` is the beginning of that of ``checkpoint``; there must be an earlier one. ``CheckpointError``."""
        return grew(Checkpoint.parse(Note.parse(self.earlier).text), self.head(), self.consistency)


def grew(earlier: Checkpoint, later: Checkpoint, path: tuple[bytes, ...]) -> bool:
    """Whether both are of one log and the path shows that the later one only added to the earlier one."""
    same = (earlier.origin, earlier.algorithm) == (later.origin, later.algorithm)
    in_order = earlier.number < later.number or earlier == later
    return (
        same
        and in_order
        and verify_consistency(earlier.size, earlier.root, later.size, later.root, path, later.algorithm)
    )


def _path(given: dict[str, Any], name: str) -> tuple[bytes, ...]:
    try:
        return tuple(bytes.fromhex(step) for step in cast("list[str]", given.get(name, [])))
    except (TypeError, ValueError):
        raise ProofError(f"the path {name} is not a list of hashes") from None


__all__ = ["FORMAT", "CheckpointError", "ProofBundle", "ProofError", "grew"]
