"""Commits that come within moments of each other go together, and none of them bears another's error."""

from __future__ import annotations

import asyncio
import gc
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

from activities.access.backfill import fill_marks
from activities.record.case_record import CaseRecord
from activities.record.driver import group_commit as going_together
from activities.record.driver.direct import RawExecutor
from activities.record.driver.group_commit import GroupCommit
from activities.record.migrate import migrate, new_engine
from schemas.petition.commit import Committed
from tests.databases import own_database
from tests.unit.activities.commit_orders import assigned_order, filed_order

SAY = "SELECT CAST($1 AS text) AS said WHERE 1 / CAST($2 AS integer) > 0"
"""Gives its key for 1, nothing for 2 (half is none), an error for 0."""


class Heard(RawExecutor):
    """Direct, noting who went each time."""

    def __init__(self, engine: AsyncEngine) -> None:
        super().__init__(engine)
        self.journeys: list[list[object]] = []

    async def rows(self, statement: str, *parameters: object) -> Sequence[Mapping[str, Any]]:
        self.journeys.append([parameters[0]])
        return await super().rows(statement, *parameters)

    async def rows_of_all(
        self, statement: str, parameters: Sequence[Sequence[object]], *, seconds: float
    ) -> Sequence[Mapping[str, Any]]:
        self.journeys.append([each[0] for each in parameters])
        return await super().rows_of_all(statement, parameters, seconds=seconds)


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
    together = GroupCommit(direct)
    assert [await together.wrote(str(each), SAY, (str(each), 1)) for each in range(5)] == [True] * 5
    assert direct.journeys == [[str(each)] for each in range(5)]


async def test_they_go_in_one_order_so_that_no_two_transactions_wait_for_each_other(engine: AsyncEngine) -> None:
    direct = Heard(engine)
    together = GroupCommit(direct)
    assert all(await asyncio.gather(*(together.wrote(key, SAY, (key, 1)) for key in "hgfedcba")))
    assert direct.journeys == [["h"], [*"abcdefg"]]


async def test_what_cannot_be_written_hinders_only_itself(
    engine: AsyncEngine, caplog: pytest.LogCaptureFixture
) -> None:
    record = CaseRecord(engine)
    filed = [filed_order(f"POISON-{each}") for each in range(8)]
    broken = filed[3].model_copy(update={"command_id": "no text holds a \0"})
    answers = await asyncio.gather(*map(record.commit, [*filed[:3], broken, *filed[4:]]), return_exceptions=True)
    assert isinstance(answers.pop(3), DataError)
    assert answers == [Committed()] * 7
    assert await record.history(broken.number) == []
    assert await record.commit(filed[3]) == Committed()
    gc.collect()
    # Nor does a task end with an error that nobody hears.
    assert caplog.records == []


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


@pytest.mark.parametrize("crowd", [4, 60])
async def test_a_database_that_goes_hinders_nobody_for_long(engine: AsyncEngine, crowd: int) -> None:
    """Whatever the size of what was under way: the driver waits for ever midway in a large transaction whose connection ends."""
    record = CaseRecord(engine)
    filed = [filed_order(f"GONE-{crowd}-{each:02d}") for each in range(crowd)]
    for each in filed:
        await record.commit(each)
    assigned = [assigned_order(each) for each in filed]
    async with held(engine, filed[0].number), held(engine, filed[1].number):
        first = asyncio.create_task(record.commit(assigned[0]))
        await waiting(engine, 1)
        others = [asyncio.create_task(record.commit(each)) for each in assigned[1:]]
        _, together = await waiting(engine, 2)
        async with engine.connect() as connection:
            await connection.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": together})
        # One waits again, alone.
        assert await asyncio.gather(*others[1:]) == [Committed()] * (crowd - 2)
    assert await asyncio.gather(first, others[0]) == [Committed()] * 2
    assert [len(await record.history(each.number)) for each in filed] == [
        len(one.events) + len(two.events) for one, two in zip(filed, assigned, strict=True)
    ]


async def test_no_transaction_is_so_large_that_the_driver_would_wait_midway(engine: AsyncEngine) -> None:
    direct = Heard(engine)
    together = GroupCommit(direct)
    # Thirty kilobytes; from 128 on the driver would.
    large = "件" * 10_000
    statement = "SELECT CAST($1 AS text) AS said WHERE length(CAST($2 AS text)) > 0"
    asked = (together.wrote(str(each), statement, (str(each), large)) for each in range(8))
    assert all(await asyncio.gather(*asked))
    assert direct.journeys == [["0"], ["1", "2", "3"], ["4", "5", "6"], ["7"]]


