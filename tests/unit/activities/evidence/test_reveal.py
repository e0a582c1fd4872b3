"""Personal data in clear: for a reason, to whom may see the case, and never unrecorded."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from sqlalchemy.ext.asyncio import AsyncEngine

from activities.evidence.journal import Journal
from activities.evidence.reveal import Revealed, Revealer
from activities.personal import seal
from activities.record.case_record import CaseRecord, CommitOrder
from activities.record.migrate import migrate, new_engine
from schemas.errors import UserError
from schemas.events import Petitioner
from schemas.evidence.journal import EntryKind
from schemas.lifecycle import decide
from schemas.petition import Actor
from schemas.refusals import Refusal
from schemas.sealing.keys import KeyRing
from schemas.sealing.personal import PersonalData
from tests.databases import own_database
from tests.strategies import AUDITOR, BRANCH_CHIEF, FAR_HANDLER, MONDAY, NEXT_HANDLER, OPERATOR, STATION, filing

pytestmark = pytest.mark.asyncio(loop_scope="module")

RING = KeyRing([("k1", bytes(32))])
WHO = PersonalData(name="张三丰", phone="13812341234")
KNOWN = (Petitioner(alias="A1", sealed=seal(RING, WHO)), Petitioner(alias="A2", representative=False))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def database(database_dsn: str) -> AsyncIterator[AsyncEngine]:
    """Two cases: one against its station, one of nobody known. Read-only, as an auditor's door is."""
    async with own_database(database_dsn, "revealed") as dsn:
        await migrate(dsn)
        engine = new_engine(dsn, pool_size=2)
        await file(engine, "R-1", petitioners=KNOWN, accused_units=(STATION,))
        await file(engine, "R-2", petitioners=(Petitioner(alias="匿名"),))
        await engine.dispose()
        read_only = new_engine(dsn, pool_size=2, read_only=True)
        yield read_only
        await read_only.dispose()


async def file(engine: AsyncEngine, number: str, **facts: Any) -> None:
    order = filing(number=number, **facts)
    events = decide(None, order, MONDAY)
    assert not isinstance(events, Refusal)
    await CaseRecord(engine).commit(
        CommitOrder(number=number, command_id="file", actor=order.actor, events=tuple(events))
    )


async def reveal(database: AsyncEngine, actor: Actor, named: str = "R-1", reason: str = "核对身份") -> Revealed:
    return await Revealer(database, RING, Journal(database)).reveal(named, actor, reason)


async def count(database: AsyncEngine) -> int:
    return len([entry async for entry in Journal(database).entries()])


@pytest.mark.parametrize("actor", [OPERATOR, BRANCH_CHIEF, AUDITOR])
async def test_it_is_shown_and_recorded(database: AsyncEngine, actor: Actor) -> None:
    revealed = await reveal(database, actor, reason="  回访前\n核对电话 ")
    assert [each.data for each in revealed.petitioners] == [WHO, None]
    assert "张三丰" not in repr(revealed)
    newest = await Journal(database).latest(EntryKind.REVEALED)
    assert newest is not None and newest == revealed.entry
    assert (newest.case_number, newest.actor.id, newest.reason) == ("R-1", actor.id, "回访前 核对电话")
    assert newest.body == {"fields": ["name", "phone"], "petitioners": 1}


@pytest.mark.parametrize(
    ("actor", "named", "reason", "code"),
    [
        (OPERATOR, "R-1", "看 看\x00 ", "reason_missing"),
        (NEXT_HANDLER.model_copy(update={"unit": STATION}), "R-1", "核对身份", "case_unknown"),
        (FAR_HANDLER, "R-1", "核对身份", "case_unknown"),
        (AUDITOR.model_copy(update={"unit": STATION}), "R-1", "核对身份", "case_unknown"),
        (OPERATOR, "R-9", "核对身份", "case_unknown"),
        (OPERATOR, "R-2", "核对身份", "nothing_to_reveal"),
    ],
)
async def test_what_is_refused_shows_nothing_and_is_no_reading(
    database: AsyncEngine, actor: Actor, named: str, reason: str, code: str
) -> None:
    before = await count(database)
    with pytest.raises(UserError) as refused:
        await reveal(database, actor, named, reason)
    assert refused.value.code == code
    assert await count(database) == before


async def test_it_is_recorded_before_it_is_opened(database: AsyncEngine) -> None:
    before = await count(database)
    revealer = Revealer(database, KeyRing([("k2", bytes(32))]), Journal(database))
    with pytest.raises(UserError, match="key_missing"):
        await revealer.reveal("R-1", OPERATOR, "核对身份")
    assert await count(database) == before + 1
