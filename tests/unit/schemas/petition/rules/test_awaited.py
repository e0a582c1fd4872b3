"""What a case waits for, on every path a case can take."""

from __future__ import annotations

import pytest
from hypothesis import given, settings

from schemas.kernel.actor import SYSTEM
from schemas.kernel.refusal import Refusal
from schemas.petition import commands as c
from schemas.petition.rules import RULES, decide, fold
from schemas.petition.rules.awaited import awaited, possible, waiting_for
from schemas.petition.state import Petition
from tests.strategies import (
    BRANCH_CHIEF,
    HANDLER,
    MONDAY,
    NEXT_HANDLER,
    PETITIONER,
    STATION_CHIEF,
    SUPERVISOR,
    VISITOR,
    Step,
    play,
    scripts,
    those_who_may,
)
from tests.unit.schemas.petition.rules.test_refusals import (
    ACCEPTED,
    ANGRY,
    ANSWERED,
    APPROVED,
    ARCHIVED,
    ASKED,
    ASSIGNED,
    JOINT,
    OFFER,
    OFFERED,
    PAUSED,
    RETURNED,
    SATISFIED,
    SEALED,
    UNHAPPY,
    Walk,
    after,
)


@settings(max_examples=40, deadline=None)
@given(scripts(max_steps=16))
def test_whoever_a_case_waits_for_may_take_the_step(steps: list[Step]) -> None:
    state, _ = play(steps)
    if state is None:
        return
    assert bool(awaited(state)) or not state.open or bool(state.merged_into)
    for kind in awaited(state):
        for actor in those_who_may(state, kind):
            if kind in waiting_for(state, actor):
                refusal = possible(state, kind, actor, state.touched_at)
                assert refusal is None, (kind, refusal)


@settings(max_examples=40, deadline=None)
@given(scripts(max_steps=16))
def test_what_is_taken_was_possible(steps: list[Step]) -> None:
    state: Petition | None = None
    now = MONDAY
    for order, pause in steps:
        now += pause
        decided = decide(state, order, now)
        if isinstance(decided, Refusal):
            continue
        kind = order.command.kind
        if state is not None and kind in RULES and RULES[kind].people:
            assert possible(state, kind, order.actor, now) is None
        state = fold(decided, state)


def test_a_step_that_is_not_theirs_to_take_is_not_possible_however_well_it_is_filled_in() -> None:
    state = after(APPROVED).state
    assert possible(state, "assign", SUPERVISOR, state.touched_at) is None
    for kind, actor, code in (("assign", HANDLER, "role_wrong"), ("accept", HANDLER, "stage_wrong")):
        refusal = possible(state, kind, actor, state.touched_at)
        assert refusal is not None
        assert refusal.code == code


@pytest.mark.parametrize(
    ("steps", "waits_for"),
    [
        ((), ("approve", "decline", "transfer")),
        (((SYSTEM, c.AdmitMember(number="XA-2026-S-000002")),), ("approve",)),
        (OFFERED, ("answer_transfer",)),
        (APPROVED, ("assign",)),
        ((*APPROVED, (BRANCH_CHIEF, OFFER)), ("answer_transfer",)),
        (ASSIGNED, ("accept",)),
        (ACCEPTED[:-1], ("co_report",)),
        (ACCEPTED, ("reply",)),
        (ASKED, ("grant_extension", "refuse_extension", "reply")),
        (PAUSED, ("resume",)),
        (RETURNED, ("uphold_return", "refuse_return")),
        (ANSWERED, ("record_revisit",)),
        ((*ANSWERED, (VISITOR, UNHAPPY)), ("rework", "terminate")),
        ((*ANSWERED, (PETITIONER, ANGRY)), ("rework", "record_revisit", "terminate")),
        (SATISFIED, ("sign_off",)),
        ((*SATISFIED, (PETITIONER, ANGRY)), ("rework", "terminate")),
        (ARCHIVED, ("disclose",)),
        (SEALED, ()),
    ],
)
def test_what_a_case_waits_for_at_each_station(steps: Walk, waits_for: tuple[str, ...]) -> None:
    assert awaited(after(steps).state) == waits_for


def test_of_a_step_that_several_share_each_does_their_part() -> None:
    assert waiting_for(after(ASSIGNED).state, HANDLER) == ("accept",)
    joint = after(JOINT).state
    assert waiting_for(joint, BRANCH_CHIEF) == (), "their key is turned"
    assert waiting_for(joint, STATION_CHIEF) == ("sign_off",)
    helping = after(ACCEPTED[:-1]).state
    assert waiting_for(helping, NEXT_HANDLER) == ("co_report",)
    assert waiting_for(helping, HANDLER) == (), "the lead's own handler has nothing to report to itself"
