"""``sanzhang board``: how the work stands, per ledger and per unit."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from gateway.board import Board
from gateway.board import board as read_board
from gateway.cli.output import AsJson, DataDir, command, door_for, local, moment, print_json
from gateway.orders.reading import resolved_unit
from schemas.measures import RATES, LedgerMeasures, Rate
from schemas.wording.terms import chinese

APART_ZH = {
    "legal_route": "诉访分离",
    "declined": "不予受理",
    "transferred": "转送",
    "withdrawn": "撤回",
    "reviewed": "复查复核终结",
    "unreasonable": "不合理诉求",
}


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
    if as_json:
        print_json(shown.model_dump(mode="json"))
    else:
        _print(shown)


def _print(shown: Board) -> None:
    out = Console(highlight=False)
    columns = {
        **{chinese(ledger.value): each for ledger, each in shown.measures.ledgers.items()},
        "合计": shown.measures.total,
    }
    title = f"看板 · {shown.unit or '全部'} · 截至 {local(shown.as_of)}"
    table = Table("", *columns, title=title, title_justify="left")
    counts = {
        "收到": "received",
        "未结": "open",
        "已结": "closed",
        "　其中群众满意": "satisfied",
        "已销号": "sealed",
        "黄牌": "yellow_cards",
        "红牌": "red_cards",
    }
    for name, field in counts.items():
        table.add_row(name, *(str(getattr(each, field)) for each in columns.values()))
    table.add_section()
    for rate, rule in RATES.items():
        table.add_row(rule.zh, *(_rate(each.rates[rate]) for each in columns.values()))
    table.add_section()
    for reason, name in APART_ZH.items():
        if any(each.apart.get(reason) for each in columns.values()):
            table.add_row(f"单列：{name}", *(str(each.apart.get(reason, 0)) for each in columns.values()))
    for place, (first, last) in enumerate(shown.bands):
        if any(_late(each, place) for each in columns.values()):
            table.add_row(f"逾期 {_band(first, last)}", *(_late(each, place) or "0" for each in columns.values()))
    out.print(table)
    if not shown.overdue:
        out.print("[green]✓[/green] 没有逾期未答复的案件 / no answer is overdue")
        return
    late = Table(
        "单位", "逾期", "最久（工作日）", *(_band(*band) for band in shown.bands), title="逾期未答复 / overdue by unit"
    )
    for each in shown.overdue:
        late.add_row(Text(each.unit), str(each.overdue), str(each.oldest), *(str(age or "") for age in each.ages))
    out.print(late)


def _rate(rate: Rate) -> str:
    return "—" if rate.ratio is None else f"{rate.ratio:.1%}（{rate.numerator}/{rate.denominator}）"


def _late(each: LedgerMeasures, place: int) -> str:
    band = each.overdue[place]
    return f"未答复 {band.owed}，已答复 {band.answered}" if band.owed or band.answered else ""


def _band(first: int, last: int | None) -> str:
    if last == 0:
        return "不足 1 日"
    return f"{first} 日以上" if last is None else f"{first}–{last} 日"
