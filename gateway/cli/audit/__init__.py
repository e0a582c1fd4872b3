"""``sanzhang audit``: whether the record can be relied on, and what it says of a case. A module for each question."""

from __future__ import annotations

import typer

app = typer.Typer(
    name="audit", help="审计：重放、核验、对账、卷宗 / audit: replay, verify, reconcile, export.", no_args_is_help=True
)
