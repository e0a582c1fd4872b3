"""Events from NATS JetStream: a durable pull consumer, so that several processes share the work and none of it is lost when one ends.

CloudEvents over NATS: https://github.com/cloudevents/spec, NATS protocol binding; attributes are headers that begin with ``ce-``.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from activities.parked import Letter
from gateway.intake.consuming import Consumer, Settled
from schemas.kernel.errors import UserError

if TYPE_CHECKING:
    from nats.aio.msg import Msg

DURABLE = "sanzhang"
"""The consumer all our processes share."""

AT_ONCE = 16
FETCH_SECONDS = 1.0
ACK_SECONDS = 120.0
"""After so long without an answer the broker gives a message to somebody else: longer than an order waits for a part that is away."""
AGAIN_SECONDS = 5.0
"""Until a message that could not be filed for the moment comes again."""


async def consume(
    url: str, stream: str, subject: str, consumer: Consumer, stop: asyncio.Event, *, name: str = DURABLE
) -> None:
    """Takes messages until ``stop`` is set; what is under way then is finished. Makes stream and consumer where they are not there.

    ``UserError``: ``broker_missing`` where the extra is not installed, ``broker_unavailable`` where the server does not answer at the start.
    """
    try:
        import nats  # noqa: PLC0415
        from nats.errors import Error  # noqa: PLC0415
        from nats.js.api import AckPolicy, ConsumerConfig, StreamConfig  # noqa: PLC0415
        from nats.js.errors import NotFoundError  # noqa: PLC0415
    except ImportError:
        raise missing("nats-py") from None
    try:
        client = await nats.connect(url, allow_reconnect=True, max_reconnect_attempts=-1, connect_timeout=5)
    except (Error, OSError) as error:
        raise unavailable("NATS") from error
    try:
        jetstream = client.jetstream()
        try:
            await jetstream.stream_info(stream)
        except NotFoundError:
            await jetstream.add_stream(StreamConfig(name=stream, subjects=[subject]))
        config = ConsumerConfig(
            durable_name=name, ack_policy=AckPolicy.EXPLICIT, ack_wait=ACK_SECONDS, max_ack_pending=AT_ONCE * 4
        )
        pull = await jetstream.pull_subscribe(subject, durable=name, stream=stream, config=config)
        while not stop.is_set():
            with contextlib.suppress(TimeoutError):
                messages = await pull.fetch(AT_ONCE, timeout=FETCH_SECONDS)
                await asyncio.gather(*(_settle(message, consumer) for message in messages))
    finally:
        # What has been acknowledged must reach the server.
        with contextlib.suppress(Error, TimeoutError):
            await client.flush(5)
        await client.close()


async def _settle(message: Msg, consumer: Consumer) -> None:
    if await consumer.settle(letter_of(message.headers, message.data)) is Settled.DONE:
        await message.ack()
    else:
        await message.nak(delay=AGAIN_SECONDS)


def letter_of(headers: Mapping[str, Any] | None, data: bytes) -> Letter:
    """A message of NATS."""
    named = {name.lower(): str(value) for name, value in (headers or {}).items()}
    attributes = {name.removeprefix("ce-"): value for name, value in named.items() if name.startswith("ce-")}
    # Without any header the body is a whole event.
    default = "" if attributes else "application/cloudevents+json"
    return Letter(content_type=named.get("content-type", default), attributes=attributes, body=data)


def missing(package: str) -> UserError:
    """The optional part is not installed."""
    return UserError(
        "broker_missing",
        zh=f"缺少 {package}：请安装可选组件（pip install 'sanzhang[broker]'）。",
        en=f"{package} is not installed: install the extra (pip install 'sanzhang[broker]').",
        package=package,
    )


def unavailable(broker: str) -> UserError:
    """The broker does not answer."""
    return UserError(
        "broker_unavailable",
        zh=f"无法连接 {broker}，请检查地址与服务状态。",
        en=f"{broker} does not answer; check its address and that it runs.",
        broker=broker,
    )
