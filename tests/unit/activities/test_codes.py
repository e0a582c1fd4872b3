"""Codes are shown once and kept as hashes; those of before are taken over without anybody losing theirs."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
import pytest_asyncio
from sqlalchemy import insert, text
from sqlalchemy.ext.asyncio import AsyncEngine

from activities.personal import seal
from activities.record.codes import IN_CLEAR_FOR, REPEATED_WITHIN, TrackingCodes, new_code
from activities.record.intake import CaseNumberAllocator, Reservation
from activities.record.migrate import migrate, new_engine
from schemas.petition.events import FiledContent, Petitioner
from schemas.petition.state import Complexity, Ledger
from schemas.record import tables as t
from schemas.sealing.factors import Factor
from schemas.sealing.keys import KeyRing
from schemas.sealing.personal import PersonalData
from tests.databases import own_database
from tests.keys import RING

pytestmark = pytest.mark.asyncio(loop_scope="module")

NOW = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
NEWER = KeyRing([("k2", bytes(range(1, 33))), ("k1", bytes(range(32)))])


class Clock:
    """A clock that is set."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def database(database_dsn: str) -> AsyncIterator[AsyncEngine]:
    async with own_database(database_dsn, "codes") as dsn:
        await migrate(dsn)
        engine = new_engine(dsn, pool_size=4)
        yield engine
        await engine.dispose()


@pytest_asyncio.fixture(loop_scope="module")
async def clock(database: AsyncEngine) -> Clock:
    async with database.begin() as connection:
        names = "series, intake, resemblances, resemblance_bands, tracking_codes, petitioners"
        await connection.execute(text(f"TRUNCATE {names}"))
    return Clock()


def message(name: str, phone: str | None = "13800001234") -> FiledContent:
    sealed = seal(RING, PersonalData(name="张三", phone=phone))
    return FiledContent(
        source="test",
        source_event_id=name,
        channel="import",
        title="路灯",
        text=f"{name}：路灯坏了。",
        ledger=Ledger.CLAIM,
        complexity=Complexity.SIMPLE,
        unit="XA",
        petitioners=(Petitioner(sealed=sealed),),
    )


async def reserved(database: AsyncEngine, clock: Clock, content: FiledContent) -> Reservation:
    return await CaseNumberAllocator(database, RING, clock=clock).reserve(content, "XA", NOW)


async def filed(database: AsyncEngine, number: str, content: FiledContent | None = None) -> None:
    async with database.begin() as connection:
        await connection.execute(
            text("UPDATE intake SET filed_at = :at WHERE case_number = :n"), {"at": NOW, "n": number}
        )
        for place, each in enumerate(content.petitioners if content else ()):
            row = {"case_number": number, "position": place, "alias": "", "representative": True}
            sealed = each.sealed.model_dump(mode="json") if each.sealed else None
            await connection.execute(insert(t.petitioners), row | {"sealed": sealed})


async def everything(database: AsyncEngine) -> str:
    """All that the database holds, as text."""
    said: list[str] = []
    async with database.connect() as connection:
        for name in t.METADATA.tables:
            said += [str(tuple(row)) for row in (await connection.execute(text(f"SELECT * FROM {name}"))).all()]
    return "\n".join(said)


async def test_the_database_holds_no_code(database: AsyncEngine, clock: Clock) -> None:
    with_phone, without = message("a"), message("b", phone="1.38001E+10")
    first, second = [await reserved(database, clock, each) for each in (with_phone, without)]
    assert (first.factor, first.pin) == (Factor.PHONE, "")
    assert (second.factor, len(second.pin)) == (Factor.PIN, 6)
    held = await everything(database)
    for secret in (first.tracking_code, second.tracking_code, second.pin):
        assert secret
        assert secret not in held
        assert secret.encode().hex() not in held
        assert secret not in repr((first, second))


async def test_a_code_opens_with_its_factor_only(database: AsyncEngine, clock: Clock) -> None:
    codes = TrackingCodes(database, RING, clock=clock)
    for content in (message("a"), message("b", phone=None)):
        given = await reserved(database, clock, content)
        assert await codes.find(given.tracking_code) is None, "its case is not in the record yet"
        await filed(database, given.number, content)
        kept = await codes.find(given.tracking_code)
        assert kept is not None
        assert kept.number == given.number
        right = given.pin or "1234"
        assert codes.proven(kept, right) is given.factor
        for wrong in ("", "0000", "999999", right[:-1]):
            assert codes.proven(kept, wrong) is None
        assert await codes.number(f"查询码：{given.tracking_code.lower()}") == given.number
        assert await codes.find("ABCDEFGH2345") is None


