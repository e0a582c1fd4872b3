"""What a part of the system is, as data: how it starts, how one sees that it works, how it ends."""

from __future__ import annotations

import enum
import os
import signal
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from workers.machine.account import Account


class State(enum.StrEnum):
    """What ``up`` says of a part."""

    STARTING = "starting"
    READY = "ready"
    RESTARTING = "restarting"
    STOPPING = "stopping"
    STOPPED = "stopped"
    FAILED = "failed"


_OF_EVERY_PROGRAM = ("PATH", "HOME", "TMPDIR", "TZ", "LD_LIBRARY_PATH")


def surroundings() -> dict[str, str]:
    """What of our environment a foreign program gets: of our own settings nothing, for some of them are keys."""
    return {name: value for name, value in os.environ.items() if name in _OF_EVERY_PROGRAM}


async def _nothing_to_settle() -> None:
    return None


@dataclass(frozen=True)
class Part:
    """One process under supervision.

    `prepare` runs before every start (blocking, in a thread); `settle` after every start, once `answers`
    was true. `command` is asked at every start. Times are in seconds: `start_seconds` until it must answer,
    `stop_seconds` after `stop_signal` until it is killed, `hang_seconds` without an answer until it counts
    as hanging. `death_signal` is what the kernel sends it when ``up`` is gone.
    """

    name: str
    command: Callable[[], Sequence[str]]
    answers: Callable[[], Awaitable[bool]]
    log: Path
    folder: Path
    prepare: Callable[[], None] = lambda: None
    settle: Callable[[], Awaitable[None]] = _nothing_to_settle
    account: Callable[[], Account | None] = lambda: None
    environment: Mapping[str, str] = field(default_factory=dict[str, str])
    stop_signal: signal.Signals = signal.SIGTERM
    death_signal: signal.Signals = signal.SIGTERM
    start_seconds: float = 60
    stop_seconds: float = 20
    hang_seconds: float = 30
