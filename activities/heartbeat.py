"""Signs of life of a long activity, by which the engine knows soon that its worker died."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Final

from temporalio import activity

BEAT: Final = 5.0
"""Seconds between signs of life."""


@asynccontextmanager
async def beating() -> AsyncGenerator[None]:
    """Gives signs of life for as long as it is open."""
    task = asyncio.create_task(_beat())
    try:
        yield
    finally:
        task.cancel()


async def _beat() -> None:
    while True:
        activity.heartbeat()
        await asyncio.sleep(BEAT)
