"""``sanzhang audit replay``: did this code decide that? Today's workflow run over what was recorded, and the decisions held against the record."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from gateway.cli.audit.auditor import AuditDoor, audit_door, case_meant, in_events
from gateway.cli.output import REFUSED, AsJson, AsPerson, DataDir, command, local, moment, print_json, progress_bar
from gateway.retry import away, is_transient
from schemas.evidence.journal import EntryKind
from schemas.kernel.errors import UserError
from workers.replay import Outcome, Verdict
from workers.replay.judging import ReplayOptions, Tell, judged_here
from workers.replay.processes import judged_in_processes, sources_of
from workers.replay.sources import Source, case_numbers, count_cases, sampled_numbers
from workers.replay.tally import Tally, VerdictFile

SHOWN = 20
"""Cases that differ which people are shown in full; machines get up to as many as the tally keeps."""

_OUTCOMES = {
    Outcome.SAME: ("[green]✓[/green] 决定相同", "same decisions"),
    Outcome.DIFFERS: ("[red]✗[/red] 决定不同", "a decision differs"),
    Outcome.MISSING: ("[yellow]？[/yellow] 无法说明", "part of it has no history"),
}


@command
async def replay(
    case: Annotated[str | None, typer.Argument(metavar="CASE", help="编号或查询码 / number or tracking code.")] = None,
    *,
    all_cases: Annotated[bool, typer.Option("--all", help="所有案件 / every case.")] = False,
    since: Annotated[
        str | None, typer.Option("--since", metavar="DATE", help="该日以来有记录的案件 / cases written to since a day.")
    ] = None,
    sample: Annotated[
        int | None, typer.Option("--sample", metavar="N", min=1, help="随机抽取 N 件 / N cases at random.")
    ] = None,
    source: Annotated[
        Source, typer.Option("--from", help="历史来源：引擎、档案，或先引擎后档案 / where histories are read.")
    ] = Source.EITHER,
    jobs: Annotated[int, typer.Option("--jobs", metavar="N", min=1, max=256, help="进程数 / processes.")] = 1,
    journal: Annotated[
        Path | None,
        typer.Option(
            "--journal", metavar="FILE", help="续跑文件：中断后以同一命令继续 / to be taken up again after a stop."
        ),
    ] = None,
    sandbox: Annotated[bool, typer.Option("--sandbox", help="在沙箱中重放（较慢） / in the sandbox, slower.")] = False,
    data_dir: DataDir = None,
    person: AsPerson = None,
    as_json: AsJson = False,
) -> None:
    """重放：以今天的程序重走流程历史，逐条比对当时的决定；有不同则退出码为 1 / replay histories and compare every decision."""
    if [case is not None, all_cases, since is not None, sample is not None].count(True) != 1:
        raise UserError(
            "which_cases",
            zh="请指明一个案件编号，或 --all、--since、--sample 之一。",
            en="Name one case, or give exactly one of --all, --since, --sample.",
        )
    from_moment = moment(since, "--since")
    async with audit_door(data_dir, person) as audit:
        database = audit.door.system.database
        number = ""
        if case is not None:
            number = await case_meant(audit, case, partial(in_events, audit))
            numbers, total = _each([number]), 1
        elif sample is not None:
            drawn = await sampled_numbers(database, sample)
            numbers, total = _each(drawn), len(drawn)
        else:
            numbers = case_numbers(database, since=from_moment)
            total = await count_cases(database) if all_cases else None
        tally = Tally()
        try:
            with VerdictFile(journal).opened(tally) if journal is not None else nullcontext() as file:
                await _judged(audit, ReplayOptions(source, sandbox), numbers, tally, file, jobs, total, quiet=as_json)
        except Exception as error:  # judged by is_transient, raised again where it is none of ours
            if is_transient(error):
                raise away(error) from error
            raise
        counts = tally.counts.model_dump()
        asked = case or (f"since {since}" if since else f"sample {sample}" if sample else "all")
        await audit.door.system.journal.append(
            EntryKind.REPLAYED,
            audit.actor,
            case_number=number,
            body={"asked": asked, "from": source.value, "counts": counts},
        )
    if as_json:
        print_json({"counts": counts, "found": [verdict.model_dump(mode="json") for verdict in tally.found]})
    else:
        _print(tally)
    if tally.found:
        raise typer.Exit(REFUSED)


async def _each(numbers: list[str]) -> AsyncGenerator[str]:
    for number in numbers:
        yield number


async def _judged(
    audit: AuditDoor,
    manner: ReplayOptions,
    numbers: AsyncIterator[str],
    tally: Tally,
    file: VerdictFile | None,
    jobs: int,
    total: int | None,
    *,
    quiet: bool,
) -> None:
    bar = progress_bar("重放 / replay", quiet=quiet)
    known = file.known if file is not None else set[str]()
    with bar:
        task = bar.add_task("", total=total, completed=len(known), said="")

        def tell(verdict: Verdict) -> None:
            tally.add(verdict)
            if file is not None:
                file.add(verdict)
            bar.update(task, advance=1, said=f"不同 {tally.counts.differs} · 缺历史 {tally.counts.missing}")

        await _by(audit, manner, _besides(numbers, known), tell, jobs)


async def _by(audit: AuditDoor, manner: ReplayOptions, numbers: AsyncIterator[str], tell: Tell, jobs: int) -> None:
    system = audit.door.system
    if jobs == 1:
        await judged_here(sources_of(system), manner, numbers, tell)
    else:
        await judged_in_processes(system.settings, manner, numbers, tell, jobs=jobs)


async def _besides(numbers: AsyncIterator[str], known: set[str]) -> AsyncGenerator[str]:
    async for number in numbers:
        if number not in known:
            yield number


def _print(tally: Tally) -> None:
    out = Console(highlight=False)
    for verdict in tally.found[:SHOWN]:
        _print_found(out, verdict)
    if len(tally.found) > SHOWN:
        out.print(f"[dim]另有 {len(tally.found) - SHOWN} 件，--json 可见 / more with --json[/dim]")
    counts = tally.counts
    mark = "[green]✓[/green]" if not tally.found else "[red]✗[/red]"
    out.print(
        f"{mark} 重放 {counts.cases} 件：决定相同 {counts.same}，不同 {counts.differs}，缺历史 {counts.missing}；共比对 {counts.events} 条"
    )
    out.print(
        f"  {counts.cases} cases replayed: {counts.same} same decisions, {counts.differs} differ, {counts.missing} without all their history;"
        f" {counts.events} events compared"
    )
    if counts.told:
        out.print(
            f"  其中 {counts.told} 条的回执当时丢失，以记录为准 / {counts.told} taken over from the record after a lost answer"
        )


def _print_found(out: Console, verdict: Verdict) -> None:
    zh, en = _OUTCOMES[verdict.outcome]
    out.print(f"{zh} / {en}  [bold]{escape(verdict.case)}[/bold]")
    found = verdict.difference
    if found is None:
        return
    out.print(f"  {escape(found.zh)}\n  {escape(found.en)}", soft_wrap=True)
    for name, side in (("记录 / recorded", found.recorded), ("今天 / today", found.decided)):
        if side is not None:
            out.print(f"  {name}  #{side.seq} {side.kind} {local(side.at)}  {escape(side.zh)}", soft_wrap=True)
    if found.fields:
        table = Table("字段 / field", "记录 / recorded", "今天 / today")
        for each in found.fields:
            table.add_row(Text(each.path), Text(_short(each.recorded)), Text(_short(each.decided)))
        out.print(table)
    if found.sdk:
        out.print(f"  [dim]{escape(found.sdk)}[/dim]", soft_wrap=True)


def _short(value: Any) -> str:
    said = "—" if value is None else str(value)
    return said if len(said) <= 60 else said[:59] + "…"
