"""``python -m workers.run petitions|notices|evidence``: one worker process.

It says that it serves by creating ``SANZHANG_READY_FILE``, ends its work on SIGTERM, and exits with an error if a poller dies.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from importlib import import_module
from pathlib import Path

import structlog
import uvloop
from temporalio.worker import Worker

from activities.logs import configure_logging
from activities.settings import Settings
from schemas.kernel.errors import UserError
from workers.composition import System, open_system
from workers.garbage import LOOKS_OF_A_WORKER, collect_seldom

POOL = 20
"""Database connections of a worker: more commits at once only queue inside PostgreSQL."""

WORKERS = {"petitions": "workers.petitions", "notices": "workers.notices", "evidence": "workers.evidence"}
"""The kinds of worker process there are; only the one that is started is imported, for a killed worker must be back soon."""

Serving = Callable[[System], AbstractAsyncContextManager[Worker]]


def _serving(kind: str) -> Serving:
    if kind in WORKERS:
        return import_module(WORKERS[kind]).serving
    raise UserError(
        "worker_unknown",
        zh=f"没有名为“{kind}”的工作进程，可选：{'、'.join(WORKERS)}。",
        en=f"There is no worker “{kind}”; choose one of: {', '.join(WORKERS)}.",
    )


async def run(kind: str, environ: Mapping[str, str]) -> None:
    """Serves until SIGTERM or SIGINT."""
    serving = _serving(kind)
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
            collect_seldom(LOOKS_OF_A_WORKER)
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
