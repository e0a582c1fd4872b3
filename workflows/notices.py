"""The dispatch of notices: one workflow that never ends, so that notices go out as long as any notices worker lives."""

from __future__ import annotations

from datetime import timedelta

from temporalio import workflow
from temporalio.client import Client, WorkflowHandle
from temporalio.common import RetryPolicy, WorkflowIDConflictPolicy

with workflow.unsafe.imports_passed_through():
    from activities.notices.contract import DELIVER_DUE, Dispatched, DispatchOrder
    from workflows.contract import NOTICES_ID, NOTICES_QUEUE, NOTICES_WORKFLOW

RETRY = RetryPolicy(
    initial_interval=timedelta(seconds=1), backoff_coefficient=2.0, maximum_interval=timedelta(seconds=30)
)
"""Without end: a database that is away comes back. Receivers that are away are the outbox's own matter and fail no activity."""


@workflow.defn(name=NOTICES_WORKFLOW)
class NoticeDispatchWorkflow:
    """Hands the outbox to one activity after another.

    Idle, it costs six events (three quarters of a kB) for each activity, that is every 50 s by default: some 10,000 events a day, in runs of 3,000 (seven
    hours), whose histories the engine drops after its retention.
    """

    @workflow.run
    async def run(self, order: DispatchOrder) -> None:
        """Until this run's history is long enough."""
        for _ in range(order.rounds):
            if workflow.info().is_continue_as_new_suggested():
                break
            await workflow.execute_activity(
                DELIVER_DUE,
                order,
                result_type=Dispatched,
                # several batches of slow receivers may follow each other within one patience
                start_to_close_timeout=timedelta(seconds=order.patience) + timedelta(minutes=5),
                heartbeat_timeout=timedelta(seconds=20),
                retry_policy=RETRY,
            )
        workflow.continue_as_new(order)


async def start_dispatch(
    client: Client,
    order: DispatchOrder | None = None,
    *,
    workflow_id: str = NOTICES_ID,
    task_queue: str = NOTICES_QUEUE,
) -> WorkflowHandle[NoticeDispatchWorkflow, None]:
    """Starts the dispatch where it doesn't run; every notices worker does so at its start."""
    return await client.start_workflow(
        NoticeDispatchWorkflow.run,
        order or DispatchOrder(),
        id=workflow_id,
        task_queue=task_queue,
        id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
    )
