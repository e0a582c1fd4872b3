"""What stands on the pages of a dossier: words only, in the order of :file:`dossier.typ`. Nothing is decided here and nothing left out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, cast

from gateway.dossier.printing import paragraphs, printable
from schemas.evidence.chain import Recorded
from schemas.evidence.timeline.facts import Deed, Handled, NoticeKept, Station, Timeline
from schemas.kernel.actor import Actor, Role
from schemas.petition import events as e
from schemas.petition.state import Ledger
from schemas.petition.wording.due_reasons import STATES, Explained
from schemas.petition.wording.lengths import length_said
from schemas.petition.wording.moments import due_by, local
from schemas.petition.wording.narration import word_zh
from schemas.petition.wording.terms import chinese, clock_in_chinese
from schemas.sealing.personal import PersonalData

HEADING: Final = "信访事项卷宗"
LATE: Final = 60.0
"""Seconds between an event and its writing that are no delay worth a word."""


@dataclass(frozen=True)
class Names:
    """What units and people are called today; a path or an id that nobody bears any more stands for itself."""

    units: Mapping[str, str]
    people: Mapping[str, str]

    def unit(self, path: str) -> str:
        """Name and path."""
        name = self.units.get(path)
        return f"{name}（{path}）" if name else path or "—"

    def short(self, path: str) -> str:
        """The name alone."""
        return self.units.get(path) or path or "—"

    def actor(self, actor: Actor) -> str:
        """Who acted: name, role and unit."""
        if actor.role is Role.SYSTEM:
            return "系统" if actor.id == "system" else "本机管理员"
        return f"{self.people.get(actor.id, actor.id)}　{chinese(actor.role)}，{self.short(actor.unit)}"


@dataclass(frozen=True)
class Edition:
    """Which dossier this is: masked or full, made when, by whom, why. ``clear``: the personal data in order, in a full one only."""

    made_at: datetime
    maker: Actor
    reason: str = ""
    clear: tuple[PersonalData | None, ...] | None = None

    @property
    def full(self) -> bool:
        """Whether personal data stands in it in clear."""
        return self.clear is not None


def pages(
    told: Timeline, events: Sequence[Recorded], edition: Edition, names: Names, proofs: Mapping[str, Any]
) -> dict[str, Any]:
    """The facts of every page as JSON. ``proofs``: those of the last section, from :mod:`gateway.dossier.evidence`."""
    said = {
        **_cover(told, edition, names),
        "facts": _facts(told, names),
        "petitioners": _petitioners(told, edition),
        "petitioners_note": "个人信息为原文，仅限本次事由使用。" if edition.full else "个人信息已脱敏。",
        "text": paragraphs(told.matter.text),
        "stations": [_station(each) for each in told.stations],
        "deeds": [_deed(deed, names) for deed in told.deeds],
        "clocks": [_clock(clock) for clock in told.clocks.clocks],
        "answers": _answers(events, names),
        "revisits": _revisits(events, names),
        **_time(told, names),
        "notices": [_notice(notice, names) for notice in told.notices],
        "readings": [_entry(entry, names) for entry in told.readings],
        "work": [_entry(entry, names) for entry in told.journal if not entry.reading],
        **proofs,
    }
    return _clean(said)


def _cover(told: Timeline, edition: Edition, names: Names) -> dict[str, Any]:
    state = told.state
    edition_said = "完整本（含个人信息）" if edition.full else "脱敏本"
    standing = chinese(state.stage) + (f"（{chinese(state.ground)}）" if state.ground else "")
    warning: list[str] = []
    if state.confidential:
        warning.append("保密件" + ("：投诉举报" if state.ledger is Ledger.COMPLAINT else ""))
        warning.append(
            "本卷及其中 events.jsonl、history.json 含群众陈述原文，不得交给或透露给被投诉、举报的单位和人员（《信访工作条例》第三十条）。"
        )
    if edition.full:
        warning.append("含信访人个人信息原文" if not warning else "本卷并含信访人个人信息原文。")
        warning.append("本次导出已记入日志，用毕应按规定保管或销毁。")
    return {
        "heading": HEADING,
        "edition": edition_said,
        "number": told.number,
        "title": told.matter.title,
        "keeper": names.short(state.registrar),
        "cover": [
            ["账别", chinese(state.ledger)],
            ["收到", local(state.received_at)],
            ["现状", standing],
            ["责任单位", names.unit(state.accountable)],
            ["主办单位", names.unit(state.lead)],
            ["登记单位", names.unit(state.registrar)],
        ],
        "warning": warning,
        "made": f"{local(edition.made_at)} 由 {names.actor(edition.maker).replace('　', '，')} 导出"
        + (f"；事由：{edition.reason}" if edition.reason else "")
        + f"。案情截至 {local(told.moment)}（北京时间）。",
    }


def _facts(told: Timeline, names: Names) -> list[list[str]]:
    state, matter = told.state, told.matter
    offices = "、".join(names.unit(office.unit) for office in state.co_offices)
    return [
        ["案件编号", told.number],
        ["标题", matter.title],
        ["账别", f"{chinese(state.ledger)}　{chinese(state.complexity)}{'　保密' if state.confidential else ''}"],
        ["分类", state.category or "未定"],
        ["渠道", state.channel],
        ["来源", f"{matter.source} {matter.source_event_id}"],
        ["收到", local(state.received_at)],
        ["来件时间", local(matter.submitted_at) or "来件未载明"],
        ["环节", f"{chinese(state.stage)}　第 {state.round} 轮，第 {state.run} 次"],
        ["归属单位", names.unit(state.unit)],
        ["责任单位", names.unit(state.accountable)],
        ["主办单位", names.unit(state.lead) if state.lead else "未交办"],
        ["协办单位", offices or "无"],
        ["并案", f"并入 {state.merged_into}" if state.merged_into else "、".join(state.members) or "无"],
    ]


def _petitioners(told: Timeline, edition: Edition) -> list[list[str]]:
    rows: list[list[str]] = []
    for place, person in enumerate(told.matter.petitioners):
        clear = edition.clear[place] if edition.clear is not None else None
        shown = (
            (clear.name, clear.phone, clear.id_number, clear.address)
            if clear is not None
            else (person.name, person.phone, person.id_number, person.address)
        )
        called = (person.alias or f"第 {place + 1} 人") + ("" if person.representative else "（非代表）")
        rows.append([called, *(value or "—" for value in shown)])
    return rows


def _station(station: Station) -> dict[str, str]:
    if station.passed_at is not None:
        return {"zh": station.zh, "when": local(station.passed_at)[5:], "state": "passed"}
    if station.awaited:
        return {"zh": station.zh, "when": "等待中", "state": "awaited"}
    return {"zh": station.zh, "when": "未经" if station.skipped else "—", "state": "ahead"}


def _deed(deed: Deed, names: Names) -> dict[str, Any]:
    late = (deed.recorded_at - deed.at).total_seconds() >= LATE
    return {
        "seq": str(deed.seq),
        "at": local(deed.at),
        "late": f"记录于 {local(deed.recorded_at)}" if late else "",
        "who": names.actor(deed.actor),
        "right": deed.right_zh,
        "said": paragraphs(deed.zh),
    }


def _clock(clock: Explained) -> dict[str, Any]:
    kind = "个工作日" if clock.working else "日"
    facts = [
        ["依据", clock.rule_zh],
        ["期限", f"{due_by(clock.due)}（共 {clock.days} {kind}，自 {clock.base_day} 起算，当日不计）"],
    ]
    facts += [
        ["变动", f"{local(move.at)}　{word_zh(move.why)}：{due_by(move.old_due) or '—'} 改为 {due_by(move.due)}"]
        for move in clock.moved
    ]
    if clock.met_at is not None and clock.state != "void":
        facts.append(["完成", local(clock.met_at)])
    if clock.provisional:
        facts.append(["说明", "含尚未公布的日子，期限为暂定，不发红牌。"])
    days = [
        {
            "said": f"{day.day:%m-%d} {f'第{day.number}日' if day.counted else f'不计（{day.zh}）'}{'·暂停' if day.paused else ''}",
            "counted": day.counted,
        }
        for day in (clock.counted if clock.working else ())
    ]
    promise = "承诺" if clock.promise else "法定"
    said = clock_in_chinese(clock.clock) if clock.promise else chinese(clock.clock).removeprefix("法定")
    return {
        "name": f"{promise}：{said}",
        "state": STATES[clock.state][0],
        "late": clock.state in ("met_late", "overdue"),
        "facts": facts,
        "days": days,
    }


def _answers(events: Iterable[Recorded], names: Names) -> list[dict[str, Any]]:
    return [
        {
            "head": f"第 {event.round} 轮答复：{chinese(event.outcome)}",
            "meta": f"{local(event.at)}　{names.short(event.unit)}　{'按期' if event.on_time else '逾期'}（期限 {due_by(event.due)}）"
            + (f"　随主件 {event.following}" if event.following else ""),
            "text": paragraphs(event.text),
            "measures": paragraphs(event.measures),
        }
        for each in events
        if isinstance(event := each.event, e.Replied)
    ]


def _revisits(events: Iterable[Recorded], names: Names) -> list[list[str]]:
    rows: list[list[str]] = []
    for each in events:
        event = each.event
        if not isinstance(event, e.RevisitRecorded):
            continue
        if event.reached:
            said = "，".join(
                (
                    "已解决" if event.solved else "未解决",
                    f"对办理单位{'满意' if event.satisfied_with_unit else '不满意'}",
                    f"对信访工作{'满意' if event.satisfied_with_office else '不满意'}",
                )
            )
        else:
            said = "未联系到"
        rows.append([local(event.at), names.people.get(each.actor.id, each.actor.id), said, event.comment or "—"])
    return rows


def _time(told: Timeline, names: Names) -> dict[str, Any]:
    whose = told.attribution
    verdict = "各段首尾相接，合计等于全程" if whose.sums else "各段合计不等于全程，时间归属有缺，须核查"
    return {
        "stretches": [
            [
                names.short(each.unit),
                chinese(each.stage) + ("（暂停）" if each.paused else ""),
                local(each.since),
                "至今" if each.open else local(each.until),
                length_said((each.until - each.since).total_seconds()),
            ]
            for each in whose.stretches
        ],
        "shares": [
            [names.unit(share.unit), length_said(share.seconds), length_said(share.paused) if share.paused else "—"]
            for share in whose.shares
        ],
        "sums": whose.sums,
        "sum": f"全程 {length_said(whose.whole)}；{verdict}。",
    }


def _notice(notice: NoticeKept, names: Names) -> list[str]:
    if notice.delivered_at is not None:
        said = f"{local(notice.delivered_at)} 送达"
    elif notice.gave_up_at is not None:
        said = f"{local(notice.gave_up_at)} 放弃：{notice.last_error}"
    else:
        said = "未送达"
    people = "、".join(
        names.people.get(each.person, each.person) + ("（已读）" if each.read_at else "") for each in notice.received
    )
    ways = "、".join(f"{each.transport}{'' if each.delivered_at else '（未成）'}" for each in notice.carried)
    to = f"{names.short(notice.unit)} {chinese(notice.role)}"
    return [local(notice.created_at), to, notice.zh, "；".join(filter(None, (said, people, ways)))]


def _entry(entry: Handled, names: Names) -> list[str]:
    if entry.kind == "exported":
        how = "导出完整卷宗" if entry.reading else "导出脱敏卷宗"
    else:
        how = chinese(entry.kind.value)
    return [local(entry.at), names.actor(entry.actor), how, entry.reason or "—"]


def utc(moment: datetime) -> str:
    """A moment as it stands in the chain, to the second."""
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")


def _clean(value: object) -> Any:
    """Every text as it can be set."""
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, Mapping):
        return {name: _clean(each) for name, each in cast("Mapping[str, object]", value).items()}
    if isinstance(value, list | tuple):
        return [_clean(each) for each in cast("Sequence[object]", value)]
    return value
