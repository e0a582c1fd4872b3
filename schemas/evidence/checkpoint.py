"""A signed checkpoint: what the log was at one moment, in a text anybody can keep.

The text is a C2SP tlog-checkpoint (c2sp.org/tlog-checkpoint) with three extension lines, in a C2SP signed note (c2sp.org/signed-note):

    sanzhang.local/record
    1042
    <root, base64>
    number 17
    algorithm sha256
    time 2026-03-02T16:10:00+00:00

    — sanzhang.local/record <key id and Ed25519 signature, base64>
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from schemas.evidence.merkle import ALGORITHMS

ED25519: Final = b"\x01"
"""The signature type of C2SP signed notes."""
LONGEST_NOTE: Final = 1 << 16
"""Bytes; far more than sixteen signatures, which every verifier must accept."""

_KEY_ID: Final = 4
_DIGEST: Final = 32
_NAME: Final = re.compile(r"[^\s+]+")
_CONTROL: Final = re.compile(r"[\x00-\x09\x0b-\x1f]")
_NUMBER: Final = re.compile(r"0|[1-9][0-9]*")


class CheckpointError(ValueError):
    """A text that is no checkpoint, no note or no key; says why."""


class SignatureError(ValueError):
    """A note that none of the known keys signed, or that is not what was signed."""


@dataclass(frozen=True, slots=True)
class PublicKey:
    """An Ed25519 key and the name it signs under."""

    name: str
    key: bytes

    @property
    def id(self) -> bytes:
        """``SHA-256(name ‖ 0x0A ‖ 0x01 ‖ key)[:4]``: tells keys apart, proves nothing."""
        return hashlib.sha256(self.name.encode() + b"\n" + ED25519 + self.key).digest()[:_KEY_ID]

    @property
    def vkey(self) -> str:
        """The key as published: ``name+id+base64(0x01 ‖ key)``."""
        return f"{self.name}+{self.id.hex()}+{_encoded(ED25519 + self.key)}"

    @classmethod
    def parse(cls, vkey: str) -> PublicKey:
        """``CheckpointError`` for anything but an Ed25519 key whose id is right."""
        name, _, rest = vkey.strip().partition("+")
        key_id, _, encoded = rest.partition("+")
        content = _decoded(encoded)
        if not is_name(name) or content is None or len(content) != 1 + _DIGEST or content[:1] != ED25519:
            raise CheckpointError("this is no public key of the form name+id+base64")
        found = cls(name, content[1:])
        if found.id.hex() != key_id:
            raise CheckpointError(f"the key has the id {found.id.hex()}, not {key_id}: it was miscopied")
        return found

    def signed(self, text: str, signature: bytes) -> bool:
        """Whether this is the key's signature of that text."""
        try:
            Ed25519PublicKey.from_public_bytes(self.key).verify(signature, text.encode())
        except InvalidSignature:
            return False
        return True


@dataclass(frozen=True, slots=True)
class NoteSignature:
    """A signature line: by whom, with which key, and the signature."""

    name: str
    key_id: bytes
    signature: bytes


