"""Drives an ``up`` from outside, as an operator does: starts it, reads its lines, kills its parts."""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import psutil

from activities.runtime import Runtime, find_system

PROGRAM = Path(__file__).parent / "machine_program.py"
PATIENCE_SECONDS = 60.0


class RunningUp:
    """An ``up`` in a process of its own, whose JSON lines can be waited for."""

    def __init__(
        self,
        data_dir: Path,
        *arguments: str,
        command: Sequence[str] = (str(PROGRAM), "up"),
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.data_dir = data_dir
        self.seen: list[dict[str, Any]] = []
        self._lines: queue.Queue[str | None] = queue.Queue()
        self.process = subprocess.Popen(
            [sys.executable, *command, str(data_dir), *arguments],
            stdout=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
            text=True,
            env={**os.environ, **(environment or {})},
        )
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as lines:
            for line in lines:
                self._lines.put(line)
        self._lines.put(None)

    def wait_for(self, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """The next line that is `wanted`."""
        give_up = time.monotonic() + PATIENCE_SECONDS
        while True:
            line = self._lines.get(timeout=max(0.01, give_up - time.monotonic()))
            if line is None:
                raise AssertionError(f"up ended before it said what was waited for; it said {self.seen}")
            self.seen.append(json.loads(line))
            if wanted(self.seen[-1]):
                return self.seen[-1]

    def ready(self) -> Runtime:
        self.wait_for(lambda line: line["event"] == "ready")
        return find_system(self.data_dir)

    def kill_part(self, name: str) -> float:
        """Kill -9 the part; the seconds until ``up`` says that it serves again."""
        before = time.monotonic()
        psutil.Process(find_system(self.data_dir).pids[name]).kill()
        self.wait_for(lambda line: line.get("part") == name and line["state"] == "restarting")
        self.wait_for(lambda line: line.get("part") == name and line["state"] == "ready")
        return time.monotonic() - before

    def refusal(self) -> str:
        """The code of the error `up` ended with."""
        code = self.wait_for(lambda line: line["event"] == "error")["code"]
        assert self.process.wait(PATIENCE_SECONDS) == 2
        return code

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(PATIENCE_SECONDS)


def family(pid: int) -> list[psutil.Process]:
    return psutil.Process(pid).children(recursive=True)
