"""What a case waits for, on every path a case can take."""

from __future__ import annotations

from hypothesis import given, settings

from schemas.lifecycle import RULES, decide, fold
from schemas.lifecycle.awaited import awaited, possible, waiting_for
from schemas.petition import Petition
from schemas.refusals import Refusal
from tests.strategies import MONDAY, Step, play, scripts, those_who_may


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
    for order, after in steps:
        now += after
        decided = decide(state, order, now)
        if isinstance(decided, Refusal):
            continue
        kind = order.command.kind
        if state is not None and kind in RULES and RULES[kind].people:
            assert possible(state, kind, order.actor, now) is None
        state = fold(decided, state)
