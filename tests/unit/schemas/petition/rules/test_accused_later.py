"""Units and people who turn out to be accused after a chief has approved (补记被反映对象)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from schemas.access import eyes, sight
from schemas.kernel.actor import SYSTEM, Actor, Role
from schemas.petition import commands as c
from schemas.petition import events as e
from schemas.petition.rules import allowed, may_see, next_alarm
from schemas.petition.rules.awaited import awaited
from schemas.petition.state import ClockName, Complexity, Ground, Stage
from tests.strategies import (
    BRANCH,
    BRANCH_CHIEF,
    CITY,
    CITY_CHIEF,
    CITY_DESK,
    FAR_HANDLER,
    FAR_STATION,
    HANDLER,
    NEXT_HANDLER,
    NEXT_STATION,
    OPERATOR,
    PETITIONER,
    STATION,
    STATION_CHIEF,
    SUPERVISOR,
    UPSTREAM,
    VISITOR,
    Case,
    actor,
    filing,
)
from tests.unit.schemas.petition.rules.test_paths import (
    ANSWER,
    HAPPY,
    MERGE,
    accepted,
    answered,
    approved,
    archived,
    assigned,
    code,
    follow,
)


def naming(*units: str, people: tuple[str, ...] = (), chiefs_of: tuple[str, ...] = ()) -> c.NameAccused:
    return c.NameAccused(
        reason="found in the file", accused_units=units, accused_persons=people, conflicted_units=chiefs_of
    )


def check_kept_from(case: Case, *people: Actor) -> None:
    """By the rule, and by the marks the database compares."""
    for person in people:
        assert not may_see(case.state, person), person
        assert not eyes(person).meet(*sight(case.state)), person
        assert {getattr(refusal, "code", "") for refusal in allowed(case.state, person).values()} <= {
            "recused",
            "role_wrong",
        }


def test_a_case_filed_at_a_station_that_is_accused_later_is_kept_by_the_unit_above() -> None:
    case = approved(filing(by=actor(Role.OPERATOR, STATION)))
    assert case.state.registrar == STATION
    case.do(SUPERVISOR, naming(STATION))
    assert case.state.registrar == BRANCH
    # Whose time it is follows: the registry that has to assign it.
    assert (case.state.stage, case.state.spans[-1].unit) == (Stage.ASSIGN, BRANCH)


@pytest.mark.parametrize("who", [OPERATOR, SUPERVISOR])
def test_an_office_that_turns_out_to_be_accused_loses_the_case(who: Actor) -> None:
    case = accepted(co_offices=(NEXT_STATION,))
    assert may_see(case.state, HANDLER)
    promise = case.state.clock(ClockName.FINISH)
    case.do(who, naming(STATION), at=case.now + timedelta(days=3))
    assert (case.state.stage, case.state.lead, case.state.co_offices) == (Stage.ASSIGN, "", ())
    assert awaited(case.state) == ("assign",)
    check_kept_from(case, HANDLER, STATION_CHIEF)
    assert code(case.ask(HANDLER, ANSWER)) == "recused"
    assert code(case.ask(SUPERVISOR, c.Assign(lead=STATION))) == "accused_office"
    fresh = case.state.clock(ClockName.ASSIGN)
    assert fresh is not None
    assert fresh.running
    assert case.state.clock(ClockName.FINISH) == promise, "the promise runs on"
    assert next_alarm(case.state) is not None
    case.do(SUPERVISOR, c.Assign(lead=NEXT_STATION))
    case.do(NEXT_HANDLER, c.Accept())
    case.do(NEXT_HANDLER, ANSWER)
    case.do(VISITOR, HAPPY)
    assert case.state.accountable == BRANCH
    case.do(BRANCH_CHIEF, c.SignOff())


def test_who_is_named_is_named_beside_those_there_are_and_nobody_is_let_off() -> None:
    case = assigned(filing(accused_persons=("a",), accused_units=(FAR_STATION,)))
    case.do(OPERATOR, naming(people=("b", "a")))
    assert (case.state.accused_persons, case.state.accused_units) == (("a", "b"), (FAR_STATION,))
    named = next(event for event in case.events if isinstance(event, e.AccusedNamed))
    assert [(each.field, each.old, each.new) for each in named.changes] == [("accused_persons", "a", "a、b")]
    assert case.state.stage is Stage.SUPERVISE
    assert code(case.ask(OPERATOR, naming(people=("a",)))) == "nothing_to_amend"


def test_a_handler_named_is_kept_out_and_the_office_goes_on() -> None:
    case = accepted()
    case.do(OPERATOR, naming(people=(HANDLER.id,)))
    check_kept_from(case, HANDLER)
    other = actor(Role.HANDLER, STATION, "/second")
    case.do(other, ANSWER)
    assert case.state.stage is Stage.REVISIT


def test_the_chief_of_an_office_is_named_so_another_decides_and_another_handles() -> None:
    case = accepted()
    case.do(OPERATOR, naming(people=(BRANCH_CHIEF.id,), chiefs_of=(BRANCH,)))
    assert (case.state.accountable, case.state.stage) == (CITY, Stage.ASSIGN)
    check_kept_from(case, BRANCH_CHIEF)
    assert code(case.ask(SUPERVISOR, c.Assign(lead=NEXT_STATION))) == "accused_office"
    case.do(SUPERVISOR, c.Assign(lead=FAR_STATION))
    case.do(FAR_HANDLER, c.Accept())
    case.do(FAR_HANDLER, ANSWER)
    case.do(VISITOR, HAPPY)
    case.do(CITY_CHIEF, c.SignOff())


def test_an_accused_co_office_is_no_longer_waited_for() -> None:
    case = accepted(co_offices=(NEXT_STATION,))
    assert code(case.ask(HANDLER, ANSWER)) == "co_report_missing"
    case.do(SUPERVISOR, naming(NEXT_STATION))
    check_kept_from(case, NEXT_HANDLER)
    assert case.state.accepted_at is not None
    case.do(HANDLER, ANSWER)


def test_what_the_office_had_asked_for_goes_with_it_and_a_pause_ends() -> None:
    case = accepted()
    case.do(HANDLER, c.RequestExtension(days=1, reason="a part"))
    case.do(HANDLER, c.Pause(reason="hearing"))
    case.do(OPERATOR, naming(STATION), at=case.now + timedelta(days=1))
    assert (case.state.standstill, case.state.extension, case.state.stood_still) == (None, None, 1)
    objecting = accepted()
    objecting.do(HANDLER, c.Return(reason="not ours"))
    objecting.do(OPERATOR, naming(STATION))
    assert (objecting.state.objection, objecting.state.stage) == (None, Stage.ASSIGN)


@pytest.mark.parametrize("satisfied", [False, True])
def test_the_answer_of_the_accused_does_not_stand_whatever_was_said_to_it(*, satisfied: bool) -> None:
    case = answered()
    case.do(PETITIONER, c.Rate(solved=True, satisfied_with_office=True, satisfied_with_unit=True))
    if satisfied:
        case.do(VISITOR, HAPPY)
    case.do(OPERATOR, naming(STATION))
    assert (case.state.stage, case.state.round, case.state.lead) == (Stage.ASSIGN, 2, "")
    assert (case.state.rating, case.state.own_rating, case.state.ground) == (None, None, None)
    statute, promise = case.state.clock(ClockName.STATUTE_FINISH), case.state.clock(ClockName.FINISH)
    assert statute is not None
    assert statute.running
    assert promise is not None
    assert promise.days == case.state.policy.rework_days
    check_kept_from(case, HANDLER, STATION_CHIEF)
    case.do(SUPERVISOR, c.Assign(lead=NEXT_STATION))
    case.do(NEXT_HANDLER, c.Accept())
    case.do(NEXT_HANDLER, ANSWER)
    case.do(VISITOR, HAPPY)
    assert case.state.answers[-1].round == 2


def test_an_answer_that_leaned_on_the_accused_goes_back_to_its_lead() -> None:
    case = accepted(co_offices=(NEXT_STATION, FAR_STATION))
    case.do(NEXT_HANDLER, c.CoReport(text="seen"))
    case.do(FAR_HANDLER, c.CoReport(text="seen"))
    case.do(HANDLER, ANSWER)
    case.do(OPERATOR, naming(NEXT_STATION))
    assert (case.state.stage, case.state.round, case.state.lead) == (Stage.SUPERVISE, 2, STATION)
    assert [(office.unit, office.reported) for office in case.state.co_offices] == [(FAR_STATION, False)]


def test_somebody_who_had_no_part_is_named_and_nothing_stops() -> None:
    case = answered()
    case.do(OPERATOR, naming(FAR_STATION))
    assert (case.state.stage, case.state.round) == (Stage.REVISIT, 1)


def test_a_withdrawn_case_is_signed_by_another_and_a_doubted_one_goes_to_another_office() -> None:
    case = accepted()
    case.do(OPERATOR, c.Withdraw(reason="no longer"))
    case.do(OPERATOR, naming(STATION, people=(BRANCH_CHIEF.id,), chiefs_of=(BRANCH,)))
    assert (case.state.stage, case.state.ground, case.state.accountable) == (Stage.SIGN_OFF, Ground.WITHDRAWN, CITY)
    check_kept_from(case, HANDLER, BRANCH_CHIEF)
    case.do(CITY_CHIEF, c.Rework(reason="they say otherwise"))
    assert (case.state.stage, case.state.lead) == (Stage.ASSIGN, "")
    case.do(SUPERVISOR, c.Assign(lead=FAR_STATION))


def test_in_the_archive_it_only_says_who_is_kept_out() -> None:
    case = archived()
    case.do(SUPERVISOR, naming(STATION))
    assert (case.state.stage, case.state.lead, case.state.ground) == (Stage.ARCHIVE, STATION, Ground.SATISFIED)
    check_kept_from(case, HANDLER, STATION_CHIEF)


def test_a_follower_answered_by_those_it_accuses_stands_alone() -> None:
    case = Case()
    case.do(OPERATOR, MERGE)
    case.do(SYSTEM, follow())
    case.do(OPERATOR, naming(FAR_STATION))
    assert (case.state.merged_into, case.state.stage, case.state.lead) == ("", Stage.ASSIGN, "")


def test_what_policy_alone_approved_goes_to_the_chief() -> None:
    fast = Case(filing(complexity=Complexity.SIMPLE))
    assert (fast.state.stage, fast.state.approved_by_policy) == (Stage.ASSIGN, True)
    fast.do(SUPERVISOR, naming(FAR_STATION))
    assert fast.state.stage is Stage.ASSIGN, "still nothing a chief must look at"
    fast.do(SUPERVISOR, naming(STATION))
    assert (fast.state.stage, fast.state.accountable) == (Stage.APPROVE, BRANCH)
    fast.do(BRANCH_CHIEF, c.Approve())
    read = approved()
    read.do(OPERATOR, naming(STATION))
    assert read.state.stage is Stage.ASSIGN, "a person has read it"


@pytest.mark.parametrize("stage", [Stage.SUPERVISE, Stage.REVISIT])
def test_with_the_city_bureau_accused_only_the_authority_outside_can_take_it(stage: Stage) -> None:
    case = accepted() if stage is Stage.SUPERVISE else answered()
    case.do(OPERATOR, naming(CITY))
    assert case.state.stage is Stage.ASSIGN
    check_kept_from(case, OPERATOR, CITY_CHIEF, actor(Role.CHIEF, CITY_DESK))
    case.do(UPSTREAM, c.Transfer(to=UPSTREAM.id, reason="called up"))
