"""``sanzhang``: one command, a group for each thing it is about."""

from __future__ import annotations

import typer

from gateway.cli.board import board
from gateway.cli.calendars import app as calendar
from gateway.cli.case import app as case
from gateway.cli.documents import org_app, policy_app
from gateway.cli.importing import import_
from gateway.cli.machine import up
from gateway.cli.simulate import simulate

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
app.command("import")(import_)
app.command("simulate")(simulate)
app.add_typer(case, name="case")
app.command("board")(board)
app.add_typer(policy_app, name="policy")
app.add_typer(org_app, name="org")
app.add_typer(calendar, name="calendar")


def main() -> None:
    """The entry point."""
    app()
