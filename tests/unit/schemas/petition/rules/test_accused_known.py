"""Who is answered as of a case that is there, and what words and consents leave as it is."""

from __future__ import annotations

from schemas.petition import commands as c
from schemas.petition.rules import may_know
from schemas.petition.rules.accused import consented
from schemas.petition.state import Accusation
from tests.strategies import (
    BRANCH,
    BRANCH_CHIEF,
    CITY,
    COMPLAINTS_OFFICER,
    FAR_HANDLER,
    FAR_STATION,
    OPERATOR,
    PETITIONER,
    STATION_CHIEF,
    UPSTREAM,
    Case,
    filing,
)
from tests.unit.schemas.petition.rules.test_accused import held

NOBODY = c.DecideAccused(nobody=True, reason="另指他人")


def test_who_is_answered_as_of_a_case_that_is_there() -> None:
    case = held(accusation=None)
    assert may_know(case.state, OPERATOR)
    assert may_know(case.state, PETITIONER)
    assert not may_know(case.state, FAR_HANDLER)
    assert not may_know(case.state, UPSTREAM)
    case.do(BRANCH_CHIEF, c.Transfer(to=UPSTREAM.id, reason="归其管辖"))
    assert may_know(case.state, UPSTREAM)
    assert not may_know(case.state, UPSTREAM.model_copy(update={"id": "12389", "unit": "12389"}))
    # Where the whole bureau is accused, the outside alone can call the case up.
    assert may_know(Case(filing(by=UPSTREAM, accused_units=(CITY,))).state, UPSTREAM)


def test_words_against_nobody_by_name_do_not_hold_a_case_again_that_is_known_to_complain() -> None:
    general = Accusation(unit=BRANCH, words=("警察",))
    case = held(accusation=general)
    case.do(COMPLAINTS_OFFICER, NOBODY)
    assert case.state.held is None
    case.do(OPERATOR, c.Amend(reason="来电更正", text="你们警察不管事", accusation=general))
    assert case.state.held is None


def test_consent_lets_nobody_off_whom_the_verdict_did_not_judge() -> None:
    """Whatever brought a case there: what waits for consent falls when others are named, so no order leads to it."""
    case = held()
    case.do(COMPLAINTS_OFFICER, NOBODY)
    state = case.state
    assert state.held is not None
    more = state.held.model_copy(update={"units": (*state.held.units, FAR_STATION)})
    for changed in ({"held": None}, {"held": more}, {"accused_persons": (STATION_CHIEF.id,)}, {"pending": None}):
        answer = consented(state.model_copy(update=changed), case.now)
        assert not isinstance(answer, list)
        assert answer.code == "nothing_to_countersign"
