"""The processes that read. One that does not come to an end in its time is killed and replaced; who waited for it is told."""

from __future__ import annotations

import asyncio
import multiprocessing
from collections.abc import Callable
from concurrent.futures import CancelledError, Future
from concurrent.futures.process import BrokenProcessPool
from typing import Any, Final, ParamSpec, TypeVar, cast

import structlog
from pebble import ProcessExpired, ProcessPool

from gateway.reading import tasks
from schemas.organisation import Organisation
from schemas.proposals.taxonomy import Taxonomy

P = ParamSpec("P")
T = TypeVar("T")

SECONDS: Final = 5.0
"""How long one text may be read; the worst of the greatest length takes half of one."""

WAITING_SECONDS: Final = 30.0
"""How long somebody waits for a reading in all, with those before it; processes may have to be started first."""

WAITING: Final = 64
"""Texts that may wait; what comes then is not read."""

PROCESSES: Final = 2

log = structlog.get_logger(__name__)


class UnreadError(Exception):
    """A text that was not read in its time."""


class ReadingPool:
    """Starts its processes when the first text comes, and new ones after they have died; each takes a new organisation over with its next text."""

    def __init__(
        self, *, processes: int = PROCESSES, seconds: float = SECONDS, waiting: float = WAITING_SECONDS
    ) -> None:
        self._processes = processes
        self._seconds = seconds
        self._waiting = waiting
        self._pool: ProcessPool | None = None
        self._documents: tuple[int, str, str] | None = None
        self._under_way = 0

    async def read(
        self,
        organisation: Organisation,
        taxonomy: Taxonomy,
        task: Callable[P, T],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """What the task, a function of :mod:`gateway.reading.tasks`, finds. :class:`UnreadError`, and the task's own errors."""
        if self._under_way >= WAITING:
            raise UnreadError
        self._under_way += 1
        try:
            given = (*self._known(organisation, taxonomy), task, *args)
            future = self._begun().schedule(cast("Any", tasks.by), args=given, kwargs=kwargs, timeout=self._seconds)
            # Never cancelled with who asked: that would end a process, for everybody.
            return await asyncio.wait_for(asyncio.shield(asyncio.wrap_future(cast("Future[T]", future))), self._waiting)
        except (
            TimeoutError,
            ProcessExpired,
            BrokenProcessPool,
            CancelledError,
            MemoryError,
            tasks.NoReadersError,
        ) as wrong:
            log.warning("text_unread", part=task.__name__, error=type(wrong).__name__)
            if isinstance(wrong, BrokenProcessPool):
                self.stop()
            raise UnreadError from wrong
        finally:
            self._under_way -= 1

    def _known(self, organisation: Organisation, taxonomy: Taxonomy) -> tuple[int, str, str]:
        if self._documents is None or self._documents[0] != organisation.version:
            self._documents = organisation.version, organisation.model_dump_json(), taxonomy.model_dump_json()
        return self._documents

    def _begun(self) -> ProcessPool:
        if self._pool is not None and not self._pool.active:
            self.stop()
        if self._pool is None:
            self._pool = ProcessPool(
                max_workers=self._processes, initializer=tasks.begin, context=multiprocessing.get_context("spawn")
            )
        return self._pool

    def stop(self) -> None:
        """Ends the processes once what they have begun is read."""
        if self._pool is not None:
            pool, self._pool = self._pool, None
            pool.close()
            asyncio.get_running_loop().run_in_executor(None, pool.join)

    async def close(self) -> None:
        """Ends the processes at once."""
        if self._pool is not None:
            pool, self._pool = self._pool, None
            pool.stop()
            await asyncio.to_thread(pool.join)
