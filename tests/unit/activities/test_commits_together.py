"""Commits that come within moments of each other go together, and none of them bears another's fate."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest
import pytest_asyncio
from asyncpg.exceptions import DataError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from activities.record.case_record import CaseRecord, Committed
from activities.record.migrate import migrate, new_engine
from activities.record.statements import Direct, Together
from tests.databases import own_database
from tests.unit.activities.commit_orders import assigned_order, filed_order

SAY = "SELECT CAST($1 AS text) AS said WHERE 1 / CAST($2 AS integer) > 0"
"""Gives its key for 1, nothing for 2 (half is none), an error for 0."""


class Heard(Direct):
    """Direct, noting who went each time."""

    def __init__(self, engine: AsyncEngine) -> None:
        super().__init__(engine)
        self.journeys: list[list[object]] = []

    async def rows(self, statement: str, *parameters: object) -> Sequence[Mapping[str, Any]]:
        self.journeys.append([parameters[0]])
        return await super().rows(statement, *parameters)

    async def rows_of_all(self, statement: str, parameters: Sequence[Sequence[object]]) -> Sequence[Mapping[str, Any]]:
        self.journeys.append([each[0] for each in parameters])
        return await super().rows_of_all(statement, parameters)


@pytest_asyncio.fixture
async def engine(database_dsn: str) -> AsyncIterator[AsyncEngine]:
    async with own_database(database_dsn, "together") as dsn:
        await migrate(dsn)
        engine = new_engine(dsn, pool_size=10)
        yield engine
        await engine.dispose()


@asynccontextmanager
async def held(engine: AsyncEngine, number: str) -> AsyncGenerator[None]:
    """The row of a case is in somebody's hands."""
    async with engine.begin() as holding:
        await holding.execute(text("SELECT FROM cases WHERE case_number = :number FOR UPDATE"), {"number": number})
        yield


async def waiting(engine: AsyncEngine, least: int) -> list[int]:
    """The processes of the database that wait for a lock, once there are so many."""
    asked = text(
        "SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database() ORDER BY query_start"
    )
    while True:
        async with engine.connect() as looking:
            found = list((await looking.execute(asked)).scalars())
        if len(found) >= least:
            return found


async def transactions(engine: AsyncEngine) -> int:
    """How many wrote the rows that stand."""
    async with engine.connect() as connection:
        return int(
            (await connection.execute(text("SELECT count(DISTINCT CAST(xmin AS text)) FROM cases"))).scalar_one()
        )


async def test_what_comes_at_once_goes_together(engine: AsyncEngine) -> None:
    record = CaseRecord(engine)
    filed = [filed_order(f"CROWD-{each:02d}") for each in range(30)]
    assert await asyncio.gather(*map(record.commit, filed)) == [Committed()] * 30
    assert await transactions(engine) < 15
    assigned = [assigned_order(each) for each in filed]
    assert await asyncio.gather(*map(record.commit, assigned)) == [Committed()] * 30
    assert await transactions(engine) < 15
    for first, then in zip(filed, assigned, strict=True):
        history = await record.history(first.number)
        assert [each.event for each in history] == [*first.events, *then.events]
        assert [each.command_id for each in history] == ["file"] * len(first.events) + ["assign"] * len(then.events)


async def test_what_comes_alone_goes_at_once(engine: AsyncEngine) -> None:
    direct = Heard(engine)
    together = Together(direct)
    assert [await together.wrote(str(each), SAY, (str(each), 1)) for each in range(5)] == [True] * 5
    assert direct.journeys == [[str(each)] for each in range(5)]


async def test_they_go_in_one_order_so_that_no_two_transactions_wait_for_each_other(engine: AsyncEngine) -> None:
    direct = Heard(engine)
    together = Together(direct)
    assert all(await asyncio.gather(*(together.wrote(key, SAY, (key, 1)) for key in "hgfedcba")))
    assert direct.journeys == [["h"], [*"abcdefg"]]


