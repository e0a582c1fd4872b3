"""How long a filing takes to be acknowledged, durable in engine and database, under an even stream of filings."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

from tests.bench.stolen import Stolen

WARM_UP = 20
"""Calls before the first that is timed: connections opened, statements prepared."""


async def open_loop(call: Callable[[], Awaitable[object]], *, per_second: float, calls: int) -> dict[str, float]:
    """Milliseconds by percentile, and the share of time stolen meanwhile. Each call is timed from the moment it was due, so that a slow one delays no other's clock."""
    for _ in range(WARM_UP):
        await call()
    stolen = Stolen()
    # Not the loop's own time, which stands still while the loop is busy.
    start = time.perf_counter() + 0.5

    async def timed(number: int) -> float:
        due = start + number / per_second
        await asyncio.sleep(due - time.perf_counter())
        await call()
        return (time.perf_counter() - due) * 1000

    taken = sorted(await asyncio.gather(*(timed(number) for number in range(calls))))
    return {"calls": calls, "per_second": per_second, "stolen": stolen.share} | {
        name: round(taken[min(len(taken) - 1, int(len(taken) * share))], 1)
        for name, share in (("p50", 0.50), ("p95", 0.95), ("p99", 0.99), ("max", 1.0))
    }
