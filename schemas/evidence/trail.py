"""The security trail: which entries of the journal tell of doors and of what was taken through them, and what is counted before it is told."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from schemas.evidence.journal import Entry, EntryKind
from schemas.kernel.actor import Actor, Role

TRAIL: Final = (
    EntryKind.SIGNED_IN,
    EntryKind.SIGNED_OUT,
    EntryKind.SIGN_IN_FAILED,
    EntryKind.SIGN_IN_SLOWED,
    EntryKind.ACCOUNT_SET,
    EntryKind.ACCOUNT_DISABLED,
    EntryKind.ACCOUNT_ENABLED,
    EntryKind.TOKEN_CREATED,
    EntryKind.TOKEN_REVOKED,
    EntryKind.SESSION_ENDED,
    EntryKind.IMPORTED,
    EntryKind.TABLE_EXPORTED,
    EntryKind.EXPORTED,
    EntryKind.ATTACHMENT_READ,
    EntryKind.CASE_SOUGHT,
    EntryKind.REVEALED,
    EntryKind.REVEAL_STOPPED,
    EntryKind.UNUSUAL_READING,
    EntryKind.RUN_ENDED_OUTSIDE,
)
"""What ``sanzhang audit security`` shows and what is forwarded."""

WARNINGS: Final = frozenset(
    {
        EntryKind.SIGN_IN_FAILED,
        EntryKind.SIGN_IN_SLOWED,
        EntryKind.CASE_SOUGHT,
        EntryKind.REVEAL_STOPPED,
        EntryKind.UNUSUAL_READING,
        EntryKind.RUN_ENDED_OUTSIDE,
    }
)
"""What somebody should look at."""

KEPT: Final = timedelta(days=183)
"""At least six months (网络安全法 §21); nothing ever deletes the trail."""

WINDOW: Final = timedelta(minutes=5)
"""What strangers can bring about as often as they like is counted for so long and told once."""

STRANGER: Final = Actor(id="stranger", role=Role.SYSTEM, unit="")
"""Somebody who has not shown who they are."""


class Counted(NamedTuple):
    """What is counted together. ``account``: whose password was guessed at, empty where there is no such person: a name typed in a field can be anything."""

    kind: EntryKind
    actor: Actor
    account: str = ""
    place: str = ""
    case_number: str = ""


def window_of(moment: datetime) -> datetime:
    """When the window of that moment began; windows are the same for everybody."""
    return moment - timedelta(seconds=moment.timestamp() % WINDOW.total_seconds())


def told(entry: Entry) -> tuple[str, str]:
    """The facts of an entry beside who, when and which case, in a few words; of personal data it has none."""
    said = [f"{name}={_plain(value)}" for name, value in sorted(entry.body.items()) if value not in ("", None)]
    return entry.kind.value, " ".join(said)


def who_and_when(entry: Entry) -> dict[str, Any]:
    """Of any entry of the journal who did what to which case when, as machines read it."""
    return {
        "entry": entry.number,
        "at": entry.at.isoformat(),
        "kind": entry.kind.value,
        "person": entry.actor.id,
        "role": entry.actor.role.value,
        "unit": entry.actor.unit,
        "case": entry.case_number,
    }


def facts(entry: Entry) -> dict[str, Any]:
    """An entry as machines read it."""
    return who_and_when(entry) | {"credential": entry.actor.credential, "facts": dict(entry.body)}


def _plain(value: Any) -> str:
    if isinstance(value, Mapping):
        return ",".join(f"{name}:{_plain(each)}" for name, each in value.items())  # pyright: ignore[reportUnknownVariableType,reportUnknownArgumentType]
    if isinstance(value, list | tuple):
        return ",".join(_plain(each) for each in value)  # pyright: ignore[reportUnknownVariableType]
    return str(value)
