"""A fold in one go is the fold step by step, and neither touches the state it began with."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, given, settings
from pydantic import BaseModel

from schemas.petition.rules import evolve, fold
from schemas.petition.rules.custody import handed_over
from schemas.petition.state import Petition
from tests.strategies import Step, play, scripts


@given(scripts(max_steps=20))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_a_fold_is_its_steps_and_leaves_the_states_before_alone(steps: list[Step]) -> None:
    _, events = play(steps)
    states: list[Petition] = []
    dumps: list[dict[str, Any]] = []
    state: Petition | None = None
    for event in events:
        state = evolve(state, event)
        states.append(state)
        dumps.append(state.model_dump())
        assert handed_over(state, state.touched_at) == state.spans, f"{event.kind} hands over: see OWNERSHIP"
    assert fold(events) == state
    for place, before in enumerate(states):
        assert fold(events[place + 1 :], before) == state
    assert [each.model_dump() for each in states] == dumps


@given(scripts(max_steps=10))
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_a_copy_is_what_pydantic_itself_would_make_of_it(steps: list[Step]) -> None:
    state, _ = play(steps)
    if state is None:
        return
    update = {"round": state.round + 1, "lead": "XA"}
    ours, theirs = state.model_copy(update=update), BaseModel.model_copy(state, update=update)
    assert ours == theirs
    assert ours.model_dump() == theirs.model_dump() == {**state.model_dump(), **update}
    assert ours.model_dump(exclude_unset=True) == theirs.model_dump(exclude_unset=True)
    assert hash(state.clocks) == hash(state.model_copy(deep=True).clocks)
    assert state.model_copy() == state
    assert state.model_copy() is not state
