"""``sanzhang simulate``: what a rule would have meant for last year's real cases."""

from __future__ import annotations

import sys
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from activities.defaults import default_policy
from activities.documents import read_policy
from gateway.cli.output import command, progress_bar
from gateway.measures_table import measures_table
from gateway.simulate import simulate as run_simulation
from gateway.workbook.headings import parse_map
from schemas.kernel.errors import UserError
from schemas.petition.simulation import SimulationOptions, SimulationResult
from schemas.petition.state import Complexity, Ledger
from schemas.policy import Policy

Hours = Annotated[float, typer.Option(min=0, max=10_000)]


@command
async def simulate(
    file: Annotated[
        Path, typer.Argument(metavar="FILE.xlsx", help="有答复的留言工作簿 / a workbook of answered messages.")
    ],
    policy: Annotated[
        Path | None,
        typer.Option("--policy", metavar="P.yaml", help="政策 / the policy to try (default: the shipped one)."),
    ] = None,
    json_out: Annotated[
        Path | None,
        typer.Option("--json", metavar="OUT", help="结果写入此文件 / write cases, refusals, measures here."),
    ] = None,
    mapping: Annotated[
        str | None, typer.Option("--map", metavar="FIELD=HEADING,…", help="指明表头 / name the headings.")
    ] = None,
    approve_after: Hours = 4.0,
    assign_after: Hours = 4.0,
    revisit_after: Hours = 24.0,
    satisfied: Annotated[bool, typer.Option(help="回访时群众是否满意 / what petitioners say at the revisit.")] = True,
    ledger: Annotated[Ledger | None, typer.Option(help="一律按此账别 / take every message for this ledger.")] = None,
    complexity: Annotated[
        Complexity | None, typer.Option(help="一律按此难易 / take every message for this complexity.")
    ] = None,
) -> None:
    """用真实留言推演政策，不需要引擎 / drive answered messages through the rules in virtual time; no engine."""
    tried = _policy(policy)
    options = SimulationOptions(
        approve_after=timedelta(hours=approve_after),
        assign_after=timedelta(hours=assign_after),
        revisit_after=timedelta(hours=revisit_after),
        satisfied=satisfied,
        ledger=ledger,
        complexity=complexity,
    )
    with progress_bar("推演 / simulate", quiet=False) as bar:
        task = bar.add_task("", total=None, said="")
        result = run_simulation(
            file,
            tried,
            options,
            lambda done, total: bar.update(task, completed=done, total=total),
            mapping=parse_map(mapping) if mapping else None,
        )
    if json_out is not None:
        _write(json_out, result)
    _show(result, Console(highlight=False))


def _policy(path: Path | None) -> Policy:
    if path is None:
        return default_policy()
    try:
        return read_policy(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(
            "policy_unreadable",
            zh=f"读不到政策文件 {path}：{error}。请核对路径，文件须为 UTF-8 的 YAML。",
            en=f"The policy file {path} can't be read: {error}. Check the path; it must be YAML in UTF-8.",
        ) from error


def _write(path: Path, result: SimulationResult) -> None:
    text = result.model_dump_json(indent=2)
    if str(path) == "-":
        sys.stdout.write(text + "\n")
        return
    try:
        path.write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        raise UserError(
            "output_unwritable",
            zh=f"无法写入 {path}：{error}。请换一个可写的位置。",
            en=f"{path} can't be written: {error}. Choose a place that can be.",
        ) from error


def _show(result: SimulationResult, console: Console) -> None:
    console.print(f"[bold]{len(result.cases)}[/] 件推演，[bold]{len(result.refused)}[/] 行拒收 / simulated, refused")
    console.print(measures_table(result.measures, "推演 / what the rule would have meant"))
    for refused in result.refused[:5]:
        console.print(f"[yellow]行 {refused.row}[/] {refused.message_id}：{refused.reason}")
    if len(result.refused) > 5:
        console.print(f"… 其余 {len(result.refused) - 5} 行见 --json 输出 / the rest is in the --json output")
