"""A filing without anything of the test tools in it, for places where those may not come along."""

from __future__ import annotations

from datetime import UTC, date, datetime

from schemas.kernel.actor import Actor, Role
from schemas.kernel.worktime import Calendar
from schemas.petition.commands import File, Order
from schemas.petition.events import FiledContent
from schemas.petition.state import Complexity, Ledger
from schemas.policy import CasePolicy

RECEIVED = datetime(2026, 3, 2, 2, tzinfo=UTC)

FILING = Order(
    actor=Actor(id="desk", role=Role.OPERATOR, unit="XA"),
    command=File(
        number="XA-2026-S-000001",
        content=FiledContent(
            source="walk-in",
            source_event_id="1",
            channel="walk_in",
            title="Lamp out",
            text="The lamp is out.",
            ledger=Ledger.SUGGESTION,
            complexity=Complexity.COMPLEX,
            unit="XA/A1/01",
        ),
        policy=CasePolicy(version=1),
        calendar=Calendar(version=1, published_from=date(2026, 1, 1), published_through=date(2026, 12, 31)),
    ),
)
