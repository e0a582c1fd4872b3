"""A pool full of connections that a restart of the database ended hands out none of them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from activities.record.driver.direct import RawExecutor
from activities.record.migrate import new_engine

SIZE = 4


@pytest_asyncio.fixture
async def engine(database_dsn: str) -> AsyncIterator[AsyncEngine]:
    """Its pool is full, and every connection in it was ended by the server and is known to be."""
    engine = new_engine(database_dsn, pool_size=SIZE)
    opened = [await engine.connect() for _ in range(SIZE)]
    drivers = [(await each.get_raw_connection()).driver_connection for each in opened]
    backends = [(await each.execute(text("SELECT pg_backend_pid()"))).scalar_one() for each in opened]
    for each in opened:
        await each.close()
    admin = new_engine(database_dsn, pool_size=1)
    async with admin.connect() as connection:
        await connection.execute(
            text("SELECT pg_terminate_backend(pid) FROM unnest(CAST(:pids AS integer[])) pid"), {"pids": backends}
        )
    await admin.dispose()
    async with asyncio.timeout(10):
        while True:
            if all(driver is not None and driver.is_closed() for driver in drivers):
                break
            await asyncio.sleep(0.01)
    yield engine
    await engine.dispose()


@pytest.mark.asyncio
async def test_every_reading_finds_a_connection_that_lives(engine: AsyncEngine) -> None:
    async def read() -> int:
        async with engine.connect() as connection:
            return (await connection.execute(text("SELECT 1"))).scalar_one()

    assert await asyncio.gather(*(read() for _ in range(SIZE))) == [1] * SIZE


@pytest.mark.asyncio
async def test_so_does_a_statement_by_the_driver_itself(engine: AsyncEngine) -> None:
    direct = RawExecutor(engine)
    said = await asyncio.gather(*(direct.rows("SELECT 1 AS one") for _ in range(SIZE)))
    assert [rows[0]["one"] for rows in said] == [1] * SIZE
