"""The worker that delivers notices."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from temporalio.worker import Worker

from activities.notices.deliver import notice_activities
from workers.composition import System
from workers.drain import BUILD, DRAIN
from workflows.contract import NOTICES_QUEUE
from workflows.notices import NoticeDispatchWorkflow, start_dispatch


@asynccontextmanager
async def serving(system: System) -> AsyncGenerator[Worker]:
    """A serving worker of the notices queue, and the dispatch it works for."""
    async with notice_activities(system.settings, system.database) as activities:
        worker = Worker(
            system.client,
            task_queue=NOTICES_QUEUE,
            workflows=[NoticeDispatchWorkflow],
            activities=[activities.deliver_due],
            max_concurrent_activities=system.settings.max_concurrent_activities,
            graceful_shutdown_timeout=DRAIN,
            build_id=BUILD,
        )
        async with worker:
            await start_dispatch(system.client)
            yield worker
