"""``sanzhang calendar show|check|import``: which days count."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from activities.record.reference import ReferenceStore
from gateway.calendar_notice import read_notice
from gateway.cli.output import AsJson, DataDir, command, door_for, due_by, print_json, progress_bar
from gateway.documents import planned_calendar, recompute_for, store_calendar
from gateway.recompute import Outcome, Recompute
from gateway.retry import READ_RETRY_SECONDS, retry_transient
from schemas.kernel.calendar import (
    CalendarDay,
    missing_years,
)
from schemas.kernel.errors import UserError
from schemas.kernel.worktime import Calendar, local_day, working_days_after
from schemas.petition.wording.terms import chinese

SHOWN = 40
"""Lines of a terminal table; the JSON holds all."""


@command
async def show(
    year: Annotated[int | None, typer.Argument(help="年份；不填为今年起 / the year.", min=1950, max=2199)] = None,
    *,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """放假与调休上班的日子 / the days that differ from Monday to Friday."""
    async with door_for(data_dir) as door:
        calendar, days = await _in_force(door.system.reference)
    this_year = local_day(datetime.now(UTC)).year
    years = [year] if year is not None else [this_year, this_year + 1]
    listed = [day for day in days if day.day.year in years and day.is_exception]
    if as_json:
        print_json(
            _facts(calendar)
            | {
                "years": [_year(calendar, each) for each in years],
                "days": [day.model_dump(mode="json") for day in listed],
            }
        )
        return
    out = Console(highlight=False)
    out.print(_headline(calendar))
    for each in years:
        facts = _year(calendar, each)
        state = "已公布" if facts["published"] else "暂定（按周一至周五推算）/ provisional"
        out.print(f"{each} 年：{facts['working_days']} 个工作日，{state}")
    table = Table("日期", "", "文号", "")
    for day in listed:
        kind = "[green]上班[/green]" if day.kind == "working" else "放假"
        table.add_row(f"{day.day} 周{'一二三四五六日'[day.day.weekday()]}", kind, Text(day.notice), _status(day))
    out.print(table)


@command
async def check(*, data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """缺哪些年份的放假通知（每年 11 月 1 日起提醒下一年） / which years' notices are missing."""
    async with door_for(data_dir) as door:
        calendar, _ = await _in_force(door.system.reference)
    missing = missing_years(calendar, local_day(datetime.now(UTC)))
    if as_json:
        print_json(_facts(calendar) | {"missing_years": missing, "complete": not missing})
        return
    out = Console(highlight=False)
    out.print(_headline(calendar))
    if not missing:
        out.print("[green]✓[/green] 需要的年份都已公布 / no notice is missing")
        return
    years = "、".join(map(str, missing))
    out.print(
        f"[yellow]![/yellow] 缺少 {years} 年的放假通知：这些年份的期限为暂定，不发红牌。通知公布后请执行 sanzhang calendar import 文件\n"
        f"  The notice of {', '.join(map(str, missing))} is missing: due dates there are provisional and get no red card. "
        "Import it once it is out: sanzhang calendar import FILE"
    )


@command
async def import_(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="放假通知：CSV、JSON 或 ICS / the notice.", show_default=False)
    ],
    *,
    covers: Annotated[
        str | None, typer.Option("--covers", help="所管日期 2027-01-01..2027-12-31 / the days it settles.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="只看会怎样 / show what would change.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="不再询问 / do not ask.")] = False,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """导入放假通知，并重算受影响的未结案件 / import a holiday notice and recompute the open cases that lean on it.

    同一通知可重复导入：已完成的不重做，中断的接着做。
    """
    notice = read_notice(file, _range(covers))
    async with door_for(data_dir) as door:
        planned = await planned_calendar(door, notice)
        facts: dict[str, Any] = {
            "notice": notice.number,
            "covers": [day.isoformat() for day in notice.covers],
            "old_version": planned.before.version,
            "version": planned.after.version,
            "already_known": planned.known,
            "dry_run": dry_run,
            "changed": [{"day": each.where, "old": each.old, "new": each.new} for each in planned.days],
            "warnings": list(planned.warnings),
        }
        if not as_json:
            _print_change(facts)
        after = planned.after
        if not dry_run and not planned.known:
            if not (yes or as_json) and sys.stdin.isatty():
                typer.confirm("导入并重算？/ import and recompute?", abort=True)
            after = await store_calendar(door, planned)
        outcomes = await _carried(await recompute_for(door, after), dry_run=dry_run, quiet=as_json)
    facts |= _results(after, outcomes)
    if as_json:
        print_json(facts)
    else:
        _print_results(facts, outcomes)


