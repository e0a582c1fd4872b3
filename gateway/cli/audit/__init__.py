"""``sanzhang audit``: whether the record can be relied on, and what it says of a case. A module for each question."""

from __future__ import annotations

import typer

from gateway.cli.audit.access import access
from gateway.cli.audit.checkpoint import checkpoint, proof
from gateway.cli.audit.export import export
from gateway.cli.audit.reconcile import reconcile
from gateway.cli.audit.replay import replay
from gateway.cli.audit.security import security
from gateway.cli.audit.timeline import timeline
from gateway.cli.audit.verify import verify

app = typer.Typer(
    name="audit", help="审计：重放、核验、对账、卷宗 / audit: replay, verify, reconcile, export.", no_args_is_help=True
)
app.command("access")(access)
app.command("checkpoint")(checkpoint)
app.command("proof")(proof)
app.command("export")(export)
app.command("reconcile")(reconcile)
app.command("replay")(replay)
app.command("security")(security)
app.command("timeline")(timeline)
app.command("verify")(verify)
