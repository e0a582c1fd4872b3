"""``sanzhang audit timeline``: a case at any moment, as people saw it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from gateway.cli.audit.auditor import audit_door
from gateway.cli.case.tables import console, print_reasons
from gateway.cli.output import AsJson, AsPerson, DataDir, command, local, moment, print_json
from gateway.dossier.gathering import timeline_of
from schemas.evidence.timeline.facts import Attribution, Deed, Handled, NoticeKept, Person, Station, Timeline
from schemas.kernel.actor import Role
from schemas.petition.wording.lengths import length_said
from schemas.petition.wording.terms import chinese

Case = Annotated[str, typer.Argument(metavar="CASE", help="案件编号或查询码 / case number or tracking code.")]


@command
async def timeline(
    case: Case,
    *,
    as_of: Annotated[
        str | None,
        typer.Option(
            "--as-of", help="某一时刻（北京时间），默认现在 / a moment, such as 2026-03-01T09:00.", show_default=False
        ),
    ] = None,
    as_person: AsPerson = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """某一时刻的案情：谁凭何权限做了何事、两套时钟、时间归属、通知、查阅 / a case at any moment, as people saw it."""
    wanted = moment(as_of, "--as-of") or datetime.now(UTC)
    async with audit_door(data_dir, as_person) as audit:
        view = await audit.door.case(case, audit.viewer)
        redactor = await audit.door.redacting.of_case(view.state.number, audit.viewer)
        told = redactor.model(await timeline_of(audit.door, view.state.number, wanted))
    if as_json:
        print_json(facts(told))
    else:
        show(told)


def facts(told: Timeline) -> dict[str, Any]:
    """The timeline for machines; of policy and calendar only their versions."""
    state = told.state
    return told.model_dump(mode="json", exclude={"state": {"policy", "calendar"}}) | {
        "policy_version": state.policy.version,
        "calendar_version": state.calendar.version,
        "readings": [entry.number for entry in told.readings],
    }


def show(told: Timeline) -> None:
    """The timeline for people."""
    out = console()
    out.print(
        Panel(
            Text("\n").join(_head(told)),
            title=Text(f"{told.number}  {told.matter.title}"),
            title_align="left",
            subtitle=f"截至 / as of {local(told.moment)}（北京时间）",
            subtitle_align="right",
        )
    )
    out.print(_stations(told.stations))
    out.print(_deeds("经过 / what was done, by whom, by what right", told.deeds))
    if told.unwritten:
        out.print(
            _deeds(
                "当时已发生、尚未记录（无人可见）/ had happened, not yet written down: nobody saw it", told.unwritten
            )
        )
    print_reasons(told.clocks)
    _print_attribution(out, told.attribution)
    out.print(_notices(told.notices))
    out.print(_readings(told.readings))
    others = [entry for entry in told.journal if not entry.reading]
    if others:
        out.print(_work(others))


def _head(told: Timeline) -> Iterable[Text]:
    state, matter = told.state, told.matter
    merged = f"（并入 {state.merged_into}）" if state.merged_into else ""
    ground = f" · {chinese(state.ground)}" if state.ground else ""
    yield Text(f"环节：{chinese(state.stage)}{merged}{ground}   第 {state.round} 轮 · 第 {state.run} 次", style="bold")
    yield Text(f"{chinese(state.ledger)} · {chinese(state.complexity)}{' · 保密' if state.confidential else ''}")
    yield Text(f"收到：{local(state.received_at)}   来件自带时间：{local(matter.submitted_at) or '无'}")
    yield Text(f"归属：{state.unit}   登记：{state.registrar}   责任单位：{state.accountable}")
    offices = "、".join(office.unit for office in state.co_offices)
    yield Text(f"主办：{state.lead or '未交办'}   协办：{offices or '无'}")
    yield Text(f"信访人：{'；'.join(map(petitioner_said, matter.petitioners)) or '匿名'}（已脱敏 / masked）")


def petitioner_said(person: Person) -> str:
    """A petitioner in one line, masked."""
    known = " ".join(filter(None, (person.name, person.phone, person.id_number, person.address))) or "匿名"
    return f"{known}{f'（{person.alias}）' if person.alias else ''}{'' if person.representative else '（非代表）'}"


def _stations(stations: Iterable[Station]) -> Table:
    table = Table(title="八个环节 / the eight stations", title_justify="left")
    table.add_column("环节", no_wrap=True)
    table.add_column("完成 / passed")
    table.add_column("谁 / by whom")
    for each in stations:
        if each.passed_at is not None:
            mark, style, when = "✓", "green", local(each.passed_at)
        elif each.awaited:
            mark, style, when = "▶", "bold yellow", "正在等待 / awaited"
        elif each.skipped:
            mark, style, when = "–", "dim", "未经此环节 / left out"
        else:
            mark, style, when = "·", "dim", ""
        table.add_row(Text(f"{mark} {each.zh}", style=style), when, each.actor.id if each.actor is not None else "")
    return table


def _deeds(title: str, deeds: Iterable[Deed]) -> Table:
    table = Table(title=title, title_justify="left", show_lines=True)
    for heading in ("#", "时间", "谁", "权限", "事项"):
        table.add_column(heading, overflow="fold")
    for deed in deeds:
        late = (deed.recorded_at - deed.at).total_seconds() >= 60
        when = f"{local(deed.at)}\n记录于 {local(deed.recorded_at)}" if late else local(deed.at)
        table.add_row(
            str(deed.seq),
            when,
            Text(who_said(deed)),
            Text(f"{deed.right_zh}\n{deed.right_en}"),
            Text(f"{deed.zh}\n{deed.en}"),
        )
    return table


def who_said(deed: Deed) -> str:
    """Who stands behind an event: a person with role and unit, or the system."""
    if deed.actor.role is Role.SYSTEM:
        return "系统"
    return f"{deed.actor.id}\n{chinese(deed.actor.role)} {deed.actor.unit}"


def _print_attribution(out: Console, attribution: Attribution) -> None:
    table = Table(title="时间归属 / whose time it was", title_justify="left")
    for heading in ("单位", "环节", "自", "至", "时长"):
        table.add_column(heading)
    for each in attribution.stretches:
        table.add_row(
            each.unit,
            chinese(each.stage) + ("（暂停）" if each.paused else ""),
            local(each.since),
            "至今" if each.open else local(each.until),
            length_said((each.until - each.since).total_seconds()),
        )
    out.print(table)
    shares = "；".join(f"{share.unit} {length_said(share.seconds)}" for share in attribution.shares)
    if attribution.sums:
        out.print(Text(f"✓ 各段首尾相接，合计 {length_said(attribution.whole)}：{shares}"), style="green")
    else:
        out.print(
            Text(
                f"✗ 各段合计 {length_said(attribution.attributed)}，全程 {length_said(attribution.whole)}：不相等 / do not sum"
            ),
            style="red",
        )


def _notices(notices: Iterable[NoticeKept]) -> Table:
    table = Table(title="通知 / notices", title_justify="left", show_lines=True)
    for heading in ("产生", "发给", "内容", "送达"):
        table.add_column(heading, overflow="fold")
    for each in notices:
        table.add_row(
            local(each.created_at),
            f"{each.unit}\n{chinese(each.role)}",
            Text(each.zh),
            Text(delivery_said(each)),
        )
    return table


def delivery_said(notice: NoticeKept) -> str:
    """What became of a notice, by then."""
    if notice.delivered_at is not None:
        said = f"已送达 {local(notice.delivered_at)}"
    elif notice.gave_up_at is not None:
        said = f"放弃 {local(notice.gave_up_at)}：{notice.last_error}"
    else:
        said = f"未送达，不早于 {local(notice.not_before)}"
    people = [f"{each.person}{f'（{local(each.read_at)} 已读）' if each.read_at else ''}" for each in notice.received]
    ways = [f"{each.transport} {'✓' if each.delivered_at else '✗'}" for each in notice.carried]
    return "\n".join(filter(None, (said, "、".join(people), " ".join(ways))))


def _readings(readings: Iterable[Handled]) -> Table:
    table = Table(title="查阅个人信息 / readings of personal data", title_justify="left")
    for heading in ("#", "时间", "谁", "方式", "事由"):
        table.add_column(heading, overflow="fold")
    for entry in readings:
        how = (
            "导出完整卷宗" if entry.kind == "exported" else f"查看 {'、'.join(map(str, entry.body.get('fields', ())))}"
        )
        table.add_row(
            str(entry.number), local(entry.at), f"{entry.actor.id} {entry.actor.unit}", Text(how), Text(entry.reason)
        )
    return table


def _work(entries: Iterable[Handled]) -> Table:
    table = Table(title="对记录所做的其他工作 / other work on the record", title_justify="left")
    for heading in ("#", "时间", "谁", "事项", "事由"):
        table.add_column(heading, overflow="fold")
    for entry in entries:
        table.add_row(str(entry.number), local(entry.at), entry.actor.id, chinese(entry.kind.value), Text(entry.reason))
    return table
