"""What is said to whom, event by event: plain sentences that name what to do and by when.

A sentence holds the case's number, dates and units, never a title, a text, a reason or a name: notices leave the house by channels that are
not ours. Nor another case's number, which not everybody who is told may see.
"""

from __future__ import annotations

from collections.abc import Mapping

from schemas.kernel.actor import Role
from schemas.petition import events as e
from schemas.petition.notices.rungs import clock_set, escalated, urged
from schemas.petition.notices.wording import Said, Says, awaited, by, line, step
from schemas.petition.state import ClockName, Petition, Stage


def lines(event: e.Event, before: Petition | None, after: Petition) -> Said:
    """The sentences that follow from an event; none for most."""
    says = _SAYS.get(event.kind)
    return says(event, before, after) if says is not None else ()


def _filed(event: e.Filed, before: Petition | None, after: Petition) -> Said:
    # What policy approved in the same breath is announced by that approval.
    if after.stage is Stage.APPROVE:
        yield from step("filed", after, "新件已登记", "a new case is filed")


def _amended(event: e.Amended, before: Petition | None, after: Petition) -> Said:
    if before is not None and event.accountable != before.accountable:
        yield from step("filed", after, "经补正，本件改由你单位负责", "as amended, your unit answers for this case")


def _accused_named(event: e.AccusedNamed, before: Petition | None, after: Petition) -> Said:
    if event.unapproved:
        yield from step(
            "filed", after, "新查明有被反映对象，请重新审批", "somebody was found to be accused; approve it anew"
        )
    elif event.released and after.stage is Stage.ASSIGN:
        yield from step("recused", after, "承办单位须回避", "its office is recused")
    elif event.released:
        yield line(
            "recused",
            (after.lead, Role.HANDLER),
            f"协办单位 {'、'.join(event.released)} 须回避，不再协办",
            f"co-office {', '.join(event.released)} is recused and helps no longer",
        )
    elif before is not None and event.accountable != before.accountable:
        yield from step("recused", after, "因回避，本件改由你单位负责", "by recusal, your unit answers for this case")


def _accused_proposed(event: e.AccusedProposed, before: Petition | None, after: Petition) -> Said:
    yield from step("accused", after, "内容可能反映我方单位或人员", "it may complain of somebody of the organisation")


def _letting_off_proposed(event: e.LettingOffProposed, before: Petition | None, after: Petition) -> Said:
    if after.held is None:  # pragma: no cover - what lets somebody off leaves the case held until it is countersigned
        return
    zh, en = "有人拟排除被反映对象，须由第二人会签", "somebody is to be let off; it takes a second person's consent"
    for role in dict.fromkeys((after.held.decides, Role.CHIEF)):
        yield line("countersign", (after.held.unit, role), zh, en)


def _accused_decided(event: e.AccusedDecided, before: Petition | None, after: Petition) -> Said:
    if event.released and after.stage is Stage.SUPERVISE:
        yield line(
            "recused",
            (after.lead, Role.HANDLER),
            f"协办单位 {'、'.join(event.released)} 须回避，不再协办",
            f"co-office {', '.join(event.released)} is recused and helps no longer",
        )
        return
    yield from step("accused", after, "已认定被反映对象", "it is decided who is complained of")


def _two_people(event: e.DisclosureProposed | e.RetractionProposed, before: Petition | None, after: Petition) -> Said:
    for to in ((after.registrar, Role.SUPERVISOR), (after.accountable, Role.CHIEF)):
        yield line(
            "countersign",
            to,
            "公开事项须由第二人会签",
            "a decision on disclosure takes a second person's consent",
        )


def _consent_refused(event: e.ConsentRefused, before: Petition | None, after: Petition) -> Said:
    zh, en = "第二人不同意，请重新办理", "the second person does not consent; decide anew"
    to = (after.registrar, Role.SUPERVISOR) if after.held is None else (after.held.unit, after.held.decides)
    yield line("countersign", to, zh, en)


def _remarked(event: e.Remarked, before: Petition | None, after: Petition) -> Said:
    if after.held is None:
        yield line("remarked", awaited(after), "群众有追加内容，请查阅", "the petitioner has added something; read it")


def _rated(event: e.Rated, before: Petition | None, after: Petition) -> Said:
    own = after.own_rating
    if own is None or own.satisfied:
        return
    zh, en = (
        "群众本人评价不满意，请退回重办或依法终结",
        "by their own answer the petitioner is not satisfied; order rework or terminate",
    )
    yield line("rated", (after.registrar, Role.VISITOR), zh, en)
    if after.stage is Stage.SIGN_OFF:
        yield line("rated", awaited(after), zh, en)


