"""The carrier knows no petitions: an errand, told by its type alone, is filed, acted on, refused, reminded in time, and tells another."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from uuid import uuid4

import pytest
import pytest_asyncio
from temporalio.client import (
    Client,
    WithStartWorkflowOperation,
    WorkflowExecutionStatus,
    WorkflowHandle,
    WorkflowUpdateFailedError,
)
from temporalio.common import WorkflowIDConflictPolicy
from temporalio.exceptions import ApplicationError
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from activities.converter import data_converter
from activities.plugin import workflow_runner
from schemas.kernel.actor import Actor, Role
from tests.flow.errand.carried import ErrandWorkflow
from tests.flow.errand.errand import (
    WITHIN,
    Ask,
    Do,
    Errand,
    ErrandOrder,
    ErrandRecord,
    ErrandStart,
)
from workflows.contract import Answer

pytestmark = [pytest.mark.flow, pytest.mark.asyncio(loop_scope="session")]

SOMEBODY = Actor(id="somebody", role=Role.HANDLER, unit="XA/A3/01")


@dataclass
class Errands:
    environment: WorkflowEnvironment
    client: Client
    queue: str
    record: ErrandRecord

    def handle(self, number: str) -> WorkflowHandle[object, object]:
        return self.client.get_workflow_handle(f"errand-{number}")

    async def asked(self, number: str, after: str = "") -> Answer:
        operation: WithStartWorkflowOperation[object, object] = WithStartWorkflowOperation(
            "errand",
            ErrandStart(number=number),
            id=f"errand-{number}",
            task_queue=self.queue,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
        )
        order = ErrandOrder(actor=SOMEBODY, command=Ask(number=number, after=after))
        return await self.client.execute_update_with_start_workflow(
            "ask", order, start_workflow_operation=operation, id="ask", result_type=Answer
        )

    async def done(self, number: str) -> Answer:
        order = ErrandOrder(actor=SOMEBODY, command=Do())
        return await self.handle(number).execute_update("do", order, id=uuid4().hex, result_type=Answer)

    async def state(self, number: str) -> Errand:
        return await self.handle(number).query("state", result_type=Errand)


@pytest_asyncio.fixture(loop_scope="session", scope="module")
async def errands(engine: WorkflowEnvironment) -> AsyncIterator[Errands]:
    config = engine.client.config()
    config["data_converter"] = data_converter(None)
    client, record, queue = Client(**config), ErrandRecord(), f"errands-{uuid4().hex[:6]}"
    worker = Worker(
        client,
        task_queue=queue,
        workflows=[ErrandWorkflow],
        activities=[record.commit],
        workflow_runner=workflow_runner(),
    )
    async with worker:
        yield Errands(engine, client, queue, record)


async def test_it_is_filed_acted_on_and_ends(errands: Errands) -> None:
    assert await errands.asked("E-1") == Answer(number="E-1", seq=1, stage="waiting")
    assert await errands.asked("E-1") == Answer(number="E-1", seq=1, stage="waiting"), "repeated, it is the same"
    assert (await errands.done("E-1")).stage == "done"
    await errands.handle("E-1").result()
    assert errands.record.kinds("E-1") == ["asked", "done"]


async def test_what_it_refuses_is_written_nowhere(errands: Errands) -> None:
    await errands.asked("E-2")
    with pytest.raises(WorkflowUpdateFailedError) as refused:
        await errands.handle("E-2").execute_update(
            "ask", ErrandOrder(actor=SOMEBODY, command=Ask(number="E-2")), id="again", result_type=Answer
        )
    assert isinstance(refused.value.cause, ApplicationError)
    assert refused.value.cause.type == "stage_wrong"
    assert errands.record.kinds("E-2") == ["asked"]


async def test_its_alarm_rings_in_time(errands: Errands) -> None:
    await errands.asked("E-3")
    due = (await errands.state("E-3")).due
    await errands.environment.fast_forward(errands.handle("E-3"), WITHIN + timedelta(seconds=1))
    await errands.record.until("E-3", "asked", "reminded")
    assert errands.record.events["E-3"][1].at == due
    assert (await errands.state("E-3")).stage == "late"


async def test_it_tells_another_of_its_kind_once(errands: Errands) -> None:
    await errands.asked("E-4")
    await errands.asked("E-5", after="E-4")
    await errands.done("E-5")
    await errands.record.until("E-4", "asked", "heard")
    assert (await errands.state("E-4")).heard == ("E-5",)
    assert (await errands.handle("E-4").describe()).status is WorkflowExecutionStatus.RUNNING
