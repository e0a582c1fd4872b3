"""What an event says, in one sentence of each language: for histories that people read."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any, cast

from pydantic import BaseModel

from schemas.kernel.worktime import SHANGHAI
from schemas.petition.events import Event
from schemas.petition.wording.terms import chinese

_SENTENCES: Mapping[str, tuple[str, str]] = {
    "filed": (
        "收集建档：{content.title}（{content.ledger}，{content.complexity}，{content.unit}）[，保密{confidential?}]",
        "filed: {content.title} ({content.ledger}, {content.complexity}, {content.unit})[, confidential{confidential?}]",
    ),
    "amended": ("补正：{changes}[；理由：{reason}]", "amended: {changes}[; reason: {reason}]"),
    "accused_named": (
        "补记被反映对象：{changes}[；{released} 回避，不再办理][，重新报批{unapproved?}]；理由：{reason}",
        "accused named: {changes}[; {released} recused, no longer at work on it][, to be approved anew{unapproved?}]; reason: {reason}",
    ),
    "accused_proposed": (
        "文中可能反映我方单位或人员[（{accusation.words}）]，在 {accusation.unit} 认定前不让其知悉",
        "its words may complain of somebody of the organisation[ ({accusation.words})]; kept from them until {accusation.unit} has decided",
    ),
    "letting_off_proposed": (
        "拟认定[被反映单位 {verdict.accused_units}][，被反映人 {verdict.accused_persons}][，仅被提及 {verdict.cleared}]，待第二人会签；理由：{verdict.reason}",
        "put forward[ as accused: {verdict.accused_units}][, {verdict.accused_persons}][; only mentioned: {verdict.cleared}], a second person must consent; reason: {verdict.reason}",
    ),
    "accused_decided": (
        "认定被反映对象：[{verdict.accused_units}][ {verdict.accused_persons}][仅被提及 {verdict.cleared}][，与我方单位、人员无关{verdict.nobody?}]"
        "[；{released} 回避，不再办理]；理由：{verdict.reason}",
        "decided who is complained of:[ {verdict.accused_units}][ {verdict.accused_persons}][ only mentioned: {verdict.cleared}]"
        "[ nobody of the organisation{verdict.nobody?}][; {released} recused, no longer at work on it]; reason: {verdict.reason}",
    ),
    "disclosure_proposed": (
        "拟[公开：{summary}{published?}][不公开：{exemption}]，待第二人会签",
        "put forward: [publish: {summary}{published?}][withhold: {exemption}]; a second person must consent",
    ),
    "retraction_proposed": (
        "拟撤回公开，待第二人会签：{reason}",
        "put forward to take the summary back, a second person must consent: {reason}",
    ),
    "consent_refused": ("不同意{what}：{reason}", "no consent to {what}: {reason}"),
    "remarked": ("群众追加：{text}", "the petitioner adds: {text}"),
    "approved": (
        "批准（{unit}）[，按政策视同批准{implied?}][：{note}]",
        "approved ({unit})[, implied by policy{implied?}][: {note}]",
    ),
    "declined": ("不予受理：{ground}；告知书：{notice}", "declined: {ground}; notice: {notice}"),
    "transfer_offered": (
        "转送 {to}，{until} 前确认；{reason}",
        "transfer offered to {to}, to answer by {until}; {reason}",
    ),
    "transfer_answered": (
        "{to} [已接收{accepted?}][不接收{accepted!}][，回执 {reference}]",
        "{to} [took it{accepted?}][would not take it{accepted!}][, reference {reference}]",
    ),
    "transfer_timed_out": ("{to} 逾期未确认，仍由本单位办理", "{to} did not answer in time; the case stays"),
    "assigned": (
        "交办：主办 {lead}[，协办 {co_offices}][，双组长{joint?}][；{note}]",
        "assigned to {lead}[, with {co_offices}][, joint team{joint?}][; {note}]",
    ),
    "accepted": ("{unit} 签收", "{unit} accepted it"),
    "return_requested": ("{unit} 申请退回：{reason}", "{unit} returns it: {reason}"),
    "return_upheld": ("同意 {unit} 退回[：{reason}]", "the return by {unit} is upheld[: {reason}]"),
    "return_refused": ("不同意 {unit} 退回：{reason}", "the return by {unit} is refused: {reason}"),
    "progress_reported": ("{unit} 报告进展：{text}", "{unit} reports: {text}"),
    "co_reported": ("协办 {unit} 报告：{text}", "co-office {unit} reports: {text}"),
    "co_report_waived": ("免除 {unit} 的协办报告：{reason}", "the report of {unit} is waived: {reason}"),
    "extension_requested": ("申请延期 {days} 个工作日：{reason}", "{days} more working days asked for: {reason}"),
    "extension_granted": (
        "批准延期 {days} 个工作日[，法定期限一并延长{statute?}]；告知群众：{told}",
        "{days} more working days granted[, the statutory term too{statute?}]; the petitioner was told: {told}",
    ),
    "extension_refused": ("延期未批准：{reason}", "the extension is refused: {reason}"),
    "paused": (
        "暂停计时：{reason}，最迟 {until} 恢复[；{note}]",
        "paused: {reason}, until {until} at the latest[; {note}]",
    ),
    "resumed": (
        "恢复计时[（暂停期满）{by_cap?}][；{note}]",
        "the clock runs again[ (the pause had reached its cap){by_cap?}][; {note}]",
    ),
    "clock_set": (
        "{clock.name}期限[由 {old_due} ]改为 {clock.due}（{why}）[，暂定{clock.provisional?}]",
        "the term “{clock.name}” is now due {clock.due}[ instead of {old_due}] ({why})[, provisional{clock.provisional?}]",
    ),
    "calendar_pinned": (
        "改用工作日历第 {calendar.version} 版（原第 {old_version} 版）",
        "work calendar version {calendar.version} instead of {old_version}",
    ),
    "escalated": (
        "{clock}期限 {due}：{rung}[，{card}]，对象 {unit} 的{role}",
        "term “{clock}” due {due}: {rung}[, {card} card], to the {role} of {unit}",
    ),
    "urged": ("催办 {unit}[，{card}]：{text}", "{unit} urged[, {card} card]: {text}"),
    "replied": (
        "答复（第 {round} 轮，{outcome}，[按期{on_time?}][逾期{on_time!}]）：{text}[；措施：{measures}][；随主件 {following}]",
        "replied (round {round}, {outcome}, [in time{on_time?}][late{on_time!}]): {text}[; measures: {measures}][; with {following}]",
    ),
    "revisit_recorded": (
        "回访：[已联系到{reached?}][未联系到{reached!}][，已解决{solved?}][，对信访工作满意{satisfied_with_office?}]"
        "[，对办理单位满意{satisfied_with_unit?}][；{comment}]",
        "revisited: [reached{reached?}][not reached{reached!}][, solved{solved?}][, satisfied with the office{satisfied_with_office?}]"
        "[, satisfied with the unit{satisfied_with_unit?}][; {comment}]",
    ),
    "rated": (
        "群众评价[（电话登记）{taken_down?}]：[已解决{solved?}][未解决{solved!}]，对办理单位[满意{satisfied_with_unit?}][不满意{satisfied_with_unit!}]"
        "，对信访工作[满意{satisfied_with_office?}][不满意{satisfied_with_office!}][；{remark}]"
        "[（来自{door}）][（核对：{factor}）][（仅凭查询码{code_alone?}）][（所用查询码由 {code_by} 于 {code_at} 补发）]",
        "rated by the petitioner[ (taken down){taken_down?}]: [solved{solved?}][not solved{solved!}]"
        ", with the unit [satisfied{satisfied_with_unit?}][not satisfied{satisfied_with_unit!}]"
        ", with the office [satisfied{satisfied_with_office?}][not satisfied{satisfied_with_office!}][; {remark}]"
        "[ (by the {door})][ (proven by {factor})][ (by the code alone{code_alone?})][ (by a code {code_by} issued anew at {code_at})]",
    ),
    "revisit_contradicted": (
        "群众否认第 {revisit} 次回访的记录[，须重新回访{overrules?}][：{words}]",
        "the petitioner contradicts revisit {revisit}[, which is to be done again{overrules?}][: {words}]",
    ),
    "code_reissued": (
        "补发查询码（第 {issue} 次，{by}）：{reason}；旧码作废",
        "tracking code issued anew (no. {issue}, by {by}): {reason}; the old one is over",
    ),
    "reworked": ("退回重办（第 {round} 轮[，{lead}]）：{reason}", "to be reworked (round {round}[, {lead}]): {reason}"),
    "sign_off_key_turned": ("{by} 签批，待另一人签批", "{by} signed; another key is awaited"),
    "signed_off": ("领导把关：{ground}（{by}）[；{note}]", "signed off: {ground} ({by})[; {note}]"),
    "terminated": (
        "终结（{basis}）[，复查 {review}][，复核 {re_review}]：{reason}",
        "terminated ({basis})[, review {review}][, re-review {re_review}]: {reason}",
    ),
    "disclosed": (
        "[公开：{summary}{published?}][不公开：{exemption}]；复核人 {countersigned_by}",
        "[published: {summary}{published?}][withheld: {exemption}]; countersigned by {countersigned_by}",
    ),
    "disclosure_retracted": (
        "撤回公开：{reason}；复核人 {countersigned_by}",
        "disclosure retracted: {reason}; countersigned by {countersigned_by}",
    ),
    "accounted": (
        "问责：[{findings}][无责任问题{no_fault?}][（按政策认定）{by_policy?}][；{note}]",
        "accounted: [{findings}][no fault found{no_fault?}][ (by policy){by_policy?}][; {note}]",
    ),
    "sealed": ("销号归档：{ground}", "sealed: {ground}"),
    "withdrawn": ("群众撤回：{reason}", "withdrawn: {reason}"),
    "merged": ("并入 {into}（{basis}）[：{reason}]", "merged into {into} ({basis})[: {reason}]"),
    "unmerged": ("从 {out_of} 解除并案：{reason}", "unmerged from {out_of}: {reason}"),
    "member_admitted": ("{number} 并入此件", "{number} was merged into this case"),
    "member_changed": (
        "并入的 {party.number} 的回避事项有变",
        "who must be kept apart from {party.number} has changed",
    ),
    "member_released": ("{number} 不再并入此件", "{number} has left this case"),
    "reopened": ("重新启动（第 {run} 次）：{facts}", "reopened (run {run}): {facts}"),
}

_WORDS_ZH: Mapping[str, str] = {
    "public_page": "公众查询页",
    "desk": "受理窗口代记",
    "api": "接口代记",
    "command_line": "命令行代记",
    "phone": "所留电话",
    "phone_with_extension": "所留电话",
    "id_number": "所留证件号码",
    "pin": "校验码",
    "same_person": "同一人",
    "same_matter": "同一事项",
    "reviewed": "已复查复核",
    "unreasonable": "不合理诉求",
    "return_upheld": "退回重新交办",
    "extension": "延期",
    "standstill": "暂停顺延",
    "rework": "退回重办",
    "reopen": "重新启动",
    "amended": "补正",
    "recused": "回避改派",
    "calendar": "工作日历更新",
}

_OPTIONAL = re.compile(r"\[([^\[\]]*)\]")
_FIELD = re.compile(r"\{([a-z_.]+)([?!]?)\}")


def narrate(event: Event) -> tuple[str, str]:
    """The event in Chinese and in English; times in Asia/Shanghai. Texts people wrote are repeated as written."""
    known = _SENTENCES.get(event.kind)
    if known is None:
        return event.kind, event.kind
    zh, en = known
    return _filled(zh, event, word_zh), _filled(en, event, str)


def word_zh(word: str) -> str:
    """A term, a reason or a basis in Chinese; anything else as it is."""
    return _WORDS_ZH.get(word) or chinese(word)


def _filled(sentence: str, event: Event, said: Callable[[str], str]) -> str:
    """``{field}`` is filled in; a part in brackets stands only if its fields hold something (``?``: is true, ``!``: is not; both print nothing)."""

    def part(found: re.Match[str]) -> str:
        holds = all(bool(_value(event, name)) != (mark == "!") for name, mark in _FIELD.findall(found[1]))
        return found[1] if holds else ""

    def field(found: re.Match[str]) -> str:
        return "" if found[2] else _said(_value(event, found[1]), said)

    return _FIELD.sub(field, _OPTIONAL.sub(part, sentence))


def _value(event: Event, path: str) -> Any:
    value: Any = event
    for name in path.split("."):
        value = getattr(value, name)
    return value


def _said(value: Any, said: Callable[[str], str]) -> str:
    if isinstance(value, datetime):
        return value.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, tuple):
        return "、".join(_said(each, said) for each in cast("tuple[Any, ...]", value))
    if isinstance(value, BaseModel):
        return " ".join(_said(each, said) for _, each in value if each)
    return said(str(value))
