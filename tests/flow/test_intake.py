"""Filing: one message, one case, whoever brings it how often; and a filing that never took place leaves the number usable."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select
from temporalio.client import (
    WithStartWorkflowOperation,
    WorkflowExecutionStatus,
    WorkflowFailureError,
    WorkflowUpdateFailedError,
)
from temporalio.common import WorkflowIDConflictPolicy

from activities.record.intake import CaseNumberAllocator
from gateway.case_service import CaseService, Rules
from schemas.kernel.errors import UserError
from schemas.petition import commands as c
from schemas.petition.state import Stage
from schemas.record import tables as t
from tests.flow.house import CHIEF, HANDLER, OPERATOR, WEEKDAYS, House, content, hearing, policy
from tests.flow.paths import answered, closed
from tests.keys import RING
from workflows.contract import PETITION_WORKFLOW, PETITIONS_QUEUE, Answer, PetitionStart, workflow_id

pytestmark = [pytest.mark.flow, pytest.mark.asyncio(loop_scope="session")]


def second_door(house: House) -> CaseService:
    async def rules() -> Rules:
        return Rules(policy=policy(), calendar=WEEKDAYS, city="XA")

    return CaseService(house.client, house.record, CaseNumberAllocator(house.database, RING), rules, hearing)


async def cases(house: House) -> int:
    async with house.database.connect() as connection:
        return (await connection.execute(select(func.count()).select_from(t.cases))).scalar_one()


async def test_two_doors_with_the_same_message_make_one_case(house: House) -> None:
    before, message, other = await cases(house), content(), second_door(house)
    filings = await asyncio.gather(
        *(desk.file(OPERATOR, message) for desk in (house.desk, other, house.desk, other, house.desk))
    )
    assert len({(filing.number, filing.tracking_code) for filing in filings}) == 1
    assert [filing.known for filing in filings].count(False) == 1
    assert await cases(house) == before + 1
    await house.agreed(filings[0].number)


async def test_two_contents_under_one_id_are_one_case_and_one_refusal(house: House) -> None:
    message = content()
    changed = message.model_copy(update={"text": "另一件事"})
    done = await asyncio.gather(
        house.desk.file(OPERATOR, message), second_door(house).file(OPERATOR, changed), return_exceptions=True
    )
    errors = [each for each in done if isinstance(each, BaseException)]
    assert [error.code for error in errors if isinstance(error, UserError)] == ["source_event_conflict"]
    assert len(errors) == 1


async def test_many_messages_at_once_get_numbers_without_a_gap(house: House) -> None:
    filings = await asyncio.gather(*(house.desk.file(OPERATOR, content()) for _ in range(12)))
    numbers = sorted(int(filing.number.rpartition("-")[2]) for filing in filings)
    assert numbers == list(range(numbers[0], numbers[0] + 12))


async def test_a_message_of_a_sealed_case_is_known(house: House) -> None:
    message = content()
    filing = await house.desk.file(OPERATOR, message)
    await house.act(filing.number, CHIEF, c.Decline(ground="litigation", notice="XA-1"))
    again = await house.desk.file(OPERATOR, message)
    assert (again.number, again.known, again.stage) == (filing.number, True, Stage.ARCHIVE)


async def test_a_filing_refused_at_the_desk_takes_no_number(house: House) -> None:
    message = content(title=" ")
    for changes, code in (({"title": " "}, "field_missing"), ({"channel": "smoke"}, "channel_unknown")):
        with pytest.raises(UserError) as refusal:
            await house.desk.file(OPERATOR, content(**changes))
        assert refusal.value.code == code
    with pytest.raises(UserError) as refusal:
        await house.desk.file(HANDLER, content())
    assert refusal.value.code == "role_wrong"
    with pytest.raises(UserError) as refusal:
        await house.desk.file(OPERATOR, content(), received_at=datetime.now(UTC) - timedelta(days=1))
    assert refusal.value.code == "source_time_untrusted"
    async with house.database.connect() as connection:
        query = select(t.intake).where(t.intake.c.source_event_id == message.source_event_id)
        assert (await connection.execute(query)).first() is None


async def test_a_run_whose_first_order_is_refused_ends_and_blocks_nobody(house: House) -> None:
    message = content()
    reserved = await CaseNumberAllocator(house.database, RING).reserve(message, "XA", datetime.now(UTC))
    number = reserved.number
    wrong = c.File(number=number, content=message, policy=policy().figures("claim", "complex"), calendar=WEEKDAYS)
    operation: WithStartWorkflowOperation[Any, Any] = WithStartWorkflowOperation(
        PETITION_WORKFLOW,
        PetitionStart(number=number),
        id=workflow_id(number),
        task_queue=PETITIONS_QUEUE,
        id_conflict_policy=WorkflowIDConflictPolicy.FAIL,
    )
    with pytest.raises(WorkflowUpdateFailedError):
        await house.client.execute_update_with_start_workflow(
            "file",
            c.Order(actor=HANDLER, command=wrong),
            start_workflow_operation=operation,
            id="wrong",
            result_type=Answer,
        )
    assert await house.record.history(number) == []
    await house.skip(number, timedelta(minutes=11))
    with pytest.raises(WorkflowFailureError):
        await house.handle(number).result()
    assert (await house.handle(number).describe()).status is WorkflowExecutionStatus.FAILED
    filing = await house.desk.file(OPERATOR, message)
    assert (filing.number, filing.known) == (number, True)
    await house.agreed(number)


async def test_a_sealed_number_is_not_filed_again(house: House) -> None:
    number = await answered(house)
    await closed(house, number)
    before = await house.record.history(number)
    order = c.Order(
        actor=OPERATOR,
        command=c.File(
            number=number, content=content(), policy=policy().figures("claim", "complex"), calendar=WEEKDAYS
        ),
    )
    # as if the engine had forgotten the run long ago: the record alone must keep the number from being used twice
    handle = await house.client.start_workflow(
        PETITION_WORKFLOW, PetitionStart(number=number), id=workflow_id(number), task_queue=PETITIONS_QUEUE
    )
    await handle.execute_update("file", order, id="file", result_type=Answer)
    await handle.result()
    assert await house.record.history(number) == before
