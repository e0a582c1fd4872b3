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

from schemas.kernel.actor import Actor
from schemas.kernel.model import Frozen

JOURNAL: Final = "journal"
"""What the journal's chain starts from, as a case's chain starts from its number."""


class EntryKind(StrEnum):
    """What was done; ``body`` says more, in JSON."""

    REVEALED = "revealed"
    """Personal data of a case shown in clear: ``fields``, ``petitioners`` (how many), ``need``, ``elsewhere``."""
    EXPORTED = "exported"
    """A dossier was made: ``full`` (personal data in clear, with ``need``) or masked."""
    REPAIRED = "repaired"
    """A case was mended from its events: ``changed``, by column of the read model the old and the new value; ``run`` where one was started."""
    RUN_ENDED_OUTSIDE = "run_ended_outside"
    """A run that the engine ended though the case goes on, which nobody told the system: ``status``, ``run``, ``by`` and ``said`` (in the words
    of whoever ended it); ``replaced``, a run that stood in its place and was none of ours. The case was carried on from the record
    (``changed``), or ``hindered`` says why not. Without a case: ``workflow`` or ``schedule``, what of the system's own was started again."""
    RECONCILED = "reconciled"
    VERIFIED = "verified"
    REPLAYED = "replayed"
    CHECKPOINTED = "checkpointed"
    HISTORY_LOST = "history_lost"
    """A closed run cannot be sealed, for the engine has its history no more: ``run``, ``seq`` of its last event."""
    REVEAL_STOPPED = "reveal_stopped"
    """Somebody wanted to see more personal data than policy allows in a day: ``limit``. Told once a day."""
    UNUSUAL_READING = "unusual_reading"
    """Personal data is seen in an unusual way: ``entry``, ``what``. Each kind is told once a day for a person."""
    SIGNED_IN = "signed_in"
    """Somebody came in: ``by`` (password or provider), ``place``."""
    SIGNED_OUT = "signed_out"
    SIGN_IN_FAILED = "sign_in_failed"
    """Wrong passwords for one account from one place: ``account`` (empty where there is no such person), ``place``, ``count``, ``until``."""
    SIGN_IN_SLOWED = "sign_in_slowed"
    """Attempts that were not even looked at, for there were too many: as above."""
    ACCOUNT_SET = "account_set"
    """A password was given: ``account``."""
    ACCOUNT_DISABLED = "account_disabled"
    """Somebody was shut out: ``account``, ``sessions`` and ``tokens`` that ended with it; ``left`` where they left the organisation."""
    ACCOUNT_ENABLED = "account_enabled"
    TOKEN_CREATED = "token_created"  # noqa: S105 - no secret
    """``account`` it acts as, ``token``, ``scopes``, ``until``."""
    TOKEN_REVOKED = "token_revoked"  # noqa: S105 - no secret
    SESSION_ENDED = "session_ended"
    """``account``, ``session``: ended from elsewhere, by its owner or the administrator."""
    IMPORTED = "imported"
    """A workbook, policy, organisation or calendar was taken in: ``what``, its ``version`` or its ``digest`` and ``rows``."""
    TABLE_EXPORTED = "table_exported"
    """A list of cases was taken along as a workbook: ``ledger``, ``rows``."""
    ATTACHMENT_READ = "attachment_read"
    """``digest``."""
    CASE_SOUGHT = "case_sought"
    """Somebody asked for cases they may not see, or that are not there: ``count``, ``place``, ``until``; which it was only the number tells."""
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


def canonical(entry: Entry) -> bytes:
    """The bytes that are hashed for an entry; one without a credential is hashed as it was before there were any."""
    who = [entry.actor.id, entry.actor.role.value, entry.actor.unit]
    body = {
        "number": entry.number,
        "at": entry.at.astimezone(UTC).isoformat(),
        "kind": entry.kind.value,
        "actor": [*who, entry.actor.credential] if entry.actor.credential else who,
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
