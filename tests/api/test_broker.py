"""Events over a broker: a real NATS server; of Kafka the boundary of its messages, for there is no server of it at hand."""

from __future__ import annotations

import asyncio
import contextlib
import json
import shutil
import socket
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio

from activities.parked import Letter, Parked
from activities.record.intake import given_numbers
from gateway.cli.intake.broker import consumer_of
from gateway.intake import kafka_topic, nats_stream
from gateway.intake.consuming import Settled
from schemas.kernel.errors import UserError
from tests.api.conftest import Api
from tests.api.test_events import event

pytestmark = pytest.mark.asyncio(loop_scope="session")

SERVER = shutil.which("nats-server") or shutil.which("nats-server", path="/usr/sbin")


@pytest_asyncio.fixture(loop_scope="session")
async def nats_url(tmp_path: Path) -> AsyncIterator[str]:
    """A NATS server with JetStream, of this test's own."""
    if SERVER is None:
        pytest.skip("nats-server is not installed (Debian package nats-server)")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = await asyncio.create_subprocess_exec(
        *(SERVER, "-a", "127.0.0.1", "-p", str(port), "-js", "-sd", str(tmp_path)),
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stderr is not None
    async with asyncio.timeout(20):
        async for line in process.stderr:
            if b"Server is ready" in line:
                break
    quiet = asyncio.create_task(process.stderr.read())
    yield f"nats://127.0.0.1:{port}"
    process.terminate()
    await process.wait()
    await quiet


def parked_of(api: Api) -> Parked:
    return Parked(api.door.system.database, api.door.system.keyring)


async def filed_of(api: Api, one: Mapping[str, Any]) -> list[str]:
    given = await given_numbers(api.door.system.database, f"events:{one['source']}", [one["id"]])
    return [number for number, _ in given.values()]


async def test_what_a_broker_delivers_is_one_case_each_and_poison_is_parked(api: Api, nats_url: str) -> None:
    import nats

    good, twice, poor = event(), event(), event(data={"text": "x", "channel": "没有这个渠道"})
    binary = event()
    client = await nats.connect(nats_url)
    jetstream = client.jetstream()
    await jetstream.add_stream(name="PETITIONS", subjects=["petitions.filed"])
    for one in (good, twice, twice, poor):
        await jetstream.publish("petitions.filed", json.dumps(one).encode())
    await jetstream.publish("petitions.filed", b"\xff not an event")
    headers = {f"ce-{name}": str(value) for name, value in binary.items() if name != "data"}
    await jetstream.publish("petitions.filed", json.dumps(binary["data"]).encode(), headers=headers)
    stop = asyncio.Event()
    working = [
        asyncio.create_task(
            nats_stream.consume(nats_url, "PETITIONS", "petitions.filed", consumer_of(api.door, "nats:PETITIONS"), stop)
        )
        for _ in range(2)
    ]
    async with asyncio.timeout(30):
        while True:
            left = await jetstream.consumer_info("PETITIONS", nats_stream.DURABLE) if await _there(jetstream) else None
            if left is not None and left.num_pending == 0 and left.num_ack_pending == 0:
                break
            await asyncio.sleep(0.05)
    stop.set()
    await asyncio.gather(*working)
    await client.close()
    numbers = [await filed_of(api, one) for one in (good, twice, binary)]
    assert [len(each) for each in numbers] == [1, 1, 1]
    for (number,) in numbers:
        assert await api.door.system.record.state(number) is not None
    parked = parked_of(api)
    waiting = [line for line in await parked.waiting() if line.source == "nats:PETITIONS"]
    assert sorted(line.reason.partition(":")[0] for line in waiting) == ["channel_unknown", "event_unreadable"]
    # Driven in, it is refused still, and stays; dropped, it is gone.
    for line in waiting:
        with pytest.raises(UserError):
            await consumer_of(api.door, "parked").drive(line.id)
        await parked.drop(line.id, "a test")
        with pytest.raises(UserError, match="parked_unknown"):
            await parked.letter(line.id)


async def _there(jetstream: Any) -> bool:
    from nats.js.errors import NotFoundError

    with contextlib.suppress(NotFoundError):
        await jetstream.consumer_info("PETITIONS", nats_stream.DURABLE)
        return True
    return False


async def test_a_parked_message_becomes_its_case_when_the_reason_is_gone(api: Api) -> None:
    one = event()
    letter = Letter(content_type="application/cloudevents+json", attributes={}, body=json.dumps(one).encode())
    parked = parked_of(api)
    await parked.park(letter, source="test", reason="channel_unknown")
    await parked.park(letter, source="test", reason="unit_unknown")
    (line,) = [line for line in await parked.waiting() if line.id == letter.id]
    assert line.reason == "unit_unknown"
    assert await parked.letter(line.id) == letter
    (arrival,) = await consumer_of(api.door, "parked").drive(line.id)
    assert arrival.outcome == "filed"
    assert [each.driven_at is not None for each in await parked.waiting(all_of_them=True) if each.id == line.id] == [
        True
    ]
    with pytest.raises(UserError, match="parked_unknown"):
        await consumer_of(api.door, "parked").drive(line.id)


@dataclass
class One:
    offset: int
    value: bytes | None
    headers: Sequence[tuple[str, bytes]] = ()


@dataclass
class Topic:
    """As the client library's consumer, from a list."""

    records: list[One]
    committed: list[int] = field(default_factory=list[int])
    position: int = 0

    async def getmany(self, *, timeout_ms: int, max_records: int) -> Mapping[Any, Sequence[One]]:
        return {"petitions-0": self.records[self.position :]}

    async def commit(self, offsets: Mapping[Any, int]) -> None:
        self.committed += offsets.values()
        self.position = self.committed[-1]

    def seek(self, partition: Any, offset: int) -> None:
        self.position = offset


async def test_offsets_of_kafka_move_past_what_is_settled_and_no_further(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = event(), event()
    attributes = [(f"ce_{name}", str(value).encode()) for name, value in other.items() if name != "data"]
    topic = Topic(
        [
            One(0, json.dumps(one).encode()),
            One(1, None),
            One(2, json.dumps(other["data"]).encode(), [*attributes, ("content-type", b"application/json")]),
        ]
    )
    consumer = consumer_of(api.door, f"kafka:{uuid4().hex}")
    settle = consumer.settle
    away = [Settled.AGAIN]

    async def troubled(letter: Letter) -> Settled:
        return away.pop() if letter.attributes and away else await settle(letter)

    monkeypatch.setattr(consumer, "settle", troubled)
    monkeypatch.setattr(kafka_topic, "AGAIN_SECONDS", 0)
    await kafka_topic.take(topic, consumer)
    assert (topic.committed, topic.position) == ([1, 2], 2)
    await kafka_topic.take(topic, consumer)
    assert topic.committed == [1, 2, 3]
    assert [len(await filed_of(api, each)) for each in (one, other)] == [1, 1]
