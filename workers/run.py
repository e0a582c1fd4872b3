"""``python -m workers.run petitions|notices``: one worker process.

It says that it serves by creating ``SANZHANG_READY_FILE``, ends its work on SIGTERM, and exits with an error if a poller dies.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from importlib import metadata
from pathlib import Path

import structlog
import uvloop
from temporalio.worker import PollerBehaviorAutoscaling, Worker

from activities.logs import configure_logging
from activities.notices.deliver import notice_activities
from activities.record.commit import CommitActivities
from activities.settings import Settings
from schemas.errors import UserError
from workers.composition import System, open_system
from workflows.contract import NOTICES_QUEUE, PETITIONS_QUEUE
from workflows.notices import NoticeDispatchWorkflow, start_dispatch
from workflows.petition import PetitionWorkflow

DRAIN = timedelta(seconds=10)
"""How long a stopping worker lets its tasks end; the engine gives what is left to another."""

BUILD = f"sanzhang-{metadata.version('sanzhang')}"
"""What the engine notes of the code behind a task. The SDK's own default hashes every loaded module: a third of a worker's start."""

POOL = 20
"""Database connections of a petitions worker: more commits at once only queue inside PostgreSQL."""


def petitions_worker(system: System) -> Worker:
    """The worker that carries cases."""
    settings = system.settings
    return Worker(
        system.client,
        task_queue=PETITIONS_QUEUE,
        workflows=[PetitionWorkflow],
        activities=[CommitActivities(system.record).commit],
        max_cached_workflows=settings.max_cached_workflows,
        max_concurrent_workflow_tasks=settings.max_concurrent_workflow_tasks,
        max_concurrent_local_activities=settings.max_concurrent_local_activities,
        sticky_queue_schedule_to_start_timeout=timedelta(seconds=settings.sticky_timeout),
        workflow_task_poller_behavior=PollerBehaviorAutoscaling(initial=5, maximum=20),
        graceful_shutdown_timeout=DRAIN,
        build_id=BUILD,
    )


@contextlib.asynccontextmanager
async def petitions(system: System) -> AsyncGenerator[Worker]:
    """A serving worker of the petitions queue."""
    async with petitions_worker(system) as worker:
        yield worker


@contextlib.asynccontextmanager
async def notices(system: System) -> AsyncGenerator[Worker]:
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


WORKERS = {"petitions": petitions, "notices": notices}
"""The kinds of worker process there are."""


def _kind(name: str) -> Callable[[System], AbstractAsyncContextManager[Worker]]:
    if name in WORKERS:
        return WORKERS[name]
    raise UserError(
        "worker_unknown",
        zh=f"没有名为“{name}”的工作进程，可选：{'、'.join(WORKERS)}。",
        en=f"There is no worker “{name}”; choose one of: {', '.join(WORKERS)}.",
    )


async def run(kind: str, environ: Mapping[str, str]) -> None:
    """Serves until SIGTERM or SIGINT."""
    serving = _kind(kind)
    settings = Settings.from_environment(environ)
    configure_logging(log_format=settings.log_format, log_level=settings.log_level, stream=sys.stderr)
    log = structlog.get_logger()
    told_to_stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, told_to_stop.set)
    async with open_system(
        settings, environ, pool_size=POOL, identity=f"{kind}-{os.getpid()}", for_worker=True
    ) as system:
        async with serving(system) as worker:
            if ready := environ.get("SANZHANG_READY_FILE"):
                await asyncio.to_thread(Path(ready).touch)
            log.info("worker_ready", worker=kind)
            await _until(told_to_stop, worker)
        log.info("worker_stopped", worker=kind)


async def _until(told_to_stop: asyncio.Event, worker: Worker) -> None:
    """Returns when told to stop; raises what ended the worker if it ended by itself."""
    waiting = asyncio.create_task(told_to_stop.wait())
    try:
        while not waiting.done():
            await asyncio.wait({waiting}, timeout=1)
            if not worker.is_running:
                raise RuntimeError("the worker stopped polling")
    finally:
        waiting.cancel()


def main() -> None:
    """The process's entry."""
    try:
        uvloop.run(run(sys.argv[1] if len(sys.argv) > 1 else "", os.environ))
    except UserError as error:
        print(f"{error.zh}\n{error.en}", file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    main()
