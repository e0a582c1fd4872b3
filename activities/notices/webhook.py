"""Notices as signed HTTP requests by the Standard Webhooks convention (https://www.standardwebhooks.com).

``webhook-id`` is the notice's id at every attempt, so that a receiver can drop what it has already.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from typing import Final

import httpx
from standardwebhooks import Webhook

from activities.notices.transports import DELIVERED, Delivery, OutgoingNotification, failed, transport_name
from activities.record.case_record import Clock, utc_now

AT_ONCE: Final = 8
"""Requests to one receiver at the same time."""

TIMEOUT: Final = 10.0
"""Seconds for one request."""

GONE: Final = 410

BUDGET: Final = 40.0
"""Seconds after which no further request of a batch begins."""


class WebhookTransport:
    """One receiver. The client is the caller's, who also closes it."""

    def __init__(self, client: httpx.AsyncClient, url: str, secret: str, *, clock: Clock = utc_now) -> None:
        self._client = client
        self._url = url
        self._webhook = Webhook(secret)
        self._clock = clock

    @property
    def name(self) -> str:
        """``webhook:`` and a digest of the address."""
        return transport_name("webhook", self._url)

    async def deliver(self, batch: Sequence[OutgoingNotification]) -> Mapping[str, Delivery]:
        """2xx is delivered; 410 is final (the receiver wants no more of this); anything else comes again."""
        loop = asyncio.get_running_loop()
        until = loop.time() + BUDGET
        answers: dict[str, Delivery] = {}
        away = ""
        for group in (batch[first : first + AT_ONCE] for first in range(0, len(batch), AT_ONCE)):
            if not away and loop.time() > until:
                away = "slow"
            if away:
                # A receiver that is away is not asked once for each notice that waits for it.
                answers |= {parcel.id: failed(away) for parcel in group}
                continue
            for parcel, answer in zip(group, await asyncio.gather(*map(self._send, group)), strict=True):
                if isinstance(answer, httpx.TransportError):
                    away = type(answer).__name__
                    answers[parcel.id] = failed(away)
                else:
                    answers[parcel.id] = answer
        return answers

    async def _send(self, parcel: OutgoingNotification) -> Delivery | httpx.TransportError:
        body = json.dumps(content(parcel), ensure_ascii=False, separators=(",", ":"))
        now = self._clock()
        headers = {
            "content-type": "application/json; charset=utf-8",
            "webhook-id": parcel.id,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": self._webhook.sign(parcel.id, now, body),
        }
        try:
            response = await self._client.post(self._url, content=body.encode(), headers=headers, timeout=TIMEOUT)
        except httpx.TransportError as error:
            return error
        if response.is_success:
            return DELIVERED
        gone = response.status_code == GONE
        return failed(f"http_{response.status_code}", final=gone)


def content(parcel: OutgoingNotification) -> dict[str, object]:
    """The body a receiver gets."""
    return {
        "type": f"notice.{parcel.kind}",
        "timestamp": parcel.created_at.isoformat(),
        "data": parcel.model_dump(mode="json", exclude={"created_at"}),
    }
