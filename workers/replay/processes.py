"""Replaying in several processes: each has replayers of its own and is handed case numbers as it gets on.

A process that is told nothing more ends, also when whoever started it is gone: the pipe between them is closed then.
"""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
import os
import signal
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

from activities.settings import Settings
from schemas.kernel.errors import UserError, first_of
from workers.composition import System, open_system
from workers.replay.judging import Next, ReplayOptions, Tell, judge, one_after_another
from workers.replay.sources import Sources

WINDOW = 16
"""Cases a process has at hand, so that it never waits for the next; more than its lanes hold between them."""

ENDING_SECONDS = 5.0
"""How long a process may take to end once it is told nothing more."""


class ProcessDiedError(RuntimeError):
    """A replaying process ended before its work was done (killed, out of memory); what it had told stands."""


@dataclass(frozen=True)
class _Ended:
    """A process's last word: None where it did all it was given, else what stopped it."""

    error: dict[str, Any] | None = None


def sources_of(system: System) -> Sources:
    """The sources of an installation."""
    return Sources(system.database, system.client, system.keyring, lambda: system.archives)


async def judged_in_processes(
    settings: Settings, manner: ReplayOptions, numbers: AsyncIterator[str], tell: Tell, *, jobs: int
) -> None:
    """Hands the numbers out to ``jobs`` processes. ``UserError`` as theirs; :class:`ProcessDiedError`; cancelled, it ends them all."""
    spawning = multiprocessing.get_context("spawn")
    following = one_after_another(numbers)
    processes: list[Any] = []
    try:
        async with asyncio.TaskGroup() as hands:
            for _ in range(jobs):
                mine, theirs = spawning.Pipe()
                process = spawning.Process(target=_process, args=(theirs, settings, manner), daemon=True)
                process.start()
                theirs.close()
                processes.append(process)
                hands.create_task(_handed(mine, following, tell))
    except BaseExceptionGroup as group:
        raise first_of(group.exceptions) from group
    finally:
        for process in processes:
            await asyncio.to_thread(process.join, ENDING_SECONDS)
            if process.is_alive():
                process.kill()
                process.join()


class _Pipe:
    """One end of a pipe, awaited without a thread."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._readable = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(connection.fileno(), self._readable.set)

    async def heard(self) -> Any:
        """The next thing said. ``EOFError`` when the other end is gone."""
        while not self._connection.poll():
            self._readable.clear()
            await self._readable.wait()
        return self._connection.recv()

    def say(self, said: object) -> None:
        """Says something small; it does not wait."""
        self._connection.send(said)

    def close(self) -> None:
        self._loop.remove_reader(self._connection.fileno())
        self._connection.close()


async def _handed(connection: Connection, following: Next, tell: Tell) -> None:
    pipe = _Pipe(connection)
    try:
        at_hand, more = 0, True
        while True:
            while more and at_hand < WINDOW:
                number = await following()
                pipe.say(number)
                more = number is not None
                at_hand += 1
            if isinstance(said := await pipe.heard(), _Ended):
                break
            tell(said)
            at_hand -= 1
        if said.error is not None:
            raise UserError(**said.error)
    except (EOFError, BrokenPipeError, ConnectionResetError) as error:
        raise ProcessDiedError("a replaying process ended before its work was done") from error
    finally:
        pipe.close()


def _process(connection: Connection, settings: Settings, manner: ReplayOptions) -> None:
    # Ctrl-C reaches the whole group; whoever started this process ends it by closing the pipe.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with contextlib.suppress(EOFError, BrokenPipeError):
        asyncio.run(_served(connection, settings, manner))


async def _served(connection: Connection, settings: Settings, manner: ReplayOptions) -> None:
    pipe = _Pipe(connection)

    async def given() -> AsyncGenerator[str]:
        while (number := await pipe.heard()) is not None:
            yield number

    ended = _Ended()
    try:
        async with open_system(settings, os.environ, read_only=True) as system:
            await judge(sources_of(system), manner, one_after_another(given()), pipe.say)
    except UserError as error:
        ended = _Ended({"code": error.code, "zh": error.zh, "en": error.en, **error.facts})
    pipe.say(ended)
