"""The API as a whole."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import structlog
from fastapi import APIRouter, FastAPI

from activities.board.keeping import BoardSums
from gateway.api import audit, board, events, inbox, reference, stream
from gateway.api.answers import ALWAYS, problems
from gateway.api.cases import acting, files, filing, listing, reading
from gateway.api.cases.in_flight import InFlight
from gateway.api.describing import describe
from gateway.doors import Door
from gateway.pulse import Pulse
from gateway.retry import READ_RETRY_SECONDS, retry_transient
from schemas.kernel.errors import UserError
from schemas.kernel.worktime import Calendar

__all__ = ["UnderWay", "api_router", "background", "describe"]

GROUPS = (
    ("petitions", (filing, listing, reading, acting, files)),
    ("work", (inbox, board, stream)),
    ("reference", (reference,)),
    ("audit", (audit,)),
    ("upstream", (events,)),
)


TIDY_EVERY = 3600.0
"""Seconds between two looks for what need not be remembered any more."""


def api_router() -> APIRouter:
    """Everything under ``/api/v1``."""
    api = APIRouter(prefix="/api/v1")
    always = problems(*ALWAYS)
    for tag, modules in GROUPS:
        for module in modules:
            for route in module.router.routes:
                told: dict[Any, Any] = getattr(route, "responses", {})
                for status, answer in always.items():
                    told.setdefault(status, answer)
            api.include_router(module.router, tags=[tag])
    return api


class UnderWay:
    """Work that goes on after its answer; ended with the process, and begun again by asking again."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()
        self._log = structlog.get_logger()

    def start(self, work: Coroutine[Any, Any, Any]) -> None:
        """Begins it."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._log.error("background_work_failed", exc_info=error)

    async def close(self) -> None:
        """Ends what is left."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


async def _codes_kept_tidy(door: Door) -> None:
    """What is remembered of tracking codes for a day is forgotten by whoever serves; a database that is away is for the next time."""
    while True:
        await asyncio.sleep(TIDY_EVERY)
        with contextlib.suppress(UserError):
            await retry_transient(door.codes.tidy, READ_RETRY_SECONDS)


@asynccontextmanager
async def background(app: FastAPI, door: Door) -> AsyncGenerator[None]:
    """What the API keeps beside its requests, while the application serves."""
    pulse = Pulse(door.system.database, standing=getattr(app.state.access, "standing", None))
    under_way = UnderWay()
    under_way.start(_codes_kept_tidy(door))
    app.state.pulse, app.state.under_way, app.state.stopping = pulse, under_way, asyncio.Event()

    async def calendar() -> Calendar:
        return (await door.rules()).calendar

    app.state.in_flight = InFlight(door.system.database)
    app.state.board_sums = BoardSums(door.system.database, calendar)
    try:
        yield
    finally:
        app.state.stopping.set()
        await pulse.close()
        await door.trail.close()
        await under_way.close()
