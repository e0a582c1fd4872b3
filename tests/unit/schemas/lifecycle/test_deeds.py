"""The table of rights, read backwards, names the command that was really given."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings

from schemas.lifecycle import decide, evolve
from schemas.lifecycle.deeds import Basis, right_of
from schemas.petition import Petition, Role
from schemas.refusals import Refusal
from tests.strategies import MONDAY, Step, scripts


@given(scripts(max_steps=25))
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_every_event_is_traced_to_the_order_that_made_it(steps: list[Step]) -> None:
    state: Petition | None = None
    now = MONDAY
    for order, after in steps:
        now += after
        made = decide(state, order, now)
        if isinstance(made, Refusal):
            continue
        asked = 0
        for event in made:
            right = right_of(state, event, order.actor)
            if right.basis in (Basis.RIGHT, Basis.SYSTEM):
                asked += 1
                assert right.command == order.command.kind, event
                assert (right.basis is Basis.SYSTEM) == (order.actor.role is Role.SYSTEM)
                if right.basis is Basis.RIGHT and right.command != "file":
                    assert right.scope is not None
            state = evolve(state, event)
        assert asked <= 1, made
