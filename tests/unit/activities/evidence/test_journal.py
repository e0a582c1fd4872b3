"""The journal: one unbroken chain, whoever writes and however many at once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
import pytest_asyncio
from pydantic import ValidationError
from sqlalchemy import insert, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from activities.evidence.journal import Journal, entry_of
from activities.record.migrate import migrate, new_engine
from schemas.evidence.chain import genesis, link
from schemas.evidence.journal import JOURNAL, Entry, EntryKind, canonical
from schemas.kernel.actor import SYSTEM, Actor, Role
from schemas.record import tables as t
from tests.databases import own_database

AUDITOR = Actor(id="aud", role=Role.AUDITOR, unit="XA", scope="XA")
NOON = datetime(2026, 3, 2, 4, tzinfo=UTC)


@pytest_asyncio.fixture
async def dsn(database_dsn: str) -> AsyncIterator[str]:
    async with own_database(database_dsn, "journal") as dsn:
        await migrate(dsn)
        yield dsn


@pytest_asyncio.fixture
async def database(dsn: str) -> AsyncIterator[AsyncEngine]:
    engine = new_engine(dsn, pool_size=10)
    yield engine
    await engine.dispose()


async def check_chain(database: AsyncEngine, count: int) -> None:
    async with database.connect() as connection:
        rows = (await connection.execute(select(t.journal).order_by(t.journal.c.number))).mappings().all()
    assert [row["number"] for row in rows] == list(range(1, count + 1))
    previous = genesis(JOURNAL, rows[0]["algorithm"])
    for row in rows:
        previous = link(previous, canonical(entry_of(row)), row["algorithm"])
        assert row["link"] == previous


@pytest.mark.parametrize("algorithm", ["sha256", "sm3"])
async def test_many_writers_at_once_make_one_unbroken_chain(database: AsyncEngine, algorithm: str) -> None:
    journals = [Journal(database, algorithm=algorithm) for _ in range(4)]
    made = await asyncio.gather(
        *(
            journals[each % 4].append(
                EntryKind.REVEALED,
                AUDITOR,
                case_number=f"C-{each}",
                reason="核对“笔录”",
                body={"fields": ["name", each]},
            )
            for each in range(40)
        )
    )
    assert sorted(entry.number for entry in made) == list(range(1, 41))
    await check_chain(database, 40)
    read = [entry async for entry in journals[0].entries()]
    assert read == sorted(made, key=lambda entry: entry.number)


async def test_an_auditor_adds_to_the_journal_and_changes_nothing_else(database: AsyncEngine, dsn: str) -> None:
    read_only = new_engine(dsn, pool_size=2, read_only=True)
    try:
        await Journal(database).append(EntryKind.VERIFIED, SYSTEM)
        await Journal(read_only).append(EntryKind.REVEALED, AUDITOR, case_number="C-1")
        row = {"city": "XA", "year": 2026, "ledger": "claim", "last": 1}
        with pytest.raises(DBAPIError, match="read-only"):
            async with read_only.begin() as connection:
                await connection.execute(insert(t.series), row)
    finally:
        await read_only.dispose()
    await check_chain(database, 2)


async def test_an_entry_of_a_transaction_that_fails_leaves_no_gap(database: AsyncEngine) -> None:
    journal = Journal(database)
    await journal.append(EntryKind.VERIFIED, SYSTEM)
    with pytest.raises(ZeroDivisionError):
        async with database.begin() as connection:
            await journal.append_with(connection, EntryKind.REPAIRED, SYSTEM)
            _ = 1 // 0
    await journal.append(EntryKind.VERIFIED, SYSTEM)
    await check_chain(database, 2)


async def test_entries_are_found_by_case_person_kind_and_time(database: AsyncEngine) -> None:
    times = iter(NOON + timedelta(hours=each) for each in range(4))
    journal = Journal(database, clock=lambda: next(times))
    for kind, actor, case in (
        (EntryKind.REVEALED, AUDITOR, "C-1"),
        (EntryKind.EXPORTED, AUDITOR, "C-2"),
        (EntryKind.RECONCILED, SYSTEM, ""),
        (EntryKind.RECONCILED, SYSTEM, ""),
    ):
        await journal.append(kind, actor, case_number=case)

    async def numbers(**wanted: object) -> list[int]:
        return [entry.number async for entry in journal.entries(**wanted)]  # type: ignore[arg-type]

    assert await numbers() == [1, 2, 3, 4]
    assert await numbers(case_number="C-2") == [2]
    assert await numbers(person="aud", kinds=[EntryKind.REVEALED]) == [1]
    assert await numbers(kinds=[]) == []
    assert await numbers(since=NOON + timedelta(hours=1), until=NOON + timedelta(hours=2)) == [2, 3]
    newest = await journal.latest(EntryKind.RECONCILED)
    assert newest is not None
    assert newest.number == 4
    assert await journal.latest(EntryKind.REPLAYED) is None


@pytest.mark.parametrize("body", [{"share": 0.5}, {"list": [{"deep": 1.0}]}, {"when": NOON}])
def test_what_has_no_one_spelling_is_refused(body: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Entry(number=1, at=NOON, kind=EntryKind.VERIFIED, actor=SYSTEM, body=body)
