"""A revisit the petitioner contradicts, and a code issued anew: what they change, and what they leave on record."""

from __future__ import annotations

from datetime import timedelta

import pytest

from schemas.petition import commands as c
from schemas.petition import events as e
from schemas.petition.rules import petitioner_satisfied
from schemas.petition.state import Ground, RatingDoor, Stage
from schemas.petition.wording.narration import narrate
from schemas.sealing.factors import Factor
from tests.strategies import BRANCH_CHIEF, HANDLER, OPERATOR, PETITIONER, SUPERVISOR, VISITOR, Case
from tests.unit.schemas.petition.rules.test_paths import HAPPY, UNHAPPY, answered, code

OTHERWISE = c.ContradictRevisit(revisit=1, words="没有人问过我")
YES = c.Rate(solved=True, satisfied_with_office=True, satisfied_with_unit=True)


def visited(*more: c.Command) -> Case:
    case = answered()
    case.do(VISITOR, HAPPY)
    for command in more:
        case.do(BRANCH_CHIEF, command)
    return case


@pytest.mark.parametrize("more", [(), (c.SignOff(),)])
def test_a_case_that_was_to_be_closed_by_it_is_revisited_anew(more: tuple[c.Command, ...]) -> None:
    case = visited(*more)
    case.do(PETITIONER, OTHERWISE)
    state = case.state
    assert (state.stage, state.ground, state.rating, state.signed_by) == (Stage.REVISIT, None, None, ())
    assert petitioner_satisfied(state) is None
    assert not state.accounted, "what was found without fault by policy was found of a satisfied petitioner"
    assert code(case.ask(BRANCH_CHIEF, c.SignOff())) == "stage_wrong"
    assert code(case.ask(VISITOR, c.Rework(reason="x"))) == "not_revisited"
    case.do(VISITOR, HAPPY)
    case.do(BRANCH_CHIEF, c.SignOff())
    assert case.state.stage is Stage.ARCHIVE


def test_a_closed_case_is_taken_up_again() -> None:
    case = visited(c.SignOff())
    if not case.state.accounted:
        case.do(SUPERVISOR, c.Account(no_fault=True))
    case.do(SUPERVISOR, c.Disclose(published=False, exemption="privacy", countersigned_by="someone"))
    if case.state.open:
        case.do(OPERATOR, c.Countersign(agreed=True))
    assert not case.state.open
    run = case.state.run
    case.do(PETITIONER, OTHERWISE)
    assert (case.state.open, case.state.run, case.state.ground) == (True, run + 1, None)
    again = next(each for each in reversed(case.events) if isinstance(each, e.Reopened))
    assert again.facts == "没有人问过我"
    assert code(case.ask(PETITIONER, OTHERWISE)) == "contradicted_already"


def test_each_revisit_takes_it_once_and_only_what_closes_is_overruled() -> None:
    case = answered()
    assert code(case.ask(PETITIONER, OTHERWISE)) == "revisit_unknown"
    case.do(VISITOR, UNHAPPY)
    case.do(PETITIONER, OTHERWISE)
    rating = case.state.rating
    assert rating is not None, "a no is not wiped out by anything but another visit"
    assert not rating.satisfied
    assert code(case.ask(PETITIONER, OTHERWISE)) == "contradicted_already"
    case.do(VISITOR, HAPPY)
    assert case.state.stage is Stage.SIGN_OFF
    assert code(case.ask(PETITIONER, OTHERWISE)) == "contradicted_already"
    case.do(PETITIONER, c.ContradictRevisit(revisit=2))
    assert (case.state.stage, case.state.contradicted) == (Stage.REVISIT, (1, 2))


@pytest.mark.parametrize("who", [VISITOR, OPERATOR, HANDLER, SUPERVISOR, BRANCH_CHIEF])
def test_nobody_contradicts_in_their_name(who: object) -> None:
    case = visited()
    assert code(case.ask(who, OTHERWISE)) == "role_wrong"  # type: ignore[arg-type]


def test_a_case_that_was_not_closed_by_it_stays_closed() -> None:
    case = answered()
    case.do(VISITOR, UNHAPPY)
    case.do(OPERATOR, c.Withdraw(reason="群众撤回"))
    case.do(BRANCH_CHIEF, c.SignOff())
    case.do(PETITIONER, OTHERWISE)
    assert (case.state.stage, case.state.ground) == (Stage.ARCHIVE, Ground.WITHDRAWN)
    case.do(SUPERVISOR, c.Account(no_fault=True))
    case.do(SUPERVISOR, c.Disclose(published=False, exemption="privacy", countersigned_by="someone"))
    if case.state.open:
        case.do(OPERATOR, c.Countersign(agreed=True))
    case.do(OPERATOR, c.ReissueCode(reason="遗失"))
    assert code(case.ask(PETITIONER, c.ContradictRevisit(revisit=1))) == "contradicted_already"


def test_a_rating_by_a_code_issued_anew_says_so() -> None:
    case = answered()
    assert code(case.ask(OPERATOR, c.ReissueCode(reason=" "))) == "field_missing"
    assert code(case.ask(HANDLER, c.ReissueCode(reason="遗失"))) == "role_wrong"
    case.do(OPERATOR, c.ReissueCode(reason="遗失"))
    issued = case.now
    case.do(OPERATOR, c.ReissueCode(reason="又遗失"))
    assert case.state.code is not None
    assert case.state.code.issue == 2
    case.now += timedelta(hours=1)
    case.do(PETITIONER, YES.model_copy(update={"door": RatingDoor.PUBLIC, "factor": Factor.PHONE}))
    rated = case.events[-1]
    assert isinstance(rated, e.Rated)
    assert (rated.code_by, rated.code_at, rated.taken_down) == (OPERATOR.id, issued, False)
    zh, en = narrate(rated)
    assert f"由 {OPERATOR.id} 于" in zh
    assert "公众查询页" in zh
    assert "所留电话" in zh
    assert "public_page" in en
    case.do(OPERATOR, YES.model_copy(update={"door": RatingDoor.DESK}))
    by_desk = case.events[-1]
    assert isinstance(by_desk, e.Rated)
    assert (by_desk.taken_down, by_desk.door, by_desk.code_by) == (True, RatingDoor.DESK, "")
    assert "仅凭查询码" not in narrate(by_desk)[0]


def test_a_rating_by_the_code_alone_says_so() -> None:
    case = answered()
    case.do(PETITIONER, YES.model_copy(update={"door": RatingDoor.PUBLIC}))
    assert "仅凭查询码" in narrate(case.events[-1])[0]
    before = answered()
    before.do(PETITIONER, YES)
    assert narrate(before.events[-1])[0].endswith("对信访工作满意"), "as it was told before"


def test_the_office_that_answered_issues_no_codes() -> None:
    case = answered()
    own = OPERATOR.model_copy(update={"unit": HANDLER.unit, "id": "own-desk"})
    assert code(case.ask(own, c.ReissueCode(reason="遗失"))) == "visitor_of_office"
