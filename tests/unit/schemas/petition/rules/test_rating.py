"""The petitioner's own answer (评价): what it stops, what it does not, and that nobody speaks for them against it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from schemas.kernel.actor import SYSTEM
from schemas.petition import commands as c
from schemas.petition import events as e
from schemas.petition.rules import may_see, petitioner_satisfied
from schemas.petition.rules.awaited import awaited
from schemas.petition.state import Stage
from tests.strategies import (
    BRANCH_CHIEF,
    CITY_CHIEF,
    HANDLER,
    OPERATOR,
    PETITIONER,
    VISITOR,
    Case,
)
from tests.unit.schemas.petition.rules.test_paths import ANSWER, HAPPY, MERGE, UNHAPPY, answered, code, follow

YES = c.Rate(solved=True, satisfied_with_office=True, satisfied_with_unit=True)
NO = c.Rate(solved=False, satisfied_with_office=True, satisfied_with_unit=False, remark="还是不亮")


def later(case: Case) -> None:
    case.now += timedelta(hours=1)


def test_a_yes_closes_nothing_and_stands_in_for_no_revisit() -> None:
    case = answered()
    case.do(PETITIONER, YES)
    assert (case.state.stage, case.state.ground, petitioner_satisfied(case.state)) == (Stage.REVISIT, None, None)
    assert awaited(case.state) == ("record_revisit",)
    case.do(VISITOR, HAPPY)
    case.do(BRANCH_CHIEF, c.SignOff())
    assert case.state.stage is Stage.ARCHIVE


def test_a_no_lets_the_visitor_order_rework_and_binds_the_visit() -> None:
    case = answered()
    case.do(PETITIONER, NO)
    assert awaited(case.state) == ("rework", "record_revisit", "terminate")
    assert code(case.ask(VISITOR, HAPPY)) == "own_answer_differs"
    case.do(VISITOR, c.RecordRevisit(reached=False))
    case.do(VISITOR, c.RecordRevisit(reached=True, satisfied_with_office=True))
    assert awaited(case.state) == ("rework", "terminate")
    case.do(VISITOR, c.Rework(reason="dark"))
    assert (case.state.own_rating, case.state.round) == (None, 2)
    case.do(HANDLER, ANSWER)
    case.do(VISITOR, HAPPY)
    case.do(BRANCH_CHIEF, c.SignOff())


def test_a_no_after_the_visit_stops_the_signature_until_they_answer_again() -> None:
    case = answered()
    case.do(VISITOR, HAPPY)
    assert awaited(case.state) == ("sign_off",)
    case.do(PETITIONER, NO)
    assert awaited(case.state) == ("rework", "terminate")
    assert code(case.ask(BRANCH_CHIEF, c.SignOff())) == "own_answer_unsatisfied"
    case.do(PETITIONER, YES)
    assert [event.solved for event in case.events if isinstance(event, e.Rated)] == [False, True], "all stay readable"
    case.do(BRANCH_CHIEF, c.SignOff())
    assert case.state.stage is Stage.ARCHIVE


def test_a_no_after_the_visit_can_be_reworked_by_visitor_and_chief_or_terminated_from_above() -> None:
    for who, command in (
        (VISITOR, c.Rework(reason="dark")),
        (BRANCH_CHIEF, c.Rework(reason="dark")),
        (CITY_CHIEF, c.Terminate(basis="unreasonable", reason="x")),
    ):
        case = answered()
        case.do(VISITOR, HAPPY)
        assert code(case.ask(CITY_CHIEF, c.Terminate(basis="unreasonable", reason="x"))) == "satisfied_already"
        case.do(PETITIONER, NO)
        case.do(who, command)


def test_a_yes_after_an_unsatisfied_visit_asks_for_another_visit() -> None:
    case = answered()
    case.do(VISITOR, UNHAPPY)
    later(case)
    case.do(PETITIONER, YES)
    assert awaited(case.state) == ("record_revisit",)
    assert code(case.ask(VISITOR, c.Rework(reason="x"))) == "not_revisited"
    later(case)
    case.do(VISITOR, UNHAPPY)
    assert awaited(case.state) == ("rework", "terminate"), "what the visitor heard last counts"


def test_an_operator_takes_an_answer_down_and_never_undoes_the_petitioners_own_no() -> None:
    case = answered()
    case.do(OPERATOR, NO)
    assert case.state.own_rating is not None
    assert case.state.own_rating.taken_down
    assert code(case.ask(VISITOR, HAPPY)) == "own_answer_differs"
    case.do(OPERATOR, YES)
    case.do(PETITIONER, NO)
    assert code(case.ask(OPERATOR, YES)) == "own_answer_stands"
    assert code(case.ask(OPERATOR, NO)) == "own_answer_stands", "it would be the operator's to undo then"
    case.do(PETITIONER, YES)
    case.do(OPERATOR, NO)


def test_the_answer_of_an_earlier_round_no_longer_stands() -> None:
    case = answered()
    case.do(PETITIONER, NO)
    case.do(BRANCH_CHIEF, c.Rework(reason="dark"))
    assert code(case.ask(PETITIONER, NO)) == "stage_wrong"
    case.do(OPERATOR, c.Withdraw(reason="no longer"))
    assert code(case.ask(PETITIONER, NO)) == "nothing_to_rate", "the reply of the round before was rated then"


def test_a_withdrawn_case_is_not_held_up_and_the_chief_may_still_doubt_it() -> None:
    case = answered()
    case.do(PETITIONER, NO)
    case.do(OPERATOR, c.Withdraw(reason="no longer"))
    assert awaited(case.state) == ("sign_off",)
    case.do(PETITIONER, NO)
    doubted = case.ask(BRANCH_CHIEF, c.Rework(reason="they say otherwise"))
    assert isinstance(doubted, list)
    case.do(BRANCH_CHIEF, c.SignOff())


def test_each_petitioner_of_merged_cases_answers_for_their_own() -> None:
    case = Case()
    case.do(OPERATOR, MERGE)
    case.do(SYSTEM, follow())
    case.do(PETITIONER, NO)
    assert code(case.ask(VISITOR, HAPPY)) == "own_answer_differs"
    case.do(VISITOR, c.Rework(reason="my lamp is dark"))
    assert (case.state.merged_into, case.state.own_rating) == ("", None)


def test_a_joint_case_waits_with_its_second_key_while_the_petitioner_says_no() -> None:
    case = answered(joint=True)
    case.do(VISITOR, HAPPY)
    case.do(BRANCH_CHIEF, c.SignOff())
    case.do(PETITIONER, NO)
    case.do(BRANCH_CHIEF, c.Rework(reason="dark"))
    assert case.state.signed_by == ()


@pytest.mark.parametrize("office", [True, False])
def test_the_petition_office_is_rated_apart(*, office: bool) -> None:
    case = answered()
    case.do(PETITIONER, YES.model_copy(update={"satisfied_with_office": office}))
    assert case.state.own_rating is not None
    assert case.state.own_rating.satisfied
    case.do(VISITOR, HAPPY.model_copy(update={"satisfied_with_office": office}))
    case.do(BRANCH_CHIEF, c.SignOff())


def test_who_rates_sees_nothing_of_how_offices_work() -> None:
    case = answered()
    assert not may_see(case.state, PETITIONER)
