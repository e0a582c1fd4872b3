"""Personal data in clear: whose work needs it, by which reasons, how often, and what is unusual in it."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import given as drawn
from hypothesis import strategies as st
from pydantic import ValidationError

from schemas.access.revealing import (
    LEAST_WORDS,
    Given,
    Need,
    Unusual,
    Use,
    check_ceiling,
    given,
    lies_elsewhere,
    needs_of,
    unusual,
)
from schemas.kernel.actor import SYSTEM, Actor, Role
from schemas.kernel.errors import UserError
from schemas.petition import commands as c
from schemas.petition.rules import evolve, may_see
from schemas.petition.rules_version import CURRENT_RULES
from schemas.petition.state import Accusation, Outcome, Petition, Stage
from schemas.policy import RevealPolicy
from tests.strategies import (
    AUDITOR,
    BRANCH,
    BRANCH_CHIEF,
    CITY_CHIEF,
    FAR_HANDLER,
    HANDLER,
    MONDAY,
    NEXT_HANDLER,
    OPERATOR,
    PEOPLE,
    STATION,
    SUPERVISOR,
    VISITOR,
    Case,
    Step,
    actor,
    calendar,
    filing,
    moment,
    play,
    scripts,
)

N = Need
DESK = actor(Role.OPERATOR, "XA/A1/XF")
FAR_DESK = actor(Role.OPERATOR, "XA/A2/01")
BRANCH_VISITOR, STATION_VISITOR = actor(Role.VISITOR, "XA/A1/XF"), actor(Role.VISITOR, STATION)


def code_of(state: Petition, who: Actor) -> str:
    try:
        return ",".join(needs_of(state, who))
    except UserError as refused:
        assert refused.zh and refused.en
        return refused.code


def life() -> dict[str, Petition]:
    """A case at each of its stations."""
    case = Case(filing(rules=CURRENT_RULES))
    seen = {"approve": case.state}
    steps = (
        ("assign", BRANCH_CHIEF, c.Approve()),
        ("handed", OPERATOR, c.Assign(lead=STATION)),
        ("accepted", HANDLER, c.Accept()),
        ("revisit", HANDLER, c.Reply(outcome=Outcome.SUPPORTED, text="路灯已修好")),
        (
            "sign_off",
            VISITOR,
            c.RecordRevisit(reached=True, solved=True, satisfied_with_office=True, satisfied_with_unit=True),
        ),
        ("archive", BRANCH_CHIEF, c.SignOff()),
    )
    for name, who, command in steps:
        case.do(who, command)
        seen[name] = case.state
    return seen


def test_the_stage_and_the_person_whose_work_needs_it() -> None:
    """The matrix, written out."""
    desks = {OPERATOR.id, DESK.id}
    wanted = {
        "approve": desks,
        "assign": desks,
        "handed": set[str](),
        "accepted": {HANDLER.id},
        "revisit": {VISITOR.id, BRANCH_VISITOR.id},
        "sign_off": {BRANCH_CHIEF.id, f"{BRANCH_CHIEF.id}/deputy"},
        "archive": set[str](),
    }
    people = (*PEOPLE, DESK, FAR_DESK, NEXT_HANDLER, FAR_HANDLER, SUPERVISOR, CITY_CHIEF, BRANCH_VISITOR)
    at_work = [each for each in people if each.role not in (Role.AUDITOR, Role.SYSTEM)]
    for station, state in life().items():
        may = {who.id for who in at_work if code_of(state, who) not in ("reveal_not_needed", "recused")}
        # The station's own desk files for itself; the duplicate people of the lists change nothing.
        assert may - {actor(Role.OPERATOR, STATION).id} == {
            *wanted[station],
            *(
                each.id
                for each in at_work
                if each.id.startswith("operator@XA/A1/XF/") and station in ("approve", "assign")
            ),
        }, station
        assert needs_of(state, AUDITOR) == (N.SAMPLE, N.LOOK_INTO, N.OTHER)
        assert needs_of(state, SYSTEM) == tuple(Need)


def test_what_each_may_see_it_for() -> None:
    seen = life()
    assert needs_of(seen["approve"], OPERATOR) == (N.CALL_BACK, N.VERIFY_IDENTITY, N.HAND_OVER, N.OTHER)
    assert needs_of(seen["accepted"], HANDLER) == (
        N.CALL_BACK,
        N.VISIT,
        N.VERIFY_IDENTITY,
        N.DELIVER_ANSWER,
        N.OTHER,
    )
    assert needs_of(seen["revisit"], VISITOR) == (N.CALL_BACK, N.VISIT, N.VERIFY_IDENTITY, N.OTHER)
    assert needs_of(seen["sign_off"], BRANCH_CHIEF) == (N.VERIFY_IDENTITY, N.OTHER)


def test_who_handled_it_does_not_see_it_as_a_visitor() -> None:
    assert code_of(life()["revisit"], STATION_VISITOR) == "reveal_not_needed"


def test_a_desk_still_tells_the_petitioner_of_a_decline() -> None:
    case = Case(filing(rules=CURRENT_RULES))
    case.do(BRANCH_CHIEF, c.Decline(ground="litigation", notice="告字 1 号"))
    assert needs_of(case.state, OPERATOR) == (N.DELIVER_ANSWER, N.HAND_OVER, N.OTHER)
    assert code_of(case.state, FAR_DESK) == "reveal_not_needed"
    assert code_of(case.state, BRANCH_CHIEF) == "reveal_not_needed"


def test_nobody_before_it_is_decided_who_is_complained_of() -> None:
    accusation = Accusation(unit=BRANCH, units=(STATION,), words=("民警", "骂"))
    state = Case(filing(rules=CURRENT_RULES, accusation=accusation)).state
    assert state.held is not None
    for who in (*PEOPLE, DESK, AUDITOR, SYSTEM):
        assert code_of(state, who) in ("reveal_before_decision", "recused"), who.id
    assert code_of(state, SYSTEM) == code_of(state, AUDITOR) == "reveal_before_decision"


@drawn(scripts(max_steps=20), st.sampled_from((*PEOPLE, AUDITOR)))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_in_no_life_does_it_open_to_who_does_not_see_the_case_or_before_the_decision(
    steps: list[Step], who: Actor
) -> None:
    _, events = play(steps)
    state: Petition | None = None
    for event in events:
        state = evolve(state, event)
        if code_of(state, who) in ("reveal_not_needed", "recused", "reveal_before_decision"):
            continue
        assert state.held is None
        assert may_see(state, who)
        assert who.role in (Role.OPERATOR, Role.HANDLER, Role.VISITOR, Role.CHIEF, Role.AUDITOR)
        assert who.role is not Role.HANDLER or (state.stage is Stage.SUPERVISE and state.accepted_at is not None)


ALL = tuple(Need)
DESK_NEEDS = (N.CALL_BACK, N.VERIFY_IDENTITY, N.OTHER)


@pytest.mark.parametrize(
    ("reason", "words", "wanted"),
    [
        ("call_back", "", Given(need=N.CALL_BACK)),
        (" 回电联系 ", "", Given(need=N.CALL_BACK)),
        ("other", "群众来所要求更正所留的住址", Given(need=N.OTHER, words="群众来所要求更正所留的住址")),
        ("", "群众来所要求\n更正所留的住址", Given(need=N.OTHER, words="群众来所要求 更正所留的住址")),
        ("回访需要致电信访人核实", "", Given(need=N.OTHER, words="回访需要致电信访人核实")),
    ],
)
def test_a_reason_is_listed_or_said(reason: str, words: str, wanted: Given) -> None:
    assert given(reason, words, DESK_NEEDS) == wanted
    assert wanted.said in ("回电联系", wanted.words)


@pytest.mark.parametrize(
    ("reason", "words", "code"),
    [
        ("", "", "reason_missing"),
        (" \x00\n", "", "reason_missing"),
        ("visit", "", "reveal_reason_unknown"),
        ("sample", "", "reveal_reason_unknown"),
        ("因为", "群众来所要求更正所留的住址", "reveal_reason_unknown"),
        ("call_back", "群众来所要求更正所留的住址", "reveal_words_unwanted"),
        ("other", "", "reveal_words_missing"),
        ("核对身份吧", "", "reveal_words_missing"),
        ("other", "看看看看看看看看看看看看", "reveal_words_missing"),
        ("other", "看 一 下 他 的 号 码", "reveal_words_missing"),
    ],
)
def test_what_is_no_reason_is_said_with_those_there_are(reason: str, words: str, code: str) -> None:
    with pytest.raises(UserError) as refused:
        given(reason, words, DESK_NEEDS)
    assert refused.value.code == code
    assert code == "reveal_words_unwanted" or "call_back" in refused.value.en


def test_all_reasons_have_a_word() -> None:
    assert all(Given(need=need).said != need.value for need in ALL)
    assert LEAST_WORDS == 10


FIGURES = RevealPolicy(daily_ceiling=3, unusual_in_an_hour=3, unusual_elsewhere=2, unusual_same_case=3, unusual_other=2)


def use(at: datetime = MONDAY, case: str = "C-1", need: Need = N.CALL_BACK, *, elsewhere: bool = False) -> Use:
    return Use(at=at, case_number=case, need=need, elsewhere=elsewhere)


@pytest.mark.parametrize(
    ("new", "before", "wanted"),
    [
        (use(), [], ()),
        (use(case="C-3"), [use(case="C-1"), use(case="C-2")], (Unusual.MANY_IN_AN_HOUR,)),
        (use(case="C-3"), [use(MONDAY - timedelta(hours=1), "C-1"), use(case="C-2")], ()),
        (use(), [use(MONDAY - timedelta(hours=2)), use(MONDAY - timedelta(hours=1, seconds=1))], (Unusual.SAME_CASE,)),
        (use(moment(3, 2, 7, 59)), [], (Unusual.OUTSIDE_HOURS,)),
        (use(moment(3, 2, 8)), [], ()),
        (use(moment(3, 2, 19, 59)), [], ()),
        (use(moment(3, 2, 20)), [], (Unusual.OUTSIDE_HOURS,)),
        (use(moment(3, 1)), [], (Unusual.OUTSIDE_HOURS,)),
        (use(elsewhere=True), [use(case="C-2", elsewhere=True)], (Unusual.NOT_OWN_CASES,)),
        (use(elsewhere=True), [use(elsewhere=True)], ()),
        (use(need=N.OTHER), [use(MONDAY - timedelta(hours=3), need=N.OTHER)], (Unusual.OTHER_REASONS,)),
        (use(need=N.OTHER), [use(MONDAY - timedelta(days=1), need=N.OTHER)], ()),
    ],
)
def test_what_is_unusual(new: Use, before: list[Use], wanted: tuple[Unusual, ...]) -> None:
    assert unusual(new, before, FIGURES, calendar()) == wanted


def test_the_ceiling() -> None:
    check_ceiling(2, FIGURES)
    with pytest.raises(UserError, match="reveal_ceiling_reached") as refused:
        check_ceiling(3, FIGURES)
    assert refused.value.facts == {"limit": 3}


def test_whose_case_it_is() -> None:
    state = life()["accepted"]
    assert not lies_elsewhere(state, HANDLER)
    assert not lies_elsewhere(state, OPERATOR.model_copy(update={"unit": state.registrar, "scope": ""}))
    assert lies_elsewhere(state, actor(Role.CHIEF, "XA/A2"))
    assert not lies_elsewhere(state, AUDITOR)
    assert not lies_elsewhere(state, SYSTEM)


def test_hours_that_cannot_be() -> None:
    with pytest.raises(ValidationError, match="working_from"):
        RevealPolicy(working_from=20, working_until=8)
