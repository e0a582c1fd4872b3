"""``sanzhang``: one command, a group for each thing it is about."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from importlib import import_module
from typing import Final

import typer

COMMANDS: Final[Mapping[str, tuple[str, str]]] = {
    "up": ("gateway.cli.machine", "up"),
    "import": ("gateway.cli.importing", "import_"),
    "simulate": ("gateway.cli.simulate", "simulate"),
    "case": ("gateway.cli.case", "app"),
    "board": ("gateway.cli.board", "board"),
    "policy": ("gateway.cli.documents", "policy_app"),
    "org": ("gateway.cli.documents", "org_app"),
    "calendar": ("gateway.cli.calendars", "app"),
    "intake": ("gateway.cli.intake", "app"),
    "audit": ("gateway.cli.audit", "app"),
    "account": ("gateway.cli.accounts", "app"),
    "token": ("gateway.cli.tokens", "app"),
}
"""Where each command lies. Only the one that is called is imported: engine, database and spreadsheets take their time."""


def application(names: Iterable[str] = COMMANDS) -> typer.Typer:
    """The command line with these commands, all of them by default."""
    app = typer.Typer(
        name="sanzhang",
        help="三本账：群众诉求闭环办理系统 / the petition loop of a city's police bureau.",
        no_args_is_help=True,
        pretty_exceptions_show_locals=False,
        rich_markup_mode="rich",
    )
    # With a callback Typer keeps the command's name even where there is only one.
    app.callback()(_named)
    for name in names:
        module, attribute = COMMANDS[name]
        found = getattr(import_module(module), attribute)
        if isinstance(found, typer.Typer):
            app.add_typer(found, name=name)
        else:
            app.command(name)(found)
    return app


def _named() -> None:
    """三本账：群众诉求闭环办理系统 / the petition loop of a city's police bureau."""


def main() -> None:
    """The entry point."""
    called = sys.argv[1] if len(sys.argv) > 1 else ""
    application([called] if called in COMMANDS else COMMANDS)()
