"""How often somebody may knock. Counted in this process: the gateway is one, and what it forgets at a restart does no harm."""

from __future__ import annotations

import math
import time
from typing import Final

from limits import RateLimitItem, RateLimitItemPerHour, RateLimitItemPerMinute, RateLimitItemPerSecond
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import MovingWindowRateLimiter

from schemas.errors import UserError

TRACKING: Final = RateLimitItemPerMinute(20)
"""Look-ups by the public per address: tracking codes must not be found by trying."""
SUBMITTING: Final = RateLimitItemPerMinute(5)
"""Petitions from the public per address."""
RATING: Final = RateLimitItemPerHour(12)
"""Answers of a petitioner per case: whoever changes their mind may, and nobody fills a record."""
TOKEN: Final = RateLimitItemPerSecond(200)
"""Calls per token."""


class Limits:
    """The limits of one gateway. Each ``UserError`` is ``too_many`` and says after how many seconds to come again."""

    def __init__(self) -> None:
        self._window = MovingWindowRateLimiter(MemoryStorage())

    async def tracking(self, address: str) -> None:
        """A look-up by tracking code."""
        await self._hit(TRACKING, "tracking", address)

    async def submitting(self, address: str) -> None:
        """A petition from the public."""
        await self._hit(SUBMITTING, "submitting", address)

    async def rating(self, number: str) -> None:
        """A petitioner's own answer about that case."""
        await self._hit(RATING, "rating", number)

    async def token(self, token: str) -> None:
        """A call with a token."""
        await self._hit(TOKEN, "token", token)

    async def _hit(self, item: RateLimitItem, *named: str) -> None:
        if await self._window.hit(item, *named):
            return
        stats = await self._window.get_window_stats(item, *named)
        wait = max(1, math.ceil(stats.reset_time - time.time()))
        raise UserError(
            "too_many",
            zh=f"请求过于频繁，请在 {wait} 秒后再试。",
            en=f"Too many requests; try again in {wait} seconds.",
            retry_after=wait,
        )