async def test_whose_row_somebody_holds_hinders_the_others_no_longer_than_it_is_said(
    engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(going_together, "HINDERED", 0.2)
    record = CaseRecord(engine)
    filed = [filed_order(f"HELD-{each}") for each in range(5)]
    for each in filed:
        await record.commit(each)
    assigned = [assigned_order(each) for each in filed]
    async with held(engine, filed[0].number), held(engine, filed[3].number):
        first, *others = [asyncio.create_task(record.commit(each)) for each in assigned]
        hindered = others.pop(2)
        assert await asyncio.gather(*others) == [Committed()] * 3
        assert not first.done()
        assert not hindered.done()
    assert await asyncio.gather(first, hindered) == [Committed()] * 2


async def test_marks_are_filled_in_beside_them(engine: AsyncEngine) -> None:
    """Both take the rows of many cases, and in the same order."""
    record = CaseRecord(engine)
    filed = [filed_order(f"MARKS-{each:03d}") for each in range(120)]
    for each in reversed(filed):
        await record.commit(each)
    async with engine.begin() as connection:
        await connection.execute(text("UPDATE cases SET seen_by = '{}'"))
    async with engine.begin() as connection:
        await connection.execute(text("ANALYZE cases"))
    async with held(engine, filed[60].number):
        filling = asyncio.create_task(fill_marks(engine))
        await waiting(engine, 1)
        commits = [asyncio.create_task(record.commit(assigned_order(each))) for each in filed[30:90]]
        await waiting(engine, 2)
    assert await asyncio.gather(*commits) == [Committed()] * 60
    assert await filling >= 60
    async with engine.connect() as connection:
        deadlocks = text("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
        assert (await connection.execute(deadlocks)).scalar_one() == 0


class Gate(Heard):
    """Direct that lets nobody out before it is told to."""

    def __init__(self, engine: AsyncEngine) -> None:
        super().__init__(engine)
        self.open, self.crowd_under_way = asyncio.Event(), asyncio.Event()

    async def rows(self, statement: str, *parameters: object) -> Sequence[Mapping[str, Any]]:
        rows = await super().rows(statement, *parameters)
        await self.open.wait()
        return rows

    async def rows_of_all(
        self, statement: str, parameters: Sequence[Sequence[object]], *, seconds: float
    ) -> Sequence[Mapping[str, Any]]:
        rows = await super().rows_of_all(statement, parameters, seconds=seconds)
        self.crowd_under_way.set()
        await self.open.wait()
        return rows


def asking(together: GroupCommit, key: str) -> asyncio.Task[bool]:
    return asyncio.create_task(together.wrote(key, SAY, (key, 1)))


async def turns() -> None:
    """Whatever can go has gone to the database, if it need not wait."""
    for _ in range(20):
        await asyncio.sleep(0)


async def test_those_that_find_one_under_way_leave_a_moment_later_and_together(
    engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(going_together, "WINDOW", 1.0)
    gate = Gate(engine)
    together = GroupCommit(gate)
    first = asking(together, "a")
    await turns()
    second = asking(together, "b")
    await turns()
    gate.open.set()
    assert await first
    third = asking(together, "c")
    assert await second
    assert await third
    assert gate.journeys == [["a"], ["b", "c"]]


async def test_after_those_that_went_together_the_next_waits_and_after_one_alone_it_does_not(
    engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    direct = Heard(engine)
    together = GroupCommit(direct)
    assert await asyncio.gather(*(asking(together, key) for key in "abc"))
    monkeypatch.setattr(going_together, "WINDOW", 1.0)
    lone = asking(together, "d")
    await turns()
    assert direct.journeys == [["a"], ["b", "c"]]
    assert await lone
    monkeypatch.setattr(going_together, "WINDOW", 3600)
    assert await asking(together, "e")
    assert direct.journeys == [["a"], ["b", "c"], ["d"], ["e"]]


@pytest.mark.parametrize("window", [3600, 0])
async def test_a_departure_that_is_called_off_leaves_nobody_behind(
    engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch, window: float
) -> None:
    """While it waits, and under way."""
    monkeypatch.setattr(going_together, "WINDOW", window)
    gate = Gate(engine)
    together = GroupCommit(gate)
    before = asyncio.all_tasks()
    asked = [asking(together, key) for key in "abc"]
    await turns()
    (departure,) = asyncio.all_tasks() - before - set(asked)
    if window == 0:
        await gate.crowd_under_way.wait()
    departure.cancel()
    gate.open.set()
    assert await asyncio.gather(*asked) == [True] * 3
    monkeypatch.setattr(going_together, "WINDOW", 0)
    assert await asking(together, "d")


async def test_whoever_was_given_up_before_the_departure_stays(
    engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(going_together, "WINDOW", 0.5)
    direct = Heard(engine)
    together = GroupCommit(direct)
    asked = [asking(together, key) for key in "abcd"]
    await turns()
    asked.pop(2).cancel()
    assert await asyncio.gather(*asked) == [True] * 3
    assert direct.journeys == [["a"], ["b", "d"]]


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.tuples(st.sampled_from("abcdefgh"), st.sampled_from([1, 1, 1, 2, 0]), st.integers(0, 3)), max_size=30)
)
async def test_each_has_the_answer_it_would_have_alone(engine: AsyncEngine, asked: list[tuple[str, int, int]]) -> None:
    together = GroupCommit(RawExecutor(engine))

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
