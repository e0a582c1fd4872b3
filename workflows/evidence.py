"""What is done for the evidence by the clock: closed runs are sealed, the heads of all chains are signed, the three copies are compared.

Each is one activity; a workflow around it gives it the engine's patience and its schedule.
"""

from __future__ import annotations

from datetime import timedelta

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
"""Without end otherwise: a database or an engine that is away comes back, and a key that is missing can be put back."""

BEATS = timedelta(seconds=30)
"""Without a sign of life for so long, a worker is taken for dead and another one begins again."""


@workflow.defn(name=SEAL_WORKFLOW)
class SealWorkflow:
    """Seals the runs that have closed since the last time."""

    @workflow.run
    async def run(self) -> Swept:
        """The schedule hands over what the last sweep said; the first one, or one after a gap, looks at everything."""
        last = workflow.get_last_completion_result(Swept) if workflow.has_last_completion_result() else None
        return await workflow.execute_activity(
            SEAL_CLOSED,
            SealOrder(since=last.settled_before if last is not None else None),
            result_type=Swept,
            start_to_close_timeout=timedelta(hours=6),
            heartbeat_timeout=BEATS,
            retry_policy=RETRY,
        )


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
            heartbeat_timeout=BEATS,
            retry_policy=RETRY,
        )
