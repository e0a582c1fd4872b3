"""The evidence chain: each event is hashed together with the link before it, so that nothing can be changed, inserted or dropped unseen.

A link is ``H(previous link ‖ canonical bytes of the event)``; the first link of a case starts from ``H(case number)``. Canonical bytes are
JSON with sorted keys, no white space, UTF-8 (RFC 8785 restricted to strings, integers, booleans, null, lists and objects; no floats occur in
events). The algorithm is named in every record; SHA-256 is the default, SM3 (GB/T 32905) can be chosen where hashlib offers it.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from pydantic import TypeAdapter

from schemas.evidence.links import encoded, genesis, link
from schemas.kernel.actor import Actor
from schemas.kernel.model import Frozen
from schemas.petition.events import EVENT_VERSION, Event

__all__ = ["EVENT", "Recorded", "canonical", "content", "encoded", "genesis", "link", "payload"]

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
    """The bytes that are hashed for a record; ``stored`` is the payload as it was written.

    ``ValueError`` without it for an event of an earlier release: read anew it may look otherwise, and the link is over what was written.
    """
    if stored is None and record.version != EVENT_VERSION:
        raise ValueError(
            f"event {record.seq} of {record.case_number} is of version {record.version}: hash it as stored"
        )
    return content(
        record.case_number,
        record.seq,
        record.version,
        record.recorded_at,
        (record.actor.id, record.actor.role.value, record.actor.unit),
        record.command_id,
        payload(record.event) if stored is None else stored,
        record.actor.credential,
    )


def content(
    case_number: str,
    seq: int,
    version: int,
    recorded_at: datetime,
    actor: tuple[str, str, str],
    command_id: str,
    stored: Any,
    credential: str = "",
) -> bytes:
    """The canonical bytes of an event from its bare columns, for whoever checks a million of them; ``stored``: its payload, JSON types only.

    An event without a credential is hashed as it was before there were any.
    """
    return encoded(
        {
            "case": case_number,
            "seq": seq,
            "version": version,
            "recorded_at": recorded_at.astimezone(UTC).isoformat(),
            "actor": (*actor, credential) if credential else actor,
            "command": command_id,
            "event": stored,
        }
    )
