"""Starts parts, watches them, restarts those that die or hang, and stops them in reverse order.

A part is a child process in a session of its own, so that Ctrl-C in the terminal reaches ``up`` alone,
which then stops the parts in the right order.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from schemas.kernel.errors import UserError
from workers.machine import child
from workers.machine.parts import Part, State

_PAUSES = (0.05, 0.2, 0.5, 1.0, 2.0, 5.0)
"""Seconds before the first restart, the second, …; the last repeats. The first is short: one death is an
accident.
"""
_CALM_SECONDS = 30.0
"""After so long in service the next death counts as the first again."""
_FIRST_STARTS = 4
"""Attempts before a part that has never worked makes ``up`` give up."""
_LOOK_SECONDS = 0.05
_WATCH_SECONDS = 2.0
_LOG_BYTES = 20 * 1024 * 1024

Report = Callable[[str, State, str], None]
Changed = Callable[[Mapping[str, int]], None]


class Supervisor:
    """Keeps parts alive. `report` hears of each change of state, `changed` of each change of process
    numbers.
    """

    def __init__(self, report: Report, changed: Changed = lambda _: None) -> None:
        self._report = report
        self._changed = changed
        self._groups: list[list[_Keeper]] = []
        self._pids: dict[str, int] = {}

    @property
    def pids(self) -> Mapping[str, int]:
        """The process number of every part that has been started; of a part being restarted, the last one."""
        return dict(self._pids)

    async def start(self, *parts: Part) -> None:
        """Start `parts` together and return when all answer; refuses with ``part_failed`` when one will
        not.
        """
        group = [_Keeper(part, self._report, self._note) for part in parts]
        self._groups.append(group)
        for keeper in group:
            keeper.begin()
        await asyncio.gather(*(keeper.in_service() for keeper in group))

    async def stop(self) -> None:
        """Stop everything, the group started last first; each group together. Nothing is left running."""
        while self._groups:
            await asyncio.gather(*(keeper.end() for keeper in self._groups.pop()))

    def _note(self, name: str, pid: int) -> None:
        self._pids[name] = pid
        self._changed(self.pids)


class _Keeper:
    """Keeps one part alive from `begin` to `end`."""

    def __init__(self, part: Part, report: Report, note: Callable[[str, int], None]) -> None:
        self._part = part
        self._report = report
        self._note = note
        self._task: asyncio.Task[None] | None = None
        self._process: asyncio.subprocess.Process | None = None
        self._preparing: asyncio.Task[None] | None = None
        self._served = asyncio.Event()

    def begin(self) -> None:
        self._task = asyncio.create_task(self._keep(), name=f"keep {self._part.name}")

    async def in_service(self) -> None:
        """Wait until the part answers for the first time, or `_keep` gives it up."""
        assert self._task is not None  # noqa: S101 - begin() comes first
        served = asyncio.create_task(self._served.wait())
        try:
            await asyncio.wait({served, self._task}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            served.cancel()
        if self._task.done():
            self._task.result()

    async def end(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError, UserError):
                await self._task
        if self._preparing is not None:
            await asyncio.wait({self._preparing})
        if self._process is not None:
            self._report(self._part.name, State.STOPPING, "")
            await _stop(self._process, self._part)
            self._process = None
            self._report(self._part.name, State.STOPPED, "")

    async def _keep(self) -> None:
        part = self._part
        deaths = 0
        self._report(part.name, State.STARTING, "")
        while True:
            trouble = await self._start_once()
            if trouble is None:
                self._served.set()
                born = asyncio.get_running_loop().time()
                trouble = await self._watch()
                if asyncio.get_running_loop().time() - born > _CALM_SECONDS:
                    deaths = 0
            deaths += 1
            if not self._served.is_set() and deaths >= _FIRST_STARTS:
                self._report(part.name, State.FAILED, trouble)
                raise _failed(part, trouble)
            self._report(part.name, State.RESTARTING, trouble)
            await asyncio.sleep(_PAUSES[min(deaths, len(_PAUSES)) - 1])

    async def _start_once(self) -> str | None:
        """Start the process and wait until it answers; None, or why it does not."""
        part = self._part
        try:
            # shielded: a half-done preparation is waited for when we stop, never left behind
            self._preparing = asyncio.create_task(asyncio.to_thread(part.prepare))
            await asyncio.shield(self._preparing)
            self._process = process = await _spawn(part)
            self._note(part.name, process.pid)
            async with asyncio.timeout(part.start_seconds):
                while not await part.answers():
                    if process.returncode is not None:
                        return f"ended with {_ending(process.returncode)}"
                    await asyncio.sleep(_LOOK_SECONDS)
                await part.settle()
        # Whatever goes wrong while a part starts, it is told and tried again: the parts are foreign programs, and
        # their clients raise whatever they like.
        except Exception as error:
            if self._process is not None:
                await _kill(self._process)
            slow = isinstance(error, TimeoutError)
            return f"did not answer within {part.start_seconds:g} s" if slow else str(error) or repr(error)
        if process.returncode is not None:
            return f"ended with {_ending(process.returncode)}"
        self._report(part.name, State.READY, str(process.pid))
        return None

    async def _watch(self) -> str:
        """Return why the process must be started anew: it is dead then."""
        process, part, loop = self._process, self._part, asyncio.get_running_loop()
        assert process is not None  # noqa: S101 - it has just been started
        last_answer = loop.time()
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_WATCH_SECONDS):
                    return f"ended with {_ending(await process.wait())}"
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(part.hang_seconds):
                    if await part.answers():
                        last_answer = loop.time()
            if loop.time() - last_answer > part.hang_seconds and process.returncode is None:
                await _kill(process)
                return f"did not answer for {part.hang_seconds:g} s"


async def _spawn(part: Part) -> asyncio.subprocess.Process:
    account = part.account()
    owner = "-" if account is None else f"{account.uid}:{account.gid}"
    start = [sys.executable, "-I", "-S", child.__file__, str(os.getpid()), owner, part.death_signal.name]
    part.log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if part.log.exists() and part.log.stat().st_size > _LOG_BYTES:
        part.log.replace(part.log.with_name(part.log.name + ".1"))
    with part.log.open("ab") as log:
        return await asyncio.create_subprocess_exec(
            *start,
            *part.command(),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=part.folder,
            env=dict(part.environment),
            start_new_session=True,
        )


async def _stop(process: asyncio.subprocess.Process, part: Part) -> None:
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(part.stop_signal)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(part.stop_seconds):
                await process.wait()
    await _kill(process)


async def _kill(process: asyncio.subprocess.Process) -> None:
    with contextlib.suppress(ProcessLookupError):
        process.kill()
    await process.wait()


def _ending(code: int) -> str:
    return f"signal {-code}" if code < 0 else f"code {code}"


def _failed(part: Part, trouble: str) -> UserError:
    last = _last_line(part.log)
    return UserError(
        "part_failed",
        zh=f"部件 {part.name} 无法启动：{trouble}。{last} 详见日志 {part.log}。",
        en=f"The part {part.name} does not start: {trouble}. {last} Its log is {part.log}.",
        part=part.name,
        reason=trouble,
        log=str(part.log),
    )


def _last_line(log: Path) -> str:
    with contextlib.suppress(OSError):
        lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        return f"“{lines[-1][:300]}”" if lines else ""
    return ""
