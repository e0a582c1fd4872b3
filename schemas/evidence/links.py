"""How one link of a chain follows from the link before it, and how JSON becomes the bytes that are hashed. Standard library only.

Apart from :mod:`schemas.evidence.chain`, because a record must also be checked where nothing of this system is installed but its verifier.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any, Final

_ENCODER: Final = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def encoded(document: Any) -> bytes:
    """A JSON document in the one form that is hashed: sorted keys, no white space, UTF-8 (RFC 8785 restricted to strings, integers,
    booleans, null, lists and objects).
    """
    return _ENCODER.encode(document).encode()


def genesis(name: str, algorithm: str = "sha256") -> bytes:
    """The link before the first: the hash of what the chain is about, such as a case number."""
    return hashlib.new(algorithm, name.encode()).digest()


def link(previous: bytes, content: bytes, algorithm: str = "sha256") -> bytes:
    """The link after ``previous`` for these canonical bytes. ``ValueError`` where the algorithm is not to be had."""
    return hashlib.new(algorithm, previous + content).digest()


def history_hash(content: bytes, algorithm: str = "sha256") -> bytes:
    """What a seal says of the written document; of the clear form, so that sealing it under another key changes nothing."""
    return hashlib.new(algorithm, content).digest()
