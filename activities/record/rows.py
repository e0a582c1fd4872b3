"""How a state and its events lie in the read model's columns."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from schemas.access import sight
from schemas.petition.events import Amended, Event, Filed, Petitioner, corrected_texts
from schemas.petition.rules.clocks import running
from schemas.petition.rules.custody import owner
from schemas.petition.state import Card, ClockName, Petition

PROMISES = (ClockName.ASSIGN, ClockName.FINISH)


def case_row(state: Petition, events: Sequence[Event], now: datetime) -> dict[str, Any]:
    """The row of a case after these events; texts only when an event brings them."""
    due = min((clock for clock in running(state) if clock.name in PROMISES), key=lambda clock: clock.due, default=None)
    colours = {card.colour for card in state.cards}
    row: dict[str, Any] = {
        "case_number": state.number,
        "seq": state.seq,
        "stage": state.stage.value,
        "ledger": state.ledger.value,
        "complexity": state.complexity.value,
        "channel": state.channel,
        "category": state.category,
        "confidential": state.confidential,
        "unit": state.unit,
        "registrar": state.registrar,
        "accountable": state.accountable,
        "lead": state.lead,
        "owner": owner(state),
        "received_at": state.received_at,
        "due": due.due if due else None,
        "due_clock": due.name.value if due else None,
        "due_provisional": bool(due and due.provisional),
        "card": next((colour.value for colour in (Card.RED, Card.YELLOW) if colour in colours), ""),
        "round": state.round,
        "run": state.run,
        "merged_into": state.merged_into,
        "ground": state.ground.value if state.ground else None,
        "calendar_version": state.calendar.version,
        "policy_version": state.policy.version,
        "persons": list(state.persons),
        "sealed_at": state.sealed_at,
        "state": state.model_dump(mode="json", exclude_defaults=True),
        "updated_at": now,
        **sight(state)._asdict(),
    }
    for event in events:
        row |= _texts(event)
    return row


def _texts(event: Event) -> dict[str, Any]:
    if isinstance(event, Filed):
        content = event.content
        return {"title": content.title, "text": content.text, "submitted_at": content.submitted_at}
    if isinstance(event, Amended):
        return dict[str, Any](corrected_texts(event))
    return {}


def petitioner_rows(number: str, event: Event) -> list[dict[str, Any]]:
    """The petitioners an event brings, if it brings any."""
    brought = event.content.petitioners if isinstance(event, Filed) else None
    if isinstance(event, Amended):
        brought = event.petitioners
    return [petitioner_row(number, position, petitioner) for position, petitioner in enumerate(brought or ())]


def petitioner_row(number: str, position: int, petitioner: Petitioner) -> dict[str, Any]:
    """The row of one petitioner; positions count from 0."""
    return {
        "case_number": number,
        "position": position,
        "alias": petitioner.alias,
        "representative": petitioner.representative,
        "sealed": petitioner.sealed.model_dump(mode="json") if petitioner.sealed else None,
    }
