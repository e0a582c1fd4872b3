"""The kinds of content that come in: what a file of each begins with, and how a header names one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

ATTACHABLE: Final[Mapping[str, tuple[tuple[int, bytes], ...]]] = {
    "application/pdf": ((0, b"%PDF-"),),
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": ((0, b"PK\x03\x04"),),
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": ((0, b"PK\x03\x04"),),
    "audio/mpeg": ((0, b"ID3"), (0, b"\xff\xfb"), (0, b"\xff\xf3"), (0, b"\xff\xf2")),
    "image/jpeg": ((0, b"\xff\xd8\xff"),),
    "image/png": ((0, b"\x89PNG\r\n\x1a\n"),),
    "text/plain": (),
    "video/mp4": ((4, b"ftyp"),),
}
"""What may be attached where an installation says nothing else, and by what bytes at which place it is known. A type that is not here, or has no
mark of its own, is taken at its word."""

URL_ENCODED: Final = "application/x-www-form-urlencoded"
MULTIPART: Final = "multipart/form-data"
FORMS: Final = (URL_ENCODED, MULTIPART)
"""How a form of a page is sent."""


def media_type(header: str | None) -> str:
    """The type a ``Content-Type`` names, without what follows it (RFC 9110 §8.3.1: any case, blanks around it)."""
    return (header or "").partition(";")[0].strip().lower()


def is_json(named: str) -> bool:
    """Whether content of that type is JSON, alone or as the form of something else (``application/problem+json``)."""
    return named == "application/json" or named.endswith("+json")
