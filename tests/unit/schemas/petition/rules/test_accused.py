"""Whom words may complain of: hidden from them at once, decided by people above them, and what follows."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.access import eyes, sight
from schemas.kernel.actor import SYSTEM, Role
from schemas.kernel.refusal import Refusal
from schemas.petition import commands as c
from schemas.petition import events as e
from schemas.petition.rules import may_see, next_alarm
from schemas.petition.rules.authority import common_unit, parties_conflict, party_of
from schemas.petition.rules.awaited import awaited, waiting_for
from schemas.petition.rules.custody import owner
from schemas.petition.rules_version import CURRENT_RULES
from schemas.petition.state import Accusation, ClockName, Complexity, Outcome, Party, Stage
from tests.strategies import (
    BRANCH,
    BRANCH_CHIEF,
    BRANCH_COMPLAINTS,
    CITY,
    CITY_CHIEF,
    CITY_DESK,
    COMPLAINTS_OFFICER,
    FAR_HANDLER,
    FAR_STATION,
    HANDLER,
    NEXT_HANDLER,
    NEXT_STATION,
    OPERATOR,
    PETITIONER,
    SECOND_OFFICER,
    STATION,
    STATION_CHIEF,
    SUPERVISOR,
    VISITOR,
    Case,
    actor,
    filing,
    moment,
)

OTHER = "XA-2026-S-000002"
READ = Accusation(unit=BRANCH, units=(STATION,), persons=(NEXT_HANDLER.id,), words=("派出所", "骂"))
ANSWER = c.Reply(outcome=Outcome.SUPPORTED, text="mended")


def held(**facts: Any) -> Case:
    given: dict[str, Any] = {"accusation": READ} | facts
    return Case(filing(rules=CURRENT_RULES, **given))


def working(**facts: Any) -> Case:
    """At work in the station."""
    case = Case(filing(rules=CURRENT_RULES, **facts))
    if case.state.stage is Stage.APPROVE:
        case.do(BRANCH_CHIEF, c.Approve())
    case.do(SUPERVISOR, c.Assign(lead=STATION))
    case.do(HANDLER, c.Accept())
    return case


def decide_both(case: Case, **decision: Any) -> None:
    case.do(COMPLAINTS_OFFICER, c.DecideAccused(**decision))
    case.do(SECOND_OFFICER, c.Countersign(agreed=True))


def test_it_is_kept_above_whom_it_may_mean_and_never_approved_by_policy() -> None:
    case = held(complexity=Complexity.SIMPLE)
    state = case.state
    assert (state.unit, state.accountable, state.stage, state.confidential) == (BRANCH, BRANCH, Stage.APPROVE, True)
    assert state.held == READ.model_copy(update={"otherwise": STATION})
    assert case.kinds() == ["filed"]
    assert owner(state) == BRANCH


@pytest.mark.parametrize(("desk", "registrar"), [(STATION, BRANCH), (CITY_DESK, CITY_DESK), (BRANCH, BRANCH)])
def test_no_desk_below_keeps_it(desk: str, registrar: str) -> None:
    assert held(by=actor(Role.OPERATOR, desk)).state.registrar == registrar


def test_those_it_may_mean_do_not_see_it_and_others_do() -> None:
    state = held().state
    for hidden in (HANDLER, STATION_CHIEF, actor(Role.OPERATOR, STATION), NEXT_HANDLER):
        assert not may_see(state, hidden)
        assert not eyes(hidden).meet(*sight(state))
    for seeing in (BRANCH_CHIEF, COMPLAINTS_OFFICER, OPERATOR, BRANCH_COMPLAINTS):
        assert may_see(state, seeing)


def test_words_hide_nothing_from_the_city_bureau_nor_from_whom_it_takes_to_decide() -> None:
    city = held(
        accusation=Accusation(
            unit=CITY, units=(CITY,), persons=(COMPLAINTS_OFFICER.id,), open_to=(COMPLAINTS_OFFICER.id,)
        )
    )
    assert may_see(city.state, CITY_CHIEF)
    assert may_see(city.state, COMPLAINTS_OFFICER)
    # Only what a person decides recuses: then even the city bureau, and the outside authority calls the case up.
    city.do(
        COMPLAINTS_OFFICER,
        c.DecideAccused(accused_units=(CITY,), mentioned_persons=(COMPLAINTS_OFFICER.id,), reason="x"),
    )
    city.do(SECOND_OFFICER, c.Countersign(agreed=True))
    assert not may_see(city.state, CITY_CHIEF)


def test_it_is_decided_within_the_working_day_with_an_alarm_to_those_who_decide() -> None:
    case = held()
    clock = case.state.clock(ClockName.ACCUSED)
    assert clock is not None and clock.due == moment(3, 4, 0)
    assert awaited(case.state) == ("decide_accused",)
    rung = case.ring_until(moment(3, 4, 1))
    told = [
        (each.rung, each.unit, each.role) for each in rung if isinstance(each, e.Escalated) and each.clock == "accused"
    ]
    assert told[:3] == [
        ("reminder", BRANCH, Role.HANDLER),
        ("yellow", BRANCH, Role.HANDLER),
        ("red", BRANCH, Role.CHIEF),
    ]
    case.do(
        COMPLAINTS_OFFICER, c.DecideAccused(accused_units=(STATION,), accused_persons=(NEXT_HANDLER.id,), reason="x")
    )
    met = case.state.clock(ClockName.ACCUSED)
    assert met is not None and not met.running


def test_who_is_accused_is_recused_for_good_by_one_person() -> None:
    case = held()
    case.do(
        COMPLAINTS_OFFICER,
        c.DecideAccused(accused_units=(STATION,), accused_persons=(NEXT_HANDLER.id,), reason="named"),
    )
    state = case.state
    assert (state.held, state.accused_units, state.accused_persons) == (None, (STATION,), (NEXT_HANDLER.id,))
    assert (state.unit, state.stage) == (BRANCH, Stage.APPROVE)
    assert not may_see(state, HANDLER) and not may_see(state, NEXT_HANDLER)
    assert awaited(state)[0] == "approve"


def test_letting_somebody_off_takes_two_and_the_second_may_say_no() -> None:
    case = held()
    decision = c.DecideAccused(accused_units=(STATION,), mentioned_persons=(NEXT_HANDLER.id,), reason="only passing by")
    case.do(COMPLAINTS_OFFICER, decision)
    assert case.state.held is not None and not may_see(case.state, NEXT_HANDLER)
    assert waiting_for(case.state, COMPLAINTS_OFFICER) == ()
    assert waiting_for(case.state, SECOND_OFFICER)[0] == "countersign"
    case.do(SECOND_OFFICER, c.Countersign(agreed=False, reason="ask again"))
    assert case.state.pending is None and case.state.held is not None
    case.do(COMPLAINTS_OFFICER, decision)
    case.do(BRANCH_CHIEF, c.Countersign(agreed=True))
    assert case.state.cleared == (NEXT_HANDLER.id,)
    decided = case.events[-1]
    assert isinstance(decided, e.AccusedDecided) and decided.proposed_by == COMPLAINTS_OFFICER.id
    assert may_see(case.state.model_copy(update={"lead": NEXT_STATION}), NEXT_HANDLER)


def test_nobody_of_ours_takes_one_key_where_nobody_was_matched_and_the_case_goes_its_way() -> None:
    case = held(accusation=Accusation(unit=CITY, words=("民警", "骂我")), complexity=Complexity.SIMPLE)
    assert case.state.unit == CITY
    case.do(COMPLAINTS_OFFICER, c.DecideAccused(nobody=True, reason="another city's police"))
    state = case.state
    assert (state.held, state.unit, state.accountable, state.stage) == (None, STATION, STATION, Stage.APPROVE)
    assert not state.approved_by_policy and state.confidential


def test_whom_a_desk_named_is_let_off_by_two_people_only() -> None:
    read = Accusation(unit=BRANCH, units=(NEXT_STATION,))
    case = held(accusation=read, accused_units=(NEXT_STATION,))
    case.do(COMPLAINTS_OFFICER, c.DecideAccused(nobody=True, reason="a misunderstanding", unit=FAR_STATION))
    assert case.state.accused_units == (NEXT_STATION,)
    case.do(SECOND_OFFICER, c.Countersign(agreed=True))
    assert (case.state.accused_units, case.state.unit) == ((), FAR_STATION)


@pytest.mark.parametrize(
    "added",
    [
        (OPERATOR, c.Remark(text="the officer hit me", accusation=READ)),
        (SYSTEM, c.ProposeAccused(accusation=READ)),
    ],
)
def test_what_is_added_later_hides_it_from_the_office_at_work(added: tuple[Any, Any]) -> None:
    case = working()
    case.do(*added)
    state = case.state
    assert state.held is not None and state.held.otherwise == STATION
    assert not may_see(state, HANDLER)
    assert isinstance(refusal := case.ask(HANDLER, ANSWER), Refusal) and refusal.code == "recused"
    decide_both(case, nobody=True, reason="it was not them")
    assert may_see(case.state, HANDLER)
    assert (case.state.stage, case.state.lead, case.state.unit) == (Stage.SUPERVISE, STATION, STATION)
    case.do(HANDLER, ANSWER)


def test_an_office_found_to_be_accused_by_what_is_added_gives_the_case_up() -> None:
    case = working()
    case.do(OPERATOR, c.Remark(text="the officer hit me", accusation=READ))
    case.do(
        COMPLAINTS_OFFICER, c.DecideAccused(accused_units=(STATION,), accused_persons=(NEXT_HANDLER.id,), reason="x")
    )
    assert (case.state.stage, case.state.lead) == (Stage.ASSIGN, "")
    assert case.kinds()[-2:] == ["accused_decided", "clock_set"]


def test_an_answer_of_somebody_accused_by_the_rating_does_not_stand() -> None:
    case = working()
    case.do(HANDLER, ANSWER)
    unhappy = c.Rate(
        solved=False, satisfied_with_office=True, satisfied_with_unit=False, remark="he shouted", accusation=READ
    )
    case.do(PETITIONER, unhappy)
    assert isinstance(refusal := case.ask(BRANCH_CHIEF, c.SignOff()), Refusal) and refusal.code == "stage_wrong"
    case.do(
        COMPLAINTS_OFFICER, c.DecideAccused(accused_units=(STATION,), accused_persons=(NEXT_HANDLER.id,), reason="x")
    )
    assert (case.state.stage, case.state.round, case.state.lead) == (Stage.ASSIGN, 2, "")


def test_nothing_is_signed_off_while_it_is_undecided() -> None:
    case = working()
    case.do(HANDLER, ANSWER)
    happy = c.RecordRevisit(
        reached=True, solved=True, satisfied_with_unit=True, comment="but he shouted", accusation=READ
    )
    case.do(VISITOR, happy)
    assert isinstance(refusal := case.ask(CITY_CHIEF, c.SignOff()), Refusal) and refusal.code == "accused_undecided"
    decide_both(case, nobody=True, reason="x")
    case.do(BRANCH_CHIEF, c.SignOff())


def test_a_fast_case_that_turns_out_to_complain_goes_back_to_the_chief() -> None:
    case = Case(filing(rules=CURRENT_RULES, complexity=Complexity.SIMPLE))
    assert case.state.approved_by_policy and case.state.stage is Stage.ASSIGN
    case.do(OPERATOR, c.Amend(reason="heard more", text="the officer hit me", accusation=READ))
    assert (case.state.stage, case.state.approved_by_policy, case.state.unit) == (Stage.APPROVE, False, BRANCH)
    decide_both(case, nobody=True, reason="x")
    # Sorted anew into a ledger of simple matters it stays what is stricter.
    case.do(OPERATOR, c.Amend(reason="title", title="Lamp"))
    assert case.state.stage is Stage.APPROVE and case.state.confidential


def test_of_the_accused_nothing_is_asked_again_and_of_whom_was_let_off_it_is() -> None:
    case = held()
    decide_both(case, accused_units=(STATION,), mentioned_persons=(NEXT_HANDLER.id,), reason="x")
    case.do(OPERATOR, c.Remark(text="he did", accusation=READ.model_copy(update={"persons": ()})))
    assert case.state.held is None
    case.do(OPERATOR, c.Remark(text="he did", accusation=READ))
    assert case.state.held is not None and case.state.held.persons == (NEXT_HANDLER.id,)


def test_more_words_may_mean_more_people_and_go_higher() -> None:
    case = held()
    case.do(OPERATOR, c.Remark(text="and those", accusation=Accusation(unit=CITY, units=(FAR_STATION,), words=("和",))))
    now = case.state.held
    assert now is not None
    assert (now.unit, now.units, now.otherwise) == (CITY, (STATION, FAR_STATION), STATION)
    assert case.state.unit == CITY
    assert [each.kind for each in case.events].count("clock_set") == 0
    assert not may_see(case.state, FAR_HANDLER)


def test_a_new_accusation_takes_back_what_waited_for_consent() -> None:
    case = held()
    case.do(COMPLAINTS_OFFICER, c.DecideAccused(nobody=True, reason="x"))
    case.do(OPERATOR, c.Remark(text="and those", accusation=Accusation(unit=CITY, units=(FAR_STATION,))))
    assert case.state.pending is None


def test_an_archived_number_reopened_with_such_facts_is_held() -> None:
    case = working()
    case.do(HANDLER, ANSWER)
    case.do(VISITOR, c.RecordRevisit(reached=True, solved=True, satisfied_with_unit=True))
    case.do(BRANCH_CHIEF, c.SignOff())
    case.do(SUPERVISOR, c.Disclose(published=False, exemption="privacy"))
    case.do(OPERATOR, c.Countersign(agreed=True))
    assert case.state.stage is Stage.ARCHIVED
    reopening = c.Reopen(
        facts="he hit me", policy=case.state.policy, calendar=case.state.calendar, rules=CURRENT_RULES, accusation=READ
    )
    case.do(OPERATOR, reopening)
    assert case.state.held is not None and case.state.stage is Stage.APPROVE


def test_a_lead_case_is_kept_from_whom_its_followers_complain_of() -> None:
    case = working()
    party = Party(number=OTHER, persons=(HANDLER.id,), at=(FAR_STATION,))
    case.do(SYSTEM, c.AdmitMember(number=OTHER, party=party))
    assert not may_see(case.state, HANDLER)
    case.do(SYSTEM, c.ReleaseMember(number=OTHER))
    assert may_see(case.state, HANDLER)


def test_a_case_is_not_assigned_to_whom_a_follower_complains_of() -> None:
    case = Case(filing(rules=CURRENT_RULES, unit=BRANCH))
    case.do(CITY_CHIEF, c.Approve())
    case.do(SYSTEM, c.AdmitMember(number=OTHER, party=Party(number=OTHER, units=(STATION,), at=(FAR_STATION,))))
    refusal = case.ask(SUPERVISOR, c.Assign(lead=STATION))
    assert isinstance(refusal, Refusal) and refusal.code == "accused_office"
    case.do(SUPERVISOR, c.Assign(lead=NEXT_STATION))


@pytest.mark.parametrize(
    "becomes",
    [
        (SYSTEM, c.ChangeMember(party=Party(number=OTHER, units=(STATION,), at=(FAR_STATION,)))),
        (OPERATOR, c.NameAccused(reason="x", accused_units=(FAR_STATION,))),
        (OPERATOR, c.Remark(text="x", accusation=Accusation(unit=CITY, units=(FAR_STATION,)))),
    ],
)
def test_what_becomes_a_conflict_comes_apart_by_itself(becomes: tuple[Any, Any]) -> None:
    case = working()
    case.do(SYSTEM, c.AdmitMember(number=OTHER, party=Party(number=OTHER, at=(FAR_STATION,))))
    events = case.do(*becomes)
    assert e.MemberReleased(at=case.now, number=OTHER, apart=True) in events
    assert (case.state.members, case.state.parties) == ((), ())


def test_a_held_follower_leaves_rather_than_be_answered_by_its_lead() -> None:
    case = Case(filing(rules=CURRENT_RULES))
    case.do(OPERATOR, c.Merge(into=OTHER, basis="same_matter"))
    case.do(OPERATOR, c.Remark(text="x", accusation=Accusation(unit=CITY, units=(FAR_STATION,))))
    events = case.do(SYSTEM, c.FollowReply(outcome=Outcome.EXPLAINED, text="x", unit=NEXT_STATION))
    assert [each.kind for each in events] == ["unmerged"]


def test_two_cases_conflict_where_either_has_the_other_in_hand() -> None:
    one = party_of(held().state)
    assert one.units == (STATION,) and one.persons == (NEXT_HANDLER.id,)
    assert parties_conflict(one, Party(number=OTHER, at=(STATION,)))
    assert parties_conflict(Party(number=OTHER, at=(STATION,)), one)
    assert not parties_conflict(one, Party(number=OTHER, at=(FAR_STATION,)))
    assert parties_conflict(Party(number="a", chiefs=(BRANCH,)), Party(number="b", at=(STATION,)))


@pytest.mark.parametrize(
    ("one", "other", "above"),
    [
        (STATION, NEXT_STATION, BRANCH),
        (STATION, STATION, STATION),
        (BRANCH, STATION, BRANCH),
        (STATION, FAR_STATION, CITY),
    ],
)
def test_the_unit_above_two(one: str, other: str, above: str) -> None:
    assert common_unit(one, other) == above


def test_two_people_publish_and_two_take_it_back() -> None:
    case = working()
    case.do(HANDLER, ANSWER)
    case.do(VISITOR, c.RecordRevisit(reached=True, solved=True, satisfied_with_unit=True))
    case.do(BRANCH_CHIEF, c.SignOff())
    case.do(SUPERVISOR, c.Disclose(published=True, summary="A lamp", countersigned_by="somebody nobody asked"))
    assert case.state.disclosed is None and awaited(case.state) == ("countersign",)
    case.do(OPERATOR, c.Countersign(agreed=False, reason="names a street"))
    case.do(SUPERVISOR, c.Disclose(published=True, summary="A lamp"))
    case.do(OPERATOR, c.Countersign(agreed=True))
    assert case.state.disclosed is True
    published = next(each for each in case.events if isinstance(each, e.Disclosed))
    assert (published.countersigned_by, published.proposed_by) == (OPERATOR.id, SUPERVISOR.id)
    case.do(SUPERVISOR, c.RetractDisclosure(reason="a name"))
    case.do(BRANCH_CHIEF, c.Countersign(agreed=True))
    assert case.state.disclosure_retracted
    assert next_alarm(case.state) is None
