"""``sanzhang``: one command, a group for each thing it is about."""

from __future__ import annotations

from collections.abc import Iterable

import typer

from gateway.cli.commands import COMMANDS
from gateway.cli.lazy import group


def application(names: Iterable[str] = COMMANDS) -> typer.Typer:
    """The command line with these commands, all of them by default."""
    return group(
        {name: COMMANDS[name] for name in names},
        name="sanzhang",
        help="三本账：群众诉求闭环办理系统 / the petition loop of a city's police bureau.",
        pretty_exceptions_show_locals=False,
        rich_markup_mode="rich",
    )


def main() -> None:
    """The entry point."""
    application()()
