"""What a case leaves in the engine: events, and bytes before the codec."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from google.protobuf.message import Message
from temporalio.api.common.v1 import Payload
from temporalio.client import Client
from temporalio.converter import PayloadCodec


async def history_size(client: Client, workflow_id: str, codec: PayloadCodec | None) -> dict[str, int]:
    """Events and bytes of a history; with ``codec`` as if its payloads had never been sealed."""
    history = await client.get_workflow_handle(workflow_id).fetch_history()
    if codec is not None:
        for event in history.events:
            for payload in list(_payloads(event)):
                (opened,) = await codec.decode([payload])
                payload.CopyFrom(opened)
    return {"events": len(history.events), "bytes": sum(event.ByteSize() for event in history.events)}


def _payloads(message: Message) -> Iterable[Payload]:
    if isinstance(message, Payload):
        yield message
        return
    for field, value in message.ListFields():
        if field.message_type is None:
            continue
        entries: Any = value
        if field.message_type.GetOptions().map_entry:
            entries = list(value.values()) if field.message_type.fields_by_name["value"].message_type else []
        elif isinstance(value, Message):
            entries = [value]
        for entry in entries:
            yield from _payloads(entry)
