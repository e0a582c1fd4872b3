"""Leaves and proof bundles: read back as written, and refused when anything in them was altered."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from schemas.evidence.checkpoint import Checkpoint, Note, NoteSignature, PublicKey
from schemas.evidence.leaf import CaseLeaf, JournalLeaf, LeafError, parse_leaf
from schemas.evidence.links import encoded
from schemas.evidence.merkle import consistency_proof, inclusion_proof
from schemas.evidence.proof import ProofBundle, ProofError
from schemas.evidence.tiles import TileHashes, Tiling

SEED = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
KEY = PublicKey("sanzhang.example/record", SEED.public_key().public_bytes_raw())
LEAVES = [CaseLeaf(f"XA-2026-S-{number:06d}", number + 1, f"{number:064x}").text for number in range(40)]
STORED = Path(__file__).with_name("proof_of_0_2_0.json")
HASHES = st.text("0123456789abcdef", min_size=64, max_size=64)


def log(size: int, algorithm: str = "sha256") -> tuple[TileHashes, bytes]:
    tiling = Tiling(algorithm)
    files = {tile.path: content for tile, content in tiling.extend(leaf.encode() for leaf in LEAVES[:size])}
    files |= {tile.path: content for tile, content in tiling.partials()}
    return TileHashes(files.get, size, algorithm), tiling.root()


def note(size: int, number: int, algorithm: str = "sha256", origin: str = KEY.name) -> str:
    made = Checkpoint(origin, size, log(size, algorithm)[1], number, algorithm, datetime(2026, 3, number, tzinfo=UTC))
    return str(Note(made.text, (NoteSignature(KEY.name, KEY.id, SEED.sign(made.text.encode())),)))


def bundle(index: int = 5, earlier: int = 21, algorithm: str = "sha256") -> ProofBundle:
    hash_at, _ = log(40, algorithm)
    return ProofBundle(
        leaf=LEAVES[index],
        index=index,
        checkpoint=note(40, 2, algorithm),
        inclusion=inclusion_proof(hash_at, index, 40, algorithm),
        algorithm=algorithm,
        earlier=note(earlier, 1, algorithm),
        consistency=consistency_proof(hash_at, earlier, 40, algorithm),
        key=KEY.vkey,
    )


@pytest.mark.parametrize("algorithm", ["sha256", "sm3"])
@given(index=st.integers(0, 39), earlier=st.integers(0, 40))
def test_a_bundle_says_all_that_is_needed(algorithm: str, index: int, earlier: int) -> None:
    given_out = ProofBundle.parse(bundle(index, earlier, algorithm).as_json())
    assert given_out == bundle(index, earlier, algorithm)
    assert given_out.includes()
    assert given_out.grew()
    assert given_out.head() == Checkpoint.signed(given_out.checkpoint, [KEY])
    assert given_out.said() == parse_leaf(LEAVES[index])


def test_a_proof_that_was_handed_out_is_still_one() -> None:
    """Kept as it was written by release 0.2.0: what a petitioner holds must verify by every later release."""
    handed_out = STORED.read_text(encoding="utf-8")
    stored = ProofBundle.parse(handed_out)
    assert Checkpoint.signed(stored.checkpoint, [KEY]).size == 3
    assert (stored.includes(), stored.grew()) == (True, True)
    assert stored.said() == CaseLeaf("XA-2026-S-000001", 2, f"{1:064x}")
    # Nor is it written in another form: the receipts people have must be comparable.
    assert stored.as_json() == handed_out
    assert json.loads(handed_out)["format"] == "sanzhang-proof-1"


@pytest.mark.parametrize(
    "change",
    [
        {"index": 6},
        {"leaf": LEAVES[6]},
        {"checkpoint": note(39, 2)},
        {"algorithm": "sm3"},
        {"inclusion": bundle().inclusion[:-1]},
        {"inclusion": bundle(6).inclusion},
    ],
)
def test_an_altered_bundle_includes_nothing(change: dict[str, Any]) -> None:
    assert not replace(bundle(), **change).includes()


@pytest.mark.parametrize(
    "change",
    [
        {"earlier": note(20, 1)},
        {"earlier": note(21, 2)},
        {"earlier": note(21, 3)},
        {"earlier": note(21, 1, "sm3")},
        {"earlier": note(21, 1, origin="sanzhang.example/another")},
        {"consistency": bundle().consistency[1:]},
    ],
)
def test_an_altered_bundle_shows_no_growth(change: dict[str, Any]) -> None:
    assert not replace(bundle(), **change).grew()


def test_a_bundle_from_a_file_names_its_leaf_its_head_and_its_signer() -> None:
    given_out = ProofBundle.parse(bundle().as_json())
    assert given_out == bundle()
    assert given_out.said() == CaseLeaf("XA-2026-S-000005", 6, f"{5:064x}")
    of_the_journal = JournalLeaf(3, f"{1:064x}")
    assert parse_leaf(of_the_journal.text) == of_the_journal
    assert given_out.head() == Checkpoint.signed(given_out.checkpoint, [KEY])


def test_a_checkpoint_grew_out_of_itself() -> None:
    assert replace(bundle(), earlier=note(40, 2), consistency=()).grew()


@pytest.mark.parametrize(
    "said",
    [
        "not json",
        "[]",
        "{}",
        *(
            json.dumps(bundle().as_dict() | change)
            for change in ({"format": "?"}, {"index": "5"}, {"index": True}, {"leaf": 5}, {"inclusion": ["zz"]})
        ),
        *(json.dumps(bundle().as_dict() | {"consistency": value}) for value in (5, [5])),
    ],
)
def test_what_is_no_bundle(said: str) -> None:
    with pytest.raises(ProofError):
        ProofBundle.parse(said)


@given(case=st.text(), seq=st.integers(0), link=HASHES, run=st.integers(0, 9), history=st.just("") | HASHES)
def test_leaves_are_read_back(case: str, seq: int, link: str, run: int, history: str) -> None:
    for leaf in (CaseLeaf(case, seq, link, run, history, "sm3"), JournalLeaf(seq, link)):
        assert parse_leaf(leaf.text) == leaf
        assert leaf.text.encode() == encoded(asdict(leaf))


def test_a_leaf_is_written_as_the_log_has_it() -> None:
    assert CaseLeaf("XA-2026-S-000001", 9, "ab", 1, "cd").text == (
        '{"algorithm":"sha256","case":"XA-2026-S-000001","history":"cd","link":"ab","run":1,"seq":9}'
    )
    assert JournalLeaf(7, "ab").text == '{"algorithm":"sha256","journal":7,"link":"ab"}'


@pytest.mark.parametrize(
    "said",
    [
        *("", "[]", "{}", '{"algorithm":"sha256","journal":true,"link":"ab"}', '{"algorithm":"sha256","journal":7}'),
        *('{"journal":7,"algorithm":"sha256","link":"ab"}', '{"algorithm": "sha256","journal":7,"link":"ab"}'),
    ],
)
def test_what_is_no_leaf(said: str) -> None:
    with pytest.raises(LeafError):
        parse_leaf(said)