async def test_what_cannot_be_written_hinders_only_itself(engine: AsyncEngine) -> None:
    record = CaseRecord(engine)
    filed = [filed_order(f"POISON-{each}") for each in range(8)]
    broken = filed[3].model_copy(update={"command_id": "no text holds a \0"})
    answers = await asyncio.gather(*map(record.commit, [*filed[:3], broken, *filed[4:]]), return_exceptions=True)
    assert isinstance(answers.pop(3), DataError)
    assert answers == [Committed()] * 7
    assert await record.history(broken.number) == []
    assert await record.commit(filed[3]) == Committed()


@pytest.mark.parametrize("times", [2, 6])
async def test_the_same_filing_several_times_at_once_is_one(engine: AsyncEngine, times: int) -> None:
    record, filed = CaseRecord(engine), filed_order("SAME")
    others = [filed_order(f"OTHER-{each}") for each in range(5)]
    answers = await asyncio.gather(*map(record.commit, [*others, *[filed] * times, filed_order("LAST")]))
    assert sorted(answer.mine for answer in answers) == [0] * 7 + [len(filed.events)] * (times - 1)
    assert len(await record.history(filed.number)) == len(filed.events)


async def test_one_that_is_given_up_takes_nobody_with_it(engine: AsyncEngine) -> None:
    record = CaseRecord(engine)
    filed = [filed_order(f"GIVEN-UP-{each}") for each in range(4)]
    for each in filed:
        await record.commit(each)
    assigned = [assigned_order(each) for each in filed]
    async with held(engine, filed[0].number):
        first = asyncio.create_task(record.commit(assigned[0]))
        await waiting(engine, 1)
        # These find one under way and wait for each other.
        given_up, *others = [asyncio.create_task(record.commit(each)) for each in assigned[1:]]
        await asyncio.sleep(0)
        given_up.cancel()
        assert await asyncio.gather(*others) == [Committed()] * 2
        with pytest.raises(asyncio.CancelledError):
            await given_up
    assert await first == Committed()
    await record.commit(assigned[1])
    assert [len(await record.history(each.number)) for each in filed] == [
        len(one.events) + len(two.events) for one, two in zip(filed, assigned, strict=True)
    ]


async def test_a_connection_lost_on_the_way_costs_nothing_that_was_written(engine: AsyncEngine) -> None:
    record = CaseRecord(engine)
    filed = [filed_order(f"LOST-{each}") for each in range(4)]
    for each in filed:
        await record.commit(each)
    assigned = [assigned_order(each) for each in filed]
    async with held(engine, filed[0].number), held(engine, filed[2].number):
        first = asyncio.create_task(record.commit(assigned[0]))
        await waiting(engine, 1)
        others = [asyncio.create_task(record.commit(each)) for each in assigned[1:]]
        _, together = await waiting(engine, 2)
        async with engine.connect() as connection:
            await connection.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": together})
        # One waits again, alone; the others have gone.
        assert await asyncio.gather(others[0], others[2]) == [Committed()] * 2
    assert await asyncio.gather(first, others[1]) == [Committed()] * 2
    assert [len(await record.history(each.number)) for each in filed] == [
        len(one.events) + len(two.events) for one, two in zip(filed, assigned, strict=True)
    ]


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.tuples(st.sampled_from("abcdefgh"), st.sampled_from([1, 1, 1, 2, 0]), st.integers(0, 3)), max_size=30)
)
async def test_each_has_the_answer_it_would_have_alone(engine: AsyncEngine, asked: list[tuple[str, int, int]]) -> None:
    together = Together(Direct(engine))

    async def ask(key: str, divisor: int, turns: int) -> bool | type[BaseException]:
        for _ in range(turns):
            await asyncio.sleep(0)
        try:
            return await together.wrote(key, SAY, (key, divisor))
        except DataError as error:
            return type(error)

    answers = await asyncio.gather(*(ask(*each) for each in asked))
    for (_, divisor, _), answer in zip(asked, answers, strict=True):
        assert answer == (divisor == 1) if divisor else isinstance(answer, type)
