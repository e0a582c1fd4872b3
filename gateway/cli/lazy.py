"""Commands that are told of by name and imported only when they are called: engine, database and spreadsheets take their time."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup


@dataclass(frozen=True)
class Command:
    """Where a command lies (``module:function``), and what lists say of it. ``settings``: how its words are taken apart, where not as usual."""

    place: str
    help: str
    settings: Mapping[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True)
class Group:
    """Commands about one thing."""

    help: str
    commands: Mapping[str, Command | Group]


def group(commands: Mapping[str, Command | Group], **told: Any) -> typer.Typer:
    """A group whose commands are imported when they are called, and not to list them; ``told``: as Typer takes it."""

    class Listed(TyperGroup):
        """Knows its commands by name and by a line; the one that is called takes the place of its line."""

        listing = False

        def list_commands(self, ctx: Any) -> list[str]:
            """In the order in which they are written down."""
            return list(commands)

        def get_command(self, ctx: Any, cmd_name: str) -> Any:
            """A line while they are listed, else the command itself."""
            found = commands.get(cmd_name)
            if self.listing or not isinstance(found, Command):
                return super().get_command(ctx, cmd_name)
            return imported(cmd_name, found)

        def format_help(self, ctx: Any, formatter: Any) -> None:
            """As Typer's own."""
            with self._lines():
                super().format_help(ctx, formatter)

        def shell_complete(self, ctx: Any, incomplete: str) -> Any:
            """As Typer's own."""
            with self._lines():
                return super().shell_complete(ctx, incomplete)

        @contextmanager
        def _lines(self) -> Generator[None]:
            self.listing = True
            try:
                yield
            finally:
                self.listing = False

    app = typer.Typer(cls=Listed, no_args_is_help=True, **told)
    # With a callback Typer keeps the command's name even where there is only one.
    app.callback()(_called)
    for name, each in commands.items():
        if isinstance(each, Group):
            app.add_typer(group(each.commands, help=each.help), name=name)
        else:
            app.command(name, help=each.help)(_called)
    return app


def imported(name: str, command: Command) -> Any:
    """The command itself, with its options, as Typer hands it to whoever carries it out."""
    module, _, attribute = command.place.partition(":")
    found = getattr(import_module(module), attribute)
    app = typer.Typer(add_completion=False, rich_markup_mode="rich")
    app.callback()(_called)
    if isinstance(found, typer.Typer):
        app.add_typer(found, name=name)
    else:
        app.command(name, context_settings=dict(command.settings) or None)(found)
    made: Any = typer.main.get_command(app)
    return made.commands[name]


def _called() -> None:
    """Stands where the command itself will."""
