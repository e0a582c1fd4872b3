"""Numbers: once per message, in order, also when doors race for them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
import pytest_asyncio
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from activities.record.codes import NewCode, new_code
from activities.record.intake import CaseNumberAllocator, Reservation
from activities.record.migrate import migrate, new_engine
from schemas.kernel.errors import UserError
from schemas.petition.events import FiledContent
from schemas.petition.state import Complexity, Ledger
from tests.databases import own_database
from tests.keys import RING

pytestmark = pytest.mark.asyncio(loop_scope="module")

NEW_YEAR_IN_SHANGHAI = datetime(2025, 12, 31, 16, 0, tzinfo=UTC)
LAMP = "幸福路口的路灯坏了一个月，晚上行人很不安全，请尽快派人来修好。"


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def database(database_dsn: str) -> AsyncIterator[AsyncEngine]:
    async with own_database(database_dsn, "intake") as dsn:
        await migrate(dsn)
        engine = new_engine(dsn, pool_size=8)
        yield engine
        await engine.dispose()


@pytest_asyncio.fixture(loop_scope="module")
async def office(database: AsyncEngine) -> CaseNumberAllocator:
    async with database.begin() as connection:
        await connection.execute(text("TRUNCATE series, intake, resemblances, resemblance_bands, tracking_codes"))
    return CaseNumberAllocator(database, RING)


def message(number: int, words: str = "", ledger: Ledger = Ledger.CLAIM) -> FiledContent:
    return FiledContent(
        source="test",
        source_event_id=str(number),
        channel="import",
        title=words or f"第{number}号事项",
        text=words or f"编号{number:05d}的来信，各说各的事情。",
        ledger=ledger,
        complexity=Complexity.SIMPLE,
        unit="XA",
    )


async def reserved(office: CaseNumberAllocator, content: FiledContent, code: NewCode | None = None) -> Reservation:
    return await office.reserve(content, "XA", NEW_YEAR_IN_SHANGHAI, code=code)


async def test_numbers_run_by_year_and_ledger(office: CaseNumberAllocator) -> None:
    assert [(await reserved(office, message(each))).number for each in (1, 2)] == [
        "XA-2026-C-000001",
        "XA-2026-C-000002",
    ]
    assert (await reserved(office, message(3, ledger=Ledger.SUGGESTION))).number == "XA-2026-S-000001"


async def test_the_series_outgrows_its_digits(office: CaseNumberAllocator, database: AsyncEngine) -> None:
    await reserved(office, message(1))
    async with database.begin() as connection:
        await connection.execute(text("UPDATE series SET last = 999999"))
    assert (await reserved(office, message(2))).number == "XA-2026-C-1000000"


async def test_a_repeated_reservation_knows_its_own(office: CaseNumberAllocator) -> None:
    code = new_code()
    first = await reserved(office, message(1), code)
    assert await reserved(office, message(1), code) == first
    other_door = await reserved(office, message(1))
    assert (other_door.number, other_door.tracking_code, other_door.known) == (first.number, code.code, True)


async def test_other_content_is_refused_by_name(office: CaseNumberAllocator) -> None:
    number = (await reserved(office, message(1))).number
    with pytest.raises(UserError, match="source_event_conflict") as refused:
        await reserved(office, message(1, LAMP))
    assert refused.value.facts["number"] == number


async def test_doors_that_race_share_one_number_and_leave_no_gap(
    office: CaseNumberAllocator, database: AsyncEngine
) -> None:
    racing = [reserved(office, message(each % 5)) for each in range(40)]
    found = await asyncio.gather(*racing)
    assert len({each.number for each in found}) == 5
    assert sum(not each.known for each in found) == 5
    async with database.connect() as connection:
        assert (await connection.execute(text("SELECT last FROM series"))).scalar_one() == 5
