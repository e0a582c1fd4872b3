"""The tree against an independent maker of the same trees, and against everything that must be refused."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import cast

import pymerkle
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pymerkle import ConsistencyProof, InclusionProof, InmemoryTree

from schemas.evidence.merkle import (
    ALGORITHMS,
    Frontier,
    HashAt,
    consistency_proof,
    empty_root,
    hashing,
    inclusion_proof,
    leaf_hash,
    node_hash,
    root,
    verify_consistency,
    verify_inclusion,
)

LARGEST = 300
ENTRIES = [b"entry %d" % number for number in range(LARGEST)]
OTHER = hashlib.sha256(b"another").digest()


@pytest.fixture(scope="module")
def oracle() -> InmemoryTree:
    return InmemoryTree.init_from_entries(ENTRIES, algorithm="sha256")


def reader(entries: Sequence[bytes], algorithm: str = "sha256") -> HashAt:
    """Perfect subtrees straight from the definition."""
    rows = [[leaf_hash(entry, algorithm) for entry in entries]]
    while len(rows[-1]) > 1:
        below = rows[-1]
        rows.append([node_hash(below[at], below[at + 1], algorithm) for at in range(0, len(below) - 1, 2)])
    return lambda level, index: rows[level][index]


HASH_AT = reader(ENTRIES)
sizes = st.integers(1, LARGEST)


def split(leaves: list[bytes]) -> int:
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return k


def defined(leaves: list[bytes], algorithm: str = "sha256") -> bytes:
    """MTH of RFC 6962, 2.1, word for word."""
    if not leaves:
        return hashlib.new(algorithm, b"").digest()
    if len(leaves) == 1:
        return hashlib.new(algorithm, b"\x00" + leaves[0]).digest()
    k = split(leaves)
    return hashlib.new(algorithm, b"\x01" + defined(leaves[:k], algorithm) + defined(leaves[k:], algorithm)).digest()


def subproof(m: int, leaves: list[bytes], *, known: bool) -> list[bytes]:
    """SUBPROOF of RFC 6962, 2.1.2, word for word."""
    if m == len(leaves):
        return [] if known else [defined(leaves)]
    k = split(leaves)
    if m <= k:
        return [*subproof(m, leaves[:k], known=known), defined(leaves[k:])]
    return [*subproof(m - k, leaves[k:], known=False), defined(leaves[:k])]


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_every_size_has_the_root_of_the_definition(algorithm: str) -> None:
    frontier = Frontier(algorithm)
    hash_at = reader(ENTRIES[:70], algorithm)
    for size in range(71):
        assert frontier.size == size
        assert frontier.root() == root(hash_at, size, algorithm) == defined(ENTRIES[:size], algorithm)
        if size < 70:
            frontier.append(leaf_hash(ENTRIES[size], algorithm))


@given(size=sizes, more=st.integers(0, 40))
def test_the_roots_are_the_oracles_and_can_be_taken_up_anywhere(oracle: InmemoryTree, size: int, more: int) -> None:
    frontier = Frontier.at(HASH_AT, size)
    for entry in ENTRIES[size : size + more]:
        frontier.append(leaf_hash(entry))
    assert frontier.root() == oracle.get_root(min(size + more, LARGEST))


@given(data=st.data(), size=sizes)
def test_inclusion_is_proven_as_the_oracle_proves_it_and_nothing_else_is(
    oracle: InmemoryTree, data: st.DataObject, size: int
) -> None:
    index = data.draw(st.integers(0, size - 1))
    path = inclusion_proof(HASH_AT, index, size)
    theirs = oracle.prove_inclusion(index + 1, size)
    assert [step.hex() for step in path] == cast("list[str]", theirs.serialize()["path"])[1:]
    leaf, top = leaf_hash(ENTRIES[index]), root(HASH_AT, size)
    assert verify_inclusion(leaf, index, size, path, top)
    pymerkle.verify_inclusion(leaf, oracle.get_root(size), InclusionProof.deserialize(theirs.serialize()))

    assert not verify_inclusion(OTHER, index, size, path, top)
    assert not verify_inclusion(leaf, index, size, path, OTHER)
    for wrong in {index - 1, index + 1, size, -1} - {index}:
        assert not verify_inclusion(leaf, wrong, size, path, top)
    assert not verify_inclusion(leaf, index, size, (*path, OTHER), top)
    for at in range(len(path)):
        assert not verify_inclusion(leaf, index, size, path[:at] + path[at + 1 :], top)
        assert not verify_inclusion(leaf, index, size, (*path[:at], OTHER, *path[at + 1 :]), top)


@given(data=st.data(), new=sizes)
def test_growth_is_proven_as_the_oracle_proves_it_and_nothing_else_is(
    oracle: InmemoryTree, data: st.DataObject, new: int
) -> None:
    old = data.draw(st.integers(1, new))
    path = consistency_proof(HASH_AT, old, new)
    before, after = root(HASH_AT, old), root(HASH_AT, new)
    assert verify_consistency(old, before, new, after, path)
    theirs = oracle.prove_consistency(old, new)
    pymerkle.verify_consistency(before, after, ConsistencyProof.deserialize(theirs.serialize()))
    # The oracle cuts its path in another way than the RFC, so only what both prove can be compared with it.
    assert (before, after) == (oracle.get_root(old), oracle.get_root(new))
    assert list(path) == subproof(old, ENTRIES[:new], known=True)

    assert not verify_consistency(old, OTHER, new, after, path)
    assert not verify_consistency(old, before, new, OTHER, path)
    assert not verify_consistency(new + 1, before, new, after, path)
    assert not verify_consistency(-1, before, new, after, path)
    assert not verify_consistency(old, before, new, after, (*path, OTHER))
    if old > 1:
        assert not verify_consistency(old - 1, before, new, after, path)
    for at in range(len(path)):
        assert not verify_consistency(old, before, new, after, path[:at] + path[at + 1 :])
        assert not verify_consistency(old, before, new, after, (*path[:at], OTHER, *path[at + 1 :]))


@given(new=st.integers(0, LARGEST))
def test_everything_grows_out_of_the_empty_tree(new: int) -> None:
    assert consistency_proof(HASH_AT, 0, new) == ()
    assert verify_consistency(0, empty_root(), new, root(HASH_AT, new), ())
    assert not verify_consistency(0, OTHER, new, root(HASH_AT, new), ())


@settings(max_examples=15)
@given(data=st.data(), new=st.integers(1_000, 1 << 40))
def test_proofs_hold_in_trees_of_any_size(data: st.DataObject, new: int) -> None:
    """Every leaf alike, so that a subtree is known by its height: no tree need be made."""
    heights = [leaf_hash(b"")]
    for _ in range(41):
        heights.append(node_hash(heights[-1], heights[-1]))

    def hash_at(level: int, index: int) -> bytes:
        assert (index + 1) << level <= new
        return heights[level]

    old, index = data.draw(st.integers(1, new)), data.draw(st.integers(0, new - 1))
    top = root(hash_at, new)
    assert verify_inclusion(heights[0], index, new, inclusion_proof(hash_at, index, new), top)
    path = consistency_proof(hash_at, old, new)
    assert verify_consistency(old, root(hash_at, old), new, top, path)
    assert not verify_consistency(old, OTHER, new, top, path)


@pytest.mark.parametrize("size", [1, 2, 3, 7, 8, 11])
def test_in_small_trees_every_leaf_is_proven_in_its_place_and_nowhere_else(size: int) -> None:
    top = root(HASH_AT, size)
    for index in range(size):
        path, leaf = inclusion_proof(HASH_AT, index, size), leaf_hash(ENTRIES[index])
        assert verify_inclusion(leaf, index, size, path, top)
        assert not verify_inclusion(leaf, index, size, (*path, OTHER), top)
        for wrong in {*range(-1, size + 1)} - {index}:
            assert not verify_inclusion(leaf, wrong, size, path, top)


@pytest.mark.parametrize("new", [1, 2, 3, 7, 8, 11])
def test_small_trees_grow_out_of_each_smaller_one_and_out_of_nothing_else(new: int) -> None:
    after = root(HASH_AT, new)
    for old in range(new + 1):
        before = root(HASH_AT, old) if old else empty_root()
        path = consistency_proof(HASH_AT, old, new)
        assert (path == ()) is (old in (0, new))
        assert verify_consistency(old, before, new, after, path)
        assert not verify_consistency(old, OTHER, new, after, path)
        assert not verify_consistency(old, before, new, after, (*path, OTHER))
        assert not verify_consistency(new + 1, before, new, after, path)
        for at in range(len(path)):
            assert not verify_consistency(old, before, new, after, path[:at] + path[at + 1 :])


@pytest.mark.parametrize(("index", "size"), [(-1, 3), (3, 3), (0, 0)])
def test_no_proof_for_a_leaf_outside(index: int, size: int) -> None:
    with pytest.raises(ValueError, match="not in a tree"):
        inclusion_proof(HASH_AT, index, size)


def test_no_proof_that_a_tree_shrank() -> None:
    with pytest.raises(ValueError, match="does not grow"):
        consistency_proof(HASH_AT, 4, 3)


def test_only_the_named_algorithms(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match="no tree is made with md5"):
        hashing("md5")
    monkeypatch.setattr(hashlib, "algorithms_available", {"sha256"})
    with pytest.raises(ValueError, match="not to be had"):
        leaf_hash(b"", "sm3")
