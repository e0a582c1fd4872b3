"""What ``up`` says: a line for each change of each part, for people or, as JSON, for machines."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Protocol

from rich.console import Console
from rich.markup import escape
from sqlalchemy import make_url

from activities.runtime import Runtime
from workers.machine.parts import State

_NAMES = {
    "database": "数据库",
    "engine": "流程引擎",
    "migrations": "数据结构",
    "worker-petitions": "办件工作进程",
    "worker-petitions-2": "办件工作进程",
    "worker-notices": "通知工作进程",
    "worker-evidence": "存证工作进程",
    "gateway": "门户",
}
_STATES = {
    State.STARTING: ("启动中", "yellow", "◌"),
    State.READY: ("就绪", "green", "●"),
    State.RESTARTING: ("重新启动", "red", "↻"),
    State.STOPPING: ("停止中", "yellow", "◌"),
    State.STOPPED: ("已停止", "dim", "○"),
    State.FAILED: ("失败", "bold red", "✗"),
}


class Reporter(Protocol):
    """Hears what happens to the system."""

    def part(self, name: str, state: State, detail: str) -> None:
        """`detail` is the process number of a ready part, or why a part restarts or failed."""
        ...

    def note(self, zh: str, en: str) -> None: ...

    def ready(self, runtime: Runtime) -> None:
        """Everything answers, at these addresses."""
        ...


class TerminalReporter:
    """Lines for people, Chinese first."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def part(self, name: str, state: State, detail: str) -> None:
        word, style, sign = _STATES[state]
        label = _NAMES.get(name, "")
        pid = f"pid {detail}" if state is State.READY and detail else escape(detail)
        self._console.print(
            f"[{style}]{sign}[/] {label} {name}  [{style}]{word} {state.value}[/]  [dim]{pid}[/]", highlight=False
        )

    def note(self, zh: str, en: str) -> None:
        self._console.print(f"[dim]{escape(zh)} {escape(en)}[/]", highlight=False)

    def ready(self, runtime: Runtime) -> None:
        self._console.print("[bold green]系统就绪 ready[/]", highlight=False)
        for label, value in _addresses(runtime).items():
            if value is not None:
                self._console.print(f"  {label:<10} {escape(value)}", highlight=False, soft_wrap=True)


class JsonReporter:
    """One JSON object a line: ``event`` is ``part``, ``note`` or ``ready``; ``at`` is UTC."""

    def part(self, name: str, state: State, detail: str) -> None:
        pid = int(detail) if state is State.READY and detail.isdigit() else None
        reason = None if pid is not None else detail or None
        self._line("part", part=name, state=state.value, pid=pid, reason=reason)

    def note(self, zh: str, en: str) -> None:
        self._line("note", zh=zh, en=en)

    def ready(self, runtime: Runtime) -> None:
        self._line("ready", **_addresses(runtime), pids=dict(runtime.pids))

    def _line(self, event: str, **facts: object) -> None:
        line = {"event": event, "at": datetime.now(UTC).isoformat(), **facts}
        print(json.dumps(line, ensure_ascii=False), flush=True)


def _addresses(runtime: Runtime) -> dict[str, str | None]:
    return {
        "temporal": runtime.temporal,
        "namespace": runtime.namespace,
        "ui": runtime.ui,
        "gateway": runtime.gateway,
        # never the password of a foreign database
        "database_dsn": make_url(runtime.database_dsn).render_as_string(hide_password=True),
    }
