"""The Merkle tree of RFC 6962, section 2.1: hashes of leaves and nodes, roots, and the two proofs.

Proofs are made over a reader of perfect subtrees, so that a tree of any size costs a few reads. They are checked by the algorithms of
RFC 9162 (2.1.3.2 and 2.1.4.2), which share no code with the making. SHA-256, or SM3 (GB/T 32905) where hashlib offers it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, Final

ALGORITHMS: Final = ("sha256", "sm3")
LEAF: Final = b"\x00"
NODE: Final = b"\x01"

HashAt = Callable[[int, int], bytes]
"""``(level, index)``: the hash of the perfect subtree over the leaves ``[index * 2**level, (index + 1) * 2**level)``."""


def hashing(algorithm: str) -> Callable[[bytes], Any]:
    """hashlib's constructor for it. ``ValueError`` for an algorithm no tree here is made with, or not to be had on this machine."""
    if algorithm not in ALGORITHMS:
        raise ValueError(f"no tree is made with {algorithm}")
    if algorithm not in hashlib.algorithms_available:
        raise ValueError(f"{algorithm} is not to be had on this machine")
    # The named constructor spares half of the time of hashlib.new for a short text.
    return getattr(hashlib, algorithm, None) or partial(hashlib.new, algorithm)


def leaf_hash(data: bytes, algorithm: str = "sha256") -> bytes:
    """``H(0x00 ‖ data)``."""
    return hashing(algorithm)(LEAF + data).digest()


def node_hash(left: bytes, right: bytes, algorithm: str = "sha256") -> bytes:
    """``H(0x01 ‖ left ‖ right)``."""
    return hashing(algorithm)(NODE + left + right).digest()


def empty_root(algorithm: str = "sha256") -> bytes:
    """The root of the tree without leaves: the hash of nothing."""
    return hashing(algorithm)(b"").digest()


class Frontier:
    """A root while leaves come in: holds one hash for each perfect subtree, so memory grows with the logarithm of the size."""

    def __init__(self, algorithm: str = "sha256") -> None:
        self._algorithm = algorithm
        self._subtrees: list[bytes] = []
        self.size = 0

    @classmethod
    def at(cls, hash_at: HashAt, size: int, algorithm: str = "sha256") -> Frontier:
        """Where a tree of that size stands."""
        found = cls(algorithm)
        found._subtrees = [hash_at(level, index) for level, index in _perfect(0, size)]
        found.size = size
        return found

    def append(self, leaf: bytes) -> None:
        """The next leaf, by its leaf hash."""
        self._subtrees.append(leaf)
        # As in a binary counter: every carry joins two subtrees of one size.
        complete = self.size
        while complete & 1:
            right = self._subtrees.pop()
            self._subtrees[-1] = node_hash(self._subtrees[-1], right, self._algorithm)
            complete >>= 1
        self.size += 1

    def root(self) -> bytes:
        """The root over all leaves so far."""
        return _folded(self._subtrees, self._algorithm) if self._subtrees else empty_root(self._algorithm)


def root(hash_at: HashAt, size: int, algorithm: str = "sha256") -> bytes:
    """The root of the tree over the first ``size`` leaves."""
    return Frontier.at(hash_at, size, algorithm).root()


def inclusion_proof(hash_at: HashAt, index: int, size: int, algorithm: str = "sha256") -> tuple[bytes, ...]:
    """``PATH(index, D[size])``, from the leaf upwards. ``ValueError`` for a leaf outside the tree."""
    if not 0 <= index < size:
        raise ValueError(f"leaf {index} is not in a tree of {size}")
    path: list[bytes] = []
    start, end = 0, size
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            path.append(_over(hash_at, middle, end, algorithm))
            end = middle
        else:
            path.append(_over(hash_at, start, middle, algorithm))
            start = middle
    return tuple(reversed(path))


def consistency_proof(hash_at: HashAt, old: int, new: int, algorithm: str = "sha256") -> tuple[bytes, ...]:
    """``PROOF(old, D[new])``; empty where there is nothing to show (``old`` is 0 or ``new``). ``ValueError`` for a tree that shrank."""
    if not 0 <= old <= new:
        raise ValueError(f"a tree of {old} does not grow into one of {new}")
    if old in (0, new):
        return ()
    path: list[bytes] = []
    start, end = 0, new
    while old != end:
        middle = start + _split(end - start)
        if old <= middle:
            path.append(_over(hash_at, middle, end, algorithm))
            end = middle
        else:
            path.append(_over(hash_at, start, middle, algorithm))
            start = middle
    # A subtree that is the whole old tree is its root, which whoever checks has already.
    if start:
        path.append(_over(hash_at, start, end, algorithm))
    return tuple(reversed(path))


def verify_inclusion(
    leaf: bytes, index: int, size: int, path: Sequence[bytes], root: bytes, algorithm: str = "sha256"
) -> bool:
    """Whether the leaf of that hash is leaf ``index`` of the tree of that size and root. RFC 9162, 2.1.3.2."""
    if not 0 <= index < size:
        return False
    here, last, found = index, size - 1, leaf
    for each in path:
        if last == 0:
            return False
        if here & 1 or here == last:
            found = node_hash(each, found, algorithm)
            while here and not here & 1:
                here, last = here >> 1, last >> 1
        else:
            found = node_hash(found, each, algorithm)
        here, last = here >> 1, last >> 1
    return last == 0 and found == root


def verify_consistency(
    old: int, old_root: bytes, new: int, new_root: bytes, path: Sequence[bytes], algorithm: str = "sha256"
) -> bool:
    """Whether the tree of size ``new`` begins with the whole tree of size ``old``. RFC 9162, 2.1.4.2.

    Everything begins with the empty tree; a tree begins with itself.
    """
    if not 0 <= old <= new:
        return False
    if old in (0, new):
        return not path and old_root == (empty_root(algorithm) if old == 0 else new_root)
    if not path:
        return False
    steps = list(path) if old & (old - 1) else [old_root, *path]
    here, last = old - 1, new - 1
    while here & 1:
        here, last = here >> 1, last >> 1
    found_old = found_new = steps[0]
    for each in steps[1:]:
        if last == 0:
            return False
        if here & 1 or here == last:
            found_old = node_hash(each, found_old, algorithm)
            found_new = node_hash(each, found_new, algorithm)
            while here and not here & 1:
                here, last = here >> 1, last >> 1
        else:
            found_new = node_hash(found_new, each, algorithm)
        here, last = here >> 1, last >> 1
    return last == 0 and found_old == old_root and found_new == new_root


def _split(width: int) -> int:
    # The largest power of two below the width: where RFC 6962 parts a tree.
    return 1 << (width - 1).bit_length() - 1


def _perfect(start: int, end: int) -> Iterator[tuple[int, int]]:
    """The perfect subtrees that make up ``[start, end)``, left to right; ``start`` is where RFC 6962 parts a tree, so each is aligned."""
    while start < end:
        level = (end - start).bit_length() - 1
        yield level, start >> level
        start += 1 << level


def _over(hash_at: HashAt, start: int, end: int, algorithm: str) -> bytes:
    return _folded([hash_at(level, index) for level, index in _perfect(start, end)], algorithm)


def _folded(subtrees: Sequence[bytes], algorithm: str) -> bytes:
    found = subtrees[-1]
    for left in reversed(subtrees[:-1]):
        found = node_hash(left, found, algorithm)
    return found