def _contradicted(event: e.RevisitContradicted, before: Petition | None, after: Petition) -> Said:
    zh, en = f"群众否认第 {event.revisit} 次回访的记录", f"the petitioner contradicts revisit {event.revisit}"
    yield line("contradicted", (after.registrar, Role.SUPERVISOR), zh, en)
    if event.overrules and after.open:
        yield line("contradicted", awaited(after), f"{zh}，请重新回访", f"{en}; revisit again")


def _code_reissued(event: e.CodeReissued, before: Petition | None, after: Petition) -> Said:
    zh, en = (
        f"{event.by} 补发了群众的查询码，请核实确为群众所求",
        f"{event.by} has issued the petitioner's tracking code anew; make sure that it was asked for",
    )
    yield line("code_reissued", (after.registrar, Role.SUPERVISOR), zh, en)


def _approved(event: e.Approved, before: Petition | None, after: Petition) -> Said:
    if after.stage is Stage.ASSIGN:
        yield from step(
            "approved",
            after,
            "按规定视同批准" if event.implied else "已批准",
            "approved by policy" if event.implied else "approved",
        )


def _assigned(event: e.Assigned, before: Petition | None, after: Petition) -> Said:
    if after.stage is not Stage.SUPERVISE:
        return
    yield from step("assigned", after, "交办你单位主办", "assigned to your office as lead")
    for unit in event.co_offices:
        yield line(
            "assigned",
            (unit, Role.HANDLER),
            f"交办你单位协办，请尽快向主办单位 {event.lead} 报告",
            f"assigned to your office as co-office; report to the lead, {event.lead}",
        )


def _return_requested(event: e.ReturnRequested, before: Petition | None, after: Petition) -> Said:
    yield line(
        "return",
        (after.registrar, Role.SUPERVISOR),
        f"单位 {event.unit} 申请退回，请裁定",
        f"{event.unit} returns the case; decide",
    )


def _return_upheld(event: e.ReturnUpheld, before: Petition | None, after: Petition) -> Said:
    for unit in before.offices if before is not None else ():
        yield line(
            "return",
            (unit, Role.HANDLER),
            "退回申请成立，本件不再由你单位办理",
            "the return was upheld; the case is no longer with your office",
        )
    yield from step("return", after, f"单位 {event.unit} 退回成立", f"{event.unit} has returned the case")


def _return_refused(event: e.ReturnRefused, before: Petition | None, after: Petition) -> Said:
    zh, en = by(after, ClockName.FINISH)
    yield line(
        "return",
        (event.unit, Role.HANDLER),
        f"退回申请未获准，{zh}办结并答复",
        f"your return was refused; settle and answer the case {en}",
    )


def _co_report(event: e.CoReported | e.CoReportWaived, before: Petition | None, after: Petition) -> Said:
    waived = isinstance(event, e.CoReportWaived)
    missing = [office.unit for office in after.co_offices if not (office.reported or office.waived)]
    yield line(
        "co_report",
        (after.lead, Role.HANDLER),
        f"协办单位 {event.unit} {'免予报告' if waived else '已报告'}"
        + (f"，尚缺：{'、'.join(missing)}" if missing else "，协办报告已齐，可以答复"),
        f"co-office {event.unit} {'need not report' if waived else 'has reported'}"
        + (f"; missing: {', '.join(missing)}" if missing else "; nothing is missing, you may answer"),
    )
    if waived:
        yield line("co_report", (event.unit, Role.HANDLER), "你单位免予报告", "your office need not report")


def _extension_requested(event: e.ExtensionRequested, before: Petition | None, after: Petition) -> Said:
    yield line(
        "extension",
        (after.accountable, Role.CHIEF),
        f"承办单位申请延期 {event.days} 个工作日，请批示",
        f"the office asks for {event.days} working days more; decide",
    )


def _extension_decided(
    event: e.ExtensionGranted | e.ExtensionRefused, before: Petition | None, after: Petition
) -> Said:
    granted = isinstance(event, e.ExtensionGranted)
    zh, en = by(after, ClockName.FINISH)
    yield line(
        "extension",
        (after.lead, Role.HANDLER),
        f"延期{'已' if granted else '未'}获批准，{zh}办结并答复",
        f"the extension was {'granted' if granted else 'refused'}; settle and answer the case {en}",
    )


def _resumed(event: e.Resumed, before: Petition | None, after: Petition) -> Said:
    if event.by_cap and after.stage is Stage.SUPERVISE:
        yield from step("resumed", after, "暂停期满，恢复计时", "the pause has ended, the clock runs")


def _revisited(event: e.RevisitRecorded, before: Petition | None, after: Petition) -> Said:
    if after.stage is Stage.SIGN_OFF:
        yield from step("sign_off", after, "群众满意", "the petitioner is satisfied")


