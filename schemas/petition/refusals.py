"""Why a command is refused: one stable code per rule, one sentence in Chinese and one in English that say what to do instead."""

from __future__ import annotations

from typing import Any

from schemas.kernel.refusal import Refusal

SENTENCES: dict[str, tuple[str, str]] = {
    "not_filed": ("该件尚未建档，只能先建档。", "There is no such case yet; file it first."),
    "already_filed": ("该件已建档，不能重复建档。", "The case is filed already; it can't be filed twice."),
    "stage_wrong": (
        "当前环节为“{stage_zh}”，此操作只能在“{allowed_zh}”环节进行。",
        "The case is in stage “{stage}”; this can only be done in: {allowed}.",
    ),
    "role_wrong": (
        "您的角色“{role_zh}”不能进行此操作，需由{allowed_zh}办理。",
        "Your role “{role}” can't do this; it takes: {allowed}.",
    ),
    "scope_wrong": (
        "此件不在您的管辖范围（{reach}）内，应由 {owner} 办理。",
        "The case lies outside your scope ({reach}); it belongs to {owner}.",
    ),
    "recused": (
        "您或您的单位是被反映对象，依回避规定不得接触此件。",
        "You or your unit are named in this petition; under the recusal rule you take no part in it.",
    ),
    "accused_undecided": (
        "本件是否反映我方单位或人员尚待认定，认定前不能进行此操作。",
        "It is not decided yet whom of the organisation this petition complains of; until then this can't be done.",
    ),
    "nothing_held": ("本件没有待认定的被反映对象。", "There is nothing to decide on who is complained of."),
    "accused_left_out": (
        "请逐一认定：{left} 是被反映对象，还是仅被提及。",
        "Decide on each of them: {left}; accused, or only mentioned.",
    ),
    "decision_contradicts": (
        "同一对象不能既认定为被反映对象，又认定为仅被提及或与我方无关。",
        "Nobody can be both accused and only mentioned (or nobody of ours).",
    ),
    "letting_off_takes_two": (
        "补正不能去掉被反映对象；请用“认定被反映对象”，并由第二人会签。",
        "A correction takes no accused off the case: decide on it (decide_accused), with a second person's consent.",
    ),
    "nothing_to_countersign": ("本件没有待会签的事项。", "Nothing awaits a second person's consent."),
    "consent_pending": (
        "另一人提出的事项正待会签，请先会签或不同意。",
        "What another person has put forward awaits consent; consent to it or refuse it first.",
    ),
    "merge_conflict": (
        "两件之一反映的对象正办理另一件，不能并案。",
        "One of the two complains of those who have the other in hand; they can't be merged.",
    ),
    "not_next_higher": (
        "须由上一级负责人（{owner}）决定。",
        "The next-higher chief ({owner}) decides this.",
    ),
    "no_higher_chief": (
        "市局本级被反映，系统内无上级可决定，请转送外部有权机关。",
        "The city bureau itself is named and nobody above it decides here; transfer the case to an outside authority.",
    ),
    "field_missing": (
        "缺少“{field}”，请填写后再提交。",
        "The field “{field}” is missing; fill it in and send again.",
    ),
    "text_too_long": (
        "“{field}”超过 {limit} 字，请缩短或以附件提交。",
        "“{field}” has more than {limit} characters; shorten it or attach a file.",
    ),
    "too_many_representatives": (
        "联名信访的代表不得超过 5 人（信访工作条例第二十条），现有 {count} 人。",
        "A joint petition has at most 5 representatives (§20); {count} are given.",
    ),
    "received_in_future": (
        "受理时间 {moment} 晚于现在，请更正。",
        "The time of receipt {moment} lies in the future; correct it.",
    ),
    "source_time_untrusted": (
        "渠道“{channel}”自带的时间不作起算依据，请以实际收到时间建档。",
        "The time that channel “{channel}” bears is not trusted to start the clocks; file with the time of receipt.",
    ),
    "nothing_to_amend": (
        "没有任何更改，请指出要补正的内容。",
        "Nothing is changed; say what is to be corrected.",
    ),
    "figures_missing": (
        "更改账别或难易后须附相应时限政策。",
        "A changed ledger or complexity must come with the figures that apply to it.",
    ),
    "decline_ground_unknown": (
        "“{ground}”不是法定的不予受理理由，可选：{allowed}。",
        "“{ground}” is not a lawful ground for declining; choose one of: {allowed}.",
    ),
    "transfer_pending": (
        "转送“{to}”尚待对方确认（至 {until}），在此之前仍由本单位负责，但不能重复转送或交办。",
        "A transfer to “{to}” awaits its answer (until {until}); it can't be offered again or assigned before.",
    ),
    "no_transfer": ("此件没有待确认的转送。", "There is no transfer awaiting an answer."),
    "accused_office": (
        "不得交办给被反映单位 {unit} 或其下属单位。",
        "The accused unit {unit} (or a unit below it) must not handle the case; choose another office.",
    ),
    "office_twice": (
        "{unit} 不能同时担任主办和协办，也不能重复。",
        "{unit} is named twice among lead and co-offices.",
    ),
    "not_accepted": (
        "主办单位尚未签收，请先签收。",
        "The lead office has not accepted the case; accept it first.",
    ),
    "already_accepted": ("主办单位已经签收。", "The lead office has accepted the case already."),
    "return_refused_before": (
        "{unit} 的退回申请已被驳回，不得再次退回。",
        "An earlier return by {unit} was refused; the same office may not return the case again.",
    ),
    "return_pending": (
        "退回申请正待督办员裁定，请先裁定。",
        "A return awaits the supervisor's decision; decide it first.",
    ),
    "no_return": ("此件没有待裁定的退回申请。", "No return awaits a decision."),
    "not_co_office": ("{unit} 不是此件的协办单位。", "{unit} is not a co-office of this case."),
    "co_report_done": (
        "{unit} 已报告或已免予报告。",
        "{unit} has reported already, or its report was waived.",
    ),
    "co_report_missing": (
        "协办单位 {units} 尚未报告，主办单位不能答复；请催报，或由督办员说明理由后免除。",
        "Co-offices {units} have not reported; obtain the report or have the supervisor waive it with a reason.",
    ),
    "extension_used": (
        "延期次数已用完（最多 {limit} 次）。",
        "The case was extended already ({limit} at most); it can't be extended again.",
    ),
    "extension_too_long": (
        "申请延期 {days} 个工作日，超过上限 {limit} 个工作日。",
        "{days} working days exceed the {limit} the policy allows; ask for fewer.",
    ),
    "extension_pending": ("已有延期申请待批。", "An extension awaits the chief's decision already."),
    "no_extension": ("没有待批的延期申请。", "No extension awaits a decision."),
    "overdue_no_extension": (
        "办理期限已过，不能再申请延期。",
        "The term has ended; it can't be extended any more.",
    ),
    "overdue_no_pause": (
        "办理期限已过，不能以中止掩盖逾期。",
        "The term has ended; standing still now would only hide the delay.",
    ),
    "statute_extended_before": (
        "法定期限只能延长一次。",
        "The statutory term can be extended only once.",
    ),
    "statute_simple": (
        "简易办理的法定期限（工作日）不得延长。",
        "The statutory term of a simple matter, in working days, can't be extended.",
    ),
    "already_paused": ("办理时限已在中止中。", "The clock stands still already."),
    "not_paused": ("办理时限并未中止。", "The clock is not standing still."),
    "paused": (
        "办理时限中止中，请先恢复计时。",
        "The clock stands still; resume it first.",
    ),
    "pause_reason_unknown": (
        "“{reason}”不是可以中止的理由，可选：{allowed}。",
        "“{reason}” is not a listed reason to stand still; choose one of: {allowed}.",
    ),
    "pause_used_up": (
        "中止天数已达上限（{limit} 个工作日）。",
        "The case has stood still for the {limit} working days the policy allows.",
    ),
    "visitor_of_office": (
        "回访和代记评价的人不得属于承办单位（{unit}），请由其他单位办理。",
        "Who asks the petitioner must not belong to a unit that handled the case ({unit}); let another unit do it.",
    ),
    "not_revisited": (
        "尚未回访到群众，或群众其后另有评价，请先回访。",
        "The petitioner has not been reached yet, or has answered otherwise since; revisit first.",
    ),
    "revisit_unknown": (
        "没有第 {revisit} 次回访。",
        "There has been no revisit {revisit}.",
    ),
    "contradicted_already": (
        "您已对这次回访提出异议，每次回访提一次即可；须重新回访的，回访后可再提。",
        "You have contradicted this revisit already, which takes but once; a further revisit can be contradicted again.",
    ),
    "revisit_not_decisive": (
        "此件已销号，且不是按这次回访结案的；如有新情况，可凭编号再次提出。",
        "The case is closed, and not by this revisit; with new facts it can be taken up again by its number.",
    ),
    "nothing_to_rate": (
        "本轮尚无答复可供评价。",
        "There is no reply of this round to rate yet.",
    ),
    "own_answer_stands": (
        "群众本人凭查询码所作的不满意评价，不能由他人代为更改；请群众本人在公众查询页面重新评价，或退回重办。",
        "The petitioner has said no in person; nobody else changes that. Ask them to answer again on the public page, or order rework.",
    ),
    "own_answer_differs": (
        "群众本人已在本轮作出评价，回访结果不能写得比本人的评价更满意；请群众本人重新评价，或退回重办。",
        "The petitioner's own answer of this round says no where the revisit says yes; ask them to answer again, or order rework.",
    ),
    "own_answer_unsatisfied": (
        "群众本人评价为不满意，不能签批销号；请退回重办、依法终结，或请群众本人重新评价。",
        "By their own answer the petitioner is not satisfied: order rework, terminate on a lawful ground, or ask them to answer again.",
    ),
    "not_satisfied": (
        "群众未表示满意，不能签批销号；请退回重办，或依法终结。",
        "The petitioner is not satisfied: order rework, or terminate on a lawful ground.",
    ),
    "rating_contradicts": (
        "未联系到群众时不能填写解决或满意情况。",
        "Not reached means nothing was said: leave solved and satisfied empty.",
    ),
    "never_answered": (
        "此件没有承办单位，无从退回重办。",
        "No office has handled the case; there is nothing to rework.",
    ),
    "satisfied_already": (
        "群众已表示满意，无需重办。",
        "The petitioner is satisfied; there is nothing to rework.",
    ),
    "key_turned_before": (
        "联合办理须由两人分别签批，您已签过。",
        "A joint team's case takes two different keys; yours has been turned.",
    ),
    "review_missing": (
        "终结须有复查和复核的文号，或以“不合理诉求”为由。",
        "Termination takes the numbers of the review and the re-review, or the basis “unreasonable”.",
    ),
    "second_person_same": (
        "须由另一人复核，不能由同一人办理。",
        "The second person must be somebody else.",
    ),
    "second_person_recused": (
        "复核人是被反映对象，须回避，请另选他人。",
        "The second person is named in this petition; choose somebody else.",
    ),
    "exemption_unknown": (
        "“{exemption}”不是规定的不公开理由，可选：{allowed}。",
        "“{exemption}” is not an exemption code; choose one of: {allowed}.",
    ),
    "disclosure_decided": ("公开事项已决定。", "Disclosure has been decided already."),
    "confidential_published": (
        "保密件不得公开，请选择不公开理由。",
        "A confidential case must not be published; withhold it with an exemption code.",
    ),
    "minor_published": (
        "信访人是未成年人，不得公开，请选择不公开理由。",
        "A petitioner is a minor: the case is never published; withhold it with an exemption code.",
    ),
    "not_published": ("此件没有公开的摘要可撤回。", "There is no published summary to retract."),
    "accounted_already": ("问责事项已决定。", "Accountability has been decided already."),
    "findings_or_none": (
        "请列出问责情况，或选择“无责任问题”，二者必居其一。",
        "Either list findings or say “no fault found”, not both and not neither.",
    ),
    "merged_follow": (
        "此件已并入 {into}，请在主件上办理。",
        "The case is merged into {into}; act there.",
    ),
    "merge_itself": ("不能并入自身。", "A case can't be merged into itself."),
    "merge_has_members": (
        "此件已有并入件（{members}），请先解除或改以此件为主件。",
        "Other cases ({members}) are merged into this one; unmerge them first or merge the other way round.",
    ),
    "not_merged": ("此件没有并案。", "The case is not merged."),
    "member_closed": (
        "主件 {number} 已办结或已并入他件，不能并入。",
        "The lead case {number} is past handling or itself merged; it takes no members.",
    ),
    "not_a_member": ("{number} 未并入此件。", "{number} is not merged into this case."),
    "calendar_not_newer": (
        "工作日历版本 {version} 不比现用版本新。",
        "Calendar version {version} is not newer than the one in use.",
    ),
    "nothing_due": ("目前没有到时的提醒。", "No alarm is due."),
}
"""Every refusal the lifecycle can give: code → (Chinese, English)."""


def refuse(code: str, **facts: Any) -> Refusal:
    """A refusal with its sentences filled in."""
    zh, en = SENTENCES[code]
    return Refusal(code=code, zh=zh.format(**facts), en=en.format(**facts))
