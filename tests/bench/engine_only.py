"""The floor: the same updates with nothing behind them, no activity, no timer, no database, and the fastest settings a worker can have.

What is left is the price of the engine itself; nothing that is durable in it can be quicker. The same once more with an empty local activity
in each step is the price of a commit before it commits anything; nothing that answers from a record can be quicker than that.
"""

from __future__ import annotations

from datetime import timedelta

from temporalio import activity, workflow
from temporalio.exceptions import ApplicationError

from tests.bench.textbook import Case
from tests.bench.textbook_record import Step

ENGINE_ONLY_QUEUE = "engine-only"
OUR_WAY_QUEUE = "engine-only-our-way"
"""The same once more the way ours goes: without the SDK's compression, its tasks carried out by our executor."""
EMPTY_COMMIT_QUEUE = "empty-commit"
"""With an empty local activity in each step, that way."""


@activity.defn
async def nothing() -> None:
    """A commit of nothing."""


@workflow.defn
class EngineOnlyPetition:
    """One case, step by step; on the queue of the empty commit each step waits for a local activity that does nothing."""

    @workflow.init
    def __init__(self, case: Case) -> None:
        self._case = case
        self._done = 0

    @workflow.run
    async def run(self, case: Case) -> None:
        await workflow.wait_condition(lambda: self._done == len(case.steps))
        await workflow.wait_condition(workflow.all_handlers_finished)

    @workflow.update
    async def take(self, step: Step) -> str:
        if workflow.info().task_queue == EMPTY_COMMIT_QUEUE:
            await workflow.execute_local_activity(nothing, start_to_close_timeout=timedelta(seconds=10))
        self._done += 1
        return step.name

    @take.validator
    def check(self, step: Step) -> None:
        if self._done >= len(self._case.steps) or self._case.steps[self._done] != step.name:
            raise ApplicationError(f"not the time to {step.name}")
