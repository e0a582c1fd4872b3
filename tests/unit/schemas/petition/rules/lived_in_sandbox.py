"""A workflow whose module lives a case while the sandbox imports it: whatever the lifecycle does there, it does under the sandbox's eyes."""

from __future__ import annotations

from temporalio import workflow

from schemas.kernel.actor import Actor, Role
from schemas.kernel.refusal import Refusal
from schemas.petition.commands import Approve, Order
from schemas.petition.rules import decide, evolve, next_alarm
from schemas.petition.state import Petition, Stage
from tests.unit.schemas.petition.rules.given import FILING, RECEIVED

filed = decide(None, FILING, RECEIVED)
if isinstance(filed, Refusal):
    raise AssertionError(filed.en)
state: Petition = evolve(None, filed[0])
approved = decide(state, Order(actor=Actor(id="chief", role=Role.CHIEF, unit="XA/A1"), command=Approve()), RECEIVED)
if isinstance(approved, Refusal):
    raise AssertionError(approved.en)
state = evolve(state, approved[0])
if state.stage is not Stage.ASSIGN or next_alarm(state) is None:
    raise AssertionError(state.stage)


@workflow.defn(name="lived")
class Lived:
    """Never run; prepared only."""

    @workflow.run
    async def run(self) -> None:
        """Nothing is left to do."""
