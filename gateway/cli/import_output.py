"""What ``sanzhang import`` prints: a bar while it works, a summary when it is over, proposals where nothing is to be filed."""

from __future__ import annotations

import shlex
import sys
from collections import Counter
from collections.abc import Sequence

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from gateway.cli.output import exit_code, print_json, progress_bar, tell
from gateway.importing.filing import Tally
from gateway.importing.preview import Line
from gateway.importing.summary import Summary
from gateway.workbook.message import Workbook
from schemas.kernel.errors import UserError
from schemas.petition.wording.terms import chinese
from schemas.proposals.proposal import Proposal

INTERRUPTED = 130
"""Exit code: stopped by Ctrl-C (or SIGTERM), everything acknowledged is kept."""

SHOWN_LINES = 50
"""Rows of a preview people see; machines get them all."""

SURE = 0.5
"""Confidence below which a proposal is marked as doubtful."""

_TITLE_CELLS = 26
_GLANCED = ("行", "编号", "", "单位", "账别")
_OUTCOMES = {"accepted": "[green]可接收[/]", "already_known": "[dim]已有[/]", "refused": "[red]退回[/]"}


class Bar:
    """A progress bar on standard error; nothing where nobody looks."""

    def __init__(self, total: int, *, quiet: bool) -> None:
        self._bar = progress_bar("导入 / import", quiet=quiet)
        self._task = self._bar.add_task("", total=total, said="")

    def __enter__(self) -> Bar:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def moved(self, tally: Tally) -> None:
        """Shows how far it has come."""
        said = f"收 {tally.accepted} · 已有 {tally.already_known} · 退 {len(tally.refused)}"
        self._bar.update(self._task, completed=tally.done, said=said)


def conclude(tally: Tally, summary: Summary, *, as_json: bool) -> None:
    """Prints what was done, and how to go on where something is left; ends with the exit code."""
    error = tally.ended_by
    again = shlex.join(["sanzhang", *sys.argv[1:]])
    if as_json:
        facts = summary.facts()
        if summary.interrupted:
            facts["continue"] = again
        if isinstance(error, UserError):
            facts["error"] = error.as_dict()
        print_json(facts)
    else:
        _show(summary)
        if isinstance(error, UserError):
            tell(error, as_json=False)
        if summary.interrupted:
            _console().print(
                "未导完。已接收的都已保存；再次执行同一命令即可继续，不会重复：\n"
                "Not finished. What was accepted is kept; the same command goes on, and nothing is filed twice:\n"
                f"  {escape(again)}"
            )
    if isinstance(error, UserError):
        raise typer.Exit(exit_code(error))
    if error is not None:
        raise error
    if summary.interrupted:
        raise typer.Exit(INTERRUPTED)


def _show(summary: Summary) -> None:
    console = _console()
    console.print(f"[bold]{escape(summary.file)}[/]  {escape(summary.sheet)}  [dim]{escape(summary.source)}[/]")
    console.print(
        f"  共 {summary.rows} 行：接收 [green]{summary.accepted}[/] · 已有 {summary.already_known} · "
        f"退回 [red]{summary.refused}[/]  [dim]{summary.seconds:.1f} 秒[/]"
    )
    console.print(
        f"  [dim]{summary.rows} rows: {summary.accepted} accepted, {summary.already_known} already known, "
        f"{summary.refused} refused[/]"
    )
    for code, count in summary.reasons.items():
        console.print(f"    {count} × {code}")
    if "source_event_conflict" in summary.reasons:
        console.print("  若编号属于另一系统，请用 --source 指明 / for ids of another system name it with --source.")
    if summary.refused_file:
        console.print(f"  退回清单 refused rows: {escape(summary.refused_file)}")


def show_preview(workbook: Workbook, source: str, lines: Sequence[Line], *, as_json: bool) -> None:
    """Every row's proposals as JSON; for people the counts and the first rows."""
    counts = Counter(line.outcome for line in lines)
    held = sum(line.held for line in lines)
    if as_json:
        print_json(
            {
                "dry_run": True,
                "source": source,
                "sheet": workbook.sheet,
                "headings": workbook.headings,
                "ignored_headings": workbook.ignored_headings,
                "unread_sheets": workbook.unread_sheets,
                "rows": len(lines),
                "accepted": counts["accepted"],
                "already_known": counts["already_known"],
                "refused": counts["refused"],
                "held": held,
                "proposals": [line.model_dump(mode="json") for line in lines],
            }
        )
        return
    table = Table(title=f"{workbook.sheet}  {source}", title_justify="left", box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for heading in ("行", "编号", "", "主题", "单位", "账别", "分类", "可能重复"):
        width = _TITLE_CELLS if heading == "主题" else None
        # Columns that are read at a glance keep their width; the others break into lines.
        table.add_column(heading, no_wrap=heading in _GLANCED, max_width=width, overflow="fold")
    for line in lines[:SHOWN_LINES]:
        table.add_row(str(line.row), escape(line.message_id), _OUTCOMES[line.outcome], *_cells(line))
    console = _console()
    console.print(table)
    if len(lines) > SHOWN_LINES:
        console.print(f"  …… 另有 {len(lines) - SHOWN_LINES} 行（--json 全部列出） / more rows with --json")
    console.print(
        f"  共 {len(lines)} 行：可接收 {counts['accepted']} · 已有 {counts['already_known']} · 退回 {counts['refused']}；"
        "未建档 / nothing was filed."
    )
    if held:
        console.print(
            f"  其中 {held} 行可能反映我方单位或人员，建档后先认定 / rows that may complain of the organisation are held first."
        )


def _cells(line: Line) -> tuple[str, ...]:
    proposals = line.proposals
    if proposals is None or line.outcome == "refused":
        return (f"[dim]{escape(line.why)}[/]",)
    ledger = chinese(proposals.ledger.value or "")
    complexity = chinese(proposals.complexity.value or "").partition("（")[0]
    unit = (
        f"[yellow]{escape(line.held_at)} 待认定[/]" if line.held else _sure(proposals.unit, proposals.unit.value or "")
    )
    return (
        escape(line.title),
        unit,
        _sure(proposals.ledger, f"{ledger}·{complexity}"),
        _sure(proposals.category, (proposals.category.value or "").rpartition("/")[2]),
        "\n".join(line.likely_duplicates.value[:2]),
    )


def _sure(proposal: Proposal, shown: str) -> str:
    """What is little more than a guess is marked."""
    if proposal.value is None:
        return "[dim]—[/]"
    return escape(shown) if proposal.confidence >= SURE else f"[dim]{escape(shown)}?[/]"


def _console() -> Console:
    return Console(highlight=False, soft_wrap=False)
