"""Each path of the lifecycle, as people walk it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, TypeVar

import pytest

from schemas.kernel.actor import SYSTEM, Actor, Role
from schemas.kernel.refusal import Refusal
from schemas.petition import commands as c
from schemas.petition import events as e
from schemas.petition.rules import allowed, evolve, fold, is_accused, may_see, next_alarm
from schemas.petition.state import ClockName, Complexity, Ground, Ledger, Outcome, Petition, Stage
from schemas.policy import CasePolicy
from tests.strategies import (
    AUDITOR,
    BRANCH,
    BRANCH_CHIEF,
    BRANCH_DESK,
    CITY,
    CITY_CHIEF,
    CITY_DESK,
    FAR_HANDLER,
    FAR_STATION,
    FAST,
    HANDLER,
    MONDAY,
    NEXT_HANDLER,
    NEXT_STATION,
    OPERATOR,
    OTHER_BRANCH,
    REPORTED,
    STATION,
    STATION_CHIEF,
    SUPERVISOR,
    UPSTREAM,
    VISITOR,
    Case,
    actor,
    calendar,
    filing,
    moment,
)

E = TypeVar("E")

HAPPY = c.RecordRevisit(reached=True, solved=True, satisfied_with_office=True, satisfied_with_unit=True)
UNHAPPY = c.RecordRevisit(reached=True, solved=True, satisfied_with_office=True, satisfied_with_unit=False)
ANSWER = c.Reply(outcome=Outcome.SUPPORTED, text="The lamp is mended.")
PUBLISHED = c.Disclose(published=True, summary="A lamp was mended.", countersigned_by=AUDITOR.id)
OTHER = "XA-2026-S-000002"


def approved(order: c.Order | None = None) -> Case:
    case = Case(order)
    case.do(BRANCH_CHIEF, c.Approve())
    return case


def assigned(order: c.Order | None = None, *, joint: bool = False, co_offices: tuple[str, ...] = ()) -> Case:
    case = approved(order)
    case.do(SUPERVISOR, c.Assign(lead=STATION, co_offices=co_offices, joint=joint))
    return case


def accepted(order: c.Order | None = None, *, joint: bool = False, co_offices: tuple[str, ...] = ()) -> Case:
    case = assigned(order, joint=joint, co_offices=co_offices)
    case.do(HANDLER, c.Accept())
    return case


def answered(order: c.Order | None = None, *, joint: bool = False) -> Case:
    case = accepted(order, joint=joint)
    case.do(HANDLER, ANSWER)
    return case


def archived(order: c.Order | None = None) -> Case:
    case = answered(order)
    case.do(VISITOR, HAPPY)
    case.do(BRANCH_CHIEF, c.SignOff())
    return case


def sealed() -> Case:
    case = archived()
    case.do(SUPERVISOR, PUBLISHED)
    assert case.state.stage is Stage.ARCHIVED
    return case


def only(case: Case, kind: type[E]) -> E:
    found = [event for event in case.events if isinstance(event, kind)]
    assert len(found) == 1
    return found[0]


def due(state: Petition, name: ClockName = ClockName.FINISH) -> tuple[int, int]:
    """Month and day at whose end a term ends."""
    clock = state.clock(name)
    assert clock is not None
    return clock.last_day.month, clock.last_day.day


def code(answer: Refusal | list[e.Event]) -> str:
    return answer.code if isinstance(answer, Refusal) else "allowed"


# the straight path


def test_a_complex_case_goes_to_the_next_higher_chief_and_on_to_its_seal() -> None:
    case = archived()
    case.do(SUPERVISOR, PUBLISHED)
    assert case.kinds() == [
        "filed",
        "approved",
        "assigned",
        "accepted",
        "replied",
        "revisit_recorded",
        "signed_off",
        "accounted",
        "disclosed",
        "sealed",
    ]
    assert case.state.ground is Ground.SATISFIED
    accounted = only(case, e.Accounted)
    assert (accounted.no_fault, accounted.findings, accounted.by_policy) == (True, (), True)
    assert only(case, e.SignedOff).by == (BRANCH_CHIEF.id,)
    assert not case.state.open
    assert next_alarm(case.state) is None


def test_a_simple_case_is_approved_by_policy_and_recorded_so() -> None:
    case = Case(filing(complexity=Complexity.SIMPLE))
    assert case.state.stage is Stage.ASSIGN
    approval = only(case, e.Approved)
    assert (approval.implied, approval.unit) == (True, STATION)


def test_each_term_runs_from_receipt_and_the_day_of_receipt_does_not_count() -> None:
    state = Case().state
    assert [due(state, clock.name) for clock in state.clocks] == [(3, 3), (3, 11), (3, 17), (5, 1)]
    assert due(Case(filing(complexity=Complexity.SIMPLE)).state, ClockName.STATUTE_FINISH) == (3, 16)


def test_a_term_across_the_holiday_counts_make_up_days() -> None:
    state = Case(at=moment(9, 30)).state
    assert due(state) == (10, 15)  # 8, 9, the make-up Saturday 10, 12-15


def test_a_saturday_message_is_first_counted_on_monday() -> None:
    assert due(Case(at=moment(3, 7)).state, ClockName.ASSIGN) == (3, 9)


def test_a_trusted_time_starts_the_clocks_and_what_was_missed_since_is_recorded() -> None:
    order = filing(received_at=moment(2, 23), trusted_time=True)
    case = Case(order)
    assert case.state.received_at == moment(2, 23)
    assert due(case.state, ClockName.ASSIGN) == (2, 24)
    rungs = [(event.clock, event.rung) for event in case.events if isinstance(event, e.Escalated)]
    assert (ClockName.ASSIGN, "red") in rungs


# receive and approve


def test_an_amendment_keeps_both_values_and_moves_what_hangs_on_them() -> None:
    case = Case()
    case.do(
        OPERATOR,
        c.Amend(reason="misread", complexity=Complexity.SIMPLE, ledger=Ledger.COMPLAINT, title="Dark", policy=FAST),
    )
    changes = {change.field: (change.old, change.new) for change in only(case, e.Amended).changes}
    assert changes["complexity"] == ("complex", "simple")
    assert changes["title"] == ("", "Dark")
    assert (case.state.accountable, case.state.ledger) == (STATION, Ledger.COMPLAINT)
    assert due(case.state, ClockName.STATUTE_FINISH) == (3, 16)
    assert case.state.stage is Stage.APPROVE


def test_a_case_amended_into_a_complaint_is_confidential_from_then_on() -> None:
    case = Case()
    guarded = REPORTED.model_copy(update={"confidential": True})
    case.do(OPERATOR, c.Amend(reason="names an officer", ledger=Ledger.COMPLAINT, policy=guarded))
    assert case.state.confidential
    case.do(OPERATOR, c.Amend(reason="it does not", ledger=Ledger.CLAIM, policy=REPORTED))
    assert case.state.confidential


def test_the_file_of_a_case_that_only_policy_approved_can_still_be_corrected() -> None:
    case = Case(filing(complexity=Complexity.SIMPLE))
    case.do(OPERATOR, c.Amend(reason="wrong station", unit=NEXT_STATION))
    assert (case.state.stage, case.state.accountable) == (Stage.ASSIGN, NEXT_STATION)
    case.do(OPERATOR, c.Amend(reason="against the station", accused_units=(NEXT_STATION,)))
    assert (case.state.stage, case.state.accountable) == (Stage.APPROVE, BRANCH)
    case.do(BRANCH_CHIEF, c.Approve())
    assert code(case.ask(OPERATOR, c.Amend(reason="again", unit=STATION))) == "stage_wrong"


def test_petitioners_may_be_corrected_without_any_other_change() -> None:
    case = Case()
    case.do(OPERATOR, c.Amend(reason="spelling", petitioners=(e.Petitioner(alias="A1"),)))
    assert only(case, e.Amended).petitioners == (e.Petitioner(alias="A1"),)


def test_a_declined_case_needs_no_answer_and_meets_the_term_to_decide() -> None:
    case = Case()
    case.do(BRANCH_CHIEF, c.Decline(ground="litigation", notice="2026-17"))
    assert (case.state.stage, case.state.ground) == (Stage.ARCHIVE, Ground.DECLINED)
    decided, finish = case.state.clock(ClockName.STATUTE_ACCEPT), case.state.clock(ClockName.FINISH)
    assert decided is not None
    assert finish is not None
    assert (decided.void, finish.void) == (False, True)
    case.do(SUPERVISOR, c.Account(no_fault=True))
    case.do(SUPERVISOR, c.Disclose(published=False, exemption="privacy", countersigned_by=AUDITOR.id))
    assert case.events[-1] == e.Sealed(at=case.now, ground=Ground.DECLINED)


# recusal


def test_a_case_against_its_station_is_decided_one_level_up() -> None:
    case = Case(filing(complexity=Complexity.SIMPLE, accused_units=(STATION,)))
    assert (case.state.stage, case.state.accountable) == (Stage.APPROVE, BRANCH)
    assert not may_see(case.state, STATION_CHIEF)
    assert not may_see(case.state, HANDLER)
    assert may_see(case.state, BRANCH_CHIEF)


def test_a_case_heard_at_the_accused_desk_is_kept_by_the_unit_above_every_accused() -> None:
    heard = filing(by=actor(Role.OPERATOR, STATION), accused_units=(STATION, BRANCH))
    assert Case(heard).state.registrar == CITY


def test_a_chief_named_decides_nothing_and_neither_do_those_below() -> None:
    case = Case(filing(complexity=Complexity.SIMPLE, conflicted_units=(BRANCH,)))
    assert case.state.accountable == CITY
    assert is_accused(case.state, BRANCH_CHIEF)
    assert code(case.ask(STATION_CHIEF, c.Approve())) == "scope_wrong"
    case.do(CITY_CHIEF, c.Approve())
    assert code(case.ask(SUPERVISOR, c.Assign(lead=NEXT_STATION))) == "accused_office"
    case.do(SUPERVISOR, c.Assign(lead=FAR_STATION))


def test_where_the_city_chief_is_named_the_case_can_only_be_transferred() -> None:
    case = Case(filing(conflicted_units=(CITY,)))
    assert code(case.ask(CITY_CHIEF, c.Approve())) == "no_higher_chief"
    assert code(case.ask(SYSTEM, c.Approve())) == "no_higher_chief"
    case.do(CITY_CHIEF, c.Transfer(to="province", reason="the chief is named"))
    case.do(OPERATOR, c.AnswerTransfer(accepted=True, reference="P-1"))
    assert case.state.ground is Ground.TRANSFERRED


def test_where_the_city_bureau_is_accused_the_outside_authority_calls_the_case_up() -> None:
    case = Case(filing(by=UPSTREAM, accused_units=(CITY,)))
    assert code(case.ask(CITY_CHIEF, c.Transfer(to="12345", reason="accused"))) == "recused"
    case.do(UPSTREAM, c.Transfer(to="12345", reason="the bureau is accused"))
    case.do(UPSTREAM, c.AnswerTransfer(accepted=True, reference="H-1"))
    assert case.state.ground is Ground.TRANSFERRED
    assert code(Case().ask(UPSTREAM, c.Transfer(to="12345", reason="just so"))) == "scope_wrong"


def test_who_sees_a_case() -> None:
    state = accepted(co_offices=(FAR_STATION,)).state
    assert may_see(state, SYSTEM)
    assert may_see(state, AUDITOR)
    assert may_see(state, CITY_CHIEF)
    assert may_see(state, HANDLER)
    assert may_see(state, FAR_HANDLER)
    assert not may_see(state, NEXT_HANDLER)
    assert not may_see(state, actor(Role.CHIEF, OTHER_BRANCH)) or FAR_STATION in state.offices
    kept_at_city = Case(filing(unit=CITY_DESK)).state
    assert not may_see(kept_at_city, HANDLER)
    assert may_see(kept_at_city, actor(Role.AUDITOR, OTHER_BRANCH)), "an auditor reads everything, wherever they serve"
    named = Case(filing(accused_persons=(AUDITOR.id,))).state
    assert not may_see(named, AUDITOR)


def test_those_below_an_office_at_work_on_a_case_of_the_city_see_it_and_nobody_else_below() -> None:
    case = Case(filing(unit=CITY_DESK))
    case.do(CITY_CHIEF, c.Approve())
    case.do(SUPERVISOR, c.Assign(lead=BRANCH))
    assert may_see(case.state, HANDLER)
    assert not may_see(case.state, FAR_HANDLER)


def test_a_branch_desk_acts_on_a_case_of_its_unit_whoever_registered_it() -> None:
    # Filed at the city's desk for a station of branch A1: that is in the reach of A1's desk, and of no other branch's.
    case = Case()
    assert (case.state.registrar, case.state.unit) == (CITY_DESK, STATION)
    case.do(actor(Role.OPERATOR, BRANCH_DESK), c.Remark(text="it flickers, too"))
    case.do(BRANCH_CHIEF, c.Approve())
    elsewhere = actor(Role.SUPERVISOR, OTHER_BRANCH)
    assert code(case.ask(elsewhere, c.Assign(lead=STATION))) == "scope_wrong"
    case.do(actor(Role.SUPERVISOR, BRANCH_DESK), c.Assign(lead=STATION))


# transfer


def test_a_transfer_is_kept_here_until_the_other_side_acknowledges() -> None:
    case = Case()
    case.do(BRANCH_CHIEF, c.Transfer(to="12345", reason="street lighting"))
    assert case.state.stage is Stage.APPROVE
    assert code(case.ask(BRANCH_CHIEF, c.Approve())) == "transfer_pending"
    case.do(UPSTREAM, c.AnswerTransfer(accepted=True, reference="H-7"))
    assert (case.state.stage, case.state.ground) == (Stage.ARCHIVE, Ground.TRANSFERRED)


def test_a_refused_transfer_stays() -> None:
    case = approved()
    case.do(BRANCH_CHIEF, c.Transfer(to="12345", reason="street lighting"))
    case.do(OPERATOR, c.AnswerTransfer(accepted=False))
    assert case.state.offer is None
    case.do(SUPERVISOR, c.Assign(lead=STATION))


def test_an_unanswered_transfer_times_out_and_the_answer_at_the_last_instant_counts() -> None:
    case = Case()
    case.do(BRANCH_CHIEF, c.Transfer(to="12345", reason="street lighting"))
    until = moment(3, 5, 0)
    in_time, too_late = Case(), Case()
    for each in (in_time, too_late):
        each.do(BRANCH_CHIEF, c.Transfer(to="12345", reason="street lighting"))
    in_time.do(UPSTREAM, c.AnswerTransfer(accepted=True, reference="H-7"), at=until)
    too_late.now = until + timedelta(microseconds=1)
    assert code(too_late.ask(UPSTREAM, c.AnswerTransfer(accepted=True, reference="H-7"))) == "no_transfer"
    case.ring_until(until)
    assert only(case, e.TransferTimedOut).at == until
    assert case.state.stage is Stage.APPROVE


def test_only_the_authority_that_was_asked_answers() -> None:
    case = Case()
    case.do(BRANCH_CHIEF, c.Transfer(to="110", reason="an emergency"))
    assert code(case.ask(UPSTREAM, c.AnswerTransfer(accepted=True, reference="H-7"))) == "scope_wrong"


# handling


def test_an_upheld_return_gives_a_fresh_term_to_assign_and_lets_the_promise_run_on() -> None:
    case = assigned()
    case.now += timedelta(days=1)
    case.do(HANDLER, c.Return(reason="the lamp stands next door"))
    case.do(SUPERVISOR, c.UpholdReturn())
    assert (case.state.stage, case.state.lead) == (Stage.ASSIGN, "")
    assert due(case.state, ClockName.ASSIGN) == (3, 4)
    assert due(case.state) == (3, 11)
    case.do(SUPERVISOR, c.Assign(lead=NEXT_STATION))
    case.do(NEXT_HANDLER, c.Accept())


def test_a_refused_return_stays_refused_also_in_later_rounds() -> None:
    case = accepted()
    case.do(HANDLER, c.Return(reason="not ours"))
    assert case.state.spans[-1].unit == CITY_DESK
    case.do(SUPERVISOR, c.RefuseReturn(reason="it is"))
    assert case.state.spans[-1].unit == STATION
    case.do(HANDLER, ANSWER)
    case.do(VISITOR, UNHAPPY)
    case.do(VISITOR, c.Rework(reason="still dark"))
    assert code(case.ask(HANDLER, c.Return(reason="not ours"))) == "return_refused_before"


def test_the_lead_waits_for_its_co_offices_or_for_a_waiver() -> None:
    case = accepted(co_offices=(NEXT_STATION, FAR_STATION))
    assert code(case.ask(HANDLER, ANSWER)) == "co_report_missing"
    case.do(NEXT_HANDLER, c.CoReport(text="nothing found"))
    case.do(SUPERVISOR, c.WaiveCoReport(unit=FAR_STATION, reason="on leave"))
    case.do(HANDLER, c.ReportProgress(text="ordered a bulb"))
    case.do(HANDLER, ANSWER)
    assert case.state.stage is Stage.REVISIT
    case.do(VISITOR, UNHAPPY)
    case.do(VISITOR, c.Rework(reason="still dark"))
    assert code(case.ask(HANDLER, ANSWER)) == "co_report_missing"


def test_people_work_for_the_nearest_office_above_them() -> None:
    case = approved()
    case.do(SUPERVISOR, c.Assign(lead=BRANCH, co_offices=(STATION,)))
    assert code(case.ask(HANDLER, c.Accept())) == "scope_wrong"
    case.do(actor(Role.HANDLER, "XA/A1/XF"), c.Accept())
    case.do(HANDLER, c.CoReport(text="seen"))
    assert code(case.ask(actor(Role.HANDLER, BRANCH), c.CoReport(text="seen"))) == "not_co_office"


def test_an_extension_is_granted_once_and_the_petitioner_told_why() -> None:
    case = accepted()
    case.do(HANDLER, c.RequestExtension(days=3, reason="a part is missing"))
    case.do(BRANCH_CHIEF, c.GrantExtension(told="a part has to be ordered", statute=True))
    assert due(case.state) == (3, 16)
    assert due(case.state, ClockName.STATUTE_FINISH) == (5, 31)
    assert code(case.ask(HANDLER, c.RequestExtension(days=1, reason="more"))) == "extension_used"
    case.do(HANDLER, ANSWER)
    case.do(VISITOR, UNHAPPY)
    case.do(BRANCH_CHIEF, c.Rework(reason="still dark"))
    assert code(case.ask(HANDLER, c.RequestExtension(days=1, reason="more"))) == "extension_used"


def test_a_refused_extension_changes_no_date() -> None:
    case = accepted()
    case.do(HANDLER, c.RequestExtension(days=3, reason="a part is missing"))
    case.do(BRANCH_CHIEF, c.RefuseExtension(reason="there are bulbs enough"))
    assert due(case.state) == (3, 11)


def test_the_promise_stands_still_for_the_working_days_of_a_pause_and_the_statute_does_not() -> None:
    case = accepted()
    case.do(HANDLER, c.Pause(reason="appraisal"))
    assert case.state.spans[-1].paused
    assert code(case.ask(HANDLER, ANSWER)) == "paused"
    case.do(SUPERVISOR, c.Resume(), at=moment(3, 9))  # Tuesday to Monday: five working days
    assert due(case.state) == (3, 18)
    assert due(case.state, ClockName.STATUTE_FINISH) == (5, 1)
    assert case.state.stood_still == 5


def test_a_pause_of_an_hour_gives_no_day() -> None:
    case = accepted()
    case.do(HANDLER, c.Pause(reason="hearing"))
    case.do(HANDLER, c.Resume(), at=MONDAY + timedelta(hours=1))
    assert case.kinds()[-1] == "resumed"
    assert due(case.state) == (3, 11)


def test_a_pause_over_midnight_gives_a_day_each_time_up_to_the_cap() -> None:
    case = accepted(filing(policy=CasePolicy(version=1, pause_days=2)))
    for day in (2, 3):
        case.do(HANDLER, c.Pause(reason="hearing"), at=moment(3, day, 23))
        case.do(HANDLER, c.Resume(), at=moment(3, day + 1, 1))
    assert (case.state.stood_still, due(case.state)) == (2, (3, 13))
    assert code(case.ask(HANDLER, c.Pause(reason="hearing"))) == "pause_used_up"


def test_a_pause_ends_at_its_cap_and_is_then_used_up() -> None:
    case = accepted()
    case.do(HANDLER, c.Pause(reason="appraisal"))
    cap = moment(3, 17, 0)  # 24:00 of the tenth working day after 2 March
    case.ring_until(cap)
    resumed = only(case, e.Resumed)
    assert (resumed.at, resumed.by_cap) == (cap, True)
    assert due(case.state) == (3, 25)
    assert code(case.ask(HANDLER, c.Pause(reason="appraisal"))) == "pause_used_up"


def test_paused_on_the_last_day_and_resumed_on_a_weekend_there_is_a_working_day_left() -> None:
    case = accepted(filing(policy=CasePolicy(version=1, finish_days=4)))
    case.do(HANDLER, c.Pause(reason="hearing"), at=moment(3, 6, 15))
    case.do(HANDLER, c.Resume(), at=moment(3, 7, 15))
    assert due(case.state) == (3, 9)
    assert case.state.stood_still == 1


def test_a_calendar_corrected_during_a_pause_does_not_lift_its_cap() -> None:
    case = Case(filing(policy=CasePolicy(version=1, pause_days=1)), at=moment(9, 30))
    for who, command in (
        (BRANCH_CHIEF, c.Approve()),
        (SUPERVISOR, c.Assign(lead=STATION)),
        (HANDLER, c.Accept()),
        (HANDLER, c.Pause(reason="hearing")),
    ):
        case.do(who, command)
    without_holiday = calendar(version=2).model_copy(update={"off": ()})
    case.do(SYSTEM, c.RecomputeDue(calendar=without_holiday))
    case.ring_until(moment(10, 9, 0))
    assert case.state.stood_still == 1


def test_an_urge_is_recorded_and_a_card_may_go_with_it() -> None:
    case = assigned()
    case.do(SUPERVISOR, c.Urge(text="please hurry"))
    case.do(SUPERVISOR, c.Urge(text="now", card="yellow"))
    assert (case.state.urged, len(case.state.cards), case.state.cards[0].unit) == (2, 1, STATION)


# revisit and sign-off


def test_an_unsatisfied_petitioner_opens_a_new_round_with_its_own_term() -> None:
    case = answered()
    case.do(VISITOR, c.RecordRevisit(reached=False))
    assert code(case.ask(VISITOR, c.Rework(reason="not reached"))) == "not_revisited"
    case.do(VISITOR, UNHAPPY)
    assert case.state.stage is Stage.REVISIT
    case.do(VISITOR, c.Rework(reason="still dark"), at=MONDAY + timedelta(days=1))
    assert (case.state.round, case.state.lead, due(case.state)) == (2, STATION, (3, 10))
    statute = case.state.clock(ClockName.STATUTE_FINISH)
    assert statute is not None
    assert statute.running
    case.do(HANDLER, ANSWER)
    case.do(VISITOR, HAPPY)
    case.do(BRANCH_CHIEF, c.Rework(reason="the report is thin"))
    assert (case.state.round, case.state.ground, len(case.state.answers)) == (3, None, 2)


def test_a_petitioner_may_come_round_before_rework_is_ordered() -> None:
    case = answered()
    case.do(VISITOR, UNHAPPY)
    case.do(VISITOR, HAPPY)
    assert case.state.stage is Stage.SIGN_OFF


def test_a_late_answer_is_late_for_its_round() -> None:
    case = accepted()
    case.do(HANDLER, ANSWER, at=moment(3, 12, 0))
    assert only(case, e.Replied).on_time
    late = accepted()
    late.do(HANDLER, ANSWER, at=moment(3, 12, 0) + timedelta(microseconds=1))
    assert not only(late, e.Replied).on_time
    assert "escalated" in late.kinds()


def test_an_office_at_the_top_leaves_somebody_to_revisit() -> None:
    case = approved()
    case.do(SUPERVISOR, c.Assign(lead=CITY))
    handler = actor(Role.HANDLER, CITY)
    case.do(handler, c.Accept())
    case.do(handler, ANSWER)
    own = Actor(id="own", role=Role.VISITOR, unit=CITY)
    assert code(case.ask(own, HAPPY)) == "visitor_of_office"
    case.do(VISITOR, HAPPY)


def test_a_joint_team_turns_two_keys_the_accountable_chiefs_first() -> None:
    case = answered(joint=True)
    case.do(VISITOR, HAPPY)
    assert code(case.ask(STATION_CHIEF, c.SignOff())) == "scope_wrong"
    case.do(BRANCH_CHIEF, c.SignOff())
    assert case.state.stage is Stage.SIGN_OFF
    assert code(case.ask(BRANCH_CHIEF, c.SignOff())) == "key_turned_before"
    case.do(STATION_CHIEF, c.SignOff())
    assert only(case, e.SignedOff).by == (BRANCH_CHIEF.id, STATION_CHIEF.id)


def test_termination_is_the_next_higher_chiefs_and_never_counts_as_satisfied() -> None:
    case = answered()
    case.do(VISITOR, UNHAPPY)
    end = c.Terminate(basis="reviewed", review="F-1", re_review="R-1", reason="reviewed twice")
    assert code(case.ask(BRANCH_CHIEF, end)) == "not_next_higher"
    case.do(CITY_CHIEF, end)
    assert (case.state.stage, case.state.ground) == (Stage.ARCHIVE, Ground.TERMINATED)
    unreasonable = answered()
    unreasonable.do(CITY_CHIEF, c.Terminate(basis="unreasonable", reason="asks for the moon"))


# archive


def test_disclosure_and_accountability_seal_the_case_together() -> None:
    case = answered()
    case.do(VISITOR, UNHAPPY)
    case.do(VISITOR, c.Rework(reason="still dark"))
    case.do(HANDLER, ANSWER)
    case.do(VISITOR, HAPPY)
    case.do(BRANCH_CHIEF, c.SignOff())
    assert "accounted" not in case.kinds()
    case.do(SUPERVISOR, PUBLISHED)
    assert case.state.stage is Stage.ARCHIVE
    finding = e.Finding(unit=STATION, fault="a hasty answer", measure="a talk")
    case.do(SUPERVISOR, c.Account(findings=(finding,), note="see the minutes of 3 March"))
    assert only(case, e.Accounted) == e.Accounted(
        at=case.now, findings=(finding,), no_fault=False, note="see the minutes of 3 March"
    )
    assert case.state.stage is Stage.ARCHIVED
    assert case.state.spans[-1].until == case.now


@pytest.mark.parametrize("order", [None, filing(policy=REPORTED.model_copy(update={"no_fault_by_policy": False}))])
def test_no_fault_by_policy_only_where_policy_says_so(order: c.Order | None) -> None:
    assert archived(order).state.accounted is (order is None)


def test_no_fault_by_policy_never_where_somebody_was_late_urged_or_carded() -> None:
    late = accepted()
    late.do(HANDLER, ANSWER, at=moment(3, 13))
    urged = assigned()
    urged.do(SUPERVISOR, c.Urge(text="hurry"))
    urged.do(HANDLER, c.Accept())
    urged.do(HANDLER, ANSWER)
    for case in (late, urged):
        case.do(VISITOR, HAPPY)
        case.do(BRANCH_CHIEF, c.SignOff())
        assert not case.state.accounted


def test_a_published_summary_can_be_taken_back_even_after_the_seal() -> None:
    case = sealed()
    back = c.RetractDisclosure(reason="a name slipped in", countersigned_by=AUDITOR.id)
    case.do(SUPERVISOR, back)
    assert case.state.disclosure_retracted
    assert code(case.ask(SUPERVISOR, back)) == "not_published"


# withdrawal, merging, reopening


def test_a_withdrawal_still_passes_sign_off() -> None:
    case = accepted()
    case.do(OPERATOR, c.Withdraw(reason="settled among neighbours"))
    assert (case.state.stage, case.state.ground) == (Stage.SIGN_OFF, Ground.WITHDRAWN)
    assert next_alarm(case.state) is None
    case.do(BRANCH_CHIEF, c.SignOff())
    assert case.state.stage is Stage.ARCHIVE
    assert not case.state.accounted


def test_a_chief_who_doubts_a_withdrawal_sends_the_case_back_to_its_office() -> None:
    case = accepted()
    case.do(OPERATOR, c.Withdraw(reason="settled"))
    case.do(BRANCH_CHIEF, c.Rework(reason="the petitioner says otherwise"))
    assert (case.state.stage, case.state.lead) == (Stage.SUPERVISE, STATION)
    early = Case()
    early.do(OPERATOR, c.Withdraw(reason="settled"))
    assert code(early.ask(BRANCH_CHIEF, c.Rework(reason="doubtful"))) == "never_answered"


MERGE = c.Merge(into=OTHER, basis="same_matter")


def follow(unit: str = FAR_STATION, *co_offices: str) -> c.FollowReply:
    return c.FollowReply(outcome=Outcome.SUPPORTED, text="mended", unit=unit, co_offices=co_offices)


def test_a_merged_case_leaves_its_handling_to_the_lead_case_and_comes_back() -> None:
    case = accepted()
    case.do(OPERATOR, MERGE)
    assert case.state.spans[-1].unit == CITY_DESK
    assert code(case.ask(HANDLER, ANSWER)) == "merged_follow"
    case.do(SUPERVISOR, c.Unmerge(reason="another lamp"))
    assert case.state.spans[-1].unit == STATION
    case.do(HANDLER, ANSWER)


@pytest.mark.parametrize("stage", ["approve", "assign", "supervise", "paused"])
def test_the_lead_cases_answer_is_given_to_each_follower(stage: str) -> None:
    case = {"approve": Case, "assign": approved}.get(stage, accepted)()
    if stage == "paused":
        case.do(HANDLER, c.Pause(reason="hearing"))
    case.do(OPERATOR, MERGE)
    case.do(SYSTEM, follow(FAR_STATION, OTHER_BRANCH), at=MONDAY + timedelta(days=2))
    state = case.state
    assert (state.stage, state.offices) == (Stage.REVISIT, (FAR_STATION, OTHER_BRANCH))
    assert only(case, e.Replied).following == OTHER
    assert not state.paused
    visitor = Actor(id="v", role=Role.VISITOR, unit=FAR_STATION, scope=CITY)
    assert code(case.ask(visitor, HAPPY)) == "visitor_of_office"
    case.do(VISITOR, HAPPY)
    assert case.state.stage is Stage.SIGN_OFF


def test_a_follower_of_the_same_office_is_not_handed_over() -> None:
    case = accepted()
    case.do(OPERATOR, MERGE)
    case.do(SYSTEM, follow(STATION))
    assert case.kinds().count("assigned") == 1


def test_an_unsatisfied_follower_stands_on_its_own_again() -> None:
    case = Case()
    case.do(OPERATOR, MERGE)
    case.do(SYSTEM, follow())
    case.do(VISITOR, UNHAPPY)
    case.do(VISITOR, c.Rework(reason="my lamp is dark"))
    assert (case.state.merged_into, case.state.lead, case.state.stage) == ("", FAR_STATION, Stage.SUPERVISE)
    case.do(FAR_HANDLER, ANSWER)


@pytest.mark.parametrize("accused", [{"accused_units": (FAR_STATION,)}, {"conflicted_units": (CITY,)}])
def test_nobody_is_answered_by_those_they_complain_of(accused: dict[str, Any]) -> None:
    case = Case(filing(**accused))
    case.do(OPERATOR, MERGE)
    case.do(SYSTEM, follow())
    assert (case.state.merged_into, case.state.stage) == ("", Stage.APPROVE)


def test_a_follower_may_withdraw_alone() -> None:
    case = Case()
    case.do(OPERATOR, MERGE)
    case.do(OPERATOR, c.Withdraw(reason="no longer"))
    assert case.kinds()[-2:] == ["unmerged", "withdrawn"]


def test_a_lead_case_knows_its_followers_and_does_not_leave_them_behind() -> None:
    case = Case()
    case.do(SYSTEM, c.AdmitMember(number=OTHER))
    assert case.do(SYSTEM, c.AdmitMember(number=OTHER)) == []
    for who, command in (
        (OPERATOR, c.Withdraw(reason="no longer")),
        (BRANCH_CHIEF, c.Decline(ground="litigation", notice="1")),
        (BRANCH_CHIEF, c.Transfer(to="12345", reason="theirs")),
        (OPERATOR, MERGE.model_copy(update={"into": "XA-2026-S-000003"})),
    ):
        assert code(case.ask(who, command)) == "merge_has_members"
    case.do(SYSTEM, c.ReleaseMember(number=OTHER))
    case.do(OPERATOR, c.Withdraw(reason="no longer"))


def test_new_facts_open_a_new_run_on_the_same_number() -> None:
    case = sealed()
    before = case.state.spans
    later = moment(4, 1)
    case.do(OPERATOR, c.Reopen(facts="dark again", policy=REPORTED, calendar=calendar()), at=later)
    state = case.state
    assert (state.run, state.round, state.stage, state.received_at) == (2, 2, Stage.APPROVE, later)
    assert state.spans[: len(before)] == before
    assert state.spans[-1].since == later
    assert all(clock.running for clock in state.clocks)
    case.do(BRANCH_CHIEF, c.Approve())
    case.do(SUPERVISOR, c.Assign(lead=NEXT_STATION))
    case.do(NEXT_HANDLER, c.Accept())
    case.do(NEXT_HANDLER, ANSWER)
    former = Actor(id="v", role=Role.VISITOR, unit=STATION, scope=CITY)
    assert code(case.ask(former, HAPPY)) == "visitor_of_office"
    case.do(VISITOR, HAPPY)
    case.do(BRANCH_CHIEF, c.SignOff())
    assert not case.state.accounted


def test_a_simple_case_reopened_is_approved_by_policy_again() -> None:
    case = Case(filing(complexity=Complexity.SIMPLE))
    for who, command in (
        (SUPERVISOR, c.Assign(lead=STATION)),
        (HANDLER, c.Accept()),
        (HANDLER, ANSWER),
        (VISITOR, HAPPY),
        (STATION_CHIEF, c.SignOff()),
        (SUPERVISOR, PUBLISHED),
    ):
        case.do(who, command)
    case.do(OPERATOR, c.Reopen(facts="dark again", policy=FAST, calendar=calendar()))
    assert case.state.stage is Stage.ASSIGN


# the calendar


def test_a_due_date_on_a_provisional_day_says_so_until_the_notice_comes() -> None:
    case = Case(at=moment(12, 28))
    finish = case.state.clock(ClockName.FINISH)
    assert finish is not None
    assert (finish.provisional, due(case.state)) == (True, (1, 6))
    case.do(SYSTEM, c.RecomputeDue(calendar=calendar(version=2, years=(2026, 2027))))
    finish = case.state.clock(ClockName.FINISH)
    assert finish is not None
    assert (finish.provisional, due(case.state), finish.calendar) == (False, (1, 7), 2)
    moved = [event for event in case.events if isinstance(event, e.ClockSet)]
    assert {event.why for event in moved} == {"calendar"}
    assert all(event.old_due is not None for event in moved)


def test_a_later_window_of_the_same_calendar_moves_no_date_it_already_knew() -> None:
    near = calendar().slice(MONDAY.date(), moment(4, 1).date())
    case = Case(filing(work_calendar=near))
    case.do(SYSTEM, c.RecomputeDue(calendar=calendar().slice(MONDAY.date(), moment(8, 1).date())))
    assert case.kinds() == ["filed", "calendar_pinned"]


def test_a_case_that_follows_another_takes_a_new_calendar_for_its_own_terms() -> None:
    # Its petitioner is owed an answer by the same working days as everybody else.
    case = Case(at=moment(9, 30))
    case.do(OPERATOR, MERGE)
    assert due(case.state) == (10, 15)
    # The notice is corrected: Monday 12 October is off as well.
    off = tuple(sorted((*calendar().off, moment(10, 12).date())))
    case.do(SYSTEM, c.RecomputeDue(calendar=calendar(version=2).model_copy(update={"off": off})))
    assert (case.state.calendar.version, case.state.merged_into) == (2, OTHER)
    assert due(case.state) == (10, 16)


def test_a_met_term_is_not_counted_again() -> None:
    case = approved()
    case.do(SUPERVISOR, c.Assign(lead=STATION))
    case.do(SYSTEM, c.RecomputeDue(calendar=calendar(version=2)))
    assert {event.clock.name for event in case.events if isinstance(event, e.ClockSet)} == {ClockName.FINISH}


# the fold and the table


def test_a_record_begins_with_its_filing_and_has_only_one() -> None:
    case = approved()
    with pytest.raises(ValueError, match="filed twice"):
        evolve(case.state, case.events[0])
    with pytest.raises(ValueError, match="its filing"):
        evolve(None, case.events[1])
    assert fold([]) is None


def test_a_case_without_terms_is_folded_as_it_stands() -> None:
    case = accepted()
    finish = case.state.clock(ClockName.FINISH)
    assert finish is not None
    bare = case.state.model_copy(update={"clocks": ()})
    assert evolve(bare, e.Reworked(at=MONDAY, round=2, reason="x", lead=STATION)).clocks == ()
    assert evolve(bare, e.ClockSet(at=MONDAY, clock=finish, why="rework")).clocks == (finish,)
    case.state = bare
    with pytest.raises(ValueError, match="no finish clock"):
        case.ask(HANDLER, ANSWER)
    rung = e.Escalated(at=MONDAY, clock=ClockName.FINISH, rung="reminder", unit=STATION, role=Role.HANDLER, due=MONDAY)
    assert evolve(bare, rung).clocks == ()
    assert bare.clock(ClockName.FINISH) is None


def test_allowed_says_for_each_command_of_people_whether_and_why_not() -> None:
    answers = allowed(Case().state, BRANCH_CHIEF)
    assert answers["approve"] is None
    assert code(answers["assign"] or []) == "role_wrong"
    assert "recompute_due" not in answers


def test_a_person_without_a_match_code_is_nobody_in_particular() -> None:
    nameless = e.Petitioner(sealed={"key_id": "k", "sealed": "x"})  # pyright: ignore[reportArgumentType]
    assert Case(filing(petitioners=(nameless,))).state.persons == ()


def test_an_import_belongs_to_the_city_not_to_the_system() -> None:
    assert Case(filing(by=SYSTEM)).state.registrar == CITY
    assert Case(filing(by=UPSTREAM)).state.registrar == CITY
    assert Case(filing()).state.registrar == CITY_DESK
