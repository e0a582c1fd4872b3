"""Notes and checkpoints as C2SP has them: read back as written, refused in any other form."""

from __future__ import annotations

import base64
import contextlib
from datetime import UTC, datetime, timedelta, timezone

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from schemas.evidence.checkpoint import (
    LONGEST_NOTE,
    Checkpoint,
    CheckpointError,
    Note,
    NoteSignature,
    PublicKey,
    SignatureError,
    checkpoint_path,
    is_name,
    key_path,
)

ORIGIN = "sanzhang.example/record"
SEED = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
KEY = PublicKey(ORIGIN, SEED.public_key().public_bytes_raw())
OTHER_SEED = Ed25519PrivateKey.from_private_bytes(bytes(32))
OTHER = PublicKey("witness.example", OTHER_SEED.public_key().public_bytes_raw())
MADE = Checkpoint(ORIGIN, 3, bytes(range(32)), 17, "sha256", datetime(2026, 3, 2, 16, 10, tzinfo=UTC))


def signed(text: str, key: PublicKey = KEY) -> Note:
    return Note(text, (NoteSignature(key.name, key.id, SEED.sign(text.encode())),))


# The note in the documentation of golang.org/x/mod/sumdb/note, whose format the specification took over.
GO_KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
GO_NOTE = (
    "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n\n"
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)


def test_a_note_made_by_others_holds() -> None:
    key = PublicKey.parse(GO_KEY)
    note = Note.parse(GO_NOTE)
    assert key.vkey == GO_KEY
    assert str(note) == GO_NOTE
    assert note.signer([key]) == key
    with pytest.raises(SignatureError, match="does not hold"):
        Note.parse(GO_NOTE.replace("problem is", "problem was")).signer([key])


def test_the_text_of_a_checkpoint() -> None:
    assert MADE.text == (
        "sanzhang.example/record\n3\nAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n"
        "number 17\nalgorithm sha256\ntime 2026-03-02T16:10:00+00:00\n"
    )
    assert MADE.path() == checkpoint_path(17) == "checkpoints/0000000017"
    assert key_path(KEY) == f"keys/{KEY.id.hex()}"


@given(
    size=st.integers(0, 1 << 62),
    root=st.binary(min_size=32, max_size=32),
    number=st.integers(0, 1 << 31),
    algorithm=st.sampled_from(["sha256", "sm3"]),
    hours=st.integers(-12, 14),
    at=st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1)),  # noqa: DTZ001 - made aware below
)
def test_checkpoints_are_read_back(
    size: int, root: bytes, number: int, algorithm: str, hours: int, at: datetime
) -> None:
    made = Checkpoint(ORIGIN, size, root, number, algorithm, at.replace(tzinfo=timezone(timedelta(hours=hours))))
    assert Checkpoint.signed(str(signed(made.text)), [OTHER, KEY]) == made


def test_a_checkpoint_is_read_of_a_note_that_a_known_key_signed() -> None:
    assert Checkpoint.signed(str(signed(MADE.text)), [OTHER, KEY]) == MADE
    with pytest.raises(SignatureError, match="none of the known keys"):
        Checkpoint.signed(str(signed(MADE.text)), [OTHER])


@given(at=st.integers(0, len(MADE.text) - 1), by=st.sampled_from("0A=\n x"))
def test_any_other_text_is_not_that_checkpoint(at: int, by: str) -> None:
    changed = MADE.text[:at] + by + MADE.text[at + 1 :]
    if changed != MADE.text:
        with contextlib.suppress(CheckpointError):
            assert Checkpoint.parse(changed) != MADE
        note = str(signed(MADE.text)).replace(MADE.text, changed)
        with pytest.raises((CheckpointError, SignatureError)):
            Checkpoint.signed(note, [KEY])