def _reworked(event: e.Reworked, before: Petition | None, after: Petition) -> Said:
    zh, en = f"退回重办（第 {event.round} 轮）", f"to be reworked (round {event.round})"
    yield from step("rework" if event.lead else "recused", after, zh, en)
    for office in after.co_offices:
        if not (office.reported or office.waived):
            yield line(
                "rework",
                (office.unit, Role.HANDLER),
                f"{zh}，请重新向主办单位 {event.lead} 报告",
                f"{en}; report to the lead, {event.lead}, again",
            )


def _key_turned(event: e.SignOffKeyTurned, before: Petition | None, after: Petition) -> Said:
    # The second key may be any office's chief.
    for unit in dict.fromkeys(after.offices):
        yield line(
            "sign_off", (unit, Role.CHIEF), "联合办理，尚需你单位负责人签批", "a joint case: the second key is yours"
        )


def _withdrawn(event: e.Withdrawn, before: Petition | None, after: Petition) -> Said:
    yield from step("sign_off", after, "群众已撤回", "the petitioner has withdrawn it")
    if before is not None and before.stage is Stage.SUPERVISE:
        for unit in before.offices:
            yield line("withdrawn", (unit, Role.HANDLER), "群众已撤回，请停止办理", "withdrawn; stop working on it")


def _transfer(event: e.TransferAnswered | e.TransferTimedOut, before: Petition | None, after: Petition) -> Said:
    if isinstance(event, e.TransferAnswered) and event.accepted:
        yield from step("archive", after, f"{event.to} 已接收转送", f"{event.to} has taken the case over")
        return
    late = isinstance(event, e.TransferTimedOut)
    yield from step(
        "transfer",
        after,
        f"{event.to} {'逾期未确认' if late else '未接收'}，仍由本单位办理",
        f"{event.to} {'did not answer' if late else 'did not take it'}, the case stays here",
    )


def _accounted(event: e.Accounted, before: Petition | None, after: Petition) -> Said:
    for unit in dict.fromkeys(finding.unit for finding in event.findings):
        yield line(
            "accounted",
            (unit, Role.CHIEF),
            "问责决定涉及你单位，请查阅并整改",
            "an accountability finding concerns your unit; read it and mend what it names",
        )


def _merged(event: e.Merged, before: Petition | None, after: Petition) -> Said:
    yield line(
        "merged",
        awaited(before or after),
        "已并入另一件，随该件办理",
        "merged into another case; it is handled there",
    )


def _admitted(event: e.MemberAdmitted, before: Petition | None, after: Petition) -> Said:
    if after.stage in (Stage.APPROVE, Stage.ASSIGN, Stage.SUPERVISE):
        zh, en = "另一件并入本件，请一并办理", "another case joins this one; settle both"
        yield line("merged", awaited(after), zh, en)


def _step_after(kind: str, zh: str, en: str) -> Says:
    def say(event: e.Event, before: Petition | None, after: Petition) -> Said:
        return step(kind, after, zh, en)

    return say


_SAYS: Mapping[str, Says] = {
    "filed": _filed,
    "amended": _amended,
    "accused_named": _accused_named,
    "accused_proposed": _accused_proposed,
    "letting_off_proposed": _letting_off_proposed,
    "accused_decided": _accused_decided,
    "disclosure_proposed": _two_people,
    "retraction_proposed": _two_people,
    "consent_refused": _consent_refused,
    "remarked": _remarked,
    "approved": _approved,
    "declined": _step_after("archive", "已决定不予受理", "declined"),
    "transfer_answered": _transfer,
    "transfer_timed_out": _transfer,
    "assigned": _assigned,
    "return_requested": _return_requested,
    "return_upheld": _return_upheld,
    "return_refused": _return_refused,
    "co_reported": _co_report,
    "co_report_waived": _co_report,
    "extension_requested": _extension_requested,
    "extension_granted": _extension_decided,
    "extension_refused": _extension_decided,
    "resumed": _resumed,
    "clock_set": clock_set,
    "escalated": escalated,
    "urged": urged,
    "replied": _step_after("revisit", "已答复", "answered"),
    "revisit_recorded": _revisited,
    "rated": _rated,
    "revisit_contradicted": _contradicted,
    "code_reissued": _code_reissued,
    "reworked": _reworked,
    "sign_off_key_turned": _key_turned,
    "signed_off": _step_after("archive", "已签批", "signed off"),
    "terminated": _step_after("archive", "已终结", "terminated"),
    "accounted": _accounted,
    "withdrawn": _withdrawn,
    "merged": _merged,
    "unmerged": _step_after("merged", "已从并案中分出，单独办理", "it stands on its own again"),
    "member_admitted": _admitted,
    "reopened": _step_after("filed", "群众反映新情况，已重新启动", "reopened with new facts"),
}
