"""What a recorded history itself says of a run, as far as replaying it does not show it."""

from __future__ import annotations

from typing import NamedTuple

from temporalio.api.enums.v1 import EventType
from temporalio.client import WorkflowHistory

from activities.converter import CompactPayloadConverter
from schemas.petition.relay import PetitionMessage
from schemas.petition.state import Petition
from workflows.contract import PetitionStart

_CLOSING = frozenset(
    {
        EventType.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED,
        EventType.EVENT_TYPE_WORKFLOW_EXECUTION_FAILED,
        EventType.EVENT_TYPE_WORKFLOW_EXECUTION_TIMED_OUT,
        EventType.EVENT_TYPE_WORKFLOW_EXECUTION_CANCELED,
        EventType.EVENT_TYPE_WORKFLOW_EXECUTION_TERMINATED,
        EventType.EVENT_TYPE_WORKFLOW_EXECUTION_CONTINUED_AS_NEW,
    }
)


class Sent(NamedTuple):
    """A message to another case, and the number of the event that holds it."""

    number: int
    message: PetitionMessage


class Said(NamedTuple):
    """``state``: what the run began from. ``refused``: orders let in and then refused: update id → (event, the refusal's code)."""

    run_id: str
    state: Petition | None
    relays: tuple[Sent, ...]
    refused: dict[str, tuple[int, str]]
    closed: bool


def said(history: WorkflowHistory) -> Said:
    """Reads a history whose payloads are in clear."""
    converter = CompactPayloadConverter()
    events = history.events
    started = events[0].workflow_execution_started_event_attributes
    start = converter.from_payload(started.input.payloads[0], PetitionStart)
    relays: list[Sent] = []
    refused: dict[str, tuple[int, str]] = {}
    for event in events:
        if event.event_type == EventType.EVENT_TYPE_SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_INITIATED:
            payload = event.signal_external_workflow_execution_initiated_event_attributes.input.payloads[0]
            relays.append(Sent(event.event_id, converter.from_payload(payload, PetitionMessage)))
        elif event.event_type == EventType.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_COMPLETED:
            outcome = event.workflow_execution_update_completed_event_attributes
            if outcome.outcome.HasField("failure"):
                code = outcome.outcome.failure.application_failure_info.type
                refused[outcome.meta.update_id] = (event.event_id, code)
    return Said(
        started.original_execution_run_id, start.state, tuple(relays), refused, events[-1].event_type in _CLOSING
    )
