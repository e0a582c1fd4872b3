"""Signing checkpoints: the one place where the private key is held."""

from __future__ import annotations

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from schemas.evidence.checkpoint import Note, NoteSignature, PublicKey, is_name


class Signer:
    """An Ed25519 key and the name it signs under. ``seed``: 32 bytes (RFC 8032). ``ValueError`` for another length or no name."""

    def __init__(self, seed: bytes, name: str) -> None:
        if not is_name(name):
            raise ValueError(f"{name!r} is no name for a key: white space and + are not allowed")
        self._private = Ed25519PrivateKey.from_private_bytes(seed)
        self.key = PublicKey(name, self._private.public_key().public_bytes_raw())

    def sign(self, text: str) -> str:
        """The signed note of that text."""
        return str(Note(text, (NoteSignature(self.key.name, self.key.id, self._private.sign(text.encode())),)))

    def __repr__(self) -> str:
        return f"Signer({self.key.vkey})"
