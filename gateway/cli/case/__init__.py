"""``sanzhang case``: one petition, or a list of them."""

import typer

from gateway.cli.case.acting import act, file
from gateway.cli.case.reading import history, list_cases, show, why
from gateway.cli.case.revealing import reveal

app = typer.Typer(help="案件：查询与办理 / cases: read them and act on them.", no_args_is_help=True)
app.command("list")(list_cases)
app.command("show")(show)
app.command("history")(history)
app.command("why")(why)
app.command("reveal")(reveal)
# The fields differ from command to command, so the parser leaves what it does not know to us.
app.command("act", context_settings={"allow_extra_args": True, "ignore_unknown_options": True})(act)
app.command("file")(file)

__all__ = ["app"]
