"""The embedded engine and database answer the system and nobody else who only knows their ports: no web page, no curl, no other account."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import stat
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from activities.runtime import Runtime, find_system
from tests.system.running import RunningUp, family
from workers.machine.account import ENGINE_ACCOUNT, server_account
from workers.machine.engine import EmbeddedEngine, engine_answers
from workers.machine.ports import Ports, choose_ports

pytestmark = pytest.mark.system

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can start programs under other accounts")

SECRET = "k1:QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVoxMjM0NTY="
STRANGER = 65_500
"""The number of an account nobody has."""


@pytest.fixture(scope="module")
def place() -> Iterator[Path]:
    """A folder other accounts may pass through: pytest closes its own against them, whenever a session begins."""
    with tempfile.TemporaryDirectory(prefix="sanzhang-doors-") as made:
        yield Path(made)


@pytest.fixture(scope="module")
def folder(place: Path) -> Path:
    return place / "data"


@pytest.fixture(scope="module")
def machine(folder: Path) -> Iterator[RunningUp]:
    """A system as root or whoever runs the tests starts it, with keys in its environment and in its folder."""
    folder.mkdir(mode=0o700)
    for name in ("keys.json", "audit-keys.json", "signing-key.json"):
        (folder / name).touch(mode=0o600)
    running = RunningUp(folder, environment={"SANZHANG_KEYS": SECRET})
    try:
        running.ready()
        yield running
    finally:
        running.stop(signal.SIGTERM)


@pytest.fixture
def runtime(machine: RunningUp, folder: Path) -> Runtime:
    return find_system(folder)


def listening(pids: list[int]) -> set[tuple[str, int]]:
    """Where these processes take connections, of any family."""
    return {
        (each.laddr.ip, each.laddr.port)
        for pid in pids
        for each in psutil.Process(pid).net_connections("inet")
        if each.status in (psutil.CONN_LISTEN, psutil.CONN_NONE)
    }


def answer(port: int, request: bytes) -> bytes | None:
    """What comes back for those bytes; None where not even a connection is to be had."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
            connection.sendall(request)
            connection.settimeout(5)
            return b"".join(iter(lambda: _read(connection), b""))
    except (TimeoutError, ConnectionRefusedError):
        return None


def _read(connection: socket.socket) -> bytes:
    with contextlib.suppress(ConnectionResetError):
        return connection.recv(65_536)
    return b""


def request(path: str, host: str = "127.0.0.1", *, body: str = "", version: str = "1.1") -> bytes:
    verb = "POST" if body else "GET"
    return (
        f"{verb} {path} HTTP/{version}\r\nHost: {host}\r\nOrigin: https://elsewhere.example\r\n"
        f"Content-Type: text/plain\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n{body}"
    ).encode()


CALLS = (
    request("/api/v1/namespaces"),
    request("/api/v1/cluster-info", "rebound.example"),
    request("/api/v1/namespaces/sanzhang/workflows/petition-XA-2026-C-000001/terminate", body="{}"),
    request("/metrics"),
    request("/"),
)


def test_only_what_is_written_down_listens_and_no_http_is_answered(runtime: Runtime, folder: Path) -> None:
    ports = Ports.from_base(int(runtime.temporal.rpartition(":")[2]))
    held = listening([runtime.pids["up"], *(each.pid for each in family(runtime.pids["up"]))])
    assert {ip for ip, _ in held} == {"127.0.0.1"}
    own = {port for _, port in held} - {ports.engine, ports.metrics, ports.http}
    # History, matching and worker service of the engine talk to each other; nothing else, and no screen.
    assert len(own) == 3
    assert held == listening([runtime.pids["engine"]])
    assert runtime.ui is None
    for port in (ports.metrics, ports.http):
        assert answer(port, CALLS[0]) is None
    for port in (ports.engine, *own):
        for call in CALLS:
            said = answer(port, call)
            assert not said or not said.startswith(b"HTTP/")


def test_the_door_is_shut_again_after_a_crash(machine: RunningUp, folder: Path) -> None:
    ports = Ports.from_base(int(find_system(folder).temporal.rpartition(":")[2]))
    machine.kill_part("engine")
    for port in (ports.metrics, ports.http):
        assert answer(port, CALLS[0]) is None


