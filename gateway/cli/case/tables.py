"""Cases as people read them on a terminal: Chinese first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from rich.console import Console, Group
from rich.markup import escape
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from activities.record.views import CaseLine, CasePage, CaseView, HistoryLine
from gateway.cli.output import due_by, local
from gateway.orders.fields import fields_of, listed_choices
from schemas.petition.state import Clock, Petition
from schemas.petition.wording.due_reasons import STATES, CountedDay, Explained, Reasons
from schemas.petition.wording.narration import word_zh
from schemas.petition.wording.terms import chinese, clock_in_chinese

WEEKDAYS_ZH = "一二三四五六日"
CARD_STYLES = {"red": "bold white on red", "yellow": "black on yellow"}


def console() -> Console:
    """A terminal; what people wrote is never taken for markup."""
    return Console(highlight=False)


def print_page(page: CasePage, now: datetime) -> None:
    """A list of cases."""
    table = Table(title=f"案件 {len(page.cases)} 件", title_justify="left")
    for heading in ("编号", "环节", "账别", "标题", "归属", "主办", "责任单位", "期限", "牌"):
        table.add_column(heading, no_wrap=heading in ("编号", "环节"), overflow="fold")
    for line in page.cases:
        table.add_row(
            line.number,
            chinese(line.stage),
            chinese(line.ledger),
            Text(line.title if len(line.title) <= 36 else f"{line.title[:36]}…"),
            line.unit,
            line.lead,
            line.owner,
            _due(line, now),
            Text(chinese(line.card), style=CARD_STYLES.get(line.card, "")) if line.card else "",
        )
    out = console()
    out.print(table)
    if page.cursor:
        out.print(f"还有更多：--cursor {page.cursor}", soft_wrap=True)


def _due(line: CaseLine, now: datetime) -> Text:
    if line.due is None or line.sealed_at is not None:
        return Text("")
    said = f"{clock_in_chinese(line.due_clock or '')} {due_by(line.due)}{'（暂定）' if line.due_provisional else ''}"
    return Text(said, style="red" if line.due < now else "")


def print_case(view: CaseView, actions: Mapping[str, Mapping[str, str] | None], now: datetime) -> None:
    """One case: what it is, whose it is, its clocks, whose time it was, and what may be done."""
    state = view.state
    out = console()
    out.print(Panel(Group(*_facts(view)), title=f"{state.number}  {escape(view.title)}", title_align="left"))
    out.print(_clocks(state, now))
    out.print(_spans(state))
    if actions:
        print_actions(state, actions)


def _facts(view: CaseView) -> Iterable[Text]:
    state = view.state
    yield Text(
        f"{chinese(state.ledger)} · {chinese(state.complexity)} · 渠道 {state.channel}"
        f"{' · 保密' if state.confidential else ''} · 分类 {state.category or '未定'}"
    )
    yield Text(f"环节：{chinese(state.stage)}{f'（并入 {state.merged_into}）' if state.merged_into else ''}")
    yield Text(f"收到：{local(state.received_at)}   来件自带时间：{local(view.submitted_at) or '无'}")
    offices = "、".join(office.unit for office in state.co_offices)
    yield Text(f"归属：{state.unit}   登记：{state.registrar}   责任人单位：{state.accountable}")
    yield Text(f"主办：{state.lead or '未交办'}   协办：{offices or '无'}   第 {state.round} 轮 · 第 {state.run} 次")
    for each in view.petitioners:
        known = " ".join(filter(None, (each.name, each.phone, each.id_number, each.address))) or "匿名"
        yield Text(
            f"信访人：{known}{f'（{each.alias}）' if each.alias else ''}{'' if each.representative else '（非代表）'}"
        )
    if not view.petitioners:
        yield Text("信访人：匿名")
    yield Text(f"来源：{view.source} {view.source_event_id}")
    yield Text(f"\n{view.text}")


def _clocks(state: Petition, now: datetime) -> Table:
    table = Table(title="期限 / clocks", title_justify="left")
    for heading in ("承诺与法定", "天数", "起算", "期限", "状态"):
        table.add_column(heading)
    for clock in state.clocks:
        table.add_row(
            clock_in_chinese(clock.name),
            f"{clock.days} {'工作日' if clock.working else '自然日'}",
            local(clock.base),
            f"{due_by(clock.due)}{'（暂定）' if clock.provisional else ''}",
            _clock_state(clock, state, now),
        )
    return table


def _clock_state(clock: Clock, state: Petition, now: datetime) -> Text:
    if clock.void:
        return Text("已终止")
    if clock.met_at is not None:
        late = clock.met_at > clock.due
        return Text(f"{local(clock.met_at)} {'逾期完成' if late else '按期完成'}", style="red" if late else "green")
    if state.paused and clock.name == "finish":
        return Text("暂停", style="yellow")
    return Text("逾期", style="red") if now > clock.due else Text("计时中")


def _spans(state: Petition) -> Table:
    table = Table(title="时间归属 / whose time it was", title_justify="left")
    for heading in ("单位", "环节", "自", "至"):
        table.add_column(heading)
    for span in state.spans:
        paused = "（暂停）" if span.paused else ""
        table.add_row(span.unit, chinese(span.stage) + paused, local(span.since), local(span.until) or "至今")
    return table


def print_actions(state: Petition, actions: Mapping[str, Mapping[str, str] | None]) -> None:
    """What a person may do now, with the fields of each, and why not the rest."""
    out = console()
    may = Table(title="可以办理 / allowed now", title_justify="left")
    may.add_column("操作")
    may.add_column("填写（* 必填）")
    may_not = Table(title="不能办理 / not now", title_justify="left")
    may_not.add_column("操作")
    may_not.add_column("原因")
    elsewhere: list[str] = []
    for kind, refusal in actions.items():
        if refusal is not None and refusal["code"] == "role_wrong":
            elsewhere.append(kind)
        elif refusal is None:
            may.add_row(kind, Text("  ".join(_fields(kind, state)) or "—"))
        else:
            may_not.add_row(kind, Text(refusal["zh"]))
    if may.row_count:
        out.print(may)
    if may_not.row_count:
        out.print(may_not)
    if elsewhere:
        out.print(Text(f"不属于此人角色的操作 / for other roles：{'、'.join(elsewhere)}"))


def _fields(kind: str, state: Petition) -> Iterable[str]:
    for field in fields_of(kind):
        choices = field.choices or listed_choices(kind, field.name, state.policy)
        said = f"{field.option}{'*' if field.required else ''} {field.zh}"
        yield f"{said}（{'|'.join(choices)}）" if choices else said


def print_history(number: str, lines: Iterable[HistoryLine]) -> None:
    """What happened, oldest first."""
    table = Table(title=f"{number} 经过 / history", title_justify="left")
    for heading in ("#", "时间", "谁", "事项"):
        table.add_column(heading, overflow="fold")
    for line in lines:
        who = (
            "系统" if line.actor.role == "system" else f"{line.actor.id}\n{chinese(line.actor.role)} {line.actor.unit}"
        )
        table.add_row(str(line.seq), local(line.at), Text(who), Text(f"{line.zh}\n{line.en}"))
    console().print(table)


def print_reasons(reasons: Reasons) -> None:
    """Both clocks side by side, then each term of working days, day by day."""
    out = console()
    out.print(
        f"[bold]{reasons.number}[/bold]  收到 {local(reasons.received_at)}（北京时间，收到当日不计）  "
        f"政策第 {reasons.policy_version} 版  工作日历第 {reasons.calendar_version} 版"
    )
    if reasons.extended or reasons.stood_still or reasons.standstill:
        now = f"，自 {local(reasons.standstill.since)} 起暂停中" if reasons.standstill else ""
        out.print(f"延期 {reasons.extended} 次，已顺延暂停 {reasons.stood_still} 个工作日{now}")
    promise = [_summary(clock) for clock in reasons.clocks if clock.promise]
    statute = [_summary(clock) for clock in reasons.clocks if not clock.promise]
    side = Table(title="两套时钟 / two clocks", title_justify="left", show_lines=True)
    side.add_column("承诺 / promise", ratio=1)
    side.add_column("法定 / statute", ratio=1)
    for left, right in zip(promise, statute, strict=False):
        side.add_row(left, right)
    out.print(side)
    for clock in reasons.clocks:
        if clock.working:
            out.print(_day_table(clock))


def _summary(clock: Explained) -> Text:
    state_zh, state_en = STATES[clock.state]
    said = Text(f"{clock_in_chinese(clock.clock)}：{due_by(clock.due)} 前", style="bold")
    said.append(f"  {state_zh} / {state_en}\n", style="red" if clock.state in ("overdue", "met_late") else "")
    said.append(f"{clock.rule_zh}\n{clock.rule_en}\n", style="")
    said.append(
        f"起算 {local(clock.base)}，共 {clock.days} {'个工作日' if clock.working else '日'}，末日 {clock.last_day}"
    )
    if clock.provisional:
        said.append("\n含未公布的日子，期限为暂定，不发红牌 / leans on provisional days: no red card", style="yellow")
    for move in clock.moved:
        said.append(
            f"\n{local(move.at)} {word_zh(move.why)}：{due_by(move.old_due)} → {due_by(move.due)}（{move.days:+d}）"
        )
    return said


def _day_table(clock: Explained) -> Table:
    table = Table(title=f"{clock_in_chinese(clock.clock)}：逐日 / day by day", title_justify="left")
    for heading in ("日期", "星期", "计", "第几日", "说明"):
        table.add_column(heading)
    for day in clock.counted:
        table.add_row(*_day_row(day), style=None if day.counted else "dim")
    return table


def _day_row(day: CountedDay) -> tuple[str, ...]:
    remarks = [f"{day.zh} / {day.en}"]
    if day.provisional:
        remarks.append("暂定 / provisional")
    if day.paused:
        remarks.append("暂停中，已顺延 / stood still")
    return (
        day.day.isoformat(),
        WEEKDAYS_ZH[day.day.weekday()],
        "✓" if day.counted else "·",
        str(day.number or ""),
        "；".join(remarks),
    )
