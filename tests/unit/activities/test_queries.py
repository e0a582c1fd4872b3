"""Lists, pages and single cases from a real database; the accused are not even told that a case exists."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio
from sqlalchemy import text
from sqlalchemy.dialects.postgresql import dialect
from sqlalchemy.ext.asyncio import AsyncEngine

from activities.personal import seal
from activities.record.case_record import CaseRecord
from activities.record.intake import CaseNumberAllocator
from activities.record.migrate import migrate, new_engine
from activities.record.queries import CaseQueries, page_query
from activities.record.reference import ORGANISATION, POLICY, ReferenceStore
from activities.record.seed import seed
from activities.record.views import CaseFilter
from schemas.kernel.actor import Actor
from schemas.kernel.errors import UserError
from schemas.kernel.refusal import Refusal
from schemas.petition import commands as c
from schemas.petition.commit import CommitOrder
from schemas.petition.events import Petitioner
from schemas.petition.rules import decide, fold
from schemas.petition.state import Ledger, Petition, Stage
from schemas.sealing.keys import KeyRing
from schemas.sealing.personal import PersonalData
from tests.keys import RING
from tests.strategies import BRANCH_CHIEF, FAR_STATION, HANDLER, MONDAY, NEXT_STATION, STATION, SUPERVISOR, filing

pytestmark = pytest.mark.asyncio(loop_scope="module")


@dataclass
class Record:
    """A record of its own series of cases, so that tests can share a database."""

    engine: AsyncEngine
    record: CaseRecord
    queries: CaseQueries

    async def write(self, number: str, actor: Actor, command: c.Command, at: datetime) -> None:
        state = await self.record.state(number)
        await self._commit(number, c.Order(actor=actor, command=command), state, at)

    async def file(self, at: datetime, **facts: Any) -> str:
        order = filing(**facts)
        assert isinstance(order.command, c.File)
        content = order.command.content
        reservation = await CaseNumberAllocator(self.engine, RING).reserve(content, "XA", at)
        command = order.command.model_copy(update={"number": reservation.number})
        await self._commit(reservation.number, c.Order(actor=order.actor, command=command), None, at)
        return reservation.number

    async def _commit(self, number: str, order: c.Order, state: Petition | None, at: datetime) -> None:
        events = decide(state, order, at)
        assert not isinstance(events, Refusal), events
        await self.record.commit(
            CommitOrder(
                number=number,
                command_id=f"{order.command.kind}-{at.isoformat()}",
                expected_seq=state.seq if state else 0,
                actor=order.actor,
                events=tuple(events),
            )
        )

    async def numbers(self, **wanted: Any) -> list[str]:
        page = await self.queries.list(CaseFilter(**wanted))
        return [line.number for line in page.cases]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(database_dsn: str) -> AsyncIterator[Record]:
    await migrate(database_dsn)
    engine = new_engine(database_dsn, pool_size=4)
    yield Record(engine, CaseRecord(engine), CaseQueries(engine, clock=lambda: MONDAY + timedelta(days=30)))
    await engine.dispose()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def four(house: Record) -> dict[str, str]:
    """Four cases: late at the station, assigned next door, far away, against the station."""
    return {
        "late": await house.file(MONDAY, source="q", source_event_id="late", text="queries 路灯 100% 坏了"),
        "near": await _assigned(house),
        "far": await house.file(
            MONDAY + timedelta(days=29),
            source="q",
            source_event_id="far",
            unit=FAR_STATION,
            ledger=Ledger.SUGGESTION,
            text="queries far",
        ),
        "against": await house.file(
            MONDAY + timedelta(hours=2),
            source="q",
            source_event_id="against",
            accused_units=(STATION,),
            text="queries against",
            petitioners=(
                Petitioner(
                    alias="A1",
                    sealed=seal(KeyRing([("k1", bytes(32))]), PersonalData(name="张三丰", phone="13812341234")),
                ),
            ),
        ),
    }


async def _assigned(house: Record) -> str:
    number = await house.file(
        MONDAY + timedelta(hours=1), source="q", source_event_id="near", unit=NEXT_STATION, text="queries near"
    )
    await house.write(number, BRANCH_CHIEF, c.Approve(), MONDAY + timedelta(hours=2))
    await house.write(number, SUPERVISOR, c.Assign(lead=STATION), MONDAY + timedelta(hours=3))
    return number


async def test_conditions_select_and_the_newest_comes_first(house: Record, four: dict[str, str]) -> None:
    ours = {"text": "queries"}
    assert await house.numbers(**ours) == [four[name] for name in ("far", "against", "near", "late")]
    assert await house.numbers(**ours, stages=(Stage.SUPERVISE,)) == [four["near"]]
    assert await house.numbers(**ours, ledger=Ledger.SUGGESTION) == [four["far"]]
    assert await house.numbers(**ours, unit="XA/A1") == [four[name] for name in ("against", "near", "late")]
    assert await house.numbers(**ours, unit="XA/A") == []
    assert await house.numbers(**ours, lead=STATION) == [four["near"]]
    assert set(await house.numbers(**ours, overdue=True)) == {four["late"], four["near"], four["against"]}
    assert await house.numbers(**ours, order="due") == [four[name] for name in ("late", "against", "near", "far")]
    assert await house.numbers(**ours, received_from=MONDAY + timedelta(days=1)) == [four["far"]]
    assert await house.numbers(message="near") == [four["near"]]
    assert await house.numbers(text="queries 100%") == [four["late"]]
    assert await house.numbers(text="queries _____ 100%") == []
    assert await house.numbers(**ours, open=False) == []


@pytest.mark.parametrize("order", ["received", "due"])
async def test_pages_join_without_gap_or_overlap(house: Record, four: dict[str, str], order: str) -> None:
    whole = await house.numbers(text="queries", order=order)
    joined: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        page = await house.queries.list(
            CaseFilter.model_validate({"text": "queries", "order": order, "limit": 1, "cursor": cursor})
        )
        joined += [line.number for line in page.cases]
        cursor = page.cursor
    assert joined == whole
    assert len(whole) == 4


async def test_a_cursor_of_somebody_else_is_refused(house: Record) -> None:
    for cursor in ("x", "W10", "WyIyMDI2LTAxLTAxIiwgIlgiXQ", "中"):
        with pytest.raises(UserError) as refusal:
            await house.queries.list(CaseFilter(cursor=cursor))
        assert refusal.value.code == "cursor_invalid"


async def test_the_accused_are_shown_nothing(house: Record, four: dict[str, str]) -> None:
    page = await house.queries.list(CaseFilter(text="queries"), HANDLER)
    assert [line.number for line in page.cases] == [four["near"], four["late"]]
    page = await house.queries.list(CaseFilter(text="queries"), SUPERVISOR)
    assert four["against"] in [line.number for line in page.cases]


async def test_a_case_is_found_by_number_and_shows_masks_only(house: Record, four: dict[str, str]) -> None:
    view = await house.queries.case(four["against"])
    assert await house.queries.number(four["against"].lower()) == four["against"]
    assert [(one.name, one.phone, one.alias) for one in view.petitioners] == [("张*丰", "138********", "A1")]
    assert (view.source, view.source_event_id) == ("q", "against")
    for named in ("XA-1999-S-000001", "", "'; drop table cases"):
        with pytest.raises(UserError) as refusal:
            await house.queries.number(named)
        assert refusal.value.code == "case_unknown"


async def test_the_past_is_read_from_the_events(house: Record, four: dict[str, str]) -> None:
    then = MONDAY + timedelta(hours=2)
    states = {}
    async for history in house.queries.histories(until=then):
        state = fold([recorded.event for recorded in history])
        assert state is not None
        states[state.number] = state.stage
    assert four["far"] not in states
    assert states[four["near"]] is Stage.ASSIGN


async def test_lists_are_served_by_indexes(house: Record, four: dict[str, str]) -> None:
    looks = {
        "ix_cases_received_at": CaseFilter(limit=10),
        "ix_cases_open_due": CaseFilter(order="due"),
        "ix_cases_unit": CaseFilter(unit=STATION, order="received"),
    }
    async with house.engine.connect() as connection:
        # A handful of rows is always scanned whole; what is asked is whether the indexes can serve.
        for step in ("seqscan", "sort", "hashjoin"):
            await connection.execute(text(f"set enable_{step} = off"))
        for index, wanted in looks.items():
            if index == "ix_cases_unit":
                await connection.execute(text("set enable_indexscan = off"))
            query = page_query(wanted, MONDAY).compile(dialect=dialect(), compile_kwargs={"literal_binds": True})
            plan = "\n".join((await connection.exec_driver_sql(f"explain {query}".replace("%%", "%"))).scalars())
            assert index in plan, plan


async def test_a_database_is_seeded_once(house: Record, database_dsn: str) -> None:
    store = ReferenceStore(house.engine)

    async def held() -> tuple[list[int], list[int], int]:
        return (
            list(await store.versions(POLICY)),
            list(await store.versions(ORGANISATION)),
            (await store.calendar()).version,
        )

    await seed(database_dsn)
    seeded = await held()
    assert all(seeded)
    await seed(database_dsn)
    assert await held() == seeded
