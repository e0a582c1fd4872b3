"""What people (and the system itself) may ask of a case: one model per command of the lifecycle.

A command says what is wanted; whether it is allowed is decided by :mod:`schemas.petition.rules` alone. ``kind`` is also the name of the Temporal
update and of the API action. Defaults of these models are frozen: payloads leave them out, so a changed default would change old histories.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Literal, get_args

from pydantic import Field

from schemas.kernel.actor import Actor
from schemas.kernel.model import Frozen
from schemas.kernel.tagged import Tagged
from schemas.kernel.worktime import Calendar
from schemas.petition.events import FiledContent, Finding, Petitioner
from schemas.petition.rules_version import FIRST_RULES
from schemas.petition.state import Accusation, Complexity, Ledger, Outcome, Party, RatingDoor
from schemas.policy import CasePolicy
from schemas.sealing.factors import Factor

TEXT_LIMIT = 20_000
"""Characters a text of any command may have; longer ones are refused, never cut."""

Text = Annotated[str, Field(max_length=TEXT_LIMIT)]


REMARK_LIMIT = 1_000
"""Characters of what a petitioner adds to their rating."""


class Asked(Tagged):
    """Common to all commands."""


class Heard(Asked):
    """A command that brings words of the petitioner's. ``accusation``: whom of the organisation they may complain of, as the door has read them."""

    accusation: Accusation | None = None


class File(Asked):
    """收集建档. Numbers and texts come from intake; ``received_at`` differs from now only where the channel's own time is trusted."""

    kind: Literal["file"] = "file"
    number: str
    content: FiledContent
    received_at: datetime | None = None
    trusted_time: bool = False
    policy: CasePolicy
    calendar: Calendar
    rules: str = FIRST_RULES


class Amend(Heard):
    """补正: corrects the file. Only the fields given change. A changed ledger or complexity brings the figures that go with it."""

    kind: Literal["amend"] = "amend"
    reason: Text
    title: Text | None = None
    text: Text | None = None
    category: str | None = None
    ledger: Ledger | None = None
    complexity: Complexity | None = None
    unit: str | None = None
    accused_units: tuple[str, ...] | None = None
    accused_persons: tuple[str, ...] | None = None
    conflicted_units: tuple[str, ...] | None = None
    petitioners: tuple[Petitioner, ...] | None = None
    policy: CasePolicy | None = None


class NameAccused(Asked):
    """补记被反映对象: units and people found to be accused after approval. Whom the case accuses already it goes on accusing."""

    kind: Literal["name_accused"] = "name_accused"
    reason: Text
    accused_units: tuple[str, ...] = ()
    accused_persons: tuple[str, ...] = ()
    conflicted_units: tuple[str, ...] = ()


class DecideAccused(Asked):
    """认定被反映对象: who is accused (all in all), who is only mentioned; or ``nobody`` of the organisation. Letting off takes a second person.

    ``unit``: where the case goes if nobody is accused; empty: where it would have gone.
    """

    kind: Literal["decide_accused"] = "decide_accused"
    accused_units: tuple[str, ...] = ()
    accused_persons: tuple[str, ...] = ()
    conflicted_units: tuple[str, ...] = ()
    mentioned_units: tuple[str, ...] = ()
    mentioned_persons: tuple[str, ...] = ()
    nobody: bool = False
    unit: str = ""
    reason: Text


class Countersign(Asked):
    """会签: the second person consents to what the first has ordered, or does not."""

    kind: Literal["countersign"] = "countersign"
    agreed: bool
    reason: Text = ""


class Remark(Heard):
    """追加: what the petitioner has added; their office is told."""

    kind: Literal["remark"] = "remark"
    text: Text


class Approve(Asked):
    """快速报批."""

    kind: Literal["approve"] = "approve"
    note: Text = ""


class Decline(Asked):
    """不予受理: a legal ground and the number (or text) of the written notice."""

    kind: Literal["decline"] = "decline"
    ground: str
    notice: Text


class Transfer(Asked):
    """转送 to an outside authority."""

    kind: Literal["transfer"] = "transfer"
    to: str
    reason: Text


class AnswerTransfer(Asked):
    """The outside authority's answer to an offered transfer."""

    kind: Literal["answer_transfer"] = "answer_transfer"
    accepted: bool
    reference: str = ""


