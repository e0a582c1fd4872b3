"""Personal data in clear: for a listed reason, to whose work needs it, within the day's ceiling, and never unrecorded."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

import pytest
import pytest_asyncio
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from activities.evidence.journal import Journal
from activities.evidence.readings import Limits, ReadingBook
from activities.evidence.reveal import Revealed, Revealer
from activities.personal import seal
from activities.record.case_record import CaseRecord
from activities.record.migrate import migrate, new_engine
from schemas.evidence.journal import EntryKind
from schemas.kernel.actor import SYSTEM, Actor
from schemas.kernel.errors import UserError
from schemas.kernel.refusal import Refusal
from schemas.petition.commit import CommitOrder
from schemas.petition.events import Petitioner
from schemas.petition.rules import decide
from schemas.petition.rules_version import CURRENT_RULES
from schemas.petition.state import Accusation
from schemas.policy import RevealPolicy
from schemas.record import tables as t
from schemas.sealing.keys import KeyRing
from schemas.sealing.personal import PersonalData
from tests.databases import own_database
from tests.strategies import (
    AUDITOR,
    BRANCH,
    BRANCH_CHIEF,
    CITY,
    FAR_HANDLER,
    MONDAY,
    NEXT_HANDLER,
    OPERATOR,
    STATION,
    SUPERVISOR,
    calendar,
    filing,
    moment,
)

pytestmark = pytest.mark.asyncio(loop_scope="module")

RING = KeyRing([("k1", bytes(32))])
WHO = PersonalData(name="张三丰", phone="13812341234")
KNOWN = (Petitioner(alias="A1", sealed=seal(RING, WHO)), Petitioner(alias="A2", representative=False))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def database(database_dsn: str) -> AsyncIterator[AsyncEngine]:
    """Three cases: against its station, of nobody known, and one not yet decided on. Read-only, as an auditor's door is."""
    async with own_database(database_dsn, "revealed") as dsn:
        await migrate(dsn)
        engine = new_engine(dsn, pool_size=2)
        await file(engine, "R-1", petitioners=KNOWN, accused_units=(STATION,))
        await file(engine, "R-2", petitioners=(Petitioner(alias="匿名"),))
        accusation = Accusation(unit=BRANCH, units=(STATION,), words=("民警", "骂"))
        await file(engine, "R-3", petitioners=KNOWN, rules=CURRENT_RULES, accusation=accusation)
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


def book_of(database: AsyncEngine, now: datetime = MONDAY, **figures: int) -> ReadingBook:
    return ReadingBook(
        database, Journal(database, clock=lambda: now), Limits(RevealPolicy.model_validate(figures), calendar())
    )


async def reveal(
    database: AsyncEngine, actor: Actor, named: str = "R-1", reason: str = "verify_identity", words: str = ""
) -> Revealed:
    return await Revealer(database, RING, book_of(database)).reveal(named, actor, reason, words)


async def count(database: AsyncEngine) -> int:
    return len([entry async for entry in Journal(database).entries()])


@pytest.mark.parametrize("actor", [OPERATOR, AUDITOR])
async def test_it_is_shown_and_recorded(database: AsyncEngine, actor: Actor) -> None:
    revealed = await reveal(database, actor, reason="other", words="  群众来电要求更正\n原先留下的电话 ")
    assert [each.data for each in revealed.petitioners] == [WHO, None]
    assert "张三丰" not in repr(revealed)
    newest = await Journal(database).latest(EntryKind.REVEALED)
    assert newest is not None and newest == revealed.entry
    assert (newest.case_number, newest.actor.id, newest.reason) == ("R-1", actor.id, "群众来电要求更正 原先留下的电话")
    assert newest.body == {"fields": ["name", "phone"], "petitioners": 1, "need": "other", "elsewhere": False}


async def test_a_listed_reason_stands_in_the_journal_as_people_say_it(database: AsyncEngine) -> None:
    revealed = await reveal(database, OPERATOR)
    assert (revealed.entry.reason, revealed.entry.body["need"]) == ("核对身份", "verify_identity")


