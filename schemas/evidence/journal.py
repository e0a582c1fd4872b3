"""The journal: what was done with the record besides adding events, in one chain through all of it.

A link is ``H(previous link ‖ canonical bytes of the entry)``, as in :mod:`schemas.evidence.chain`; the first starts from ``H("journal")``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC
from enum import StrEnum
from typing import Any, Final, cast

from pydantic import AwareDatetime, Field, field_validator

from schemas.errors import UserError
from schemas.petition import Actor, Frozen

JOURNAL: Final = "journal"
"""What the journal's chain starts from, as a case's chain starts from its number."""

SHORTEST_REASON: Final = 4
"""Characters: "核对身份" is a reason, "x" is none."""


class EntryKind(StrEnum):
    """What was done; ``body`` says more, in JSON."""

    REVEALED = "revealed"
    """Personal data of a case shown in clear: ``fields``, ``petitioners`` (how many)."""
    EXPORTED = "exported"
    """A dossier was made: ``full`` (personal data in clear) or masked."""
    REPAIRED = "repaired"
    """A case was mended from its events: ``changed``, by column of the read model the old and the new value; ``run`` where one was started."""
    RECONCILED = "reconciled"
    VERIFIED = "verified"
    REPLAYED = "replayed"
    CHECKPOINTED = "checkpointed"
    HISTORY_LOST = "history_lost"
    """A closed run cannot be sealed, for the engine has its history no more: ``run``, ``seq`` of its last event."""
    SEAL_HINDERED = "seal_hindered"
    """A closed run could not be sealed yet: ``seq`` of its last event, ``cause``. It is tried again; each cause is told once."""


class Entry(Frozen):
    """One entry; ``at`` is aware. ``case_number`` is empty where no one case is meant. No floats in ``body``: they have no one spelling."""

    number: int
    at: AwareDatetime
    kind: EntryKind
    actor: Actor
    case_number: str = ""
    reason: str = ""
    body: dict[str, Any] = Field(default_factory=dict[str, Any])

    @field_validator("body")
    @classmethod
    def _exact(cls, body: dict[str, Any]) -> dict[str, Any]:
        if not _is_exact(body):
            raise ValueError(
                "the body of a journal entry holds text, whole numbers, truth values, null, lists and objects only"
            )
        return body


def given_reason(said: str) -> str:
    """The reason for seeing or taking along personal data, on one line. ``UserError`` ``reason_missing`` for fewer than four characters."""
    reason = " ".join("".join(char if char.isprintable() else " " for char in said).split())
    if len(reason) < SHORTEST_REASON:
        raise UserError(
            "reason_missing",
            zh=f"查看个人信息须说明理由（至少 {SHORTEST_REASON} 个字），理由将记入查阅记录。",
            en=f"Say why personal data is to be seen, in at least {SHORTEST_REASON} characters; the reason is recorded.",
            shortest=SHORTEST_REASON,
        )
    return reason


def canonical(entry: Entry) -> bytes:
    """The bytes that are hashed for an entry."""
    body = {
        "number": entry.number,
        "at": entry.at.astimezone(UTC).isoformat(),
        "kind": entry.kind.value,
        "actor": [entry.actor.id, entry.actor.role.value, entry.actor.unit],
        "case": entry.case_number,
        "reason": entry.reason,
        "body": entry.body,
    }
    return json.dumps(body, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def _is_exact(value: object) -> bool:
    if isinstance(value, Mapping):
        items = cast("Mapping[object, object]", value).items()
        return all(isinstance(name, str) and _is_exact(item) for name, item in items)
    if isinstance(value, list | tuple):
        return all(_is_exact(item) for item in cast("Sequence[object]", value))
    return value is None or isinstance(value, str | int)