class Assign(Asked):
    """交办 to a lead office 主办 and co-offices 协办. ``joint``: a two-leader team 双组长, whose sign-off takes two keys."""

    kind: Literal["assign"] = "assign"
    lead: str
    co_offices: tuple[str, ...] = ()
    joint: bool = False
    note: Text = ""


class Accept(Asked):
    """签收."""

    kind: Literal["accept"] = "accept"


class Return(Asked):
    """退回: the lead office objects to its jurisdiction."""

    kind: Literal["return"] = "return"
    reason: Text


class UpholdReturn(Asked):
    """The supervisor upholds the objection: the case is assigned anew."""

    kind: Literal["uphold_return"] = "uphold_return"
    reason: Text = ""


class RefuseReturn(Asked):
    """The supervisor refuses the objection: the case stays, and the same office may not return it again."""

    kind: Literal["refuse_return"] = "refuse_return"
    reason: Text


class ReportProgress(Asked):
    """The lead office reports on the work."""

    kind: Literal["report_progress"] = "report_progress"
    text: Text


class CoReport(Asked):
    """A co-office reports to the lead."""

    kind: Literal["co_report"] = "co_report"
    text: Text


class WaiveCoReport(Asked):
    """The supervisor waives a co-office's missing report."""

    kind: Literal["waive_co_report"] = "waive_co_report"
    unit: str
    reason: Text


class RequestExtension(Asked):
    """延期申请, in working days."""

    kind: Literal["request_extension"] = "request_extension"
    days: int = Field(ge=1, le=250)
    reason: Text


class GrantExtension(Asked):
    """The chief grants it; ``told`` is what the petitioner is told. ``statute``: the statutory term is extended with it (§34, once)."""

    kind: Literal["grant_extension"] = "grant_extension"
    told: Text
    statute: bool = False


class RefuseExtension(Asked):
    """The chief refuses it."""

    kind: Literal["refuse_extension"] = "refuse_extension"
    reason: Text


class Pause(Asked):
    """The promise clock stands still, for a listed reason, at most the policy's cap."""

    kind: Literal["pause"] = "pause"
    reason: str
    note: Text = ""


class Resume(Asked):
    """The promise clock runs on."""

    kind: Literal["resume"] = "resume"
    note: Text = ""


class Urge(Asked):
    """催办: a recorded order; a yellow or red card may go with it."""

    kind: Literal["urge"] = "urge"
    text: Text
    card: Literal["", "yellow", "red"] = ""


class Reply(Asked):
    """答复: outcome, text, measures taken.

    ``acknowledged``: it goes to the petitioners of merged cases too, and whoever writes it knows that it holds what tells one of them apart.
    """

    kind: Literal["reply"] = "reply"
    outcome: Outcome
    text: Text
    measures: Text = ""
    acknowledged: bool = False


class RecordRevisit(Heard):
    """回访. Not reached: recorded, the stage stays. Reached and satisfied: on to sign-off. Otherwise the visitor or chief orders rework."""

    kind: Literal["record_revisit"] = "record_revisit"
    reached: bool
    solved: bool = False
    satisfied_with_office: bool = False
    satisfied_with_unit: bool = False
    comment: Text = ""


class Rate(Heard):
    """评价: the petitioner's own answer to the reply of this round, the petition office and the handling unit apart. The latest counts.

    ``door`` and ``factor`` as of the event, from the door itself.
    """

    kind: Literal["rate"] = "rate"
    solved: bool
    satisfied_with_office: bool
    satisfied_with_unit: bool
    remark: str = Field(default="", max_length=REMARK_LIMIT)
    door: RatingDoor | None = None
    factor: Factor | None = None


class ContradictRevisit(Heard):
    """回访异议: the petitioner says that a revisit (from 1) was not as it was recorded. A case that was to be closed by it is revisited anew, one
    that was is taken up again.
    """

    kind: Literal["contradict_revisit"] = "contradict_revisit"
    revisit: int = Field(ge=1)
    words: str = Field(default="", max_length=REMARK_LIMIT)
    policy: CasePolicy | None = None
    calendar: Calendar | None = None
    rules: str = ""


class ReissueCode(Asked):
    """补发查询码: the petitioner has lost theirs; the old one is over, the new one is shown once."""

    kind: Literal["reissue_code"] = "reissue_code"
    reason: Text


class Rework(Asked):
    """退回重办: a new round with a new due date."""

    kind: Literal["rework"] = "rework"
    reason: Text


class SignOff(Asked):
    """领导把关."""

    kind: Literal["sign_off"] = "sign_off"
    note: Text = ""


