"""``sanzhang board``: how the work stands, per ledger and per unit."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from gateway.board.shown import Board
from gateway.board.shown import board as read_board
from gateway.cli.output import AsJson, DataDir, command, door_for, local, moment, print_json
from gateway.measures_table import age_band, measures_table
from gateway.orders.reading import resolved_unit
from gateway.retry import READ_RETRY_SECONDS, retry_transient
from schemas.evidence.journal import Entry, EntryKind


@command
async def board(
    *,
    as_of: Annotated[str | None, typer.Option("--as-of", help="截至何时 / as of a past moment.")] = None,
    unit: Annotated[str, typer.Option("--unit", help="单位（含下级） / a unit and those below it.")] = "",
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """看板：各账办理情况、逾期分布，可回看任一时刻 / measures per ledger, overdue by unit and age, now or as of any moment."""
    at = moment(as_of, "--as-of") or datetime.now(UTC)
    async with door_for(data_dir) as door:
        path = resolved_unit(await door.organisation(), unit) if unit else ""
        rules = await door.rules()
        shown = await read_board(door.queries, rules.calendar, at, path)
        reconciled = await retry_transient(lambda: door.system.journal.latest(EntryKind.RECONCILED), READ_RETRY_SECONDS)
    if as_json:
        print_json(shown.model_dump(mode="json") | {"reconciled": _reconciled(reconciled)})
    else:
        _print(shown)
        _print_reconciled(reconciled)


def _reconciled(entry: Entry | None) -> dict[str, Any] | None:
    """The last comparison of engine, record and read model; None where there was none yet."""
    return None if entry is None else {"at": entry.at.isoformat(), **entry.body}


def _print_reconciled(entry: Entry | None) -> None:
    out = Console(highlight=False)
    if entry is None:
        out.print("[dim]· 尚未对账（sanzhang audit reconcile） / engine, record and board not compared yet[/dim]")
        return
    findings = entry.body.get("findings", 0)
    if findings:
        out.print(
            f"[red]✗[/red] 最近对账 {local(entry.at)}：不符 {findings} 处（sanzhang audit reconcile 可查） / "
            f"last reconciliation: {findings} out of step"
        )
    else:
        out.print(f"[green]✓[/green] 最近对账 {local(entry.at)}：三方一致 / last reconciliation: all agree")


def _print(shown: Board) -> None:
    out = Console(highlight=False)
    title = f"看板 · {shown.unit or '全部'} · 截至 {local(shown.as_of)}"
    out.print(measures_table(shown.measures, title))
    if not shown.overdue:
        out.print("[green]✓[/green] 没有逾期未答复的案件 / no answer is overdue")
        return
    late = Table(
        "单位",
        "逾期",
        "最久（工作日）",
        *(age_band(*band) for band in shown.bands),
        title="逾期未答复 / overdue by unit",
    )
    for each in shown.overdue:
        late.add_row(Text(each.unit), str(each.overdue), str(each.oldest), *(str(age or "") for age in each.ages))
    out.print(late)
