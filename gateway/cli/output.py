"""How commands speak: pretty for people, the same facts as JSON for machines, one sentence and an exit code for what went wrong."""

from __future__ import annotations

import functools
import json
import os
import sys
from collections.abc import Callable, Coroutine
from typing import Annotated, Any, ParamSpec, TypeVar

import typer
import uvloop
from rich.console import Console

from activities.settings import Settings
from schemas.errors import UserError
from schemas.refusals import SENTENCES

P = ParamSpec("P")
R = TypeVar("R")

REFUSED = 1
"""Exit code: the rules refuse it; nothing has changed."""
USAGE = 2
"""Exit code: the call, a file or a setting is wrong."""
AWAY = 3
"""Exit code: the system, or a part of it, is not there now."""

AWAY_CODES = frozenset({"system_not_running", "system_unavailable", "database_unavailable", "engine_unavailable"})

DataDir = Annotated[
    str | None,
    typer.Option(
        "--data-dir", help="系统的数据目录 / the system's data folder (SANZHANG_DATA_DIR).", show_default=False
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="输出 JSON / print JSON for machines.")]


def settings_for(data_dir: str | None) -> Settings:
    """The settings of the environment, with the folder given on the command line."""
    environment = dict(os.environ)
    if data_dir:
        environment["SANZHANG_DATA_DIR"] = data_dir
    return Settings.from_environment(environment)


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
            f"[red]✗[/red] {error.zh}\n  {error.en}  [dim]({error.code})[/dim]"
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