@pytest.mark.parametrize(
    ("actor", "named", "reason", "code"),
    [
        (OPERATOR, "R-1", "看 看\x00 ", "reveal_words_missing"),
        (OPERATOR, "R-1", " ", "reason_missing"),
        (OPERATOR, "R-1", "visit", "reveal_reason_unknown"),
        (BRANCH_CHIEF, "R-1", "verify_identity", "reveal_not_needed"),
        (SUPERVISOR, "R-1", "verify_identity", "reveal_not_needed"),
        (NEXT_HANDLER.model_copy(update={"unit": STATION}), "R-1", "verify_identity", "case_unknown"),
        (FAR_HANDLER, "R-1", "verify_identity", "case_unknown"),
        (AUDITOR.model_copy(update={"unit": STATION}), "R-1", "sample", "case_unknown"),
        (OPERATOR, "R-9", "verify_identity", "case_unknown"),
        (OPERATOR, "R-2", "verify_identity", "nothing_to_reveal"),
        (OPERATOR, "R-3", "verify_identity", "reveal_before_decision"),
        (AUDITOR, "R-3", "sample", "reveal_before_decision"),
        (SYSTEM, "R-3", "sample", "reveal_before_decision"),
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
    revealer = Revealer(database, KeyRing([("k2", bytes(32))]), book_of(database))
    with pytest.raises(UserError, match="key_missing"):
        await revealer.reveal("R-1", OPERATOR, "verify_identity")
    assert await count(database) == before + 1


def reader(name: str) -> Actor:
    return OPERATOR.model_copy(update={"id": name})


async def kinds_of(database: AsyncEngine, who: Actor) -> list[str]:
    return [each.kind.value async for each in Journal(database).entries(person=who.id)]


async def test_of_readings_at_once_no_more_are_shown_than_a_day_allows(database: AsyncEngine) -> None:
    who = reader("eager")
    revealer = Revealer(database, RING, book_of(database, daily_ceiling=3, unusual_same_case=9))

    async def look() -> str:
        try:
            await revealer.reveal("R-1", who, "call_back")
        except UserError as refused:
            return refused.code
        return "shown"

    answers = await asyncio.gather(*(look() for _ in range(6)))
    assert sorted(answers) == ["reveal_ceiling_reached"] * 3 + ["shown"] * 3
    assert sorted(await kinds_of(database, who)) == ["reveal_stopped"] + ["revealed"] * 3
    async with database.connect() as connection:
        query = select(t.outbox.c.kind, t.outbox.c.role, t.outbox.c.unit, t.outbox.c.zh, t.outbox.c.en)
        rows = (await connection.execute(query.where(t.outbox.c.kind == "reveal_stopped"))).all()
    assert [(row.role, row.unit) for row in rows] == [("auditor", CITY)]
    assert all("eager" not in said and "张" not in said for row in rows for said in (row.zh, row.en))


async def test_the_day_ends_at_midnight_in_the_city(database: AsyncEngine) -> None:
    who = reader("late")
    for at, wanted in ((moment(3, 2, 23, 59), "shown"), (moment(3, 3, 0, 0), "shown"), (moment(3, 3, 0, 1), "stopped")):
        revealer = Revealer(database, RING, book_of(database, at, daily_ceiling=1))
        if wanted == "shown":
            await revealer.reveal("R-1", who, "call_back")
        else:
            with pytest.raises(UserError, match="reveal_ceiling_reached"):
                await revealer.reveal("R-1", who, "call_back")


async def test_unusual_use_is_told_to_the_auditor_once_a_day(database: AsyncEngine) -> None:
    who = reader("unusual")
    revealer = Revealer(database, RING, book_of(database, unusual_in_an_hour=2, unusual_same_case=3))
    for _ in range(4):
        await revealer.reveal("R-1", who, "call_back")
    told = [each async for each in Journal(database).entries(person=who.id, kinds=[EntryKind.UNUSUAL_READING])]
    assert [each.body["what"] for each in told] == [["many_in_an_hour"], ["same_case"]]
    async with database.connect() as connection:
        query = select(t.outbox.c.zh).where(t.outbox.c.kind == "unusual_reading", t.outbox.c.role == "auditor")
        said = (await connection.execute(query)).scalars().all()
    assert [f"第 {each.body['entry']} 条" in "".join(said) for each in told] == [True, True]
    assert "unusual" not in "".join(said)