@dataclass(frozen=True, slots=True)
class Note:
    """A text and the signatures under it."""

    text: str
    signatures: tuple[NoteSignature, ...]

    def __str__(self) -> str:
        lines = [f"— {each.name} {_encoded(each.key_id + each.signature)}\n" for each in self.signatures]
        return self.text + "\n" + "".join(lines)

    @classmethod
    def parse(cls, said: str) -> Note:
        """``CheckpointError`` where it is no signed note."""
        if len(said.encode(errors="surrogatepass")) > LONGEST_NOTE:
            raise CheckpointError("a note of that length is none of ours")
        text, found, lines = said.rpartition("\n\n")
        if not found or not text or not lines.endswith("\n") or _CONTROL.search(said):
            raise CheckpointError("this is no signed note: a text, an empty line, signature lines")
        return cls(text + "\n", tuple(_signature(line) for line in lines[:-1].split("\n")))

    def signer(self, keys: Iterable[PublicKey]) -> PublicKey:
        """That of these keys whose signature comes first. Signatures of other keys are passed over.

        ``SignatureError`` where none of them signed, or the signature of one of them does not hold.
        """
        known = {(key.name, key.id): key for key in keys}
        signer: PublicKey | None = None
        for each in self.signatures:
            key = known.get((each.name, each.key_id))
            if key is None:
                continue
            if not key.signed(self.text, each.signature):
                raise SignatureError(f"the signature of {key.name} (key {key.id.hex()}) does not hold")
            signer = signer or key
        if signer is None:
            raise SignatureError("none of the known keys signed this note")
        return signer


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The log at one moment. ``number`` counts the checkpoints from 1; ``size`` is in leaves; ``made_at`` aware, by the clock of the signer."""

    origin: str
    size: int
    root: bytes
    number: int
    algorithm: str
    made_at: datetime

    @property
    def text(self) -> str:
        """What is signed."""
        return (
            f"{self.origin}\n{self.size}\n{_encoded(self.root)}\n"
            f"number {self.number}\nalgorithm {self.algorithm}\ntime {self.made_at.astimezone(UTC).isoformat()}\n"
        )

    @classmethod
    def parse(cls, text: str) -> Checkpoint:
        """``CheckpointError`` where it is not exactly the text of a checkpoint. Says nothing of who signed it."""
        lines = text.split("\n")
        if len(lines) != 7 or lines[-1]:
            raise CheckpointError("a checkpoint of this log has six lines")
        origin, size, encoded, number, algorithm, time = lines[:-1]
        root = _decoded(encoded)
        made_at = _moment(time.removeprefix("time "))
        found = (
            cls(origin, int(size), root, int(_digits(number, "number ")), algorithm.removeprefix("algorithm "), made_at)
            if origin and _NUMBER.fullmatch(size) and root is not None and made_at is not None
            else None
        )
        if found is None or found.text != text or found.algorithm not in ALGORITHMS or len(found.root) != _DIGEST:
            raise CheckpointError("this is no checkpoint of this log")
        return found

    @classmethod
    def signed(cls, note: str, keys: Iterable[PublicKey]) -> Checkpoint:
        """The checkpoint of a note that one of the keys signed. ``CheckpointError``, ``SignatureError``."""
        parsed = Note.parse(note)
        parsed.signer(keys)
        return cls.parse(parsed.text)

    def path(self) -> str:
        """Where its note lies in the store."""
        return checkpoint_path(self.number)


def checkpoint_path(number: int) -> str:
    """Where the note of a checkpoint lies in the store: ten digits, so that a listing is in order."""
    return f"checkpoints/{number:010d}"


def key_path(key: PublicKey) -> str:
    """Where a public key lies in the store."""
    return f"keys/{key.id.hex()}"


def is_name(name: str) -> bool:
    """Whether a key, and so a log, can bear that name: no white space, no plus."""
    return _NAME.fullmatch(name) is not None


def _signature(line: str) -> NoteSignature:
    dash, _, rest = line.partition(" ")
    name, _, encoded = rest.partition(" ")
    content = _decoded(encoded)
    if dash != "—" or not is_name(name) or content is None or len(content) <= _KEY_ID:
        raise CheckpointError("a signature line is not of the form — name base64")
    return NoteSignature(name, content[:_KEY_ID], content[_KEY_ID:])


def _digits(line: str, before: str) -> str:
    number = line.removeprefix(before)
    return number if _NUMBER.fullmatch(number) else "0"


def _moment(said: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(said)
    except ValueError:
        return None
    return found if found.tzinfo is not None else None


def _encoded(content: bytes) -> str:
    return base64.b64encode(content).decode()


def _decoded(said: str) -> bytes | None:
    try:
        content = base64.b64decode(said, validate=True)
    except ValueError:
        return None
    # One text for one value: base64 has spare bits at its end.
    return content if _encoded(content) == said else None
