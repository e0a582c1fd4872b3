"""The worker that carries cases."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import timedelta

from temporalio.worker import PollerBehaviorAutoscaling, Worker

from activities.record.commit import CommitActivities
from activities.record.telling import Followers, TellingActivities
from workers.activations import InlineExecutor
from workers.composition import System
from workers.drain import BUILD, DRAIN
from workflows.contract import PETITIONS_QUEUE
from workflows.petition import PetitionWorkflow


@asynccontextmanager
async def serving(system: System) -> AsyncGenerator[Worker]:
    """A serving worker of the petitions queue."""
    settings = system.settings
    executor = InlineExecutor()
    worker = Worker(
        system.client,
        task_queue=PETITIONS_QUEUE,
        workflows=[PetitionWorkflow],
        activities=[
            CommitActivities(system.record).commit,
            TellingActivities(Followers(system.record, system.database, system.client)).tell_followers,
        ],
        max_cached_workflows=settings.max_cached_workflows,
        max_concurrent_workflow_tasks=settings.max_concurrent_workflow_tasks,
        max_concurrent_local_activities=settings.max_concurrent_local_activities,
        sticky_queue_schedule_to_start_timeout=timedelta(seconds=settings.sticky_timeout),
        workflow_task_executor=executor,
        # Nothing of ours lies in a store beside the engine; with more than one the SDK begins a task for each payload to look there.
        max_workflow_task_external_storage_concurrency=1,
        workflow_task_poller_behavior=PollerBehaviorAutoscaling(initial=5, maximum=20),
        graceful_shutdown_timeout=DRAIN,
        build_id=BUILD,
    )
    with executor:
        async with worker:
            yield worker
