"""Starts and ends what is measured: the parts by ``up``, workers as processes of their own, each with its CPU time."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import AsyncGenerator, Callable, Generator, Mapping
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar
from uuid import uuid4

import psutil

from activities.defaults import default_organisation, police_words
from activities.record.intake import CaseNumberAllocator
from activities.runtime import Runtime, find_system
from activities.settings import Settings
from gateway.case_service import CaseService, Rules
from schemas.kernel.calendar import seed_calendar
from schemas.proposals.holding import Hearing
from tests.bench.path import POLICY
from tests.system.running import RunningUp
from workers.composition import System, open_system
from workers.machine.up import programs

START_SECONDS = 60
PRODUCTION = {"SANZHANG_UNSANDBOXED": "true", "SANZHANG_LOG_FORMAT": "json", "SANZHANG_LOG_LEVEL": "warning"}
"""What the environment of production workers adds to the defaults."""

PROCESSES = sum(program.name.startswith("worker-petitions") for program in programs())
"""Worker processes of the petitions queue under ``up``; the peers get as many."""

OURS = ("-m", "workers.run", "petitions")


T = TypeVar("T")


@dataclass(frozen=True)
class Installation:
    """A running engine and database, and where they are."""

    data_dir: Path
    up: RunningUp

    @property
    def runtime(self) -> Runtime:
        return find_system(self.data_dir, {})

    def environment(self, **more: str) -> dict[str, str]:
        """What a process of this installation finds in its environment."""
        runtime = self.runtime
        plain = {name: value for name, value in os.environ.items() if not name.startswith("SANZHANG_")}
        return {
            **plain,
            **PRODUCTION,
            "SANZHANG_TEMPORAL": runtime.temporal,
            "SANZHANG_NAMESPACE": runtime.namespace,
            "SANZHANG_DATABASE_DSN": runtime.database_dsn,
            "SANZHANG_DATA_DIR": str(self.data_dir),
            **more,
        }


@contextmanager
def installation(data_dir: Path, *names: str) -> Generator[Installation]:
    """Engine and database with production settings in an empty folder, and the programs of those names under the same care."""
    running = RunningUp(data_dir, *names, command=("-m", "tests.bench.machine"), environment=PRODUCTION)
    try:
        running.ready()
        yield Installation(data_dir, running)
    finally:
        running.stop()


@contextmanager
def worker(place: Installation, command: tuple[str, ...], **environment: str) -> Generator[psutil.Process]:
    """One worker process, ready to serve."""
    ready = place.data_dir / "run" / f"bench-{uuid4().hex}.ready"
    ready.parent.mkdir(exist_ok=True)
    ready.unlink(missing_ok=True)
    log = place.data_dir / "log" / f"bench-{command[-1]}.log"
    with log.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, *command],
            env=place.environment(SANZHANG_READY_FILE=str(ready), **environment),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
    try:
        give_up = time.monotonic() + START_SECONDS
        while not ready.exists():
            if process.poll() is not None or time.monotonic() > give_up:
                raise RuntimeError(f"the worker did not start:\n{log.read_text()[-4000:]}")
            time.sleep(0.05)
        yield psutil.Process(process.pid)
    finally:
        end(process)


def end(process: subprocess.Popen[bytes]) -> None:
    """Asks it to end, and after half a minute no longer asks."""
    process.terminate()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(30)
    process.kill()
    process.wait()


@contextmanager
def workers(place: Installation, command: tuple[str, ...]) -> Generator[list[psutil.Process]]:
    """As many worker processes of a kind as ``up`` runs."""
    with ExitStack() as stack:
        yield [stack.enter_context(worker(place, command)) for _ in range(PROCESSES)]


@asynccontextmanager
async def desk(place: Installation) -> AsyncGenerator[tuple[CaseService, System]]:
    """The desk the doors use, on that installation."""
    calendar = seed_calendar()

    async def rules() -> Rules:
        return Rules(policy=POLICY, calendar=calendar, city="XA")

    reader = Hearing(default_organisation(), police_words())

    async def hearing(ask: Callable[[Hearing], T]) -> T:
        return ask(reader)

    environment: Mapping[str, str] = {
        name: value for name, value in place.environment().items() if name.startswith("SANZHANG_")
    }
    async with open_system(Settings.from_environment(environment), environment, pool_size=20) as system:
        yield (
            CaseService(
                system.client, system.record, CaseNumberAllocator(system.database, system.keyring), rules, hearing
            ),
            system,
        )


def cpu_seconds(process: psutil.Process) -> float:
    """The CPU time of a part so far, user and system, its children's included; of this process itself without them: they are the parts."""
    spent = process.cpu_times()
    total = spent.user + spent.system
    if process.pid == os.getpid():
        return total
    total += spent.children_user + spent.children_system
    for child in process.children():
        with contextlib.suppress(psutil.NoSuchProcess):
            total += cpu_seconds(child)
    return total
