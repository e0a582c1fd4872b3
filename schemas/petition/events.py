"""What has happened: the only truth of a case. State, read model, measures and audit are folds over these.

``at`` is the instant the event counts from (a rung missed in an outage keeps its own instant); when it was written down is kept beside it in
the record. Defaults of these models are frozen: stored events of every release must read the same for ever.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from schemas.kernel.actor import Role
from schemas.kernel.model import Frozen
from schemas.kernel.tagged import Tagged
from schemas.kernel.worktime import Calendar
from schemas.petition.rules_version import FIRST_RULES
from schemas.petition.state import (
    Accusation,
    Card,
    Clock,
    ClockName,
    Complexity,
    Ground,
    Ledger,
    Outcome,
    Party,
    RatingDoor,
    Verdict,
)
from schemas.policy import CasePolicy
from schemas.sealing.factors import Factor
from schemas.sealing.personal import SealedPersonal


class Petitioner(Frozen):
    """群众/信访人: sealed personal data, or nothing for an anonymous one; ``alias`` is what the source calls them. ``minor``: not of age."""

    alias: str = ""
    sealed: SealedPersonal | None = None
    representative: bool = True
    minor: bool = False


class FiledContent(Frozen):
    """What the petitioner brought, as filed. ``conflicted_units`` are units whose chief is named in the petition.

    ``accusation``: whom of the organisation it may complain of; the case is then kept above them, and not at ``unit``. ``likely_duplicates`` was
    written by the first release only: numbers of other cases are not for everybody who sees this one.
    """

    source: str
    source_event_id: str
    channel: str
    title: str = Field(max_length=500)
    text: str = Field(max_length=20_000)
    submitted_at: datetime | None = None
    ledger: Ledger
    complexity: Complexity
    category: str = ""
    unit: str
    confidential: bool | None = None
    accused_units: tuple[str, ...] = ()
    accused_persons: tuple[str, ...] = ()
    conflicted_units: tuple[str, ...] = ()
    petitioners: tuple[Petitioner, ...] = ()
    likely_duplicates: tuple[str, ...] = ()
    accusation: Accusation | None = None


class Finding(Frozen):
    """Who was responsible for which delay or fault, and what was done about it."""

    unit: str
    person: str = ""
    fault: str
    measure: str


class DomainEvent(Tagged):
    """Common to all events: the instant it counts from, aware, UTC."""

    at: datetime


class Filed(DomainEvent):
    kind: Literal["filed"] = "filed"
    number: str
    content: FiledContent
    confidential: bool
    registrar: str
    accountable: str
    received_at: datetime
    policy: CasePolicy
    calendar: Calendar
    clocks: tuple[Clock, ...]
    rules: str = FIRST_RULES


class Change(Frozen):
    """One corrected field, both values readable for ever."""

    field: str
    old: str
    new: str


class Amended(DomainEvent):
    kind: Literal["amended"] = "amended"
    changes: tuple[Change, ...]
    reason: str
    ledger: Ledger
    complexity: Complexity
    category: str
    unit: str
    accountable: str
    registrar: str
    accused_units: tuple[str, ...] = ()
    accused_persons: tuple[str, ...] = ()
    conflicted_units: tuple[str, ...] = ()
    petitioners: tuple[Petitioner, ...] | None = None
    policy: CasePolicy | None = None


class AccusedNamed(DomainEvent):
    """Units or people were found to be accused after approval; ``released``: the offices that work on the case no longer.

    ``unapproved``: what policy alone had approved goes back to the chief, by what it says now.
    """

    kind: Literal["accused_named"] = "accused_named"
    changes: tuple[Change, ...]
    reason: str
    accountable: str
    registrar: str
    accused_units: tuple[str, ...] = ()
    accused_persons: tuple[str, ...] = ()
    conflicted_units: tuple[str, ...] = ()
    released: tuple[str, ...] = ()
    unapproved: bool = False


class AccusedProposed(DomainEvent):
    """What was added since the filing may complain of somebody of the organisation; ``accusation`` holds all who are undecided by now."""

    kind: Literal["accused_proposed"] = "accused_proposed"
    accusation: Accusation
    unit: str
    accountable: str
    registrar: str


class LettingOffProposed(DomainEvent):
    """One person has decided that somebody who was named, or whom the words matched, is not complained of; it takes a second."""

    kind: Literal["letting_off_proposed"] = "letting_off_proposed"
    by: str
    verdict: Verdict


class AccusedDecided(DomainEvent):
    """A person (two, where somebody is let off) has decided who is complained of. ``released``: the offices that work on the case no longer."""

    kind: Literal["accused_decided"] = "accused_decided"
    verdict: Verdict
    unit: str
    accountable: str
    registrar: str
    released: tuple[str, ...] = ()
    proposed_by: str = ""


class DisclosureProposed(DomainEvent):
    """The first of two people has decided on disclosure."""

    kind: Literal["disclosure_proposed"] = "disclosure_proposed"
    by: str
    published: bool
    summary: str = ""
    exemption: str = ""


class RetractionProposed(DomainEvent):
    """The first of two people wants a published summary taken back."""

    kind: Literal["retraction_proposed"] = "retraction_proposed"
    by: str
    reason: str


class ConsentRefused(DomainEvent):
    """The second person does not consent: what the first had ordered takes no effect."""

    kind: Literal["consent_refused"] = "consent_refused"
    what: Literal["letting_off", "disclosure", "retraction"]
    reason: str


class Remarked(DomainEvent):
    """追加: what the petitioner has added."""

    kind: Literal["remarked"] = "remarked"
    text: str


class Approved(DomainEvent):
    kind: Literal["approved"] = "approved"
    unit: str
    implied: bool = False
    note: str = ""


class Declined(DomainEvent):
    kind: Literal["declined"] = "declined"
    ground: str
    notice: str


class TransferOffered(DomainEvent):
    kind: Literal["transfer_offered"] = "transfer_offered"
    to: str
    reason: str
    until: datetime


class TransferAnswered(DomainEvent):
    kind: Literal["transfer_answered"] = "transfer_answered"
    to: str
    accepted: bool
    reference: str = ""


class TransferTimedOut(DomainEvent):
    kind: Literal["transfer_timed_out"] = "transfer_timed_out"
    to: str


class Assigned(DomainEvent):
    kind: Literal["assigned"] = "assigned"
    lead: str
    co_offices: tuple[str, ...] = ()
    joint: bool = False
    note: str = ""


class Accepted(DomainEvent):
    kind: Literal["accepted"] = "accepted"
    unit: str


class ReturnRequested(DomainEvent):
    kind: Literal["return_requested"] = "return_requested"
    unit: str
    reason: str


class ReturnUpheld(DomainEvent):
    kind: Literal["return_upheld"] = "return_upheld"
    unit: str
    reason: str = ""


class ReturnRefused(DomainEvent):
    kind: Literal["return_refused"] = "return_refused"
    unit: str
    reason: str


class ProgressReported(DomainEvent):
    kind: Literal["progress_reported"] = "progress_reported"
    unit: str
    text: str


class CoReported(DomainEvent):
    kind: Literal["co_reported"] = "co_reported"
    unit: str
    text: str


class CoReportWaived(DomainEvent):
    kind: Literal["co_report_waived"] = "co_report_waived"
    unit: str
    reason: str


class ExtensionRequested(DomainEvent):
    kind: Literal["extension_requested"] = "extension_requested"
    days: int
    reason: str


class ExtensionGranted(DomainEvent):
    kind: Literal["extension_granted"] = "extension_granted"
    days: int
    told: str
    statute: bool = False


class ExtensionRefused(DomainEvent):
    kind: Literal["extension_refused"] = "extension_refused"
    reason: str


class Paused(DomainEvent):
    kind: Literal["paused"] = "paused"
    reason: str
    until: datetime
    note: str = ""


class Resumed(DomainEvent):
    kind: Literal["resumed"] = "resumed"
    by_cap: bool = False
    note: str = ""


class ClockSet(DomainEvent):
    """A term was set, or set anew; ``old_due`` is the date it replaces."""

    kind: Literal["clock_set"] = "clock_set"
    clock: Clock
    why: Literal[
        "return_upheld", "extension", "standstill", "rework", "reopen", "amended", "calendar", "recused", "accused"
    ]
    old_due: datetime | None = None


class CalendarPinned(DomainEvent):
    """The case now leans on this calendar version."""

    kind: Literal["calendar_pinned"] = "calendar_pinned"
    calendar: Calendar
    old_version: int


class Escalated(DomainEvent):
    """A rung of the ladder. The card, if any, goes to ``unit``; the message to those of ``role`` in ``unit``."""

    kind: Literal["escalated"] = "escalated"
    clock: ClockName
    rung: str
    unit: str
    role: Role
    card: Card | None = None
    due: datetime


class Urged(DomainEvent):
    kind: Literal["urged"] = "urged"
    unit: str
    text: str
    card: Card | None = None


class Replied(DomainEvent):
    kind: Literal["replied"] = "replied"
    unit: str
    round: int
    outcome: Outcome
    text: str
    measures: str = ""
    due: datetime
    on_time: bool
    following: str = ""


class RevisitRecorded(DomainEvent):
    kind: Literal["revisit_recorded"] = "revisit_recorded"
    reached: bool
    solved: bool = False
    satisfied_with_office: bool = False
    satisfied_with_unit: bool = False
    comment: str = ""


class Rated(DomainEvent):
    """The petitioner's own answer; ``taken_down``: to an operator.

    ``door``: where it came in. On the public's page: ``factor``, what proved them to be the petitioner besides the code, and who had issued that
    code anew, when, where it was not the filing's own.
    """

    kind: Literal["rated"] = "rated"
    solved: bool
    satisfied_with_office: bool
    satisfied_with_unit: bool
    remark: str = ""
    taken_down: bool = False
    door: RatingDoor | None = None
    factor: Factor | None = None
    code_by: str = ""
    code_at: datetime | None = None

    @property
    def code_alone(self) -> bool:
        """Whether nothing but the code was asked for, as of cases of before to which nothing else belongs."""
        return self.door is RatingDoor.PUBLIC and self.factor is None


class RevisitContradicted(DomainEvent):
    """The petitioner says that a revisit (from 1) was not as it was recorded; ``overrules``: it was what the case was to be closed by."""

    kind: Literal["revisit_contradicted"] = "revisit_contradicted"
    revisit: int
    words: str = ""
    overrules: bool = False


class CodeReissued(DomainEvent):
    """The petitioner's tracking code was issued anew; the code itself stands nowhere."""

    kind: Literal["code_reissued"] = "code_reissued"
    issue: int
    by: str
    reason: str


