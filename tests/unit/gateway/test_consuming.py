"""A message of a broker is settled or comes again; nothing that passes ends the consumer or loses a message."""

from __future__ import annotations

from typing import Any, cast

import pytest

from activities.parked import Letter
from gateway.intake import consuming
from gateway.intake.consuming import Consumer, Settled


class _Away:
    """Parked messages behind a database that is being restarted."""

    async def park(self, letter: Letter, **_: Any) -> None:
        raise ConnectionRefusedError


@pytest.mark.asyncio
async def test_what_can_not_even_be_parked_for_the_moment_comes_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(consuming, "READ_RETRY_SECONDS", 0.05)
    consumer = Consumer(cast("Any", None), cast("Any", _Away()), source="nats")
    assert await consumer.settle(Letter(attributes={}, body=b"no event")) is Settled.AGAIN