@pytest.mark.parametrize(
    ("line", "instead"),
    [
        *(("3\n", "03\n"), ("3\n", "-3\n"), (ORIGIN, ""), ("number 17", "number 017"), ("number 17", "numero 17")),
        *(("sha256", "md5"), ("algorithm sha256", "sha256"), ("+00:00", ""), ("+00:00", "+08:00"), ("time 2", "2")),
        *(
            ("Hh8=", "Hh9="),
            ("Hh8=", "Hh8"),
            ("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=", "AAEC"),
            ("time 2026", "time x"),
        ),
        *(("3\n", "3\nmore\n"), ("number 17\n", "")),
    ],
)
def test_what_is_not_written_as_it_must_be_is_no_checkpoint(line: str, instead: str) -> None:
    assert line in MADE.text
    with pytest.raises(CheckpointError):
        Checkpoint.parse(MADE.text.replace(line, instead))


def test_a_note_may_bear_other_signatures_and_empty_lines() -> None:
    text = "one\n\ntwo\n"
    note = Note(text, (NoteSignature("somebody.example", b"abcd", b"?"), *signed(text).signatures))
    assert Note.parse(str(note)) == note
    assert note.signer([KEY]) == KEY
    with pytest.raises(SignatureError, match="none of the known keys"):
        note.signer([OTHER])
    twice = Note(text, signed(text).signatures * 2)
    assert twice.signer([OTHER, KEY]) == KEY


def test_of_two_known_keys_the_one_whose_signature_comes_first_is_named() -> None:
    text = "one\n"
    mine = NoteSignature(KEY.name, KEY.id, SEED.sign(text.encode()))
    theirs = NoteSignature(OTHER.name, OTHER.id, OTHER_SEED.sign(text.encode()))
    for known in ([KEY, OTHER], [OTHER, KEY]):
        assert Note(text, (mine, theirs)).signer(known) == KEY
        assert Note(text, (theirs, mine)).signer(known) == OTHER
    # And both must hold, whoever is named.
    forged = NoteSignature(OTHER.name, OTHER.id, mine.signature)
    with pytest.raises(SignatureError, match=r"witness\.example .* does not hold"):
        Note(text, (mine, forged)).signer([KEY, OTHER])


@pytest.mark.parametrize(
    "said",
    [
        *("", "text\n", "text\n\n", "\n\n— a AAAAAAA=\n", "text\n\n— a AAAAAAA=", "text\n\n- a AAAAAAA=\n"),
        *("text\n\n— a AAAAAA==\n", "text\n\n— a+b AAAAAAA=\n", "text\n\n— AAAAAAA=\n", "text\n\n— a ?\n"),
        *(
            "te\x00xt\n\n— a AAAAAAA=\n",
            "te\rxt\n\n— a AAAAAAA=\n",
            "text\n\n— a AAAAAAB=\n",
            "text\n\n— a AAAA\x0bAAA=\n",
        ),
        "x" * LONGEST_NOTE + "\n\n— a AAAAAAA=\n",
    ],
)
def test_what_is_no_note(said: str) -> None:
    with pytest.raises(CheckpointError):
        Note.parse(said)


def test_keys_are_read_back_and_miscopied_ones_refused() -> None:
    assert PublicKey.parse(f" {KEY.vkey}\n") == KEY
    with pytest.raises(CheckpointError, match="miscopied"):
        PublicKey.parse(KEY.vkey.replace(ORIGIN, "sanzhang.example/recorb"))
    of_another_kind = base64.b64encode(b"\x02" + KEY.key).decode()
    for wrong in ("", KEY.name, KEY.vkey[:-4], f"{KEY.name}+{KEY.id.hex()}+{of_another_kind}", "+00000000+AQ=="):
        with pytest.raises(CheckpointError, match="no public key"):
            PublicKey.parse(wrong)
    assert [is_name(name) for name in ("a.b/c", "", "a b", "a+b", "a\u3000b", "三本账")] == [
        True,
        False,
        False,
        False,
        False,
        True,
    ]