class Reworked(DomainEvent):
    kind: Literal["reworked"] = "reworked"
    round: int
    reason: str
    lead: str


class SignOffKeyTurned(DomainEvent):
    kind: Literal["sign_off_key_turned"] = "sign_off_key_turned"
    by: str


class SignedOff(DomainEvent):
    kind: Literal["signed_off"] = "signed_off"
    ground: Ground
    by: tuple[str, ...]
    note: str = ""


class Terminated(DomainEvent):
    kind: Literal["terminated"] = "terminated"
    basis: Literal["reviewed", "unreasonable"]
    review: str = ""
    re_review: str = ""
    reason: str


class Disclosed(DomainEvent):
    kind: Literal["disclosed"] = "disclosed"
    published: bool
    summary: str = ""
    exemption: str = ""
    countersigned_by: str
    proposed_by: str = ""


class DisclosureRetracted(DomainEvent):
    kind: Literal["disclosure_retracted"] = "disclosure_retracted"
    reason: str
    countersigned_by: str
    proposed_by: str = ""


class Accounted(DomainEvent):
    kind: Literal["accounted"] = "accounted"
    findings: tuple[Finding, ...] = ()
    no_fault: bool = False
    by_policy: bool = False
    note: str = ""


class Sealed(DomainEvent):
    """销号: disclosure and accountability are decided; the number is struck off the ledger."""

    kind: Literal["sealed"] = "sealed"
    ground: Ground


