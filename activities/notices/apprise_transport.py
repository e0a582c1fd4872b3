"""Notices through Apprise: WeCom, DingTalk, Feishu, mail, SMS and some hundred more, by an address each.

Such channels can't recognise a repetition, and limit how many messages they take in a minute: notices of a batch travel together, and each
ends with its id, so that people can tell a repeated one from a new one.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from typing import Final

from apprise import Apprise

from activities.notices.transports import DELIVERED, Delivery, OutgoingNotification, failed, transport_name
from schemas.kernel.errors import UserError
from schemas.petition.wording.terms import chinese

TITLE: Final = "三本账通知"

TOGETHER: Final = 20
"""Notices in one message: well below the 4 kB that the narrowest of the channels takes."""

BUDGET: Final = 40.0
"""Seconds after which no further message of a batch begins."""


class AppriseTransport:
    """One address. ``UserError`` ``notice_address_unknown`` if Apprise has no service for it; the address itself, which holds tokens, is not told."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._service = Apprise()
        if not self._service.add(url):
            raise UserError(
                "notice_address_unknown",
                zh="SANZHANG_NOTICE_APPRISE_URLS 中有一个地址 Apprise 无法识别，"
                f"其开头为“{url.partition(':')[0]}:”；请对照 Apprise 文档改正。",
                en="Apprise knows no service for one of the addresses in SANZHANG_NOTICE_APPRISE_URLS, which begins "
                f"with “{url.partition(':')[0]}:”; correct it by Apprise's documentation.",
            )

    @property
    def name(self) -> str:
        """``apprise:`` and a digest of the address."""
        return transport_name("apprise", self._url)

    async def deliver(self, batch: Sequence[OutgoingNotification]) -> Mapping[str, Delivery]:
        """Apprise blocks, so it works in a thread; what it refuses comes again."""
        return await asyncio.to_thread(self._deliver, batch)

    def _deliver(self, batch: Sequence[OutgoingNotification]) -> Mapping[str, Delivery]:
        until = time.monotonic() + BUDGET
        answers: dict[str, Delivery] = {}
        sent = True
        for first in range(0, len(batch), TOGETHER):
            group = batch[first : first + TOGETHER]
            # After a failure the rest waits too: the channel is away, or full for this minute.
            sent = sent and time.monotonic() < until and bool(self._service.notify(body=text(group), title=TITLE))
            answers |= {parcel.id: DELIVERED if sent else failed("not_sent") for parcel in group}
        return answers


def text(group: Sequence[OutgoingNotification]) -> str:
    """One line for each notice."""
    return "\n".join(
        f"{parcel.unit_name}（{chinese(parcel.role)}）：{parcel.zh}〔通知号 {parcel.id}〕" for parcel in group
    )
