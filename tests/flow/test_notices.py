"""From an order given to a case to the people it concerns, through the real engine."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import select
from temporalio.client import WorkflowExecutionStatus, WorkflowHandle
from temporalio.worker import Replayer, Worker

from activities.converter import data_converter
from activities.notices.contract import DispatchOrder
from activities.notices.deliver import NoticeActivities
from activities.notices.dispatch import Addresses, Dispatcher
from activities.notices.transports import Transport
from activities.notices.webhook import WebhookTransport
from activities.plugin import workflow_runner
from activities.record.case_record import utc_now
from schemas.kernel.worktime import SHANGHAI
from schemas.petition import commands as c
from schemas.petition.notices import AddressBook
from schemas.record import tables as t
from tests.flow.house import CHIEF, SUPERVISOR, House
from tests.receiver import SECRET, receiving
from tests.small_bureau import organisation
from workflows.notices import NoticeDispatchWorkflow, start_dispatch

pytestmark = [pytest.mark.flow, pytest.mark.asyncio(loop_scope="session")]

PATIENCE = 20.0
TOLD = ["chief", "han", "han2", "op", "op2"]
"""Who hears of a case that is filed, approved and assigned."""
SHORT, LONG = DispatchOrder(patience=1.0), DispatchOrder(patience=300.0)


async def addresses() -> AddressBook:
    return AddressBook(organisation())


class Daytime:
    """A clock that starts at noon two days ahead: no test waits for the morning, and every notice of today is due."""

    def __init__(self) -> None:
        noon = (datetime.now(SHANGHAI) + timedelta(days=2)).replace(hour=12, minute=0)
        self._ahead = noon.astimezone(UTC) - utc_now()

    def __call__(self) -> datetime:
        return utc_now() + self._ahead

    def skip(self, span: timedelta) -> None:
        self._ahead += span


@contextlib.asynccontextmanager
async def dispatching(
    house: House,
    *transports: Transport,
    clock: Daytime,
    queue: str,
    order: DispatchOrder = SHORT,
    addresses: Addresses = addresses,
) -> AsyncGenerator[WorkflowHandle[Any, None]]:
    """A notices worker, and the dispatch it starts."""
    dispatcher = Dispatcher(house.database, addresses, transports, clock=clock)
    worker = Worker(
        house.client,
        task_queue=queue,
        workflows=[NoticeDispatchWorkflow],
        activities=[NoticeActivities(dispatcher).deliver_due],
        workflow_runner=workflow_runner(),
        graceful_shutdown_timeout=timedelta(seconds=5),
    )
    async with worker:
        yield await start_dispatch(house.client, order, workflow_id=queue, task_queue=queue)


async def inbox(house: House, number: str) -> list[str]:
    query = select(t.inbox.c.person).where(t.inbox.c.case_number == number).order_by(t.inbox.c.person)
    async with house.database.connect() as connection:
        return list((await connection.execute(query)).scalars())


async def undelivered(house: House, number: str) -> list[Any]:
    query = select(t.outbox).where(t.outbox.c.case_number == number, t.outbox.c.delivered_at.is_(None))
    async with house.database.connect() as connection:
        return list((await connection.execute(query)).mappings())


async def until(holds: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not await holds():  # noqa: ASYNC110 (what is waited for is in a database)
            await asyncio.sleep(0.05)


async def assigned(house: House) -> str:
    number = (await house.file()).number
    await house.act(number, CHIEF, c.Approve())
    await house.act(number, SUPERVISOR, c.Assign(lead="XA/A3/02"))
    return number


async def test_what_is_ordered_reaches_those_it_concerns(house: House) -> None:
    queue = f"notices-{uuid4().hex[:8]}"
    number = await assigned(house)

    async def all_delivered() -> bool:
        return not await undelivered(house, number)

    async with dispatching(house, clock=Daytime(), queue=queue) as handle:
        await until(all_delivered)
        assert await inbox(house, number) == TOLD
        second = await start_dispatch(house.client, workflow_id=queue, task_queue=queue)
        assert second.result_run_id == handle.result_run_id
        # what comes while it waits is found as well
        await house.act(number, SUPERVISOR, c.Urge(text="请抓紧", card="yellow"))
        await until(all_delivered)
        assert await inbox(house, number) == sorted([*TOLD, "chief2", "han", "han2"])
    await handle.terminate()


async def test_a_stopping_worker_leaves_the_dispatch_to_the_next(house: House) -> None:
    queue, clock = f"notices-{uuid4().hex[:8]}", Daytime()
    async with dispatching(house, clock=clock, queue=queue, order=LONG):
        started = asyncio.get_running_loop().time()
    # it was in the middle of a long wait, and let go of it at once
    assert asyncio.get_running_loop().time() - started < 5
    number = await assigned(house)
    async with dispatching(house, clock=clock, queue=queue, order=LONG) as handle:

        async def all_delivered() -> bool:
            return not await undelivered(house, number)

        await until(all_delivered)
        assert (await handle.describe()).status is WorkflowExecutionStatus.RUNNING
    await handle.terminate()


async def test_a_receiver_that_was_down_gets_everything_once(house: House) -> None:
    queue, clock = f"notices-{uuid4().hex[:8]}", Daytime()
    number = await assigned(house)

    with receiving() as receiver:
        receiver.down = True

        async def tried() -> bool:
            waiting = await undelivered(house, number)
            return len(waiting) == 3 and all(row["last_error"] for row in waiting)

        async def all_delivered() -> bool:
            clock.skip(timedelta(seconds=10))
            return not await undelivered(house, number)

        async with httpx.AsyncClient() as client:
            outside = WebhookTransport(client, receiver.url, SECRET)
            async with dispatching(house, outside, clock=clock, queue=queue) as handle:
                await until(tried)
                assert await inbox(house, number) == TOLD
                receiver.down = False
                await until(all_delivered)
            await handle.terminate()
        kept = [notice for notice in receiver.kept if notice.startswith(f"{number}:")]
        assert len(kept) == len(receiver.of(number)) == 3
        assert receiver.forged == 0
    assert await inbox(house, number) == TOLD


async def test_a_database_that_fails_for_a_moment_only_delays(house: House) -> None:
    queue, clock = f"notices-{uuid4().hex[:8]}", Daytime()
    number = await assigned(house)
    failures = 0

    async def troubled() -> AddressBook:
        nonlocal failures
        failures += 1
        if failures == 1:
            raise ConnectionResetError
        return AddressBook(organisation())

    async def all_delivered() -> bool:
        return not await undelivered(house, number)

    async with dispatching(house, clock=clock, queue=queue, addresses=troubled) as handle:
        await until(all_delivered)
    await handle.terminate()
    assert failures > 1
    assert await inbox(house, number) == TOLD


async def test_its_history_stays_short_and_replays(house: House) -> None:
    queue = f"notices-{uuid4().hex[:8]}"
    order = DispatchOrder(patience=0.0, rounds=5)
    async with dispatching(house, clock=Daytime(), queue=queue, order=order) as handle:
        newest = house.client.get_workflow_handle(queue)

        async def afresh() -> bool:
            return (await newest.describe()).run_id != handle.first_execution_run_id

        await until(afresh)
        past = house.client.get_workflow_handle(queue, run_id=handle.first_execution_run_id)
        history = await past.fetch_history()
        await newest.terminate()
    # the start and the end of a run cost five events more
    assert len(history.events) <= 6 * order.rounds + 5
    assert sum(event.ByteSize() for event in history.events) <= 1_000 * order.rounds + 1_500
    replayer = Replayer(
        workflows=[NoticeDispatchWorkflow],
        data_converter=data_converter(None),
        workflow_runner=workflow_runner(),
    )
    await replayer.replay_workflow(history)
