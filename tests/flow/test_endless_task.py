"""A workflow whose code runs on without end loses its task, and its worker serves the others."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
from temporalio import workflow
from temporalio.api.enums.v1 import EventType
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from workers.activations import InlineExecutor

pytestmark = [pytest.mark.flow, pytest.mark.asyncio(loop_scope="session")]

QUEUE = "endless"

mended: list[bool] = []
"""Empty as long as the code has its defect."""


@workflow.defn(sandboxed=False)
class Endless:
    """Runs on and on until it is mended."""

    @workflow.run
    async def run(self) -> str:
        while not mended:
            pass
        return "mended"


@workflow.defn(sandboxed=False)
class Sound:
    """Has no defect."""

    @workflow.run
    async def run(self) -> str:
        return "sound"


async def test_its_task_fails_and_is_tried_again_while_others_are_served(engine: WorkflowEnvironment) -> None:
    mended.clear()
    client, name = engine.client, uuid4().hex
    with InlineExecutor(0.2) as executor:
        async with Worker(client, task_queue=QUEUE, workflows=[Endless, Sound], workflow_task_executor=executor):
            endless = await client.start_workflow(Endless.run, id=f"endless-{name}", task_queue=QUEUE)
            failed = None
            while failed is None:
                events = [event async for event in endless.fetch_history_events()]
                failed = next((e for e in events if e.event_type == EventType.EVENT_TYPE_WORKFLOW_TASK_FAILED), None)
            sound = client.execute_workflow(
                Sound.run, id=f"sound-{name}", task_queue=QUEUE, execution_timeout=timedelta(seconds=30)
            )
            assert await sound == "sound"
            failure = failed.workflow_task_failed_event_attributes.failure
            assert failure.application_failure_info.type == "TaskOverdueError"
            assert "test_endless_task.py" in failure.message
            mended.append(True)
            assert await endless.result() == "mended"
