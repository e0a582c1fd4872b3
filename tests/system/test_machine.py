"""The system on one machine: it starts, heals, refuses, stops and starts again. Real engine, real database."""

from __future__ import annotations

import signal
import socket
import stat
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import psutil
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine
from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import ListSearchAttributesRequest
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
from temporalio.client import Client
from temporalio.testing import WorkflowEnvironment

from activities.runtime import Runtime, find_system, is_running, runtime_file
from schemas.kernel.errors import UserError
from tests.system.running import RunningUp, family
from workers.machine.engine import RETENTION
from workers.machine.processes import has_ended

pytestmark = pytest.mark.system


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    # far longer than a unix socket's address may be
    return tmp_path_factory.mktemp("with space") / ("三本账" * 8) / "data"


@pytest.fixture
def machine(folder: Path) -> Iterator[RunningUp]:
    """A system on `folder`, ready; its data is the one of the tests before."""
    running = RunningUp(folder)
    try:
        running.ready()
        yield running
    finally:
        running.stop(signal.SIGTERM)


async def rows(runtime: Runtime, statement: str) -> list[int]:
    engine = create_async_engine(runtime.database_dsn)
    try:
        async with engine.begin() as connection:
            result = await connection.execute(text(statement))
            return list(result.scalars()) if result.returns_rows else []
    finally:
        await engine.dispose()


async def start_case(runtime: Runtime, case: str) -> None:
    client = await Client.connect(runtime.temporal, namespace=runtime.namespace)
    await client.start_workflow("Petition", id=case, task_queue="nobody-listens")


async def is_open(runtime: Runtime, case: str) -> bool:
    client = await Client.connect(runtime.temporal, namespace=runtime.namespace)
    return (await client.get_workflow_handle(case).describe()).close_time is None


async def test_it_starts_heals_and_leaves_nothing_behind(machine: RunningUp, folder: Path) -> None:
    runtime = find_system(folder)
    assert stat.S_IMODE(runtime_file(folder).stat().st_mode) == 0o600
    assert set(runtime.pids) == {"up", "engine", "database", "worker-petitions", "worker-notices"}
    assert runtime.pids["up"] == machine.process.pid

    client = await Client.connect(runtime.temporal, namespace=runtime.namespace)
    known = await client.operator_service.list_search_attributes(
        ListSearchAttributesRequest(namespace=runtime.namespace)
    )
    assert known.custom_attributes["CaseDue"] == IndexedValueType.INDEXED_VALUE_TYPE_DATETIME
    namespace = await client.workflow_service.describe_namespace(DescribeNamespaceRequest(namespace=runtime.namespace))
    assert namespace.config.workflow_execution_retention_ttl.ToTimedelta() == RETENTION > timedelta(days=30)

    await rows(runtime, "create table kept (number int)")
    await rows(runtime, "insert into kept values (1)")
    await start_case(runtime, "before")
    for part in ("worker-petitions", "engine", "database"):
        machine.kill_part(part)
        healed = find_system(folder)
        assert healed.pids[part] != runtime.pids[part]
        assert psutil.pid_exists(healed.pids[part])
        assert healed.temporal == runtime.temporal
        assert healed.database_dsn == runtime.database_dsn
    assert await rows(runtime, "select number from kept") == [1]
    assert await is_open(runtime, "before")

    children = family(machine.process.pid)
    assert len(children) > 4
    assert machine.stop(signal.SIGTERM) == 0
    assert all(has_ended(child) for child in children)
    assert not is_running(folder)
    with pytest.raises(UserError, match="system_not_running"):
        find_system(folder)


async def test_killed_outright_it_takes_its_parts_along_and_starts_again(machine: RunningUp, folder: Path) -> None:
    runtime = find_system(folder)
    assert await rows(runtime, "select number from kept") == [1]
    assert await is_open(runtime, "before")
    children = family(machine.process.pid)
    machine.stop(signal.SIGKILL)

    # at once, while the parts of the first may still be finishing
    again = RunningUp(folder)
    try:
        assert (await rows(again.ready(), "select number from kept")) == [1]
        assert all(has_ended(child) for child in children)
    finally:
        assert again.stop(signal.SIGINT) == 0


def test_neighbours_live_and_rivals_are_refused(machine: RunningUp, folder: Path, tmp_path: Path) -> None:
    first = find_system(folder)
    engine_port = first.temporal.rpartition(":")[2]
    base = next(base for base in range(31_000, 32_000, 10) if _free(base))
    same_folder, same_port = RunningUp(folder), RunningUp(tmp_path / "rival", engine_port)
    neighbour = RunningUp(tmp_path / "neighbour", str(base))
    try:
        assert same_folder.refusal() == "data_dir_in_use"
        assert same_port.refusal() == "port_in_use"
        second = neighbour.ready()
        assert (second.temporal, second.ui) == (f"127.0.0.1:{base}", None)
        assert second.database_dsn != first.database_dsn
    finally:
        assert neighbour.stop() == 0
    assert find_system(folder) == first


def _free(base: int) -> bool:
    for port in range(base, base + 5):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return False
    return True


def test_an_engine_and_a_database_of_others_are_used_and_left_alone(
    engine: WorkflowEnvironment, database_dsn: str, tmp_path: Path
) -> None:
    target = engine.client.service_client.config.target_host
    running = RunningUp(tmp_path, environment={"SANZHANG_TEMPORAL": target, "SANZHANG_DATABASE_DSN": database_dsn})
    try:
        runtime = running.ready()
        assert (runtime.temporal, runtime.database_dsn, runtime.ui) == (target, database_dsn, None)
        assert set(runtime.pids) == {"up", "worker-petitions", "worker-notices"}
        assert not (tmp_path / "database").exists()
    finally:
        assert running.stop() == 0


def test_a_folder_that_cannot_be_one_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert RunningUp(tmp_path / "file" / "data").refusal() == "data_dir_unwritable"
