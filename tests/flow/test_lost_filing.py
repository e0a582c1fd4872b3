"""An engine under load can start a run and lose the order that came with it; no message may be lost by that."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from temporalio.client import WorkflowExecutionStatus, WorkflowFailureError

from activities.record.intake import CaseNumberAllocator
from schemas.petition.state import Stage
from tests.flow.house import OPERATOR, House, content
from tests.keys import RING
from workflows.contract import PETITION_WORKFLOW, PETITIONS_QUEUE, PetitionStart, workflow_id

pytestmark = [pytest.mark.flow, pytest.mark.asyncio(loop_scope="session")]


async def _started_without_its_filing(house: House, number: str) -> None:
    await house.client.start_workflow(
        PETITION_WORKFLOW, PetitionStart(number=number), id=workflow_id(number), task_queue=PETITIONS_QUEUE
    )
    # Answered only once the first task is done, and with it whatever the run does by itself.
    assert await house.handle(number).query("state") is None


async def test_a_filing_finds_the_run_that_waits_for_it(house: House) -> None:
    message = content()
    number = (await CaseNumberAllocator(house.database, RING).reserve(message, "XA", datetime.now(UTC))).number
    await _started_without_its_filing(house, number)
    filing = await house.desk.file(OPERATOR, message)
    assert (filing.number, filing.stage) == (number, Stage.APPROVE)
    assert (await house.agreed(number)).seq == 1


async def test_a_filing_that_comes_late_starts_its_run_anew(house: House) -> None:
    message = content()
    number = (await CaseNumberAllocator(house.database, RING).reserve(message, "XA", datetime.now(UTC))).number
    await _started_without_its_filing(house, number)
    await house.skip(number, timedelta(minutes=11))
    with pytest.raises(WorkflowFailureError):
        await house.handle(number).result()
    assert (await house.desk.file(OPERATOR, message)).number == number
    assert (await house.handle(number).describe()).status is WorkflowExecutionStatus.RUNNING
