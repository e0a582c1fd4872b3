"""What happened, in one short Chinese sentence: for the ticker of the board and for plain lines.

Not the sentences of `schemas/petition/wording/narration.py`, and by choice: those tell a history to whoever must be able to check it, in two languages,
with every reason and term and the paths of units. A line of the ticker passes in seconds and has to fit beside case and stage; it names units as
people call them, leaves out what stands elsewhere on the board, and bears a sign and a colour.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from gateway.demo.screen.book import Happening
from schemas.organisation.names import Names
from schemas.petition.rules.ladder import STATUTE
from schemas.petition.state import Card
from schemas.petition.wording.terms import chinese, clock_in_chinese


class Said(NamedTuple):
    """A sentence, and the rich style and sign that go with its kind."""

    zh: str
    style: str = ""
    sign: str = "·"


Says = Callable[[Any, Names], str]

_CARDS = {Card.YELLOW: ("黄牌", "yellow", "▲"), Card.RED: ("红牌", "bold red", "■")}


def _carded(card: Card | None) -> str:
    return f"，并给予{_CARDS[card][0]}" if card is not None else ""


def _escalated(event: Any, names: Names) -> str:
    # A statutory rung names its term itself.
    term = "" if event.clock in STATUTE else f"{clock_in_chinese(event.clock)}期限"
    what = f"{term}{chinese(event.rung)}"
    return f"{what}：{names.unit(event.unit)}"


def _revisited(event: Any, names: Names) -> str:
    if not event.reached:
        return "回访未联系上群众"
    return "回访：群众满意" if event.solved and event.satisfied_with_unit else "回访：群众不满意"


def _clock_set(event: Any, names: Names) -> str:
    return f"{clock_in_chinese(event.clock.name)}期限改为 {event.clock.last_day:%m-%d}"


def _assigned(event: Any, names: Names) -> str:
    helpers = "、".join(names.unit(unit) for unit in event.co_offices)
    return f"交办 {names.unit(event.lead)}" + (f"，{'双组长' if event.joint else '协办'} {helpers}" if helpers else "")


def _accounted(event: Any, names: Names) -> str:
    return "问责：无责任问题" if event.no_fault else f"问责：{event.findings[0].fault}"


_SAYS: Mapping[str, tuple[Says, str, str]] = {
    "filed": (
        lambda e, n: f"收件《{e.content.title}》" + ("，先认定被反映对象" if e.content.accusation else ""),
        "cyan",
        "+",
    ),
    "amended": (lambda e, n: "补正：" + "、".join(change.new or change.field for change in e.changes), "", "·"),
    "accused_named": (lambda e, n: "补记被反映对象" + ("，原办理单位回避" if e.released else ""), "magenta", "·"),
    "accused_proposed": (lambda e, n: f"可能反映我方人员，由 {n.unit(e.unit)} 认定", "bold magenta", "?"),
    "letting_off_proposed": (lambda e, n: "拟认定被反映对象，待会签", "magenta", "·"),
    "accused_decided": (
        lambda e, n: "认定：与我方无关" if e.verdict.nobody else "认定被反映对象，依规定回避",
        "bold magenta",
        "!",
    ),
    "disclosure_proposed": (lambda e, n: "提出公开意见，待会签", "", "·"),
    "retraction_proposed": (lambda e, n: "拟撤回公开，待会签", "magenta", "·"),
    "consent_refused": (lambda e, n: "会签未同意", "magenta", "✕"),
    "remarked": (lambda e, n: "群众追加内容", "cyan", "+"),
    "member_changed": (lambda e, n: f"并案件 {e.party.number} 的回避事项有变", "dim", "·"),
    "approved": (lambda e, n: f"{n.unit(e.unit)}{'按政策视为批准' if e.implied else '批准受理'}", "", "·"),
    "declined": (lambda e, n: f"不予受理：{chinese(e.ground)}", "magenta", "✕"),
    "transfer_offered": (lambda e, n: f"拟转送 {e.to}", "", "→"),
    "transfer_answered": (lambda e, n: f"{e.to}{'接收' if e.accepted else '不予接收，仍由本局办理'}", "", "→"),
    "transfer_timed_out": (lambda e, n: f"{e.to} 逾期未答，仍由本局办理", "", "→"),
    "assigned": (_assigned, "", "·"),
    "accepted": (lambda e, n: f"{n.unit(e.unit)} 签收", "", "·"),
    "return_requested": (lambda e, n: f"{n.unit(e.unit)} 申请退回", "magenta", "←"),
    "return_upheld": (lambda e, n: "退回成立，另行交办", "magenta", "←"),
    "return_refused": (lambda e, n: f"退回不成立，{n.unit(e.unit)} 继续办理", "", "·"),
    "progress_reported": (lambda e, n: f"{n.unit(e.unit)} 报告进展", "", "·"),
    "co_reported": (lambda e, n: f"协办 {n.unit(e.unit)} 已报告", "", "·"),
    "co_report_waived": (lambda e, n: f"免予 {n.unit(e.unit)} 报告", "", "·"),
    "extension_requested": (lambda e, n: f"申请延期 {e.days} 个工作日", "", "·"),
    "extension_granted": (lambda e, n: f"批准延期 {e.days} 个工作日", "", "·"),
    "extension_refused": (lambda e, n: "延期未获批准", "", "·"),
    "paused": (lambda e, n: f"中止计时：{chinese(e.reason)}", "blue", "‖"),
    "resumed": (lambda e, n: "恢复计时", "blue", "›"),
    "clock_set": (_clock_set, "dim", "·"),
    "calendar_pinned": (lambda e, n: f"改按第 {e.calendar.version} 版日历计算", "dim", "·"),
    "urged": (lambda e, n: f"催办 {n.unit(e.unit)}{_carded(e.card)}", "yellow", "!"),
    "escalated": (_escalated, "", "·"),
    "replied": (lambda e, n: f"{n.unit(e.unit)} 答复：{chinese(e.outcome.value)}", "green", "✓"),
    "revisit_recorded": (_revisited, "green", "·"),
    "rated": (
        lambda e, n: f"群众评价：{'满意' if e.solved and e.satisfied_with_unit else '不满意'}",
        "green",
        "·",
    ),
    "revisit_contradicted": (lambda e, n: f"群众否认第 {e.revisit} 次回访", "bold magenta", "↻"),
    "code_reissued": (lambda e, n: f"{n.person(e.by)} 补发查询码", "", "·"),
    "reworked": (lambda e, n: f"退回重办，第 {e.round} 轮", "bold magenta", "↻"),
    "sign_off_key_turned": (lambda e, n: f"{n.person(e.by)} 签批（第一签）", "", "·"),
    "signed_off": (lambda e, n: f"签批：{chinese(e.ground.value)}", "green", "✓"),
    "terminated": (lambda e, n: "终结（不计满意）", "magenta", "✕"),
    "disclosed": (lambda e, n: "公开办理结果" if e.published else f"不公开：{chinese(e.exemption)}", "", "·"),
    "disclosure_retracted": (lambda e, n: "撤回公开", "magenta", "·"),
    "accounted": (_accounted, "", "·"),
    "sealed": (lambda e, n: f"销号归档（{chinese(e.ground.value)}）", "bold green", "●"),
    "withdrawn": (lambda e, n: "群众撤回", "magenta", "·"),
    "merged": (lambda e, n: f"并入 {e.into}", "bold cyan", "⇒"),
    "unmerged": (lambda e, n: f"从 {e.out_of} 解除并案", "cyan", "⇐"),
    "member_admitted": (lambda e, n: f"接纳并案件 {e.number}", "cyan", "⇐"),
    "member_released": (lambda e, n: f"并案件 {e.number} 解除", "cyan", "⇒"),
    "reopened": (lambda e, n: "重新启动办理", "magenta", "↻"),
}


def sentence(happening: Happening, names: Names) -> Said:
    """One sentence for an event."""
    event: Any = happening.event
    says, style, sign = _SAYS[event.kind]
    card = getattr(event, "card", None)
    if card is not None:
        _, style, sign = _CARDS[card]
    return Said(says(event, names), style, sign)


def place(number: str) -> str:
    """A case number without its city, year and leading zeros (``S-3``): enough on one board."""
    _, _, letter, running = number.split("-")
    return f"{letter}-{int(running):03d}"
