"""What readers of the record are given: frozen facts, personal data masked, times aware (UTC)."""

from __future__ import annotations

import base64
import binascii
import json
from datetime import datetime
from typing import Literal

from pydantic import Field

from schemas.kernel.actor import Actor
from schemas.kernel.errors import UserError
from schemas.kernel.model import Frozen
from schemas.petition.state import Card, Ledger, Petition, Stage

PAGE_LIMIT = 500
"""Cases a page may hold."""

Order = Literal["received", "due"]


class CaseFilter(Frozen):
    """Which cases: every given condition must hold. ``unit`` means its whole subtree, ``lead`` and ``owner`` too.

    ``overdue`` and ``due_before`` speak of the promise whose term ends first; a case whose promises are all kept has none.
    """

    stages: tuple[Stage, ...] = ()
    ledger: Ledger | None = None
    unit: str = ""
    lead: str = ""
    owner: str = ""
    channel: str = ""
    card: Card | None = None
    open: bool | None = None
    overdue: bool = False
    due_before: datetime | None = None
    received_from: datetime | None = None
    received_before: datetime | None = None
    text: str = ""
    person: str = ""
    message: str = ""
    order: Order = "received"
    limit: int = Field(default=50, ge=1, le=PAGE_LIMIT)
    cursor: str = ""


class CaseLine(Frozen):
    """A case as one line of a list."""

    number: str
    stage: Stage
    ledger: str
    complexity: str
    channel: str
    category: str
    confidential: bool
    title: str
    unit: str
    accountable: str
    lead: str
    owner: str
    received_at: datetime
    submitted_at: datetime | None
    due: datetime | None
    due_clock: str | None
    due_provisional: bool
    card: str
    round: int
    merged_into: str
    ground: str | None
    sealed_at: datetime | None
    source: str = ""
    source_event_id: str = ""


class Standing(Frozen):
    """A case as one line of a list, with its state."""

    line: CaseLine
    state: Petition


class CasePage(Frozen):
    """Some cases, and where to go on; no ``cursor``: these were the last."""

    cases: tuple[CaseLine, ...]
    cursor: str | None = None


class PetitionerView(Frozen):
    """A petitioner as everybody who may see the case sees them."""

    alias: str = ""
    representative: bool = True
    name: str = ""
    phone: str = ""
    id_number: str = ""
    address: str = ""


class CaseView(Frozen):
    """A case with its texts and its petitioners, masked."""

    state: Petition
    title: str
    text: str
    submitted_at: datetime | None
    updated_at: datetime
    source: str
    source_event_id: str
    petitioners: tuple[PetitionerView, ...]


class RunningTerm(Frozen):
    """What a new calendar needs to know of an open case."""

    number: str
    state: Petition


class HistoryLine(Frozen):
    """One event, who did it, and what it says in both languages."""

    seq: int
    kind: str
    at: datetime
    recorded_at: datetime
    actor: Actor
    zh: str
    en: str


def cursor_after(moment: datetime, number: str) -> str:
    """The place after this case in an ordered list, as an opaque text."""
    return base64.urlsafe_b64encode(json.dumps([moment.isoformat(), number]).encode()).decode().rstrip("=")


def cursor_place(cursor: str) -> tuple[datetime, str]:
    """The place a cursor stands for. ``UserError`` ``cursor_invalid`` for anything this program did not give out."""
    try:
        moment, number = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        place = datetime.fromisoformat(moment), str(number)
    except (binascii.Error, ValueError, TypeError) as error:
        raise _cursor_invalid() from error
    if place[0].tzinfo is None or not 1950 <= place[0].year < 2200 or not place[1].isprintable():
        raise _cursor_invalid()
    return place


def _cursor_invalid() -> UserError:
    return UserError(
        "cursor_invalid",
        zh="翻页标记无效，请使用上一页给出的标记，或从头列出。",
        en="The cursor is not one that a list gave out; use the one of the page before, or start anew.",
    )
