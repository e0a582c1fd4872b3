"""How often somebody may knock. Counted in this process: the gateway is one, and what it forgets at a restart does no harm."""

from __future__ import annotations

import math
import time
from hashlib import sha256
from typing import Final

from fastapi import Request
from limits import (
    RateLimitItem,
    RateLimitItemPerDay,
    RateLimitItemPerHour,
    RateLimitItemPerMinute,
    RateLimitItemPerSecond,
)
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import MovingWindowRateLimiter

from schemas.access import place_of
from schemas.kernel.errors import UserError
from schemas.sealing.tracking import folded

TRACKING: Final = RateLimitItemPerMinute(20)
"""Look-ups by the public per place: tracking codes must not be found by trying."""
TRACKING_ALL: Final = RateLimitItemPerMinute(600)
"""The same of the whole installation, but for places that have shown both things for that code before."""
WRONG: Final = RateLimitItemPerHour(10)
"""Wrong answers per code, from wherever. After these, whoever has not been right before has one try a day from each place: nobody is locked out."""
FIRST: Final = RateLimitItemPerDay(1)
SUBMITTING: Final = RateLimitItemPerMinute(5)
"""Petitions from the public per place."""
SUBMITTING_ALL: Final = RateLimitItemPerMinute(300)
"""The same of the whole installation."""
UNSIGNED: Final = RateLimitItemPerMinute(60)
"""Events with a wrong signature per place."""
KNOWN: Final = 10_000
"""Places remembered with the code they have opened."""
RATING: Final = RateLimitItemPerHour(12)
"""Answers of a petitioner per case: whoever changes their mind may, and nobody fills a record."""
TOKEN: Final = RateLimitItemPerSecond(200)
"""Calls per token."""


class Limits:
    """The limits of one gateway. Each ``UserError`` is ``too_many`` and says after how many seconds to come again."""

    def __init__(self) -> None:
        self._window = MovingWindowRateLimiter(MemoryStorage())
        self._right: dict[tuple[str, str], None] = {}

    async def tracking(self, address: str, code: str) -> None:
        """A look-up by tracking code, before it is made."""
        place, code = place_of(address), _hashed(code)
        await self._hit(TRACKING, "tracking", place)
        if (code, place) in self._right:
            return
        await self._hit(TRACKING_ALL, "tracking")
        if not await self._window.test(WRONG, "wrong", code) and not await self._window.hit(FIRST, code, place):
            raise await self._too_many(WRONG, "wrong", code)

    async def tracked(self, address: str, code: str, *, right: bool) -> None:
        """What came of it."""
        place, code = place_of(address), _hashed(code)
        if not right:
            await self._window.hit(WRONG, "wrong", code)
            return
        self._right[code, place] = None
        if len(self._right) > KNOWN:
            del self._right[next(iter(self._right))]

    async def submitting(self, address: str) -> None:
        """A petition from the public."""
        await self._hit(SUBMITTING, "submitting", place_of(address))
        await self._hit(SUBMITTING_ALL, "submitting")

    async def may_sign(self, address: str) -> None:
        """An event, before its signature is looked at."""
        if not await self._window.test(UNSIGNED, "unsigned", place_of(address)):
            raise await self._too_many(UNSIGNED, "unsigned", place_of(address))

    async def unsigned(self, address: str) -> None:
        """An event with a wrong signature."""
        await self._window.hit(UNSIGNED, "unsigned", place_of(address))

    async def rating(self, number: str) -> None:
        """A petitioner's own answer about that case."""
        await self._hit(RATING, "rating", number)

    async def token(self, token: str) -> None:
        """A call with a token."""
        await self._hit(TOKEN, "token", token)

    async def _hit(self, item: RateLimitItem, *named: str) -> None:
        if not await self._window.hit(item, *named):
            raise await self._too_many(item, *named)

    async def _too_many(self, item: RateLimitItem, *named: str) -> UserError:
        stats = await self._window.get_window_stats(item, *named)
        wait = max(1, math.ceil(stats.reset_time - time.time()))
        return UserError(
            "too_many",
            zh=f"请求过于频繁，请在 {wait} 秒后再试。",
            en=f"Too many requests; try again in {wait} seconds.",
            retry_after=wait,
        )


def _hashed(code: str) -> str:
    """Codes are nowhere kept in clear, and one typed with blanks is the same."""
    return sha256(folded(code).encode("utf-8", "replace")).hexdigest()


def limits_of(request: Request) -> Limits:
    """Those of this gateway; of their own where it was opened without sign-in."""
    limits: Limits | None = getattr(request.app.state.access, "limits", None) or getattr(
        request.app.state, "limits", None
    )
    if limits is None:
        limits = request.app.state.limits = Limits()
    return limits
