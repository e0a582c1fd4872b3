"""What the commands of the lifecycle are called on screens; code and data use the English key."""

from __future__ import annotations

from collections.abc import Mapping

COMMANDS: Mapping[str, tuple[str, str]] = {
    "file": ("登记建档", "File"),
    "amend": ("补正", "Amend"),
    "name_accused": ("补记被反映对象", "Name the accused"),
    "decide_accused": ("认定被反映对象", "Decide who is complained of"),
    "countersign": ("会签", "Countersign"),
    "remark": ("追加", "Add a remark"),
    "approve": ("批准受理", "Approve"),
    "decline": ("不予受理", "Decline"),
    "transfer": ("转送", "Transfer"),
    "answer_transfer": ("登记转送答复", "Record the transfer's answer"),
    "assign": ("交办", "Assign"),
    "accept": ("签收", "Accept"),
    "return": ("申请退回", "Return"),
    "uphold_return": ("同意退回", "Uphold the return"),
    "refuse_return": ("不同意退回", "Refuse the return"),
    "report_progress": ("报告进展", "Report progress"),
    "co_report": ("协办报告", "Report as co-office"),
    "waive_co_report": ("免除协办报告", "Waive a co-office's report"),
    "request_extension": ("申请延期", "Ask for an extension"),
    "grant_extension": ("批准延期", "Grant the extension"),
    "refuse_extension": ("不批准延期", "Refuse the extension"),
    "pause": ("暂停计时", "Pause the clock"),
    "resume": ("恢复计时", "Resume the clock"),
    "urge": ("催办", "Urge"),
    "reply": ("答复", "Reply"),
    "record_revisit": ("登记回访", "Record the revisit"),
    "rate": ("登记群众评价", "Rate"),
    "contradict_revisit": ("回访异议", "Contradict the revisit"),
    "reissue_code": ("补发查询码", "Issue a new tracking code"),
    "rework": ("退回重办", "Order rework"),
    "sign_off": ("签批把关", "Sign off"),
    "terminate": ("终结", "Terminate"),
    "disclose": ("决定公开", "Decide on disclosure"),
    "retract_disclosure": ("撤回公开", "Retract the disclosure"),
    "account": ("认定责任", "Decide accountability"),
    "withdraw": ("登记撤回", "Record a withdrawal"),
    "merge": ("并案", "Merge"),
    "unmerge": ("解除并案", "Unmerge"),
    "reopen": ("重新启动", "Reopen"),
}
"""Command → (Chinese, English), for everything people may order."""
