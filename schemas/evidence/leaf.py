"""What a leaf of the log says: the head of a case's chain and its newest sealed history, or the head of the journal.

A leaf is canonical JSON, so that whoever has the record can form it again and compare byte by byte.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from json.encoder import encode_basestring as _quoted
from typing import Any, Final, cast

# The canonical form of these very fields, written out: a checkpoint may form a million leaves, and the general encoder takes seven times as
# long. A test holds it against the general one.
_CASE_TEXT: Final = '{"algorithm":%s,"case":%s,"history":%s,"link":%s,"run":%d,"seq":%d}'
_JOURNAL_TEXT: Final = '{"algorithm":%s,"journal":%d,"link":%s}'


class LeafError(ValueError):
    """A text that is no leaf of this log."""


def case_leaf_text(case: str, seq: int, link: str, run: int, history: str, algorithm: str) -> str:
    """The text of :class:`CaseLeaf`, for whoever forms a million of them."""
    return _CASE_TEXT % (_quoted(algorithm), _quoted(case), _quoted(history), _quoted(link), run, seq)


@dataclass(frozen=True, slots=True)
class CaseLeaf:
    """Event ``seq`` of a case is its last and has this link; ``run`` is its newest sealed run (0: none), ``history`` the hash of that
    run's archived history (empty: none). Hashes in hex; ``algorithm`` is that of the chain.
    """

    case: str
    seq: int
    link: str
    run: int = 0
    history: str = ""
    algorithm: str = "sha256"

    @property
    def text(self) -> str:
        """The leaf as it is hashed."""
        return case_leaf_text(self.case, self.seq, self.link, self.run, self.history, self.algorithm)


@dataclass(frozen=True, slots=True)
class JournalLeaf:
    """Entry ``journal`` of the journal is its last and has this link (hex)."""

    journal: int
    link: str
    algorithm: str = "sha256"

    @property
    def text(self) -> str:
        """The leaf as it is hashed."""
        return _JOURNAL_TEXT % (_quoted(self.algorithm), self.journal, _quoted(self.link))


Leaf = CaseLeaf | JournalLeaf

_CASE: Final[dict[str, type]] = {"algorithm": str, "case": str, "history": str, "link": str, "run": int, "seq": int}
_JOURNAL: Final[dict[str, type]] = {"algorithm": str, "journal": int, "link": str}


def parse_leaf(text: str) -> Leaf:
    """What a leaf says. ``LeafError`` for anything that is not exactly the canonical text of a leaf."""
    try:
        said: object = json.loads(text)
    except ValueError:
        raise LeafError("a leaf is not JSON") from None
    fields = cast("dict[str, Any]", said) if isinstance(said, dict) else {}
    kinds: dict[str, type] = {name: type(value) for name, value in fields.items()}
    if kinds not in (_CASE, _JOURNAL):
        raise LeafError("a leaf has not the fields of a leaf")
    leaf = CaseLeaf(**fields) if kinds == _CASE else JournalLeaf(**fields)
    if leaf.text != text:
        raise LeafError("a leaf is not written canonically")
    return leaf
