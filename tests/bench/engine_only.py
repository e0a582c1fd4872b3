"""The floor: the same updates with nothing behind them, no activity, no timer, no database, and the fastest settings a worker can have.

What is left is the price of the engine itself; nothing that is durable in it can be quicker.
"""

from __future__ import annotations

from temporalio import workflow
from temporalio.exceptions import ApplicationError

from tests.bench.textbook import Case
from tests.bench.textbook_record import Step

ENGINE_ONLY_QUEUE = "engine-only"
UNCOMPRESSED_QUEUE = "engine-only-uncompressed"
"""The same once more over the transport of ours, which does without the SDK's compression."""


@workflow.defn
class EngineOnlyPetition:
    """One case, step by step."""

    @workflow.init
    def __init__(self, case: Case) -> None:
        self._case = case
        self._done = 0

    @workflow.run
    async def run(self, case: Case) -> None:
        await workflow.wait_condition(lambda: self._done == len(case.steps))

    @workflow.update
    async def take(self, step: Step) -> str:
        self._done += 1
        return step.name

    @take.validator
    def check(self, step: Step) -> None:
        if self._done >= len(self._case.steps) or self._case.steps[self._done] != step.name:
            raise ApplicationError(f"not the time to {step.name}")
