"""Events from Kafka: one consumer group, offsets committed only for what is settled.

CloudEvents over Kafka: https://github.com/cloudevents/spec, Kafka protocol binding; attributes are headers that begin with ``ce_``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from importlib import import_module
from typing import Any, Protocol

from activities.parked import Letter
from gateway.intake.consuming import Consumer, Settled
from gateway.intake.nats_stream import missing, unavailable

GROUP = "sanzhang"
AT_ONCE = 64
POLL_MS = 1_000
AGAIN_SECONDS = 5.0


class Record(Protocol):
    """What is read of a record of the client library."""

    offset: int
    headers: Sequence[tuple[str, bytes]]
    value: bytes | None


class Topic(Protocol):
    """What is asked of the client library's consumer."""

    async def getmany(self, *, timeout_ms: int, max_records: int) -> Mapping[Any, Sequence[Record]]: ...
    async def commit(self, offsets: Mapping[Any, int]) -> None: ...
    def seek(self, partition: Any, offset: int) -> None: ...


async def consume(servers: str, topic: str, consumer: Consumer, stop: asyncio.Event) -> None:
    """Takes records until ``stop`` is set. ``UserError``: ``broker_missing``, ``broker_unavailable``."""
    try:
        library: Any = import_module("aiokafka")
        errors: Any = import_module("aiokafka.errors")
    except ImportError:
        raise missing("aiokafka") from None
    client = library.AIOKafkaConsumer(
        topic,
        bootstrap_servers=servers,
        group_id=GROUP,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
    )
    try:
        await client.start()
    except errors.KafkaError as error:
        raise unavailable("Kafka") from error
    try:
        while not stop.is_set():
            await take(client, consumer)
    finally:
        await client.stop()


async def take(topic: Topic, consumer: Consumer) -> None:
    """Settles what there is now, partition by partition in order. A record that must come again is gone back to, with all behind it."""
    waited = False
    for partition, records in (await topic.getmany(timeout_ms=POLL_MS, max_records=AT_ONCE)).items():
        for record in records:
            if await consumer.settle(letter_of(record.headers, record.value)) is Settled.AGAIN:
                topic.seek(partition, record.offset)
                waited = True
                break
            await topic.commit({partition: record.offset + 1})
    if waited:
        await asyncio.sleep(AGAIN_SECONDS)


def letter_of(headers: Iterable[tuple[str, bytes]], value: bytes | None) -> Letter:
    """A record of Kafka; one without a value (a tombstone) is a message without an event."""
    named = {name.lower(): content.decode("utf-8", "replace") for name, content in headers}
    attributes = {name.removeprefix("ce_"): content for name, content in named.items() if name.startswith("ce_")}
    default = "" if attributes else "application/cloudevents+json"
    return Letter(content_type=named.get("content-type", default), attributes=attributes, body=value or b"")
