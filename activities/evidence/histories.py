"""The engine's histories of a case, opened: as they can be kept, read and replayed without the keys of the running system."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from google.protobuf.json_format import ParseDict
from google.protobuf.message import Message
from temporalio.api.common.v1 import Payload
from temporalio.api.history.v1 import History, HistoryEvent
from temporalio.client import Client, WorkflowExecutionStatus, WorkflowHistory
from temporalio.converter import PayloadCodec
from temporalio.service import RPCError, RPCStatusCode

from activities.codec import SealingCodec
from activities.evidence.reachable import CALL_MAY_TAKE
from schemas.evidence.archive import EngineHistory, workflow_id
from schemas.sealing.keys import KeyRing, SealBrokenError


@dataclass(frozen=True)
class EngineRun:
    """One engine run of a case. ``start_seq``: the event of the record it started from, 0 for a new case."""

    run_id: str
    status: WorkflowExecutionStatus
    history: WorkflowHistory
    start_seq: int

    @property
    def continues(self) -> str:
        """The run it took over from by continue-as-new, or empty."""
        return self.history.events[0].workflow_execution_started_event_attributes.continued_execution_run_id


async def opened(history: WorkflowHistory, codec: PayloadCodec) -> WorkflowHistory:
    """The same history with every payload decoded; what was never encoded stays. Errors are the codec's."""
    events = [HistoryEvent.FromString(event.SerializeToString()) for event in history.events]
    payloads = [payload for event in events for payload in _payloads(event)]
    for payload, clear in zip(payloads, await codec.decode(payloads), strict=True):
        if clear is not payload:
            payload.CopyFrom(clear)
    return WorkflowHistory(history.workflow_id, events)


async def runs_of_case(client: Client, keyring: KeyRing | None, number: str) -> list[EngineRun]:
    """Every run the engine still has of a case, oldest first; without a ring as they are. Errors are the engine's and the codec's;
    ``SealBrokenError`` also for a run that begins as no case does.

    The engine's list of runs follows a moment behind; only the newest run is never missing.
    """
    found: dict[str, WorkflowExecutionStatus | None] = {}
    newest = client.get_workflow_handle(workflow_id(number))
    try:
        described = await newest.describe(rpc_timeout=CALL_MAY_TAKE)
        found[described.run_id] = described.status
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:
            raise
    query = f"WorkflowId = '{workflow_id(number)}'"
    async for execution in client.list_workflows(query, rpc_timeout=CALL_MAY_TAKE):
        found.setdefault(execution.run_id, execution.status)
    codec = None if keyring is None else SealingCodec(keyring)
    runs: list[EngineRun] = []
    for run_id, status in found.items():
        history = await _fetched(client, number, run_id)
        if history is None or status is None:
            continue
        clear = history if codec is None else await opened(history, codec)
        runs.append(EngineRun(run_id, status, clear, _start_seq(clear)))
    return sorted(runs, key=lambda run: run.history.events[0].event_time.ToNanoseconds())


async def of_case(client: Client, keyring: KeyRing | None, number: str) -> list[WorkflowHistory]:
    """The histories of `runs_of_case`."""
    return [run.history for run in await runs_of_case(client, keyring, number)]


def as_kept(run: EngineRun) -> EngineHistory:
    """A run as the archive keeps it."""
    return EngineHistory(workflow_id=run.history.workflow_id, run_id=run.run_id, history=run.history.to_json_dict())


def as_replayed(kept: EngineHistory) -> WorkflowHistory:
    """A history of the archive as the engine would give it, for the replayer."""
    # The SDK's own reading also mends the spellings of other tools, which costs as much again as this.
    return WorkflowHistory(kept.workflow_id, ParseDict(kept.history, History(), ignore_unknown_fields=True).events)


async def _fetched(client: Client, number: str, run_id: str) -> WorkflowHistory | None:
    """None where the engine lists a run whose history it has dropped."""
    try:
        handle = client.get_workflow_handle(workflow_id(number), run_id=run_id)
        return await handle.fetch_history(rpc_timeout=CALL_MAY_TAKE)
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:
            raise
    return None


def _start_seq(history: WorkflowHistory) -> int:
    payloads = history.events[0].workflow_execution_started_event_attributes.input.payloads
    try:
        start: Any = json.loads(payloads[0].data) if payloads else {}
        # Fields that equal their default are left out of payloads.
        state: Any = start.get("state") or {}
        return int(state.get("seq", 0))
    except (ValueError, TypeError, AttributeError) as error:
        # Started by another hand than ours: one such run must not hold up the sealing of all others.
        raise SealBrokenError(f"a run of {history.workflow_id} does not begin as a case does") from error


def _payloads(message: Message) -> Iterator[Payload]:
    """Every payload below a message, wherever it may stand."""
    if isinstance(message, Payload):
        yield message
        return
    for field, value in message.ListFields():
        if field.message_type is None:
            continue
        if field.message_type.GetOptions().map_entry:
            held: Iterable[Any] = value.values()
        else:
            held = value if field.is_repeated else (value,)
        for each in held:
            if isinstance(each, Message):
                yield from _payloads(each)
