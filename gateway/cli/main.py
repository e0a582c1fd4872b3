"""``sanzhang``: one command, a group for each thing it is about."""

from __future__ import annotations

import typer

from gateway.cli.machine import up

app = typer.Typer(
    name="sanzhang",
    help="三本账：群众诉求闭环办理系统 / the petition loop of a city's police bureau.",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
    rich_markup_mode="rich",
)


@app.callback()
def sanzhang() -> None:
    """三本账 / three ledgers."""


app.command("up")(up)


def main() -> None:
    """The entry point."""
    app()
