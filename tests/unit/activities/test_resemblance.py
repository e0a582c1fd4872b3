"""Whom a message resembles, of what somebody may see: cases kept from them change nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest
import pytest_asyncio
from sqlalchemy import insert, text
from sqlalchemy.ext.asyncio import AsyncEngine

from activities.record.intake import CaseNumberAllocator
from activities.record.migrate import migrate, new_engine
from activities.record.resemblance import MOST, Alike, Resemblances
from activities.record.rows import case_row
from schemas.kernel.actor import SYSTEM, Actor, Role
from schemas.petition.events import FiledContent
from schemas.petition.state import Complexity, Ledger
from schemas.proposals.similarity import signature
from schemas.record import tables as t
from tests.databases import own_database
from tests.keys import RING
from tests.strategies import BRANCH, STATION, Case, filing

pytestmark = pytest.mark.asyncio(loop_scope="module")

RECEIVED = datetime(2026, 3, 2, tzinfo=UTC)
LAMP = "幸福路口的路灯坏了一个月，晚上行人很不安全，请尽快派人来修好。"
CALLED_ON = LAMP.replace("请尽快", "恳请尽快")
HANDLER = Actor(id="handler", role=Role.HANDLER, unit=STATION)
ELSEWHERE = Actor(id="elsewhere", role=Role.HANDLER, unit="XA/B9")


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def database(database_dsn: str) -> AsyncIterator[AsyncEngine]:
    async with own_database(database_dsn, "resemblance") as dsn:
        await migrate(dsn)
        engine = new_engine(dsn, pool_size=4)
        yield engine
        await engine.dispose()


@pytest_asyncio.fixture(loop_scope="module")
async def kept(database: AsyncEngine) -> Kept:
    async with database.begin() as connection:
        await connection.execute(text("TRUNCATE series, intake, resemblances, resemblance_bands, cases CASCADE"))
    return Kept(database)


class Kept:
    """Messages in the record."""

    def __init__(self, database: AsyncEngine) -> None:
        self._database = database
        self._office, self.resemblances = CaseNumberAllocator(database, RING), Resemblances(database)
        self._count = 0

    async def file(self, words: str, **changes: Any) -> str:
        """The number of a message with these words; with what else its case is."""
        self._count += 1
        content = FiledContent(
            source="test",
            source_event_id=str(self._count),
            channel="import",
            title=words,
            text=words,
            ledger=Ledger.CLAIM,
            complexity=Complexity.SIMPLE,
            unit="XA",
        )
        number = (await self._office.reserve(content, "XA", RECEIVED)).number
        case = Case(filing(unit=STATION))
        state = case.state.model_copy(update={"number": number} | changes)
        async with self._database.begin() as connection:
            await connection.execute(insert(t.cases), case_row(state, case.events, RECEIVED) | {"link": b"1"})
        return number

    async def alike(self, words: str, viewer: Actor) -> list[str]:
        found = await self.resemblances.likely(signature(words, words), viewer)
        return [one.number for one in found]


async def test_like_messages_are_found_and_unlike_ones_are_not(kept: Kept) -> None:
    first = await kept.file(LAMP)
    assert await kept.alike("小区旁边的工地每天夜里施工，老人和孩子睡不好。", HANDLER) == []
    again = await kept.file(CALLED_ON)
    assert set(await kept.alike(CALLED_ON, HANDLER)) == {first, again}
    assert [one.number for one in await kept.resemblances.of(again, HANDLER)] == [first]
    assert await kept.resemblances.of("XA-2026-C-999999", HANDLER) == ()


async def test_only_what_somebody_sees_resembles_anything(kept: Kept) -> None:
    first = await kept.file(LAMP)
    assert await kept.alike(LAMP, ELSEWHERE) == []
    assert await kept.alike(LAMP, SYSTEM) == [first]


async def test_what_one_may_not_see_crowds_nothing_out(kept: Kept) -> None:
    mine = await kept.file(CALLED_ON)
    before: tuple[Alike, ...] = await kept.resemblances.likely(signature(LAMP, LAMP), HANDLER)
    for kept_out in range(80):
        names = {"accused_persons": (HANDLER.id,)} if kept_out % 2 else {"accused_units": (BRANCH,)}
        await kept.file(LAMP, **names)
    assert await kept.resemblances.likely(signature(LAMP, LAMP), HANDLER) == before
    assert [one.number for one in before] == [mine]


async def test_a_matter_raised_by_dozens_names_a_few(kept: Kept) -> None:
    *_, last = [await kept.file(LAMP) for _ in range(60)]
    alike = [one.number for one in await kept.resemblances.of(last, HANDLER)]
    assert len(alike) == MOST
    assert last not in alike


async def test_a_message_of_a_few_characters_resembles_nothing(kept: Kept) -> None:
    for _ in range(2):
        await kept.file("停水")
    assert await kept.alike("停水", HANDLER) == []