class Terminate(Asked):
    """终结 without satisfaction: after review 复查 and re-review 复核 (their document numbers), or as an unreasonable demand."""

    kind: Literal["terminate"] = "terminate"
    basis: Literal["reviewed", "unreasonable"]
    review: str = ""
    re_review: str = ""
    reason: Text


class Disclose(Asked):
    """一事一公开: an anonymised summary published, or withheld with an exemption code; it takes effect by a second person's own order.

    ``countersigned_by``: of a case of the first release, the second person by name.
    """

    kind: Literal["disclose"] = "disclose"
    published: bool
    summary: Text = ""
    exemption: str = ""
    countersigned_by: str = ""


class RetractDisclosure(Asked):
    """A published summary is taken back; ``countersigned_by`` as of `Disclose`."""

    kind: Literal["retract_disclosure"] = "retract_disclosure"
    reason: Text
    countersigned_by: str = ""


class Account(Asked):
    """一事一问责: findings, or "no fault found"."""

    kind: Literal["account"] = "account"
    findings: tuple[Finding, ...] = ()
    no_fault: bool = False
    note: Text = ""


class Withdraw(Heard):
    """撤回 by the petitioner, via an operator; still passes sign-off."""

    kind: Literal["withdraw"] = "withdraw"
    reason: Text


class Merge(Asked):
    """并案 into another case."""

    kind: Literal["merge"] = "merge"
    into: str
    basis: Literal["same_person", "same_matter"]
    reason: Text = ""


class Unmerge(Asked):
    """Takes a merge back."""

    kind: Literal["unmerge"] = "unmerge"
    reason: Text


class Reopen(Heard):
    """A new round on an archived number, with new facts and its own run; ``rules``: empty for those it had."""

    kind: Literal["reopen"] = "reopen"
    facts: Text
    policy: CasePolicy
    calendar: Calendar
    rules: str = ""


class RingAlarm(Asked):
    """The system's own: record every rung, cap and time-out whose instant has come."""

    kind: Literal["ring_alarm"] = "ring_alarm"


class RecomputeDue(Asked):
    """A new calendar version: old and new due dates are recorded."""

    kind: Literal["recompute_due"] = "recompute_due"
    calendar: Calendar


class AdmitMember(Asked):
    """Another case has been merged into this one."""

    kind: Literal["admit_member"] = "admit_member"
    number: str
    party: Party | None = None


class ChangeMember(Asked):
    """A merged case complains of others by now, or is somewhere else."""

    kind: Literal["change_member"] = "change_member"
    party: Party


class ProposeAccused(Heard):
    """The system's own: something was added (an attachment) whose words may complain of somebody of the organisation."""

    kind: Literal["propose_accused"] = "propose_accused"


class ReleaseMember(Asked):
    """A merged case has left this one."""

    kind: Literal["release_member"] = "release_member"
    number: str


class FollowReply(Asked):
    """The case this one is merged into has been answered; the same answer goes to this petitioner."""

    kind: Literal["follow_reply"] = "follow_reply"
    outcome: Outcome
    text: Text
    unit: str
    co_offices: tuple[str, ...] = ()


Command = Annotated[
    File
    | Amend
    | NameAccused
    | DecideAccused
    | Countersign
    | Remark
    | Approve
    | Decline
    | Transfer
    | AnswerTransfer
    | Assign
    | Accept
    | Return
    | UpholdReturn
    | RefuseReturn
    | ReportProgress
    | CoReport
    | WaiveCoReport
    | RequestExtension
    | GrantExtension
    | RefuseExtension
    | Pause
    | Resume
    | Urge
    | Reply
    | RecordRevisit
    | Rate
    | ContradictRevisit
    | ReissueCode
    | Rework
    | SignOff
    | Terminate
    | Disclose
    | RetractDisclosure
    | Account
    | Withdraw
    | Merge
    | Unmerge
    | Reopen
    | RingAlarm
    | RecomputeDue
    | AdmitMember
    | ChangeMember
    | ProposeAccused
    | ReleaseMember
    | FollowReply,
    Field(discriminator="kind"),
]


COMMAND_MODELS: Mapping[str, type[Tagged]] = {
    model.model_fields["kind"].default: model for model in get_args(get_args(Command)[0])
}
"""Every command by its name, the system's own among them."""


class Order(Frozen):
    """A command as it is sent: who wants it, and what."""

    actor: Actor
    command: Command