async def _in_force(reference: ReferenceStore) -> tuple[Calendar, list[CalendarDay]]:
    calendar = await retry_transient(reference.calendar, READ_RETRY_SECONDS)
    _, days, _, _ = await retry_transient(lambda: reference.calendar_days(calendar.version), READ_RETRY_SECONDS)
    return calendar, days


async def _carried(work: Recompute, *, dry_run: bool, quiet: bool) -> list[Outcome]:
    bar = progress_bar("重算 / recompute", quiet=quiet)
    with bar:
        task = bar.add_task("", total=await work.count(), said="")
        return await work.run(lambda more: bar.advance(task, more), dry=dry_run)


def _results(calendar: Calendar, outcomes: Sequence[Outcome]) -> dict[str, Any]:
    return {
        **_facts(calendar),
        "recomputed": sum(not outcome.refused for outcome in outcomes),
        "moved": sum(any(due.moved for due in outcome.dues) for outcome in outcomes),
        "skipped": [{"number": one.number, "code": one.refused} for one in outcomes if one.refused],
        "cases": [
            {
                "number": outcome.number,
                "dues": [due.model_dump(mode="json", exclude={"number"}) for due in outcome.dues],
            }
            for outcome in outcomes
            if not outcome.refused
        ],
    }


def _print_change(facts: dict[str, Any]) -> None:
    out = Console(highlight=False)
    for warning in facts["warnings"]:
        out.print(Text(f"! {warning['zh']}\n  {warning['en']}", style="yellow"))
    if facts["already_known"]:
        return
    table = Table(
        "日期", "原来", "改为", title=f"{len(facts['changed'])} 天有变化 / days changed", title_justify="left"
    )
    names = {"working": "上班", "off": "休息"}
    for each in facts["changed"]:
        table.add_row(each["day"], names[each["old"]], names[each["new"]])
    out.print(table)


def _print_results(facts: dict[str, Any], outcomes: Sequence[Outcome]) -> None:
    out = Console(highlight=False)
    table = Table("编号", "期限", "原", "新", title="重算的案件 / recomputed", title_justify="left")
    moved = [due for outcome in outcomes for due in outcome.dues if due.moved]
    for due in moved[:SHOWN]:
        old, new = (
            f"{due_by(moment)}{'（暂定）' if unsure else ''}"
            for moment, unsure in ((due.old_due, due.old_provisional), (due.new_due, due.new_provisional))
        )
        table.add_row(due.number, chinese(due.clock.value), old, new)
    if moved:
        out.print(table)
    if len(moved) > SHOWN:
        out.print(f"… 另有 {len(moved) - SHOWN} 项，见 --json / the rest is in --json")
    if facts["already_known"] and not outcomes:
        out.print(
            "无事可做：通知此前已导入，案件都已重算 / nothing to do: the notice is in force and every case follows it"
        )
        return
    what = "将" if facts["dry_run"] else "已"
    out.print(
        f"[green]✓[/green] 工作日历第 {facts['version']} 版；{what}重算 {facts['recomputed']} 件，其中 {facts['moved']} 件期限有变 / "
        f"calendar version {facts['version']}, {facts['recomputed']} cases recomputed, {facts['moved']} changed"
    )


def _facts(calendar: Calendar) -> dict[str, Any]:
    return {
        "version": calendar.version,
        "published_from": calendar.published_from.isoformat(),
        "published_through": calendar.published_through.isoformat(),
    }


def _headline(calendar: Calendar) -> str:
    return f"工作日历第 {calendar.version} 版，已公布 {calendar.published_from} 至 {calendar.published_through}"


def _year(calendar: Calendar, year: int) -> dict[str, Any]:
    return {
        "year": year,
        "working_days": working_days_after(calendar, date(year - 1, 12, 31), date(year, 12, 31)),
        "published": not calendar.any_provisional(date(year, 1, 1), date(year, 12, 31)),
    }


def _status(day: CalendarDay) -> str:
    return "" if day.status == "published" else "暂定"


def _range(covers: str | None) -> tuple[date, date] | None:
    if covers is None:
        return None
    try:
        first, last = (date.fromisoformat(each) for each in covers.split(".."))
    except ValueError:
        first, last = date.max, date.min
    if first > last:
        raise UserError(
            "calendar_covers_invalid",
            zh=f"--covers “{covers[:60]}”不对；请写成 2027-01-01..2027-12-31。",
            en=f"--covers “{covers[:60]}” is not a range; write 2027-01-01..2027-12-31.",
        )
    return first, last
