"""What the log was found to be, and what of it can be believed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from schemas.evidence.finding import Finding
from schemas.evidence.leaf import CaseLeaf, JournalLeaf, LeafError, parse_leaf


class Signed(NamedTuple):
    """A checkpoint as a signature vouches for it."""

    number: int
    size: int
    root: bytes
    algorithm: str
    made_at: datetime


@dataclass
class Logged:
    """What the log was found to be. ``distrusted``: leaves of the database that must not be believed; ``restored``: what the store has instead.

    ``signed``: all checkpoints in order, where all were looked at.
    """

    findings: list[Finding] = field(default_factory=list[Finding])
    distrusted: set[int] = field(default_factory=set[int])
    restored: dict[str, list[CaseLeaf]] = field(default_factory=dict[str, list[CaseLeaf]])
    journal: list[JournalLeaf] = field(default_factory=list[JournalLeaf])
    checkpoints: int = 0
    size: int = 0
    """Leaves that signed checkpoints include."""

    signed: list[Signed] = field(default_factory=list[Signed])


def believed(logged: Logged | None, number: str, leaves: Mapping[int, str]) -> dict[int, CaseLeaf]:
    """The leaves of a case in the database that can be believed, by their index, in order."""
    found: dict[int, CaseLeaf] = {}
    for index, text in sorted(leaves.items()):
        if logged is not None and (index in logged.distrusted or index >= logged.size):
            continue
        try:
            leaf = parse_leaf(text)
        except LeafError:
            continue
        if isinstance(leaf, CaseLeaf) and leaf.case == number:
            found[index] = leaf
    return found
