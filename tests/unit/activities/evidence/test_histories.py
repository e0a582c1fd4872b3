"""Opening a history: every payload in it, wherever the engine puts one, and nothing else."""

from __future__ import annotations

import base64
import json

import pytest
from google.protobuf.json_format import MessageToDict
from temporalio.api.common.v1 import Payload, Payloads
from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import WorkflowHistory

from activities.codec import ENCODING, SealingCodec
from activities.evidence.histories import EngineRun, as_kept, as_replayed, opened
from schemas.sealing.keys import KeyRing, SealBrokenError

CODEC = SealingCodec(KeyRing([("k1", bytes(32))]))
CLEAR = "机密内容"


async def sealed(text: str = CLEAR) -> Payload:
    clear = Payload(metadata={"encoding": b"json/plain"}, data=json.dumps(text).encode())
    return (await CODEC.encode([clear]))[0]


async def history() -> WorkflowHistory:
    """Payloads as input, in a map (memo, header, marker), in a failure and its cause, and one never sealed."""
    started, failed, marked = HistoryEvent(event_id=1), HistoryEvent(event_id=2), HistoryEvent(event_id=3)
    start = started.workflow_execution_started_event_attributes
    start.original_execution_run_id = "run"
    start.input.payloads.extend([await sealed(), await sealed()])
    start.memo.fields["note"].CopyFrom(await sealed())
    start.header.fields["by"].CopyFrom(await sealed())
    start.search_attributes.indexed_fields["CaseUnit"].CopyFrom(
        Payload(metadata={"encoding": b"json/plain", "type": b"Keyword"}, data=b'"XA"')
    )
    failure = failed.activity_task_failed_event_attributes.failure
    failure.message = "Encoded failure"
    failure.encoded_attributes.CopyFrom(await sealed())
    failure.cause.encoded_attributes.CopyFrom(await sealed())
    failure.cause.application_failure_info.details.payloads.append(await sealed())
    marked.marker_recorded_event_attributes.details["data"].CopyFrom(Payloads(payloads=[await sealed()]))
    return WorkflowHistory("case", [started, failed, marked])


async def test_every_payload_is_opened_and_the_rest_stays_as_it_is() -> None:
    closed = await history()
    before = [event.SerializeToString() for event in closed.events]
    clear = await opened(closed, CODEC)
    said = json.dumps([MessageToDict(event) for event in clear.events])
    assert base64.b64encode(ENCODING).decode() not in said
    assert said.count(base64.b64encode(json.dumps(CLEAR).encode()).decode()) == 8
    assert clear.events[0].workflow_execution_started_event_attributes.search_attributes.indexed_fields[
        "CaseUnit"
    ] == Payload(metadata={"encoding": b"json/plain", "type": b"Keyword"}, data=b'"XA"')
    assert clear.events[1].activity_task_failed_event_attributes.failure.message == "Encoded failure"
    assert [event.SerializeToString() for event in closed.events] == before

    kept = as_kept(EngineRun("run", None, clear, 0))  # type: ignore[arg-type]
    assert as_replayed(kept).events == clear.events


async def test_an_altered_payload_is_refused() -> None:
    closed = await history()
    payload = closed.events[0].workflow_execution_started_event_attributes.input.payloads[1]
    payload.data = payload.data[:-1] + bytes([payload.data[-1] ^ 1])
    with pytest.raises(SealBrokenError):
        await opened(closed, CODEC)
