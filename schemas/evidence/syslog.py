"""An entry of the trail as a message of RFC 5424, and how messages are told apart on a stream (RFC 6587 §3.4.1, octet counting)."""

from __future__ import annotations

from datetime import UTC
from typing import Final

from schemas.evidence.journal import Entry
from schemas.evidence.trail import WARNINGS, told

AUDIT: Final = 13
"""Facility "log audit"."""
NOTICE: Final = 5
WARNING: Final = 4
SD_ID: Final = "trail@32473"
"""The enterprise number is the one RFC 5612 keeps for documentation: Sanzhang has none of its own."""
LONGEST_FACTS: Final = 1_500
"""Characters: with its head a message fits the 2,048 octets every receiver should take, but for what is not ASCII."""


def message(entry: Entry, host: str, link: str) -> bytes:
    """The message, in one line. ``link``: the entry's link in the chain (hex), so that a receiver can hold what it got against the journal."""
    severity = WARNING if entry.kind in WARNINGS else NOTICE
    at = entry.at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    actor = entry.actor
    given = {
        "entry": str(entry.number),
        "person": actor.id,
        "role": actor.role.value,
        "unit": actor.unit,
        "credential": actor.credential,
        "case": entry.case_number,
        "link": link,
    }
    data = " ".join(f'{name}="{_escaped(value)}"' for name, value in given.items() if value)
    kind, said = told(entry)
    text = _one_line(said)[:LONGEST_FACTS]
    head = f"<{AUDIT * 8 + severity}>1 {at} {_printable(host)} sanzhang - {kind} [{SD_ID} {data}] "
    # The mark says that what follows is UTF-8.
    return head.encode() + b"\xef\xbb\xbf" + text.encode()


def framed(message: bytes) -> bytes:
    """The message on a stream: its length comes first, so that nothing in it can pass for the next."""
    return b"%d " % len(message) + message


def _escaped(value: str) -> str:
    return _one_line(value).replace("\\", "\\\\").replace('"', '\\"').replace("]", "\\]")


def _one_line(text: str) -> str:
    return "".join(char if char.isprintable() else " " for char in text)


def _printable(host: str) -> str:
    found = "".join(char for char in host if "!" <= char <= "~")[:255]
    return found or "-"
