"""``sanzhang audit reconcile``: do engine, audit record and read model agree; and what can be mended from the record, mended."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from activities.evidence.reconcile import Disagreement, Outcome, Span, carry_on, reconcile_all, repair, tell_again
from activities.evidence.reconcile.looking import NOT_TOLD
from activities.evidence.reconcile.repairing import REPAIRABLE, RUN_MISSING
from activities.evidence.reconcile.sweeping import count
from activities.record.telling import Followers
from gateway.cli.audit.auditor import AuditDoor, audit_door
from gateway.cli.output import REFUSED, AsJson, AsPerson, DataDir, command, print_json, progress_bar
from gateway.retry import away, is_transient
from schemas.kernel.errors import UserError

SHOWN = 50
"""Findings people are shown; machines get as many as the outcome holds."""


@command
async def reconcile(
    *,
    do_repair: Annotated[
        bool,
        typer.Option(
            "--repair",
            help="由事件重建读模型，未结而无流程的重新起流程（仅本机管理员） / rebuild the read model from the events, carry on what has no run.",
        ),
    ] = False,
    days: Annotated[
        int, typer.Option("--since", metavar="DAYS", min=0, help="含最近几天办结的案件 / cases closed in so many days.")
    ] = 7,
    everything: Annotated[bool, typer.Option("--all", help="所有案件 / every case there is.")] = False,
    reason: Annotated[
        str, typer.Option("--why", metavar="REASON", help="修复事由，记入日志 / why it is repaired; recorded.")
    ] = "",
    data_dir: DataDir = None,
    person: AsPerson = None,
    as_json: AsJson = False,
) -> None:
    """对账：引擎、审计记录、读模型三方比对；有不符则退出码为 1 / compare engine, record and read model."""
    span = Span(days=days, everything=everything)
    try:
        async with audit_door(data_dir, person, pool_size=12, may_repair=do_repair) as audit:
            outcome = await _reconciled(audit, span, quiet=as_json)
            mended = await _mended(audit, outcome, reason) if do_repair else _Mended()
            after = await _reconciled(audit, span, quiet=as_json) if mended.anything else outcome
    except Exception as error:  # judged by is_transient, raised again where it is none of ours
        if is_transient(error):
            raise away(error) from error
        raise
    if as_json:
        print_json(
            after.model_dump(mode="json")
            | {
                "repaired": mended.repaired,
                "carried_on": mended.carried_on,
                "told_again": mended.told_again,
                "not_repaired": [error.as_dict() for error in mended.refused],
            }
        )
    else:
        _print(after, mended)
    if after.findings:
        raise typer.Exit(REFUSED)


@dataclass
class _Mended:
    """How many fields were changed by case, which cases got a run again, how many followers were told a reply by case, and what was refused."""

    repaired: dict[str, int] = field(default_factory=dict[str, int])
    carried_on: list[str] = field(default_factory=list[str])
    told_again: dict[str, int] = field(default_factory=dict[str, int])
    refused: list[UserError] = field(default_factory=list[UserError])

    @property
    def anything(self) -> bool:
        """Whether something is otherwise now."""
        return bool(self.repaired or self.carried_on or self.told_again)


async def _reconciled(audit: AuditDoor, span: Span, *, quiet: bool) -> Outcome:
    system = audit.door.system
    bar = progress_bar("对账 / reconcile", quiet=quiet)
    with bar:
        task = bar.add_task("", total=await count(system.database, span), said="")
        return await reconcile_all(
            system.database,
            system.client,
            span=span,
            journal=system.journal,
            actor=audit.actor,
            looked_at=lambda: bar.advance(task),
        )


async def _mended(audit: AuditDoor, outcome: Outcome, reason: str) -> _Mended:
    system, mended = audit.door.system, _Mended()
    to_rebuild = {each.case for each in outcome.found if each.code in REPAIRABLE}
    to_start = {each.case for each in outcome.found if each.code == RUN_MISSING}
    to_tell = {each.case for each in outcome.found if each.code == NOT_TOLD}
    followers = Followers(system.record, system.database, system.client)
    for number in sorted(to_rebuild | to_start | to_tell):
        what = (system.database, system.journal, audit.actor, number, reason)
        try:
            if number in to_rebuild and (changed := await repair(*what)):
                mended.repaired[number] = changed
            if number in to_start and await carry_on(*what, audit.door.desk.carry_on):
                mended.carried_on.append(number)
            if number in to_tell and (told := await tell_again(*what, followers)):
                mended.told_again[number] = told
        except UserError as error:
            mended.refused.append(error)
    return mended


def _print(outcome: Outcome, mended: _Mended) -> None:
    out = Console(highlight=False)
    for number, fields in mended.repaired.items():
        out.print(f"[green]✓[/green] {escape(number)}：由事件重建，改正 {fields} 处 / rebuilt, {fields} fields")
    for number in mended.carried_on:
        out.print(f"[green]✓[/green] {escape(number)}：流程已由记录重新启动 / carried on from the record")
    for number, followers in mended.told_again.items():
        out.print(f"[green]✓[/green] {escape(number)}：答复已告知并入的 {followers} 件 / {followers} followers told")
    for error in mended.refused:
        out.print(f"[red]✗[/red] {escape(error.zh)}\n  {escape(error.en)}", soft_wrap=True)
    for each in outcome.found[:SHOWN]:
        _print_found(out, each)
    if len(outcome.found) > SHOWN:
        out.print(f"[dim]另有 {len(outcome.found) - SHOWN} 条，--json 可见 / more with --json[/dim]")
    mark = "[red]✗[/red]" if outcome.findings else "[green]✓[/green]"
    out.print(f"{mark} 对账 {outcome.cases} 件：不符 {outcome.findings} 处，提示 {outcome.notes} 条")
    out.print(f"  {outcome.cases} cases compared: {outcome.findings} out of step, {outcome.notes} notes")


def _print_found(out: Console, found: Disagreement) -> None:
    mark = "[yellow]·[/yellow]" if found.note else "[red]✗[/red]"
    out.print(f"{mark} {escape(found.zh)}\n  {escape(found.en)}", soft_wrap=True)
    if not found.fields:
        return
    table = Table("字段 / field", "事件 / by the events", "另一方 / the other side")
    for each in found.fields:
        table.add_row(Text(each.name), Text(_short(each.record)), Text(_short(each.other)))
    out.print(table)


def _short(value: Any) -> str:
    said = "—" if value is None else str(value)
    return said if len(said) <= 60 else said[:59] + "…"
