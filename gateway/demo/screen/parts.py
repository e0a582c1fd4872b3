"""How the parts of the system fare, for the board; and the reporter that leaves them to the board while it is shown."""

from __future__ import annotations

from typing import NamedTuple

from activities.runtime import Runtime
from workers.machine.console import Reporter
from workers.machine.parts import State

_NAMES = {
    "database": "数据库",
    "engine": "流程引擎",
    "worker-petitions": "办件",
    "worker-petitions-2": "办件",
    "worker-notices": "通知",
    "worker-evidence": "存证",
    "gateway": "门户",
}
_STATES = {
    State.STARTING: ("启动中", "yellow", "◌"),
    State.READY: ("", "green", "●"),
    State.RESTARTING: ("重新启动", "bold red", "↻"),
    State.STOPPING: ("停止中", "yellow", "◌"),
    State.STOPPED: ("已停止", "dim", "○"),
    State.FAILED: ("失败", "bold red", "✗"),
}


class PartView(NamedTuple):
    """A part on the health line; no word: it is in service."""

    name: str
    word: str
    style: str
    sign: str


class PartsReporter:
    """Passes on what it hears, except while ``silent``: then a board is on the screen, which shows it in its own way."""

    def __init__(self, reporter: Reporter) -> None:
        self._reporter = reporter
        self._states: dict[str, State] = {}
        self.silent = False

    @property
    def views(self) -> list[PartView]:
        """The processes, in the order they were started; what is done once (migrations) is none."""
        return [PartView(_NAMES[name], *_STATES[state]) for name, state in self._states.items() if name in _NAMES]

    def part(self, name: str, state: State, detail: str) -> None:
        """A part has changed its state."""
        self._states[name] = state
        if not self.silent:
            self._reporter.part(name, state, detail)

    def note(self, zh: str, en: str) -> None:
        """Something to know."""
        if not self.silent:
            self._reporter.note(zh, en)

    def ready(self, runtime: Runtime) -> None:
        """Everything answers."""
        self._reporter.ready(runtime)