async def test_a_new_key_in_front_loses_nobody_their_code(database: AsyncEngine, clock: Clock) -> None:
    content = message("a", phone=None)
    given = await reserved(database, clock, content)
    await filed(database, given.number, content)
    codes = TrackingCodes(database, NEWER, clock=clock)
    kept = await codes.find(given.tracking_code)
    assert kept is not None
    assert codes.proven(kept, given.pin) is Factor.PIN


async def test_a_repeated_filing_is_shown_its_code_for_a_day(database: AsyncEngine, clock: Clock) -> None:
    content = message("a", phone=None)
    first = await reserved(database, clock, content)
    clock.now += REPEATED_WITHIN * 3
    again = await reserved(database, clock, content)
    assert (again.tracking_code, again.pin, again.known) == (first.tracking_code, first.pin, True), "nobody has seen it"
    await filed(database, first.number)
    clock.now = NOW + REPEATED_WITHIN - timedelta(seconds=1)
    again = await reserved(database, clock, content)
    assert (again.tracking_code, again.pin) == (first.tracking_code, first.pin)
    clock.now = NOW + REPEATED_WITHIN
    again = await reserved(database, clock, content)
    assert (again.number, again.tracking_code, again.pin, again.filed) == (first.number, "", "", True)


async def test_once_used_or_issued_anew_it_is_shown_to_nobody(database: AsyncEngine, clock: Clock) -> None:
    codes = TrackingCodes(database, RING, clock=clock)
    used, anew = [await reserved(database, clock, message(each)) for each in ("a", "b")]
    for each in (used, anew):
        await filed(database, each.number)
    await codes.used(used.number)
    new = new_code()
    assert await codes.reissue(anew.number, 1, new, with_pin=False)
    assert not await codes.reissue(anew.number, 1, new_code(), with_pin=False), "the same issue twice"
    for name in ("a", "b"):
        assert (await reserved(database, clock, message(name))).tracking_code == ""
    assert await codes.find(anew.tracking_code) is None, "the old one is over"
    kept = await codes.find(new.code)
    assert kept is not None
    assert (kept.number, kept.issue) == (anew.number, 1)
    assert await codes.find(used.tracking_code) is not None


async def test_what_was_remembered_for_repeated_filings_is_forgotten(database: AsyncEngine, clock: Clock) -> None:
    codes = TrackingCodes(database, RING, clock=clock)
    old, unfiled = [await reserved(database, clock, message(each)) for each in ("a", "b")]
    await filed(database, old.number)
    clock.now += REPEATED_WITHIN + timedelta(hours=1)
    await codes.tidy()
    async with database.connect() as connection:
        kept = (
            await connection.execute(text("SELECT case_number FROM tracking_codes WHERE sealed IS NOT NULL"))
        ).scalars()
        assert list(kept) == [unfiled.number], "of a filing that never arrived nobody has seen the code"


async def test_codes_of_before_are_taken_over_and_emptied_a_day_later(database: AsyncEngine, clock: Clock) -> None:
    codes = TrackingCodes(database, RING, clock=clock)
    old = {"source": "old", "content_hash": b"", "reserved_at": NOW, "filed_at": NOW}
    rows = [
        old
        | {"source_event_id": str(each), "case_number": f"XA-2026-C-{each:06}", "tracking_code": f"ABCDEFGH23{each:02}"}
        for each in range(22, 30)
    ]
    async with database.begin() as connection:
        await connection.execute(insert(t.intake), rows)
    assert (await codes.find("ABCDEFGH2322")) is not None, "given out by a gateway of the release before, a moment ago"
    assert await codes.tidy() == len(rows)
    assert await codes.tidy() == 0
    assert "ABCDEFGH2322" in await everything(database), "gateways of the release before still look there"
    clock.now += IN_CLEAR_FOR + timedelta(seconds=1)
    await codes.tidy()
    assert "ABCDEFGH23" not in await everything(database)
    for row in rows:
        kept = await codes.find(str(row["tracking_code"]))
        assert kept is not None
        assert (kept.number, kept.taken_over) == (row["case_number"], True)


async def test_a_number_the_release_before_reserved_gets_a_code_with_its_filing(
    database: AsyncEngine, clock: Clock
) -> None:
    first = await reserved(database, clock, message("a"))
    async with database.begin() as connection:
        await connection.execute(text("DELETE FROM tracking_codes"))
        await connection.execute(text("UPDATE intake SET tracking_code = 'ABCDEFGH2345'"))
    codes = TrackingCodes(database, RING, clock=clock)
    again = first
    for again in [await reserved(database, clock, message("a")) for _ in range(2)]:
        assert (again.number, len(again.tracking_code), again.known) == (first.number, 12, True)
    await filed(database, first.number)
    assert await codes.find(again.tracking_code) is not None, (
        "that of the latest answer, for the case had not been filed"
    )
