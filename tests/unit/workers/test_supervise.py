"""The supervisor, with small real processes: it starts, restarts, gives up, and leaves nothing behind."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
import pytest_asyncio

from schemas.kernel.errors import UserError
from workers.machine.parts import Part, State
from workers.machine.processes import has_ended
from workers.machine.supervise import Supervisor


class Heard:
    """Everything the supervisor said, and a way to wait for more of it."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, State, str]] = []
        self._more = asyncio.Event()

    def __call__(self, name: str, state: State, detail: str) -> None:
        self.lines.append((name, state, detail))
        self._more.set()

    async def times(self, state: State, count: int) -> None:
        async with asyncio.timeout(20):
            while [each for _, each, _ in self.lines].count(state) < count:
                self._more.clear()
                await self._more.wait()


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest_asyncio.fixture
async def supervisor(heard: Heard) -> AsyncIterator[Supervisor]:
    chosen = Supervisor(heard)
    yield chosen
    await chosen.stop()


def part(folder: Path, script: str, name: str = "part", **changes: float) -> Part:
    """A part that runs `script` in a shell and answers while the file `name` exists."""
    sign = folder / name

    async def answers() -> bool:
        return sign.exists()

    plain = Part(
        name=name,
        command=lambda: ["/bin/sh", "-c", script],
        answers=answers,
        log=folder / "log" / f"{name}.log",
        folder=folder,
        environment=os.environ,
    )
    return replace(plain, **changes)


async def test_it_is_restarted_when_killed(supervisor: Supervisor, heard: Heard, tmp_path: Path) -> None:
    await supervisor.start(part(tmp_path, "touch part; exec sleep 60"))
    first = supervisor.pids["part"]
    os.kill(first, signal.SIGKILL)
    await heard.times(State.READY, 2)
    assert supervisor.pids["part"] != first
    assert ("part", State.RESTARTING, "ended with signal 9") in heard.lines
    await supervisor.stop()
    assert not psutil.pid_exists(supervisor.pids["part"])
    assert heard.lines[-1][1] is State.STOPPED


async def test_groups_stop_in_reverse(supervisor: Supervisor, heard: Heard, tmp_path: Path) -> None:
    await supervisor.start(part(tmp_path, "touch below; exec sleep 60", "below"))
    await supervisor.start(part(tmp_path, "touch above; exec sleep 60", "above"))
    await supervisor.stop()
    stopped = [name for name, state, _ in heard.lines if state is State.STOPPED]
    assert stopped == ["above", "below"]


async def test_one_that_never_works_is_given_up_with_its_last_words(supervisor: Supervisor, tmp_path: Path) -> None:
    with pytest.raises(UserError) as caught:
        await supervisor.start(part(tmp_path, "echo bind: address already in use; exit 3"))
    assert caught.value.code == "part_failed"
    assert "ended with code 3" in caught.value.zh
    assert "address already in use" in caught.value.en


async def test_one_that_starts_too_slowly_is_given_up(supervisor: Supervisor, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"did not answer within 0\.2 s"):
        await supervisor.start(part(tmp_path, "exec sleep 60", start_seconds=0.2))
    assert not psutil.pid_exists(supervisor.pids["part"])


async def test_one_that_hangs_is_restarted(supervisor: Supervisor, heard: Heard, tmp_path: Path) -> None:
    await supervisor.start(part(tmp_path, "touch part; exec sleep 60", hang_seconds=0.1))
    (tmp_path / "part").unlink()
    await heard.times(State.READY, 2)
    assert ("part", State.RESTARTING, "did not answer for 0.1 s") in heard.lines


async def test_one_that_will_not_stop_is_killed(supervisor: Supervisor, tmp_path: Path) -> None:
    await supervisor.start(part(tmp_path, "trap '' TERM; touch part; while :; do sleep 1; done", stop_seconds=0.2))
    process = psutil.Process(supervisor.pids["part"])
    await supervisor.stop()
    assert has_ended(process)


async def test_stopping_while_it_starts_leaves_nothing(heard: Heard, tmp_path: Path) -> None:
    launched = asyncio.Event()
    supervisor = Supervisor(heard, lambda _: launched.set())
    starting = asyncio.create_task(supervisor.start(part(tmp_path, "exec sleep 60")))
    await launched.wait()
    starting.cancel()
    await supervisor.stop()
    assert not psutil.pid_exists(supervisor.pids["part"])
    with pytest.raises(asyncio.CancelledError):
        await starting


async def test_a_preparation_that_fails_is_told(supervisor: Supervisor, tmp_path: Path) -> None:
    def prepare() -> None:
        raise OSError(28, "No space left on device")

    broken = replace(part(tmp_path, "true"), prepare=prepare)
    with pytest.raises(UserError, match="No space left on device"):
        await supervisor.start(broken)
