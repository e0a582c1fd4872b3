"""The evidence chain: each event is hashed together with the link before it, so that nothing can be changed, inserted or dropped unseen.

A link is ``H(previous link ‖ canonical bytes of the event)``; the first link of a case starts from ``H(case number)``. Canonical bytes are
JSON with sorted keys, no white space, UTF-8 (RFC 8785 restricted to strings, integers, booleans, null, lists and objects; no floats occur in
events). The algorithm is named in every record; SHA-256 is the default, SM3 (GB/T 32905) can be chosen where hashlib offers it.
"""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from typing import Any

from pydantic import TypeAdapter

from schemas.events import EVENT_VERSION, Event
from schemas.petition import Actor, Frozen

EVENT: TypeAdapter[Event] = TypeAdapter(Event)


class Recorded(Frozen):
    """An event as it stands in the record."""

    case_number: str
    seq: int
    version: int = EVENT_VERSION
    recorded_at: datetime
    actor: Actor
    command_id: str
    event: Event


def payload(event: Event) -> dict[str, Any]:
    """The event as stored: JSON types only, defaults left out."""
    return EVENT.dump_python(event, mode="json", exclude_defaults=True)


def canonical(record: Recorded, stored: dict[str, Any] | None = None) -> bytes:
    """The bytes that are hashed for a record; ``stored`` spares a second dump of the payload."""
    body = {
        "case": record.case_number,
        "seq": record.seq,
        "version": record.version,
        "recorded_at": record.recorded_at.astimezone(UTC).isoformat(),
        "actor": [record.actor.id, record.actor.role.value, record.actor.unit],
        "command": record.command_id,
        "event": payload(record.event) if stored is None else stored,
    }
    return json.dumps(body, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def genesis(case_number: str, algorithm: str = "sha256") -> bytes:
    """The link before the first."""
    return hashlib.new(algorithm, case_number.encode()).digest()


def link(previous: bytes, content: bytes, algorithm: str = "sha256") -> bytes:
    """The link after ``previous`` for these canonical bytes. ``ValueError`` where the algorithm is not to be had."""
    return hashlib.new(algorithm, previous + content).digest()
