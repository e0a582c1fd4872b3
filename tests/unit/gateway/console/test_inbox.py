"""Which cases are looked at for somebody's inbox: none that waits for them may be among those that are not."""

from __future__ import annotations

from hypothesis import given, settings

from gateway.console.inbox.facts import stages_of
from schemas.kernel.actor import Role
from schemas.petition.rules.awaited import ASKED, ASKING, DECIDED, DECIDING, USUAL, awaited
from schemas.petition.state import Stage
from tests.strategies import Step, play, scripts


@settings(max_examples=40, deadline=None)
@given(scripts(max_steps=16))
def test_whatever_a_case_waits_for_is_looked_for(steps: list[Step]) -> None:
    state, _ = play(steps)
    if state is None:
        return
    for kind in awaited(state):
        if kind in DECIDED:
            assert any(getattr(state, name) is not None for name in DECIDING), kind
            continue
        usual = kind in USUAL.get(state.stage, ())
        assert usual or kind in ASKED[state.stage]
        assert usual or any(getattr(state, name) is not None for name in ASKING), kind


def test_a_chief_is_asked_for_approval_whatever_waits_for_others() -> None:
    usual = stages_of(Role.CHIEF, USUAL)
    assert Stage.APPROVE in usual
    assert Stage.SIGN_OFF in usual
    assert not {Stage.ASSIGN, Stage.SUPERVISE} & set(usual)
    assert Stage.SUPERVISE in stages_of(Role.CHIEF, ASKED)