async def test_the_http_door_refuses_every_call_even_before_it_is_shut(place: Path) -> None:
    engine = EmbeddedEngine(place / "engine", choose_ports(None, place), "sanzhang")
    engine.prepare()
    server = await asyncio.create_subprocess_exec(
        *engine.command(), cwd=engine.home, env=engine.environment(), stdout=subprocess.DEVNULL, **_as(engine)
    )
    try:
        await until_it_answers(engine)
        for host in ("127.0.0.1", "localhost", "", "/", "*", "%2F", "a/b", "[::1]", f"127.0.0.1:{engine.ports.http}"):
            for version in ("1.1", "1.0"):
                for path in ("/api/v1/namespaces", "/cluster/namespaces", f"http://{host}/api/v1/namespaces"):
                    said = answer(engine.ports.http, request(path, host, version=version))
                    assert said is not None
                    assert said.split(b" ")[1] in (b"301", b"400", b"403", b"404"), (host, path, said)
        engine.shut_doors(server.pid)
        assert answer(engine.ports.http, CALLS[0]) is None
        engine.shut_doors(server.pid)
    finally:
        server.terminate()
        await server.wait()


async def until_it_answers(engine: EmbeddedEngine) -> None:
    for _ in range(300):
        if await engine_answers(engine.target, engine.namespace):
            return
        await asyncio.sleep(0.1)
    raise AssertionError("the engine does not answer")


def _as(engine: EmbeddedEngine) -> dict[str, Any]:
    if engine.account is None:
        return {}
    return {"user": engine.account.uid, "group": engine.account.gid, "extra_groups": []}


def test_the_screen_is_opened_on_request_and_said_to_be_open(place: Path) -> None:
    running = RunningUp(place / "with-screen", environment={"SANZHANG_ENGINE_UI": "1"})
    try:
        running.wait_for(lambda line: line["event"] == "note" and "--engine-ui" in line["en"])
        runtime = running.ready()
        ports = Ports.from_base(int(runtime.temporal.rpartition(":")[2]))
        assert runtime.ui == f"http://127.0.0.1:{ports.ui}"
        said = answer(ports.ui, request("/"))
        assert said is not None
        assert said.startswith(b"HTTP/1.1 200")
        assert answer(ports.http, CALLS[0]) is None
    finally:
        running.stop()


@as_root
def test_started_as_root_engine_and_database_are_accounts_of_their_own(runtime: Runtime, folder: Path) -> None:
    engine, database = (psutil.Process(runtime.pids[name]) for name in ("engine", "database"))
    owners = {each.uids().effective for each in (engine, database)}
    assert 0 not in owners
    assert len(owners) == 2
    for each in (engine, database, *database.children()):
        assert set(each.uids()) & {0} == set()
        assert SECRET not in each.environ().values()
        assert not any(name.startswith("SANZHANG_") for name in each.environ())
    held = list((folder / "engine").rglob("*"))
    assert held
    assert {path.stat().st_uid for path in held} == {engine.uids().effective}


@as_root
def test_no_other_account_reads_the_data_or_reaches_the_database(runtime: Runtime, folder: Path) -> None:
    closed = ["keys.json", "audit-keys.json", "signing-key.json", "runtime.json", "up.lock", "log/engine.log"]
    owner = psutil.Process(runtime.pids["engine"]).uids().effective
    [sock] = [each for each in Path(runtime.database_dsn.partition("host=")[2]).glob(".s.PGSQL.*") if each.is_socket()]
    for uid in (owner, STRANGER):
        for name in closed:
            assert not _may(uid, f"open({str(folder / name)!r})")
        assert not _may(uid, f"__import__('os').listdir({str(folder)!r})")
        assert not _may(uid, f"__import__('os').listdir({str(folder / 'database' / 'cluster')!r})")
        assert not _may(uid, f"(s := __import__('socket')).socket(s.AF_UNIX).connect({str(sock)!r})")
    assert _may(owner, f"open({str(folder / 'engine' / 'temporal.db')!r})")
    assert not _may(STRANGER, f"__import__('os').listdir({str(folder / 'engine')!r})")


def _may(uid: int, words: str) -> bool:
    return (
        subprocess.run(
            ["/usr/bin/python3", "-c", words], user=uid, group=uid, check=False, capture_output=True, cwd="/"
        ).returncode
        == 0
    )


@as_root
def test_a_folder_of_an_engine_that_ran_as_root_is_handed_over(tmp_path: Path) -> None:
    home = tmp_path / "engine"
    home.mkdir(mode=0o755)
    (home / "temporal.db").touch(mode=0o600)
    outside = tmp_path / "outside"
    outside.touch()
    (home / "link").symlink_to(outside)
    engine = EmbeddedEngine(home, choose_ports(None, tmp_path), "sanzhang")
    engine.prepare()
    assert engine.account is not None
    assert engine.account.uid != 0
    assert {path.lstat().st_uid for path in (home, home / "temporal.db")} == {engine.account.uid}
    assert outside.stat().st_uid == 0
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    assert server_account(home, ENGINE_ACCOUNT) == engine.account
