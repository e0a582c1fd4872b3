"""What an idle open case costs a worker: kept in its cache, and evicted."""

from __future__ import annotations

import asyncio

import psutil

from activities.record.case_record import ENDS_KEPT
from tests.bench.installation import OURS, Installation, desk, worker
from tests.bench.path import OPERATOR, message

AT_ONCE = 20
BEFORE = 3 * ENDS_KEPT
"""Cases filed first, so that what grows once (pools, arenas, the ends of chains a record holds, strings pydantic knows again) has grown."""
FEW = 50
"""The cache of a worker whose idle cases are evicted. Not 0: without any cache the SDK gives a task back while its local activity runs."""


async def kilobytes_per_case(place: Installation, cases: int, *, cached: bool) -> dict[str, float]:
    """Growth of the worker's resident memory by open case, in kB."""
    size = str(cases * 2 + BEFORE) if cached else str(FEW)
    with worker(place, OURS, SANZHANG_MAX_CACHED_WORKFLOWS=size) as process:
        async with desk(place) as (people, _):
            turn = asyncio.Semaphore(AT_ONCE)

            async def file() -> None:
                async with turn:
                    await people.file(OPERATOR, message())

            await asyncio.gather(*(file() for _ in range(BEFORE)))
            before = await _settled(process)
            await asyncio.gather(*(file() for _ in range(cases)))
            after = await _settled(process)
    return {
        "cases": cases,
        "rss_before_mb": round(before / 1e6, 1),
        "rss_after_mb": round(after / 1e6, 1),
        "kb_per_case": round((after - before) / cases / 1000, 1),
    }


async def _settled(process: psutil.Process) -> int:
    await asyncio.sleep(2)
    return process.memory_info().rss
