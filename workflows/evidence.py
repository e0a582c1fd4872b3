"""What is done for the evidence by the clock: closed runs are sealed, the heads of all chains are signed, the three copies are compared.

Each is one activity; a workflow around it gives it the engine's patience and its schedule.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from temporalio import workflow
from temporalio.common import RetryPolicy

with workflow.unsafe.imports_passed_through():
    from activities.evidence.contract import (
        MAKE_CHECKPOINT,
        RECONCILE_ALL,
        SEAL_CLOSED,
        CheckpointMade,
        Reconciled,
        SealOrder,
        Swept,
    )
    from workflows.contract import CHECKPOINT_WORKFLOW, RECONCILE_WORKFLOW, SEAL_WORKFLOW

RETRY = RetryPolicy(
    initial_interval=timedelta(seconds=1),
    backoff_coefficient=2.0,
    maximum_interval=timedelta(minutes=1),
    # A store or a log that is not what it was does not become so again; the next checkpoint will say it anew.
    non_retryable_error_types=[
        "CheckpointStoreConflictError",
        "CheckpointStoreAheadError",
        "CheckpointStoreMissingError",
        "LogCutError",
    ],
)
"""Otherwise for as long as the turn lasts: a database or an engine that is away comes back, and a key that is missing can be put back."""

DAY: Final = timedelta(days=1)

SEAL_TURN: Final = timedelta(hours=6)
"""A sweep that does not come to its end by then is given up, so that the next can begin: what it has sealed stays sealed."""

DAILY_TURN: Final = timedelta(hours=20)
"""As `SEAL_TURN`, for what comes once a day."""

BEATS = timedelta(seconds=30)
"""Without a sign of life for so long, a worker is taken for dead and another one begins again."""


@workflow.defn(name=SEAL_WORKFLOW)
class SealWorkflow:
    """Seals the runs that have closed since the last time."""

    @workflow.run
    async def run(self) -> Swept:
        """The schedule hands over what the last sweep said; the first one, and one each day, looks at everything."""
        last = workflow.get_last_completion_result(Swept) if workflow.has_last_completion_result() else None
        whole_at = last.whole_at if last is not None else None
        since = None
        if last is not None and whole_at is not None and workflow.now() - whole_at < DAY:
            since = last.settled_before
        swept = await workflow.execute_activity(
            SEAL_CLOSED,
            SealOrder(since=since),
            result_type=Swept,
            start_to_close_timeout=timedelta(hours=2),
            schedule_to_close_timeout=SEAL_TURN,
            heartbeat_timeout=BEATS,
            retry_policy=RETRY,
        )
        return swept if since is None else swept.model_copy(update={"whole_at": whole_at})


@workflow.defn(name=CHECKPOINT_WORKFLOW)
class CheckpointWorkflow:
    """Signs the heads of all chains."""

    @workflow.run
    async def run(self) -> CheckpointMade:
        """Once; fails where the log or its store is not what it was."""
        return await workflow.execute_activity(
            MAKE_CHECKPOINT,
            result_type=CheckpointMade,
            start_to_close_timeout=timedelta(hours=1),
            schedule_to_close_timeout=DAILY_TURN,
            heartbeat_timeout=BEATS,
            retry_policy=RETRY,
        )


@workflow.defn(name=RECONCILE_WORKFLOW)
class ReconcileWorkflow:
    """Compares engine, record and read model."""

    @workflow.run
    async def run(self) -> Reconciled:
        """Once, through all cases."""
        return await workflow.execute_activity(
            RECONCILE_ALL,
            result_type=Reconciled,
            start_to_close_timeout=timedelta(hours=6),
            schedule_to_close_timeout=DAILY_TURN,
            heartbeat_timeout=BEATS,
            retry_policy=RETRY,
        )
