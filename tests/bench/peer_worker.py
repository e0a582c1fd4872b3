"""``python -m tests.bench.peer_worker QUEUE``: a worker process of the peer of that queue, found like ours by its environment."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from datetime import timedelta
from pathlib import Path

import uvloop
from temporalio.worker import PollerBehaviorAutoscaling, UnsandboxedWorkflowRunner, Worker

from activities.record.case_record import CaseRecord
from activities.record.migrate import new_engine
from tests.bench.engine_only import (
    EMPTY_COMMIT_QUEUE,
    OUR_WAY_QUEUE,
    EngineOnlyPetition,
    nothing,
)
from tests.bench.peers import connect
from tests.bench.textbook import TEXTBOOK_QUEUE, TextbookPetition
from tests.bench.textbook_record import RecordActivities
from workers.activations import InlineExecutor


async def serve(queue: str) -> None:
    """Serves until SIGTERM."""
    stopped = asyncio.Event()
    our_way = queue in (OUR_WAY_QUEUE, EMPTY_COMMIT_QUEUE)
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopped.set)
    client = await connect(
        os.environ["SANZHANG_TEMPORAL"],
        namespace=os.environ["SANZHANG_NAMESPACE"],
        compressed=not our_way,
    )
    database = new_engine(os.environ["SANZHANG_DATABASE_DSN"], pool_size=20)
    if queue == TEXTBOOK_QUEUE:
        activities = RecordActivities(CaseRecord(database))
        worker = Worker(client, task_queue=queue, workflows=[TextbookPetition], activities=[activities.record])
    else:
        worker = Worker(
            client,
            task_queue=queue,
            workflows=[EngineOnlyPetition],
            activities=[nothing] if queue == EMPTY_COMMIT_QUEUE else [],
            workflow_runner=UnsandboxedWorkflowRunner(),
            workflow_task_executor=InlineExecutor() if our_way else None,
            max_cached_workflows=5_000,
            max_concurrent_workflow_tasks=200,
            max_workflow_task_external_storage_concurrency=1,
            workflow_task_poller_behavior=PollerBehaviorAutoscaling(initial=5, maximum=20),
            graceful_shutdown_timeout=timedelta(seconds=5),
        )
    async with worker:
        await asyncio.to_thread(Path(os.environ["SANZHANG_READY_FILE"]).touch)
        await stopped.wait()
    await database.dispose()


def main() -> None:
    """The process's entry."""
    queue = sys.argv[1]
    if queue == TEXTBOOK_QUEUE:
        asyncio.run(serve(queue))
    else:
        uvloop.run(serve(queue))


if __name__ == "__main__":
    main()
