"""The table of rights, read backwards, names the command that was really given."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings

from schemas.kernel.actor import SYSTEM, Role
from schemas.kernel.refusal import Refusal
from schemas.petition import events as e
from schemas.petition.rules import decide, evolve
from schemas.petition.rules.deeds import Basis, right_of
from schemas.petition.rules.handling import ACCUSED_OFFICE
from schemas.petition.state import Petition
from tests.strategies import MONDAY, Step, scripts


def test_the_hand_over_that_a_followed_answer_brings_is_no_order_of_its_own() -> None:
    following = {"approved", "resumed", "assigned", "replied"}
    handed = e.Assigned(at=MONDAY, lead="XA/XF", note="XA-2026-S-000002")
    assert right_of(None, handed, SYSTEM, following).basis is Basis.CONSEQUENCE
    assert right_of(None, handed, SYSTEM, {"assigned"}).command == "assign"


def test_a_case_left_by_an_accused_office_left_because_of_the_answer() -> None:
    left = e.Unmerged(at=MONDAY, out_of="XA-2026-S-000002", reason=ACCUSED_OFFICE)
    assert right_of(None, left, SYSTEM, {"unmerged"}).command == "follow_reply"
    assert right_of(None, left, SYSTEM, {"unmerged", "reworked", "clock_set"}).basis is Basis.CONSEQUENCE


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
        beside = {event.kind for event in made}
        for event in made:
            right = right_of(state, event, order.actor, beside)
            if right.basis in (Basis.RIGHT, Basis.SYSTEM):
                asked += 1
                assert right.command == order.command.kind, event
                assert (right.basis is Basis.SYSTEM) == (order.actor.role is Role.SYSTEM)
                if right.basis is Basis.RIGHT and right.command != "file":
                    assert right.scope is not None
            state = evolve(state, event)
        assert asked <= 1, made
