"""Every refusal the lifecycle can give is given here, by somebody who did what it forbids; and nothing changes by it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from schemas.kernel.actor import SYSTEM, Actor, Role
from schemas.kernel.refusal import Refusal
from schemas.petition import commands as c
from schemas.petition.events import Finding, Petitioner
from schemas.petition.refusals import SENTENCES, refuse
from schemas.petition.rules import RULES, decide, permitted
from schemas.petition.rules_version import CURRENT_RULES
from schemas.petition.state import Accusation, Complexity, Ledger, Outcome, Party, petitioner_of
from schemas.policy import CasePolicy
from tests.strategies import (
    AUDITOR,
    BRANCH,
    BRANCH_CHIEF,
    BRANCH_COMPLAINTS,
    CITY,
    CITY_CHIEF,
    COMPLAINTS_OFFICER,
    FAR_HANDLER,
    FAR_STATION,
    HANDLER,
    MONDAY,
    NEXT_HANDLER,
    NEXT_STATION,
    NUMBER,
    OPERATOR,
    PETITIONER,
    REPORTED,
    SECOND_OFFICER,
    STATION,
    STATION_CHIEF,
    SUPERVISOR,
    UPSTREAM,
    VISITOR,
    Case,
    calendar,
    filing,
)

HAPPY = c.RecordRevisit(reached=True, solved=True, satisfied_with_unit=True)
UNHAPPY = c.RecordRevisit(reached=True)
GLAD = c.Rate(solved=True, satisfied_with_office=True, satisfied_with_unit=True)
ANGRY = c.Rate(solved=False, satisfied_with_office=True, satisfied_with_unit=False)
ANSWER = c.Reply(outcome=Outcome.SUPPORTED, text="mended")
HIDDEN = c.Disclose(published=False, exemption="privacy", countersigned_by=AUDITOR.id)
SHOWN = c.Disclose(published=True, summary="A lamp was mended.", countersigned_by=AUDITOR.id)
MERGE = c.Merge(into="XA-2026-S-000002", basis="same_matter")
OFFER = c.Transfer(to="12345", reason="street lighting")
OTHER = "XA-2026-S-000002"

Walk = tuple[tuple[Actor, c.Command], ...]

APPROVED: Walk = ((BRANCH_CHIEF, c.Approve()),)
ASSIGNED: Walk = (*APPROVED, (SUPERVISOR, c.Assign(lead=STATION, co_offices=(NEXT_STATION,))))
ACCEPTED: Walk = (*ASSIGNED, (HANDLER, c.Accept()), (NEXT_HANDLER, c.CoReport(text="seen")))
ANSWERED: Walk = (*ACCEPTED, (HANDLER, ANSWER))
SATISFIED: Walk = (*ANSWERED, (VISITOR, HAPPY))
ARCHIVED: Walk = (*SATISFIED, (BRANCH_CHIEF, c.SignOff()))
SEALED: Walk = (*ARCHIVED, (SUPERVISOR, SHOWN))
RETURNED: Walk = (*ACCEPTED, (HANDLER, c.Return(reason="not ours")))
PAUSED: Walk = (*ACCEPTED, (HANDLER, c.Pause(reason="hearing")))
ASKED: Walk = (*ACCEPTED, (HANDLER, c.RequestExtension(days=1, reason="a part")))
EXTENDED: Walk = (*ASKED, (BRANCH_CHIEF, c.GrantExtension(told="a part", statute=True)))
OFFERED: Walk = ((BRANCH_CHIEF, OFFER),)
MERGED: Walk = ((OPERATOR, MERGE),)
LEADING: Walk = ((SYSTEM, c.AdmitMember(number=OTHER)),)
TWICE = REPORTED.model_copy(update={"extensions": 2})
NEVER_BLAMELESS = REPORTED.model_copy(update={"no_fault_by_policy": False})
SIMPLE_TERM = CasePolicy(version=1, statute_finish_working_days=10)
JOINT: Walk = (
    *APPROVED,
    (SUPERVISOR, c.Assign(lead=STATION, joint=True)),
    (HANDLER, c.Accept()),
    (HANDLER, ANSWER),
    (VISITOR, HAPPY),
    (BRANCH_CHIEF, c.SignOff()),
)


def after(walk: Walk = (), order: c.Order | None = None) -> Case:
    case = Case(order)
    for who, command in walk:
        case.do(who, command)
    return case


LATE = timedelta(days=40)

# code, the walk before, who, what; then the filing and the delay where they matter
GIVEN: list[tuple[str, Walk, Actor, c.Command]] = [
    ("stage_wrong", (), SUPERVISOR, c.Assign(lead=STATION)),
    ("stage_wrong", SATISFIED, OPERATOR, c.Withdraw(reason="no longer")),
    ("stage_wrong", APPROVED, OPERATOR, c.Amend(reason="misread", unit=CITY)),
    ("role_wrong", (), HANDLER, c.Approve()),
    ("role_wrong", (), AUDITOR, c.RingAlarm()),
    ("role_wrong", (), OPERATOR, c.RecomputeDue(calendar=calendar(version=2))),
    ("scope_wrong", (), Actor(id="x", role=Role.CHIEF, unit=NEXT_STATION), c.Approve()),
    ("scope_wrong", ASSIGNED, NEXT_HANDLER, c.Accept()),
    ("scope_wrong", OFFERED, Actor(id="110", role=Role.UPSTREAM, unit="110"), c.AnswerTransfer(accepted=False)),
    ("scope_wrong", (), UPSTREAM, OFFER),
    ("not_next_higher", ANSWERED, BRANCH_CHIEF, c.Terminate(basis="unreasonable", reason="the moon")),
    ("field_missing", (), BRANCH_CHIEF, c.Decline(ground="litigation", notice=" ")),
    ("field_missing", (), OPERATOR, c.Amend(reason="")),
    ("field_missing", (), OPERATOR, c.Amend(reason="x", unit="")),
    ("field_missing", (), OPERATOR, c.Amend(reason="x", title=" ")),
    ("field_missing", (), BRANCH_CHIEF, c.Transfer(to="", reason="x")),
    ("field_missing", (), BRANCH_CHIEF, c.Transfer(to="110", reason="")),
    ("field_missing", OFFERED, OPERATOR, c.AnswerTransfer(accepted=True)),
    ("field_missing", APPROVED, SUPERVISOR, c.Assign(lead="")),
    ("field_missing", APPROVED, SUPERVISOR, c.Assign(lead=STATION, co_offices=("",))),
    ("field_missing", ASSIGNED, HANDLER, c.Return(reason="")),
    ("field_missing", RETURNED, SUPERVISOR, c.RefuseReturn(reason="")),
    ("field_missing", ACCEPTED, HANDLER, c.ReportProgress(text="")),
    ("field_missing", ASSIGNED, NEXT_HANDLER, c.CoReport(text="")),
    ("field_missing", ASSIGNED, SUPERVISOR, c.WaiveCoReport(unit=NEXT_STATION, reason="")),
    ("field_missing", ACCEPTED, HANDLER, c.RequestExtension(days=1, reason="")),
    ("field_missing", ASKED, BRANCH_CHIEF, c.GrantExtension(told="")),
    ("field_missing", ASKED, BRANCH_CHIEF, c.RefuseExtension(reason="")),
    ("field_missing", ASSIGNED, SUPERVISOR, c.Urge(text="")),
    ("field_missing", ACCEPTED, HANDLER, c.Reply(outcome=Outcome.SUPPORTED, text=" ")),
    ("field_missing", ANSWERED, BRANCH_CHIEF, c.Rework(reason="")),
    ("field_missing", ANSWERED, CITY_CHIEF, c.Terminate(basis="unreasonable", reason="")),
    ("field_missing", ARCHIVED, SUPERVISOR, HIDDEN.model_copy(update={"countersigned_by": ""})),
    ("field_missing", ARCHIVED, SUPERVISOR, HIDDEN.model_copy(update={"countersigned_by": "  "})),
    ("field_missing", ARCHIVED, SUPERVISOR, SHOWN.model_copy(update={"summary": ""})),
    ("field_missing", SEALED, SUPERVISOR, c.RetractDisclosure(reason="", countersigned_by=AUDITOR.id)),
    ("field_missing", SEALED, SUPERVISOR, c.RetractDisclosure(reason="a name", countersigned_by="")),
    ("field_missing", SEALED, SUPERVISOR, c.RetractDisclosure(reason="a name", countersigned_by="  ")),
    ("field_missing", (), OPERATOR, c.Withdraw(reason="")),
    ("field_missing", (), OPERATOR, MERGE.model_copy(update={"into": ""})),
    ("field_missing", MERGED, OPERATOR, c.Unmerge(reason="")),
    ("field_missing", MERGED, OPERATOR, c.Unmerge(reason=" \n ")),
    ("field_missing", SEALED, OPERATOR, c.Reopen(facts="", policy=REPORTED, calendar=calendar())),
    ("too_many_representatives", (), OPERATOR, c.Amend(reason="x", petitioners=(Petitioner(),) * 6)),
    ("nothing_to_amend", (), OPERATOR, c.Amend(reason="x", unit=STATION)),
    ("figures_missing", (), OPERATOR, c.Amend(reason="x", ledger=Ledger.COMPLAINT)),
    ("figures_missing", (), OPERATOR, c.Amend(reason="x", complexity=Complexity.SIMPLE)),
    ("decline_ground_unknown", (), BRANCH_CHIEF, c.Decline(ground="mood", notice="1")),
    ("transfer_pending", OFFERED, BRANCH_CHIEF, c.Approve()),
    ("transfer_pending", OFFERED, BRANCH_CHIEF, c.Decline(ground="litigation", notice="1")),
    ("transfer_pending", OFFERED, BRANCH_CHIEF, OFFER),
    ("transfer_pending", OFFERED, OPERATOR, MERGE),
    ("transfer_pending", OFFERED, SYSTEM, c.AdmitMember(number=OTHER)),
    ("transfer_pending", (*APPROVED, (BRANCH_CHIEF, OFFER)), SUPERVISOR, c.Assign(lead=STATION)),
    ("no_transfer", (), UPSTREAM, c.AnswerTransfer(accepted=False)),
    ("office_twice", APPROVED, SUPERVISOR, c.Assign(lead=STATION, co_offices=(STATION,))),
    ("not_accepted", ASSIGNED, HANDLER, ANSWER),
    ("not_accepted", ASSIGNED, HANDLER, c.Pause(reason="hearing")),
    ("not_accepted", ASSIGNED, HANDLER, c.RequestExtension(days=1, reason="x")),
    ("already_accepted", ACCEPTED, HANDLER, c.Accept()),
    (
        "return_refused_before",
        (*RETURNED, (SUPERVISOR, c.RefuseReturn(reason="yours"))),
        HANDLER,
        c.Return(reason="not ours"),
    ),
    ("return_pending", (*ASSIGNED, (HANDLER, c.Return(reason="not ours"))), HANDLER, c.Accept()),
    ("return_pending", RETURNED, HANDLER, c.Return(reason="not ours")),
    ("return_pending", RETURNED, HANDLER, ANSWER),
    ("no_return", ACCEPTED, SUPERVISOR, c.UpholdReturn()),
    ("no_return", ACCEPTED, SUPERVISOR, c.RefuseReturn(reason="yours")),
    ("not_co_office", ACCEPTED, HANDLER, c.CoReport(text="seen")),
    ("not_co_office", ACCEPTED, SUPERVISOR, c.WaiveCoReport(unit=CITY, reason="x")),
    ("co_report_done", ACCEPTED, NEXT_HANDLER, c.CoReport(text="seen")),
    ("co_report_done", ACCEPTED, SUPERVISOR, c.WaiveCoReport(unit=NEXT_STATION, reason="x")),
    ("co_report_missing", (*ASSIGNED, (HANDLER, c.Accept())), HANDLER, ANSWER),
    ("scope_wrong", ACCEPTED, FAR_HANDLER, c.CoReport(text="seen")),
    ("extension_used", EXTENDED, HANDLER, c.RequestExtension(days=1, reason="x")),
    ("extension_too_long", ACCEPTED, HANDLER, c.RequestExtension(days=8, reason="x")),
    ("extension_pending", ASKED, HANDLER, c.RequestExtension(days=1, reason="x")),
    ("no_extension", ACCEPTED, BRANCH_CHIEF, c.GrantExtension(told="x")),
    ("no_extension", ACCEPTED, BRANCH_CHIEF, c.RefuseExtension(reason="x")),
    ("already_paused", PAUSED, SUPERVISOR, c.Pause(reason="hearing")),
    ("not_paused", ACCEPTED, SUPERVISOR, c.Resume()),
    ("paused", PAUSED, HANDLER, ANSWER),
    ("paused", PAUSED, HANDLER, c.Return(reason="not ours")),
    ("pause_reason_unknown", ACCEPTED, HANDLER, c.Pause(reason="lunch")),
    ("visitor_of_office", ANSWERED, Actor(id="v", role=Role.VISITOR, unit=STATION, scope=CITY), HAPPY),
    ("field_missing", ACCEPTED, OPERATOR, c.NameAccused(reason=" ", accused_units=(STATION,))),
    ("nothing_to_amend", ACCEPTED, OPERATOR, c.NameAccused(reason="x", accused_units=(" ",))),
    ("stage_wrong", (), OPERATOR, c.NameAccused(reason="x", accused_units=(STATION,))),
    ("not_revisited", ANSWERED, VISITOR, c.Rework(reason="x")),
    ("not_revisited", (*ANSWERED, (PETITIONER, GLAD)), VISITOR, c.Rework(reason="x")),
    ("scope_wrong", ANSWERED, petitioner_of(OTHER), GLAD),
    ("stage_wrong", ACCEPTED, PETITIONER, GLAD),
    ("role_wrong", ANSWERED, VISITOR, c.Rate(solved=True, satisfied_with_office=True, satisfied_with_unit=True)),
    ("visitor_of_office", ANSWERED, Actor(id="o", role=Role.OPERATOR, unit=STATION, scope=CITY), GLAD),
    ("nothing_to_rate", (*ACCEPTED, (OPERATOR, c.Withdraw(reason="no longer"))), PETITIONER, GLAD),
    ("revisit_unknown", ANSWERED, PETITIONER, c.ContradictRevisit(revisit=1)),
    (
        "contradicted_already",
        (*SATISFIED, (PETITIONER, c.ContradictRevisit(revisit=1))),
        PETITIONER,
        c.ContradictRevisit(revisit=1),
    ),
    (
        "revisit_not_decisive",
        (
            *ANSWERED,
            (VISITOR, c.RecordRevisit(reached=False)),
            (VISITOR, HAPPY),
            (BRANCH_CHIEF, c.SignOff()),
            (SUPERVISOR, SHOWN),
        ),
        PETITIONER,
        c.ContradictRevisit(revisit=1),
    ),
    ("own_answer_stands", (*ANSWERED, (PETITIONER, ANGRY)), OPERATOR, GLAD),
    ("own_answer_differs", (*ANSWERED, (PETITIONER, ANGRY)), VISITOR, HAPPY),
    (
        "own_answer_differs",
        (*ANSWERED, (PETITIONER, GLAD.model_copy(update={"satisfied_with_office": False}))),
        VISITOR,
        HAPPY.model_copy(update={"satisfied_with_office": True}),
    ),
    ("own_answer_unsatisfied", (*SATISFIED, (PETITIONER, ANGRY)), BRANCH_CHIEF, c.SignOff()),
    ("own_answer_unsatisfied", (*JOINT, (PETITIONER, ANGRY)), STATION_CHIEF, c.SignOff()),
    ("not_satisfied", (*ANSWERED, (VISITOR, HAPPY)), BRANCH_CHIEF, c.SignOff()),
    ("rating_contradicts", ANSWERED, VISITOR, c.RecordRevisit(reached=False, solved=True)),
    ("rating_contradicts", ANSWERED, VISITOR, c.RecordRevisit(reached=False, satisfied_with_office=True)),
    ("rating_contradicts", ANSWERED, VISITOR, c.RecordRevisit(reached=False, satisfied_with_unit=True)),
    ("never_answered", ((OPERATOR, c.Withdraw(reason="no longer")),), BRANCH_CHIEF, c.Rework(reason="x")),
    ("satisfied_already", SATISFIED, VISITOR, c.Rework(reason="x")),
    ("satisfied_already", SATISFIED, CITY_CHIEF, c.Terminate(basis="unreasonable", reason="x")),
    ("key_turned_before", JOINT, BRANCH_CHIEF, c.SignOff()),
    ("review_missing", ANSWERED, CITY_CHIEF, c.Terminate(basis="reviewed", review="F-1", reason="x")),
    ("second_person_same", ARCHIVED, SUPERVISOR, HIDDEN.model_copy(update={"countersigned_by": SUPERVISOR.id})),
    (
        "second_person_same",
        SEALED,
        SUPERVISOR,
        c.RetractDisclosure(reason="a name", countersigned_by=SUPERVISOR.id),
    ),
    ("exemption_unknown", ARCHIVED, SUPERVISOR, HIDDEN.model_copy(update={"exemption": "shame"})),
    ("not_published", ARCHIVED, SUPERVISOR, c.RetractDisclosure(reason="x", countersigned_by=AUDITOR.id)),
    ("accounted_already", ARCHIVED, SUPERVISOR, c.Account(no_fault=True)),
    ("merged_follow", MERGED, BRANCH_CHIEF, c.Approve()),
    ("merged_follow", MERGED, OPERATOR, MERGE),
    ("merge_itself", (), OPERATOR, MERGE.model_copy(update={"into": NUMBER})),
    ("merge_itself", (), SYSTEM, c.AdmitMember(number=NUMBER)),
    ("merge_has_members", LEADING, OPERATOR, MERGE),
    ("not_merged", (), OPERATOR, c.Unmerge(reason="x")),
    ("not_merged", (), SYSTEM, c.FollowReply(outcome=Outcome.EXPLAINED, text="x", unit=STATION)),
    ("member_closed", ANSWERED, SYSTEM, c.AdmitMember(number=OTHER)),
    ("merged_follow", MERGED, SYSTEM, c.AdmitMember(number=OTHER)),
    ("not_a_member", (), SYSTEM, c.ReleaseMember(number=OTHER)),
    ("calendar_not_newer", (), SYSTEM, c.RecomputeDue(calendar=calendar())),
    ("nothing_due", (), SYSTEM, c.RingAlarm()),
]

HELD: dict[str, Any] = {
    "accusation": Accusation(unit=BRANCH, units=(STATION,), persons=("x",), words=("骂",)),
    "rules": CURRENT_RULES,
}
LET_OFF = c.DecideAccused(accused_units=(STATION,), mentioned_persons=("x",), reason="seen")
OURS: dict[str, Any] = {"rules": CURRENT_RULES}
TWO_PEOPLE: list[tuple[str, dict[str, Any], Walk, Actor, c.Command]] = [
    ("accused_undecided", HELD, (), CITY_CHIEF, c.Approve()),
    ("accused_undecided", HELD, (), CITY_CHIEF, c.Decline(ground="litigation", notice="1")),
    ("accused_undecided", HELD, (), CITY_CHIEF, OFFER),
    ("accused_undecided", HELD, (), OPERATOR, MERGE),
    ("accused_undecided", HELD, (), OPERATOR, c.Amend(reason="x", unit=FAR_STATION)),
    ("nothing_held", OURS, (), COMPLAINTS_OFFICER, LET_OFF),
    ("role_wrong", HELD, (), CITY_CHIEF, LET_OFF),
    ("scope_wrong", HELD, (), SUPERVISOR, LET_OFF),
    ("scope_wrong", HELD | {"accusation": Accusation(unit=CITY)}, (), BRANCH_COMPLAINTS, LET_OFF),
    ("field_missing", HELD, (), COMPLAINTS_OFFICER, LET_OFF.model_copy(update={"reason": " "})),
    (
        "field_missing",
        OURS | {"accusation": Accusation(unit=CITY)},
        (),
        COMPLAINTS_OFFICER,
        c.DecideAccused(reason="x"),
    ),
    ("accused_left_out", HELD, (), COMPLAINTS_OFFICER, c.DecideAccused(accused_units=(STATION,), reason="x")),
    ("decision_contradicts", HELD, (), COMPLAINTS_OFFICER, LET_OFF.model_copy(update={"accused_persons": ("x",)})),
    ("decision_contradicts", HELD, (), COMPLAINTS_OFFICER, LET_OFF.model_copy(update={"nobody": True})),
    ("nothing_to_countersign", HELD, (), SECOND_OFFICER, c.Countersign(agreed=True)),
    ("second_person_same", HELD, ((COMPLAINTS_OFFICER, LET_OFF),), COMPLAINTS_OFFICER, c.Countersign(agreed=True)),
    ("scope_wrong", HELD, ((COMPLAINTS_OFFICER, LET_OFF),), SUPERVISOR, c.Countersign(agreed=True)),
    ("recused", HELD, ((COMPLAINTS_OFFICER, LET_OFF),), STATION_CHIEF, c.Countersign(agreed=True)),
    ("field_missing", HELD, ((COMPLAINTS_OFFICER, LET_OFF),), SECOND_OFFICER, c.Countersign(agreed=False)),
    (
        "letting_off_takes_two",
        OURS | {"accused_units": (NEXT_STATION,)},
        (),
        OPERATOR,
        c.Amend(reason="x", accused_units=()),
    ),
    ("accused_office", OURS | {"accused_units": (NEXT_STATION,)}, (), OPERATOR, c.Amend(reason="x", unit=NEXT_STATION)),
    (
        "accused_office",
        OURS | {"accused_persons": ("x",), "unit": BRANCH},
        (),
        OPERATOR,
        c.Amend(reason="x", unit=STATION),
    ),
    (
        "second_person_same",
        OURS,
        (*ARCHIVED, (SUPERVISOR, c.Disclose(published=False, exemption="privacy"))),
        SUPERVISOR,
        c.Countersign(agreed=True),
    ),
    (
        "consent_pending",
        OURS,
        (*ARCHIVED, (SUPERVISOR, c.Disclose(published=False, exemption="privacy"))),
        COMPLAINTS_OFFICER,
        c.Disclose(published=False, exemption="secret"),
    ),
    ("field_missing", {}, (), OPERATOR, c.Remark(text="")),
    (
        "merge_conflict",
        {},
        ASSIGNED,
        SYSTEM,
        c.AdmitMember(number=OTHER, party=Party(number=OTHER, units=(STATION,), at=(FAR_STATION,))),
    ),
    (
        "merge_conflict",
        {"accused_units": (FAR_STATION,)},
        (),
        SYSTEM,
        c.AdmitMember(number=OTHER, party=Party(number=OTHER, at=(FAR_STATION,))),
    ),
    ("not_a_member", {}, (), SYSTEM, c.ChangeMember(party=Party(number=OTHER))),
]
"""What words may mean, what takes a second person, what must not come together."""

FILED_SO: list[tuple[str, dict[str, Any], Walk, Actor, c.Command]] = [
    ("recused", {"accused_units": (STATION,)}, APPROVED, HANDLER, c.Accept()),
    ("recused", {"accused_persons": (SUPERVISOR.id,)}, APPROVED, SUPERVISOR, c.Assign(lead=STATION)),
    ("no_higher_chief", {"conflicted_units": (CITY,)}, (), CITY_CHIEF, c.Approve()),
    ("no_higher_chief", {"conflicted_units": (CITY,)}, (), SYSTEM, c.Decline(ground="litigation", notice="1")),
    (
        "no_higher_chief",
        {"conflicted_units": (CITY,)},
        ((OPERATOR, c.Withdraw(reason="no longer")),),
        CITY_CHIEF,
        c.SignOff(),
    ),
    ("accused_office", {"accused_units": (NEXT_STATION,)}, APPROVED, SUPERVISOR, c.Assign(lead=NEXT_STATION)),
    ("confidential_published", {"confidential": True}, ARCHIVED, SUPERVISOR, SHOWN),
    ("minor_published", {"petitioners": (Petitioner(minor=True),)}, ARCHIVED, SUPERVISOR, SHOWN),
    (
        "second_person_recused",
        {"accused_persons": (AUDITOR.id,)},
        ARCHIVED,
        SUPERVISOR,
        HIDDEN,
    ),
    (
        "statute_extended_before",
        {"policy": TWICE},
        (*EXTENDED, (HANDLER, c.RequestExtension(days=1, reason="x"))),
        BRANCH_CHIEF,
        c.GrantExtension(told="x", statute=True),
    ),
    (
        "statute_simple",
        {"policy": SIMPLE_TERM, "complexity": Complexity.SIMPLE},
        (
            (Actor(id="sc", role=Role.CHIEF, unit=STATION), c.Approve()),
            *ACCEPTED[1:],
            (HANDLER, c.RequestExtension(days=1, reason="x")),
        ),
        Actor(id="sc", role=Role.CHIEF, unit=STATION),
        c.GrantExtension(told="x", statute=True),
    ),
    (
        "pause_used_up",
        {"policy": REPORTED.model_copy(update={"pause_days": 0})},
        ACCEPTED,
        HANDLER,
        c.Pause(reason="hearing"),
    ),
    ("findings_or_none", {"policy": NEVER_BLAMELESS}, ARCHIVED, SUPERVISOR, c.Account()),
    (
        "findings_or_none",
        {"policy": NEVER_BLAMELESS},
        ARCHIVED,
        SUPERVISOR,
        c.Account(no_fault=True, findings=(Finding(unit=STATION, fault="x", measure="y"),)),
    ),
    (
        "field_missing",
        {"policy": NEVER_BLAMELESS},
        ARCHIVED,
        SUPERVISOR,
        c.Account(findings=(Finding(unit=STATION, fault=" ", measure="y"),)),
    ),
    ("disclosure_decided", {"policy": NEVER_BLAMELESS}, (*ARCHIVED, (SUPERVISOR, SHOWN)), SUPERVISOR, HIDDEN),
]

TOO_LATE: list[tuple[str, Walk, Actor, c.Command, dict[str, Any]]] = [
    ("overdue_no_extension", ACCEPTED, HANDLER, c.RequestExtension(days=1, reason="x"), {}),
    ("overdue_no_extension", ASKED, BRANCH_CHIEF, c.GrantExtension(told="x"), {}),
    (
        "overdue_no_extension",
        ASKED,
        BRANCH_CHIEF,
        c.GrantExtension(told="x", statute=True),
        {"policy": CasePolicy(version=1, finish_days=60, statute_finish_days=30)},
    ),
    ("overdue_no_pause", ACCEPTED, HANDLER, c.Pause(reason="hearing"), {}),
]

NOT_FILED: list[tuple[str, c.Order]] = [
    ("not_filed", c.Order(actor=OPERATOR, command=c.Withdraw(reason="x"))),
    ("not_filed", c.Order(actor=SYSTEM, command=c.RingAlarm())),
    ("role_wrong", filing(by=HANDLER)),
    ("recused", filing(accused_persons=(OPERATOR.id,))),
    ("field_missing", filing(title=" ")),
    ("field_missing", filing(unit="")),
    ("too_many_representatives", filing(petitioners=(Petitioner(),) * 6)),
    ("received_in_future", filing(received_at=MONDAY + timedelta(seconds=1), trusted_time=True)),
    ("source_time_untrusted", filing(received_at=MONDAY - timedelta(days=1))),
]


def refused(case: Case, who: Actor, command: c.Command) -> Refusal:
    before = case.state.model_copy(deep=True)
    answer = case.ask(who, command)
    assert isinstance(answer, Refusal)
    assert case.state == before
    assert_reads_well(answer)
    return answer


def assert_reads_well(refusal: Refusal) -> None:
    for sentence in (refusal.zh, refusal.en):
        assert sentence.strip()
        assert "{" not in sentence
        assert "}" not in sentence
        assert "Role." not in sentence
        assert "None" not in sentence
    assert refusal.zh != refusal.en


def _name(value: object) -> str | None:
    if isinstance(value, str):
        return value
    return getattr(value, "kind", "")


@pytest.mark.parametrize(("code", "walk", "who", "command"), GIVEN, ids=_name)
def test_given(code: str, walk: Walk, who: Actor, command: c.Command) -> None:
    case = after(walk)
    if code == "not_satisfied":
        # No walk of orders leads here: the decider keeps a case without a ground out of sign-off.
        case.state = case.state.model_copy(update={"ground": None})
    assert refused(case, who, command).code == code


@pytest.mark.parametrize(("code", "facts", "walk", "who", "command"), [*FILED_SO, *TWO_PEOPLE], ids=_name)
def test_given_to_a_case_filed_so(code: str, facts: dict[str, Any], walk: Walk, who: Actor, command: c.Command) -> None:
    assert refused(after(walk, filing(**facts)), who, command).code == code


@pytest.mark.parametrize(("code", "walk", "who", "command", "facts"), TOO_LATE, ids=_name)
def test_given_when_it_is_too_late(
    code: str, walk: Walk, who: Actor, command: c.Command, facts: dict[str, Any]
) -> None:
    case = after(walk, filing(**facts))
    case.now += LATE
    assert refused(case, who, command).code == code


@pytest.mark.parametrize(("code", "order"), NOT_FILED, ids=_name)
def test_given_before_there_is_a_case(code: str, order: c.Order) -> None:
    answer = decide(None, order, MONDAY)
    assert isinstance(answer, Refusal)
    assert_reads_well(answer)
    assert answer.code == code


def test_a_case_is_not_filed_twice() -> None:
    assert refused(Case(), OPERATOR, filing().command).code == "already_filed"


def test_a_text_too_long_is_refused_by_its_model_and_the_door_has_a_sentence_for_it() -> None:
    with pytest.raises(ValidationError):
        c.Rework(reason="x" * (c.TEXT_LIMIT + 1))
    assert_reads_well(refuse("text_too_long", field="reason", limit=c.TEXT_LIMIT))


def test_nothing_is_left_that_no_test_refuses() -> None:
    shown = {row[0] for rows in (GIVEN, FILED_SO, TWO_PEOPLE, TOO_LATE, NOT_FILED) for row in rows}
    assert shown | {"already_filed", "text_too_long"} == set(SENTENCES)


def test_every_command_of_the_table_is_refused_to_an_auditor() -> None:
    case = Case()
    for kind in RULES:
        refusal = permitted(case.state, kind, AUDITOR)
        assert refusal is not None
        assert refusal.code == "role_wrong"


def test_a_sentence_with_a_missing_fact_is_a_defect_and_not_a_sentence() -> None:
    with pytest.raises(KeyError):
        refuse("scope_wrong")
