"""How commands speak: pretty for people, the same facts as JSON for machines, one sentence and an exit code for what went wrong."""

from __future__ import annotations

import functools
import json
import os
import sys
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import asynccontextmanager
from datetime import date, datetime
from typing import Annotated, Any, ParamSpec, TypeVar

import typer
import uvloop
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from activities.settings import Settings
from gateway.doors import Door, open_door
from schemas.kernel.actor import Actor
from schemas.kernel.errors import UserError
from schemas.kernel.worktime import SHANGHAI, at_hour
from schemas.petition.refusals import SENTENCES
from schemas.petition.wording.moments import due_by, local

__all__ = [
    "AWAY",
    "AWAY_CODES",
    "REFUSED",
    "USAGE",
    "AsJson",
    "AsPerson",
    "DataDir",
    "actor_of",
    "command",
    "door_for",
    "due_by",
    "exit_code",
    "local",
    "moment",
    "print_json",
    "progress_bar",
    "settings_for",
    "tell",
    "viewer_of",
]

P = ParamSpec("P")
R = TypeVar("R")

REFUSED = 1
"""Exit code: the rules refuse it; nothing has changed."""
USAGE = 2
"""Exit code: the call, a file or a setting is wrong."""
AWAY = 3
"""Exit code: the system, or a part of it, is not there now."""

BY_COMMAND_LINE = "cli"
"""What stands for a session in what is recorded of orders given here."""

AWAY_CODES = frozenset({"system_not_running", "system_unavailable", "database_unavailable", "engine_unavailable"})

DataDir = Annotated[
    str | None,
    typer.Option(
        "--data-dir", help="系统的数据目录 / the system's data folder (SANZHANG_DATA_DIR).", show_default=False
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="输出 JSON / print JSON for machines.")]
AsPerson = Annotated[
    str | None,
    typer.Option(
        "--as",
        help="以谁的身份（人员编号，sanzhang org show 可查）；不填即本机管理员 / the person who looks or acts.",
        show_default=False,
    ),
]


def settings_for(data_dir: str | None) -> Settings:
    """The settings of the environment, with the folder given on the command line."""
    environment = dict(os.environ)
    if data_dir:
        environment["SANZHANG_DATA_DIR"] = data_dir
    return Settings.from_environment(environment)


@asynccontextmanager
async def door_for(data_dir: str | None) -> AsyncGenerator[Door]:
    """The door to the system of that folder (or of the environment), closed afterwards."""
    async with open_door(settings_for(data_dir), os.environ) as door:
        yield door


async def viewer_of(door: Door, person: str | None) -> Actor | None:
    """Who looks: a person of the organisation, or None for the administrator of this machine."""
    return None if person is None else await actor_of(door, person)


async def actor_of(door: Door, person: str) -> Actor:
    """A person of the organisation as one who acts at this machine's own command line. ``UserError`` ``person_unknown``."""
    return (await door.actor(person)).model_copy(update={"credential": BY_COMMAND_LINE})


def moment(said: str | None, option: str) -> datetime | None:
    """A day (0:00) or a moment, in Asia/Shanghai unless it says otherwise. ``UserError`` ``time_invalid``."""
    if said is None:
        return None
    try:
        if len(said) <= len("2026-01-01"):
            return at_hour(date.fromisoformat(said), 0)
        found = datetime.fromisoformat(said)
        return found if found.tzinfo is not None else found.replace(tzinfo=SHANGHAI)
    except ValueError:
        raise UserError(
            "time_invalid",
            zh=f"{option} 的“{said}”不是日期或时刻；请写成 2026-03-01 或 2026-03-01T09:00（北京时间）。",
            en=f"{option}: “{said}” is no day or moment; write 2026-03-01 or 2026-03-01T09:00 (Beijing time).",
            option=option,
        ) from None


def progress_bar(label: str, *, quiet: bool) -> Progress:
    """Long work on standard error, gone when it is over; nothing with ``quiet`` or where nobody looks. A task's field ``said`` stands beside it."""
    console = Console(stderr=True)
    return Progress(
        TextColumn(label),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[said]}"),
        TimeRemainingColumn(),
        console=console,
        transient=True,
        disable=quiet or not console.is_terminal,
    )


def print_json(facts: Any) -> None:
    """One JSON document on standard output."""
    sys.stdout.write(json.dumps(facts, ensure_ascii=False, indent=2, default=str) + "\n")


def exit_code(error: UserError) -> int:
    """What a failed command ends with."""
    if error.code in AWAY_CODES:
        return AWAY
    return REFUSED if error.code in SENTENCES else USAGE


def tell(error: UserError, *, as_json: bool) -> None:
    """The error as a person or a machine reads it."""
    if as_json:
        print_json({"error": error.as_dict()})
    else:
        Console(stderr=True, highlight=False, soft_wrap=True).print(
            f"[red]✗[/red] {escape(error.zh)}\n  {escape(error.en)}  [dim]({error.code})[/dim]"
        )


def command(work: Callable[P, Coroutine[Any, Any, R]]) -> Callable[P, R]:
    """An async command as Typer calls it; a ``UserError`` becomes its sentence and an exit code."""

    @functools.wraps(work)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return uvloop.run(work(*args, **kwargs))
        except UserError as error:
            tell(error, as_json=bool(kwargs.get("as_json")))
            raise typer.Exit(exit_code(error)) from None

    return run
