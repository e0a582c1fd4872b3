"""The key ring: which 256-bit root keys exist, which one seals today, and what is derived from each.

A root key is never used itself. Every purpose gets its own key by HKDF-SHA256, so that a weakness in one use
tells nothing about another.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable
from enum import StrEnum
from typing import Final

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from schemas.kernel.errors import UserError

KEY_BYTES: Final = 32
PAYLOAD_KEYS: Final = "SANZHANG_KEYS"
"""The setting that holds the ring of personal data and payloads."""
_KEY_ID: Final = re.compile(r"[a-z][a-z0-9_-]{0,15}")


class Purpose(StrEnum):
    """What a derived key is for; the value is part of the derivation and never changes."""

    PAYLOAD = "payload"
    PERSONAL = "personal"
    PERSON_MATCH = "person-match"
    AUDIT = "audit"
    ATTACHMENT = "attachment"
    PARKED = "parked"
    SIGN_IN = "sign-in"
    TRACKING = "tracking"
    ORIGIN = "origin"


class SealBrokenError(Exception):
    """Sealed bytes do not open under the key they name: altered, cut short, or sealed for another place."""


class KeyRing:
    """Root keys in order: the first seals what is new, all of them open what is old.

    The last one is the oldest and makes the match keys of persons, so that putting a new key in front does
    not split one person in two. It may leave the ring only after everything sealed under it, histories
    included, is sealed anew.
    """

    __slots__ = ("_derived", "_ids", "_setting")

    def __init__(self, roots: Iterable[tuple[str, bytes]], *, setting: str = PAYLOAD_KEYS) -> None:
        """Raise ``UserError`` ``key_malformed`` for an empty ring, a bad or repeated id, or a key that is
        not 32 bytes. ``setting``: where the ring is set, for what is said of its errors.
        """
        derived: dict[tuple[str, Purpose], bytes] = {}
        ids: list[str] = []
        for key_id, root in roots:
            if not _KEY_ID.fullmatch(key_id):
                raise _malformed(
                    key_id if len(key_id) <= 16 else "?",
                    "编号须以小写字母开头，如 k1",
                    "its id must look like k1",
                    setting,
                )
            if key_id in ids:
                raise _malformed(key_id, "编号重复", "its id occurs twice", setting)
            if len(root) != KEY_BYTES:
                raise _malformed(key_id, f"须为 {KEY_BYTES} 字节", f"it must be {KEY_BYTES} bytes long", setting)
            ids.append(key_id)
            for purpose in Purpose:
                derived[key_id, purpose] = _derive(root, purpose)
        if not ids:
            raise _malformed("?", "密钥环为空", "the key ring is empty", setting)
        self._setting = setting
        self._ids = tuple(ids)
        self._derived = derived

    @classmethod
    def parse(cls, text: str, *, setting: str = PAYLOAD_KEYS) -> KeyRing:
        """Read ``k2:BASE64,k1:BASE64``; the first is current. Raise ``key_malformed`` without ever quoting
        key material.
        """
        roots: list[tuple[str, bytes]] = []
        for position, entry in enumerate(text.split(","), start=1):
            key_id, colon, encoded = entry.strip().partition(":")
            if not colon:
                raise _malformed(
                    f"#{position}",
                    "格式应为“编号:BASE64”，多个以逗号分隔",
                    "write ID:BASE64, several separated by commas",
                    setting,
                )
            roots.append((key_id, decode_key(key_id, encoded, setting=setting)))
        return cls(roots, setting=setting)

    @property
    def ids(self) -> tuple[str, ...]:
        """Newest first."""
        return self._ids

    @property
    def current(self) -> str:
        """Id of the key that seals what is new."""
        return self._ids[0]

    @property
    def oldest(self) -> str:
        """Id of the key that makes the match keys of persons."""
        return self._ids[-1]

    def derived(self, key_id: str, purpose: Purpose) -> bytes:
        """The 32 bytes for one purpose. Raise ``UserError`` ``key_missing`` naming the id when the ring does
        not hold it.
        """
        try:
            return self._derived[key_id, purpose]
        except KeyError:
            held = ", ".join(self._ids)
            raise UserError(
                "key_missing",
                zh=f"数据由密钥 {key_id} 加密，但当前密钥环中只有 {held}。"
                f"请把 {key_id} 加回 {self._setting} 或其密钥文件后重试。",
                en=f"Data was sealed with key {key_id}, but the key ring holds only {held}. "
                f"Put {key_id} back into {self._setting} or its key file and try again.",
                key_id=key_id,
                held=list(self._ids),
            ) from None

    def __repr__(self) -> str:
        return f"KeyRing({', '.join(self._ids)})"

    def __reduce__(self) -> str | tuple[object, ...]:
        # a pickled ring is key material in a place nobody looks after
        raise TypeError("a key ring is never pickled")


def decode_key(key_id: str, encoded: str, *, setting: str = PAYLOAD_KEYS) -> bytes:
    """Standard or URL-safe base64 to bytes. Raise ``key_malformed`` naming the id, never the text."""
    try:
        return base64.b64decode(encoded.strip().translate(str.maketrans("-_", "+/")), validate=True)
    except ValueError:
        named = key_id if _KEY_ID.fullmatch(key_id) else "?"
        raise _malformed(named, "不是有效的 BASE64", "it is not valid base64", setting) from None


def _derive(root: bytes, purpose: Purpose) -> bytes:
    # no salt: the roots are uniformly random, and every process must derive the same bytes
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=f"sanzhang/{purpose.value}/1".encode()).derive(
        root
    )


def _malformed(key_id: str, zh: str, en: str, setting: str) -> UserError:
    return UserError(
        "key_malformed",
        zh=f"密钥 {key_id} 无法使用：{zh}。请检查 {setting} 或其密钥文件。",
        en=f"Key {key_id} cannot be used: {en}. Check {setting} or its key file.",
        key_id=key_id,
    )
