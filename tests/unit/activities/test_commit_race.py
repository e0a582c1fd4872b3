"""The same command at the record several times at once, as when an attempt is given up for lost and repeated while it still runs.

And a process that remembers an end of a case which another has moved since.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from asyncpg import InterfaceError, InternalClientError, PostgresConnectionError
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from activities.record.case_record import CaseRecord
from activities.record.migrate import migrate, new_engine
from schemas.petition import commands as c
from schemas.petition.commit import Committed
from schemas.petition.rules import fold
from tests.bench.path import HANDLER
from tests.databases import own_database
from tests.unit.activities.commit_orders import assigned_order, filed_order, order_of


@pytest_asyncio.fixture
async def engine(database_dsn: str) -> AsyncIterator[AsyncEngine]:
    await migrate(database_dsn)
    engine = new_engine(database_dsn, pool_size=10)
    yield engine
    await engine.dispose()


@pytest.mark.parametrize("times", [2, 8])
async def test_it_is_written_once_and_answered_to_all(engine: AsyncEngine, times: int) -> None:
    record = CaseRecord(engine)
    filed = filed_order(f"RACE-{times}")
    await record.commit(filed)
    assigned = assigned_order(filed)
    answers = await asyncio.gather(*(record.commit(assigned) for _ in range(times)))
    last = assigned.expected_seq + len(assigned.events)
    assert sorted(answer.mine for answer in answers) == [0, *[last] * (times - 1)]
    assert all(answer.events in ((), assigned.events) for answer in answers)
    assert len(await record.history(filed.number)) == last


async def test_a_filing_in_several_processes_at_once_is_one(engine: AsyncEngine) -> None:
    filed = filed_order("RACE-FILED")
    answers = await asyncio.gather(*(CaseRecord(engine).commit(filed) for _ in range(6)))
    assert sorted(answer.mine for answer in answers) == [0, *[len(filed.events)] * 5]
    assert len(await CaseRecord(engine).history(filed.number)) == len(filed.events)


async def test_a_process_that_is_behind_looks_again(engine: AsyncEngine) -> None:
    here, there = CaseRecord(engine), CaseRecord(engine)
    filed = filed_order("RACE-BEHIND")
    await here.commit(filed)
    assigned = assigned_order(filed)
    assert await there.commit(assigned) == Committed()
    other = await here.commit(assigned_order(filed, "another"))
    assert (other.mine, other.events) == (0, assigned.events)
    accept = c.Order(actor=HANDLER, command=c.Accept())
    accepted = order_of(fold((*filed.events, *assigned.events)), filed.number, accept, "accept")
    assert await here.commit(accepted) == Committed()
    assert (await here.commit(accepted)).mine == accepted.expected_seq + len(accepted.events)
    assert len(await there.history(filed.number)) == accepted.expected_seq + len(accepted.events)


async def test_a_command_that_wrote_nothing_is_remembered_all_the_same(engine: AsyncEngine) -> None:
    record = CaseRecord(engine)
    filed = filed_order("RACE-NOTHING")
    await record.commit(filed)
    assigned = assigned_order(filed)
    assert await record.commit(assigned.model_copy(update={"events": ()})) == Committed()
    again = await record.commit(assigned)
    assert (again.events, again.mine) == ((), assigned.expected_seq)
    assert len(await record.history(filed.number)) == len(filed.events)


async def test_a_case_does_not_begin_with_a_command_that_wrote_nothing(engine: AsyncEngine) -> None:
    record = CaseRecord(engine)
    nothing = filed_order("RACE-EMPTY").model_copy(update={"events": ()})
    with pytest.raises(ValueError, match="no events to begin with"):
        await record.commit(nothing)
    assert await record.after(nothing.number, nothing.command_id) is None


async def test_whoever_wrote_the_last_event_writes_the_next_in_one_statement(engine: AsyncEngine) -> None:
    record = CaseRecord(engine)
    filed = filed_order("RACE-ALONE")
    statements: list[str] = []

    def heard(logged: Any) -> None:
        statements.append(str(logged.query))

    # What the driver sends, by whichever way it was asked to.
    async with engine.connect() as connection:
        driver = (await connection.get_raw_connection()).driver_connection
        assert driver is not None
        driver.add_query_logger(heard)
    await record.commit(filed)
    await record.commit(assigned_order(filed))
    # The driver tells in the next turn of the loop.
    await asyncio.sleep(0)
    assert [statement.split()[0] for statement in statements] == ["WITH", "WITH"]


async def test_a_database_that_went_costs_an_attempt_or_two_and_no_more(database_dsn: str) -> None:
    async with own_database(database_dsn, "commit_gone") as dsn:
        await migrate(dsn)
        engine, elsewhere = new_engine(dsn), new_engine(dsn)
        record = CaseRecord(engine)
        filed = filed_order("RACE-GONE")
        await record.commit(filed)
        async with elsewhere.connect() as connection:
            await connection.execute(
                text(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE pid <> pg_backend_pid() AND datname = current_database()"
                )
            )
        await elsewhere.dispose()
        for _ in range(2):
            with contextlib.suppress(DBAPIError, PostgresConnectionError, InterfaceError, InternalClientError):
                await record.commit(assigned_order(filed))
        assert (await record.commit(assigned_order(filed))).mine
        assert len(await record.history(filed.number)) == len(filed.events) + len(assigned_order(filed).events)
        await engine.dispose()


async def test_a_commit_given_up_midway_and_repeated_is_written_once(engine: AsyncEngine) -> None:
    record = CaseRecord(engine)
    filed = filed_order("RACE-CANCELLED")
    await record.commit(filed)
    async with engine.begin() as holding:
        await holding.execute(
            text("SELECT FROM cases WHERE case_number = :number FOR UPDATE"), {"number": filed.number}
        )
        given_up = asyncio.create_task(record.commit(assigned_order(filed)))
        async with engine.connect() as looking:
            waiting = text("SELECT count(*) FROM pg_locks WHERE NOT granted")
            while not (await looking.execute(waiting)).scalar_one():
                continue
        given_up.cancel()
        with pytest.raises(asyncio.CancelledError):
            await given_up
    # The database may have written the first one all the same.
    await record.commit(assigned_order(filed))
    assert len(await record.history(filed.number)) == len(filed.events) + len(assigned_order(filed).events)