class Withdrawn(DomainEvent):
    kind: Literal["withdrawn"] = "withdrawn"
    reason: str


class Merged(DomainEvent):
    kind: Literal["merged"] = "merged"
    into: str
    basis: Literal["same_person", "same_matter"]
    reason: str = ""


class Unmerged(DomainEvent):
    kind: Literal["unmerged"] = "unmerged"
    out_of: str
    reason: str
    lead: str = ""


class MemberAdmitted(DomainEvent):
    kind: Literal["member_admitted"] = "member_admitted"
    number: str
    party: Party | None = None


class MemberChanged(DomainEvent):
    """A merged case complains of others by now, or is somewhere else."""

    kind: Literal["member_changed"] = "member_changed"
    party: Party


class MemberReleased(DomainEvent):
    """A follower has left; ``apart``: it had to, for one of the two complains of those who have the other."""

    kind: Literal["member_released"] = "member_released"
    number: str
    apart: bool = False


class Reopened(DomainEvent):
    kind: Literal["reopened"] = "reopened"
    run: int
    facts: str
    policy: CasePolicy
    calendar: Calendar
    rules: str = ""


Event = Annotated[
    Filed
    | Amended
    | AccusedNamed
    | AccusedProposed
    | LettingOffProposed
    | AccusedDecided
    | DisclosureProposed
    | RetractionProposed
    | ConsentRefused
    | Remarked
    | Approved
    | Declined
    | TransferOffered
    | TransferAnswered
    | TransferTimedOut
    | Assigned
    | Accepted
    | ReturnRequested
    | ReturnUpheld
    | ReturnRefused
    | ProgressReported
    | CoReported
    | CoReportWaived
    | ExtensionRequested
    | ExtensionGranted
    | ExtensionRefused
    | Paused
    | Resumed
    | ClockSet
    | CalendarPinned
    | Escalated
    | Urged
    | Replied
    | RevisitRecorded
    | Rated
    | RevisitContradicted
    | CodeReissued
    | Reworked
    | SignOffKeyTurned
    | SignedOff
    | Terminated
    | Disclosed
    | DisclosureRetracted
    | Accounted
    | Sealed
    | Withdrawn
    | Merged
    | Unmerged
    | MemberAdmitted
    | MemberChanged
    | MemberReleased
    | Reopened,
    Field(discriminator="kind"),
]


def corrected_texts(event: Amended) -> dict[str, str]:
    """What a correction makes of the petition's own words: ``title``, ``text``, or nothing."""
    return {change.field: change.new for change in event.changes if change.field in ("title", "text")}


EVENT_VERSION = 1
"""Version of the event shapes above; stored with each event so that later releases can upcast."""
