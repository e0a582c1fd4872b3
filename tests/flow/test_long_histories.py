"""A history that grows long is continued in a new run: nothing is lost, nothing is done twice, nobody notices."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
import pytest_asyncio
from temporalio.testing import WorkflowEnvironment

from schemas.kernel.errors import UserError
from schemas.petition import commands as c
from schemas.petition.events import Escalated
from schemas.petition.state import Stage
from tests.flow.house import CHIEF, HANDLER, SUPERVISOR, House, opened
from tests.flow.paths import ANSWER, closed, merged, supervised
from tests.machine_fixtures import running_engine

pytestmark = [pytest.mark.flow, pytest.mark.asyncio(loop_scope="module")]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def impatient_engine() -> AsyncIterator[WorkflowEnvironment]:
    async with running_engine(limit__historyCount__suggestContinueAsNew="20") as environment:
        yield environment


@pytest_asyncio.fixture(loop_scope="module")
async def house(impatient_engine: WorkflowEnvironment, database_dsn: str) -> AsyncIterator[House]:
    async with opened(impatient_engine, database_dsn) as house:
        yield house


async def runs(house: House, number: str) -> int:
    """How many runs the case has had so far."""
    run, count = (await house.handle(number).describe()).run_id, 0
    while run:
        count += 1
        first = await house.client.get_workflow_handle(house.handle(number).id, run_id=run).fetch_history()
        run = first.events[0].workflow_execution_started_event_attributes.continued_execution_run_id
    return count


async def test_a_case_goes_through_many_runs_and_keeps_everything(house: House) -> None:
    number = await supervised(house)
    for at in range(12):
        await house.act(number, HANDLER, c.ReportProgress(text=f"第{at}步"))
        state = await house.agreed(number)
        assert state.seq == 5 + at
    await house.act(number, HANDLER, ANSWER)
    assert await runs(house, number) >= 4
    await closed(house, number)
    assert (await house.agreed(number)).stage is Stage.ARCHIVED


async def test_an_order_repeated_in_a_later_run_gets_its_first_answer(house: House) -> None:
    number = await supervised(house)
    first = await house.act(number, SUPERVISOR, c.Urge(text="请抓紧"), command_id="once")
    reply = await house.act(number, HANDLER, ANSWER, command_id="reply")
    for at in range(3):
        await house.act(number, CHIEF, c.Rework(reason=f"第{at}次"))
        await house.act(number, HANDLER, ANSWER)
    assert await runs(house, number) >= 2
    rows = await house.record.history(number)
    assert (await house.act(number, HANDLER, ANSWER, command_id="reply")).seq == reply.seq
    with pytest.raises(UserError):
        await house.act(number, HANDLER, ANSWER, command_id="another")
    await house.act(number, CHIEF, c.Rework(reason="再一次"))
    again = await house.act(number, SUPERVISOR, c.Urge(text="请抓紧"), command_id="once")
    assert again.seq >= first.seq
    assert [row.event.kind for row in await house.record.history(number)].count("urged") == 1
    assert len(await house.record.history(number)) == len(rows) + 2
    await house.agreed(number)


async def test_the_ladder_goes_on_in_the_next_run(house: House) -> None:
    number = await supervised(house)
    await house.skip(number, timedelta(days=16))
    rungs = [event.rung for event in await house.events(number) if isinstance(event, Escalated)]
    assert rungs == ["reminder", "yellow", "red", "up1", "up2"]
    assert await runs(house, number) >= 2
    await house.agreed(number)


async def test_many_orders_at_the_turn_of_a_run(house: House) -> None:
    number = await supervised(house)
    for wave in range(3):
        await asyncio.gather(*(house.act(number, SUPERVISOR, c.Urge(text=f"{wave}-{at}")) for at in range(6)))
    assert (await house.agreed(number)).urged == 18
    assert await runs(house, number) >= 2


async def test_messages_between_cases_find_the_newest_run(house: House) -> None:
    for number in await merged(house):
        await house.agreed(number)
