"""What people are told, derived from what happened. Rungs recorded together are announced together; nothing goes out in the quiet hours."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from schemas import events as e
from schemas.petition import Card, ClockName, Frozen, Petition, Role
from schemas.terms import chinese
from schemas.worktime import SHANGHAI, outside_quiet_hours

CLOCKS_ZH = {
    ClockName.ASSIGN: "交办",
    ClockName.FINISH: "办结",
    ClockName.STATUTE_ACCEPT: "法定受理",
    ClockName.STATUTE_FINISH: "法定办结",
}


class Notice(Frozen):
    """A message owed to the people of a role in a unit; ``id`` is derived from its event, so that it can be owed only once."""

    id: str
    case_number: str
    kind: str
    unit: str
    role: str
    zh: str
    en: str
    not_before: datetime


class _Line(Frozen):
    kind: str
    unit: str
    role: Role
    zh: str
    en: str


def notices_of(before: Petition | None, events: Sequence[e.Event], after: Petition, now: datetime) -> list[Notice]:
    """The notices that follow from events recorded together at ``now`` (aware), one per recipient and kind."""
    gathered: dict[tuple[str, Role, str], list[_Line]] = {}
    for event in events:
        for line in _lines(event, after):
            gathered.setdefault((line.unit, line.role, line.kind), []).append(line)
    first = after.seq - len(events) + 1
    figures = after.policy.ladder
    not_before = outside_quiet_hours(now, figures.quiet_from, figures.quiet_until)
    return [
        Notice(
            id=f"{after.number}:{first}:{position}",
            case_number=after.number,
            kind=kind,
            unit=unit,
            role=role.value,
            zh=f"【{after.number}】" + "；".join(line.zh for line in lines),
            en=f"[{after.number}] " + "; ".join(line.en for line in lines),
            not_before=not_before,
        )
        for position, ((unit, role, kind), lines) in enumerate(gathered.items())
        if unit
    ]


def _on(moment: datetime) -> str:
    return moment.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M")


def _lines(event: e.Event, state: Petition) -> Iterable[_Line]:
    match event:
        case e.Escalated():
            yield _rung(event)
            if event.card is Card.YELLOW:
                yield _rung(event, Role.CHIEF)
        case e.Filed():
            yield _to_chief(state.accountable, "filed", "新件待报批", "a new case awaits approval")
        case e.Approved(implied=False):
            yield _to_registry(state, "approved", "已批准，请交办", "approved; assign it")
        case e.Assigned():
            finish = state.clock(ClockName.FINISH)
            due = _on(finish.due) if finish else ""
            yield _to_office(
                event.lead, "assigned", f"交办你单位主办，{due} 前办结", f"assigned to you as lead, due {due}"
            )
            for unit in event.co_offices:
                yield _to_office(
                    unit,
                    "assigned",
                    "交办你单位协办，请向主办单位报告",
                    "assigned to you as co-office; report to the lead",
                )
        case e.ReturnRequested():
            yield _to_registry(
                state,
                "return",
                f"{event.unit} 申请退回，请裁定",
                f"{event.unit} returns the case; decide",
                Role.SUPERVISOR,
            )
        case e.ReturnRefused():
            yield _to_office(
                event.unit, "return", "退回申请被驳回，请继续办理", "your return was refused; go on with the case"
            )
        case e.ExtensionRequested():
            yield _to_chief(
                state.accountable,
                "extension",
                f"申请延期 {event.days} 个工作日，请批示",
                f"an extension of {event.days} working days is asked for",
            )
        case e.ExtensionGranted() | e.ExtensionRefused():
            granted = isinstance(event, e.ExtensionGranted)
            yield _to_office(
                state.lead,
                "extension",
                "延期已批准" if granted else "延期未批准",
                "extension granted" if granted else "extension refused",
            )
        case e.Urged():
            card_zh = f"并发{chinese(event.card)}" if event.card else ""
            yield _to_office(
                event.unit,
                "urged",
                f"催办{card_zh}：请抓紧办理",
                f"urged{f' with a {event.card} card' if event.card else ''}: get on with it",
            )
        case e.Replied():
            yield _to_registry(state, "revisit", "已答复，请回访", "answered; revisit the petitioner", Role.VISITOR)
        case e.Reworked():
            yield _to_office(
                event.lead, "rework", f"退回重办（第 {event.round} 轮）", f"to be reworked (round {event.round})"
            )
        case e.RevisitRecorded(reached=True) if state.ground is not None:
            yield _to_chief(
                state.accountable, "sign_off", "群众满意，请把关签批", "the petitioner is satisfied; sign off"
            )
        case e.Withdrawn():
            yield _to_chief(state.accountable, "sign_off", "群众撤回，请把关签批", "withdrawn; sign off")
        case e.TransferTimedOut():
            yield _to_registry(
                state,
                "transfer",
                f"转送 {event.to} 逾期未确认，仍由本单位办理",
                f"{event.to} did not answer; the case stays here",
            )
        case e.SignedOff() | e.Terminated() | e.Declined():
            yield _to_registry(
                state, "archive", "请决定公开与问责", "decide on disclosure and accountability", Role.SUPERVISOR
            )
        case _:
            return


def _rung(event: e.Escalated, role: Role | None = None) -> _Line:
    card_zh = f"，{chinese(event.card)}" if event.card else ""
    card_en = f", {event.card} card" if event.card else ""
    return _Line(
        kind="escalated",
        unit=event.unit,
        role=role or event.role,
        zh=f"{CLOCKS_ZH[event.clock]}期限 {_on(event.due)}，{chinese(event.rung)}{card_zh}",
        en=f"{event.clock} due {_on(event.due)}, {event.rung}{card_en}",
    )


def _to_office(unit: str, kind: str, zh: str, en: str) -> _Line:
    return _Line(kind=kind, unit=unit, role=Role.HANDLER, zh=zh, en=en)


def _to_chief(unit: str, kind: str, zh: str, en: str) -> _Line:
    return _Line(kind=kind, unit=unit, role=Role.CHIEF, zh=zh, en=en)


def _to_registry(state: Petition, kind: str, zh: str, en: str, role: Role = Role.OPERATOR) -> _Line:
    return _Line(kind=kind, unit=state.registrar, role=role, zh=zh, en=en)
