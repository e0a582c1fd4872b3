"""What the log was found to be, and what of it can be believed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from schemas.evidence.finding import Finding
from schemas.evidence.leaf import CaseLeaf, JournalLeaf, LeafError, parse_leaf


@dataclass
class Logged:
    """What the log was found to be. ``distrusted``: leaves of the database that must not be believed; ``restored``: what the store has instead."""

    findings: list[Finding] = field(default_factory=list[Finding])
    distrusted: set[int] = field(default_factory=set[int])
    restored: dict[str, list[CaseLeaf]] = field(default_factory=dict[str, list[CaseLeaf]])
    journal: list[JournalLeaf] = field(default_factory=list[JournalLeaf])
    checkpoints: int = 0
    size: int = 0
    """Leaves that signed checkpoints include."""


class Signed(NamedTuple):
    """A checkpoint as a signature vouches for it."""

    number: int
    size: int
    root: bytes
    algorithm: str
    made_at: datetime


def logged_heads(logged: Logged | None, number: str, leaves: Mapping[int, str]) -> list[CaseLeaf]:
    """The leaves of a case that can be believed, in order: from the database, and from the store where the database's were altered."""
    found: list[CaseLeaf] = []
    for index, text in sorted(leaves.items()):
        if logged is not None and (index in logged.distrusted or index >= logged.size):
            continue
        try:
            leaf = parse_leaf(text)
        except LeafError:
            continue
        if isinstance(leaf, CaseLeaf) and leaf.case == number:
            found.append(leaf)
    if logged is not None:
        found += logged.restored.get(number, ())
    return sorted(found, key=lambda leaf: leaf.seq)
