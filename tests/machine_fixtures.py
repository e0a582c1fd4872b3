"""Real parts for the tests: a PostgreSQL and a Temporal of their own, started once per test process."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncGenerator, AsyncIterator, Generator, Iterator, Mapping
from pathlib import Path

import pytest
import pytest_asyncio
from temporalio.testing import WorkflowEnvironment
from temporalio.testing._timeskipping import TimeSkippingConfig

from workers.machine import child
from workers.machine.database import EmbeddedDatabase, environment
from workers.machine.engine import SEARCH_ATTRIBUTES, program

FOR_TESTS: Mapping[str, str] = {"fsync": "off", "full_page_writes": "off", "shared_buffers": "32MB"}


@contextlib.contextmanager
def running_database(home: Path, settings: Mapping[str, str] = FOR_TESTS) -> Generator[EmbeddedDatabase]:
    """An embedded PostgreSQL in `home`; by default as in production but without waiting for the disk."""
    database = EmbeddedDatabase(home, settings=settings)
    database.prepare()
    account = "-" if database.account is None else f"{database.account.uid}:{database.account.gid}"
    start = [sys.executable, "-I", "-S", child.__file__, str(os.getpid()), account, "SIGQUIT"]
    with (home / "server.log").open("wb") as log:
        server = subprocess.Popen(
            [*start, *database.command()], stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment()
        )
    try:
        give_up = time.monotonic() + 30
        while not database.answers():
            if server.poll() is not None or time.monotonic() > give_up:
                raise RuntimeError((home / "server.log").read_text())
            time.sleep(0.05)
        database.create_database()
        yield database
    finally:
        server.send_signal(signal.SIGINT)
        server.wait(30)
        database.forget_sockets()


@pytest.fixture(scope="session")
def database_dsn() -> Iterator[str]:
    """A fresh, empty database for this test process, as a SQLAlchemy DSN (asyncpg, unix socket)."""
    home = Path(tempfile.mkdtemp(prefix="sanzhang-test-"))
    try:
        with running_database(home / "database") as database:
            yield database.dsn
    finally:
        shutil.rmtree(home, ignore_errors=True)


@contextlib.asynccontextmanager
async def running_engine(**settings: str) -> AsyncGenerator[WorkflowEnvironment]:
    """A Temporal server that can skip time; ``settings`` are more of its dynamic configuration, dots written as ``__``."""
    dynamic = {
        "frontend.WorkflowTimeSkippingEnabled": "true",
        # The server looks at its timers once a second; with skipped time that would be the tests' whole duration.
        "history.timerProcessorMaxTimeShift": '"1ms"',
    }
    dynamic |= {name.replace("__", "."): value for name, value in settings.items()}
    arguments: list[str] = []
    for name, value in dynamic.items():
        arguments += ["--dynamic-config-value", f"{name}={value}"]
    for name, kind in SEARCH_ATTRIBUTES.items():
        arguments += ["--search-attribute", f"{name}={kind}"]
    environment = await WorkflowEnvironment.start_time_skipping_v2(
        namespace="sanzhang",
        dev_server_existing_path=str(program()),
        dev_server_extra_args=arguments,
        ts_config=TimeSkippingConfig(enabled=False),
    )
    try:
        yield environment
    finally:
        await environment.shutdown()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def engine() -> AsyncIterator[WorkflowEnvironment]:
    """The real Temporal server, where time is skipped by ``engine.fast_forward(handle, delta)`` and only
    then.

    For a client of another configuration (payload codec, plugin) keep the interceptors, which carry the
    time skipping:
    ``Client(**{**engine.client.config(), "data_converter": …})``.
    """
    async with running_engine() as environment:
        yield environment


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real workbooks, which stays outside the repository: ``SANZHANG_SHARED_DATA`` or ``../shared/data``. Where there
    is none, what would read it is skipped and says so; a folder that was named must be there.
    """
    named = os.environ.get("SANZHANG_SHARED_DATA")
    folder = Path(named) if named else Path(__file__).parent.parent.parent / "shared" / "data"
    if not named and not folder.is_dir():
        pytest.skip("the real workbooks are not here (README: SANZHANG_SHARED_DATA)")
    return folder
