"""The security trail: counted where strangers could flood it, lost by nothing, and forwarded from where it stopped."""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
import pytest_asyncio
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from activities.evidence import trail as trail_module
from activities.evidence.forwarding import Forwarder, Syslog, keep_trail
from activities.evidence.journal import Journal
from activities.evidence.trail import Trail
from activities.evidence.verify.journalled import JournalCheck
from activities.record.migrate import migrate, new_engine
from schemas.evidence.journal import Entry, EntryKind
from schemas.evidence.syslog import framed, message
from schemas.evidence.trail import STRANGER, TRAIL, WINDOW, Counted
from schemas.kernel.actor import Actor, Role
from tests.databases import own_database

pytestmark = pytest.mark.asyncio(loop_scope="module")

PERSON = Actor(id="he-xiaoyun", role=Role.OPERATOR, unit="WC", credential="s-1")
GUESS = Counted(EntryKind.SIGN_IN_FAILED, STRANGER, "he-xiaoyun", "203.0.113.9")


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2026, 3, 2, 1, 0, 3, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest_asyncio.fixture(loop_scope="module")
async def engine(database_dsn: str) -> AsyncIterator[AsyncEngine]:
    async with own_database(database_dsn, "trail") as dsn:
        await migrate(dsn)
        engine = new_engine(dsn, pool_size=4)
        yield engine
        await engine.dispose()


def trail_of(engine: AsyncEngine, clock: Clock) -> Trail:
    return Trail(engine, Journal(engine, clock=clock), clock=clock)


async def written(engine: AsyncEngine) -> list[Entry]:
    return [entry async for entry in Journal(engine).entries()]


async def test_a_flood_is_one_entry_for_account_place_and_window(engine: AsyncEngine) -> None:
    clock = Clock()
    first, second = trail_of(engine, clock), trail_of(engine, clock)
    for _ in range(500):
        first.count(GUESS)
        second.count(GUESS)
    first.count(GUESS._replace(place="203.0.113.10"))
    await asyncio.gather(first.settled(), second.settled())
    assert await written(engine) == [], "still being counted"
    assert sorted([each.body["count"] async for each in first.entries(TRAIL)]) == [1, 1000]
    assert await first.tell_what_was_counted() == 0
    clock.now += WINDOW
    first.count(GUESS)
    await first.settled()
    told = await asyncio.gather(first.tell_what_was_counted(), second.tell_what_was_counted())
    assert sum(told) == 2
    entries = await written(engine)
    assert sorted(entry.body["count"] for entry in entries) == [1, 1000]
    assert {entry.actor.id for entry in entries} == {"stranger"}
    assert {entry.body["account"] for entry in entries} == {"he-xiaoyun"}
    assert [each.number async for each in first.entries(TRAIL, person="he-xiaoyun")][:2] == [1, 2]
    assert [each async for each in first.entries(TRAIL, person="tan-wei")] == []
    async with engine.connect() as connection:
        check = JournalCheck(connection, [])
        assert [finding async for finding in check.findings()] == [], "and they stand in the chain"


async def test_what_cannot_be_written_waits_and_is_not_lost(
    engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trail_module, "TRY_AGAIN", 0.05)
    clock = Clock()
    trail = trail_of(engine, clock)
    async with engine.begin() as connection:
        await connection.execute(text("ALTER TABLE trail_counts RENAME TO elsewhere"))
    for _ in range(7):
        trail.count(GUESS)
    waiting = asyncio.create_task(trail.settled())
    done, _ = await asyncio.wait([waiting], timeout=0.3)
    assert not done
    trail.count(GUESS)
    async with engine.begin() as connection:
        await connection.execute(text("ALTER TABLE elsewhere RENAME TO trail_counts"))
    async with asyncio.timeout(10):
        await waiting
    assert [each.body["count"] for each in await trail.pending()] == [8]


async def test_a_flood_of_different_places_fills_no_memory(
    engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trail_module, "MOST_KEYS", 10)
    trail = trail_of(engine, Clock())
    for n in range(200):
        trail.count(GUESS._replace(place=f"203.0.113.{n}"))
    await trail.settled()
    pending = await trail.pending()
    assert len(pending) == 11 and sum(each.body["count"] for each in pending) == 200


async def test_an_entry_and_what_it_tells_of_stand_or_fall_together(engine: AsyncEngine) -> None:
    trail = trail_of(engine, Clock())
    note = trail.noted(EntryKind.TOKEN_CREATED, PERSON, {"account": "x"})
    with pytest.raises(RuntimeError):
        async with engine.begin() as connection:
            await note(connection, {"token": "t"})
            raise RuntimeError
    assert await written(engine) == []
    async with engine.begin() as connection:
        await note(connection, {"token": "t"})
    [entry] = await written(engine)
    assert (entry.actor, entry.body) == (PERSON, {"account": "x", "token": "t"})


SYSLOG = re.compile(
    rb'<(\d+)>1 (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z) ([!-~]+) sanzhang - ([a-z_]{1,32}) \[trail@32473((?: [a-z]+="(?:[^"\\\]]|\\["\\\]])*")+)\] \xef\xbb\xbf([^\n\r\0]*)'
)
"""RFC 5424 §6, of what we use."""


async def test_a_message_is_of_rfc_5424_whatever_an_entry_holds() -> None:
    for hostile in ('x"] <34>1 -', "a\nb\r\0c", "\\", "灯", "]" * 3, "\u202e"):
        entry = Entry(
            number=7,
            at=datetime(2026, 3, 2, 1, tzinfo=UTC),
            kind=EntryKind.SIGN_IN_FAILED,
            actor=Actor(id=hostile, role=Role.SYSTEM, unit=hostile),
            case_number=hostile,
            body={"account": hostile, "count": 3},
        )
        said = message(entry, "host name", "ab" * 32)
        found = SYSLOG.fullmatch(said)
        assert found, said
        assert found[1] == b"108", "log audit, warning"
        assert found[3] == b"hostname"
        assert said.count(b"trail@32473") == 1
        assert framed(said) == str(len(said)).encode() + b" " + said


class Listener:
    """Takes octet-counted messages by TCP, as RFC 6587 says."""

    def __init__(self) -> None:
        self.taken: list[bytes] = []
        self.port = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        data = await reader.read()
        while data:
            length, _, rest = data.partition(b" ")
            self.taken.append(rest[: int(length)])
            data = rest[int(length) :]
        writer.close()


async def test_the_trail_is_forwarded_by_tcp_from_where_it_stopped(engine: AsyncEngine) -> None:
    clock, listener = Clock(), Listener()
    trail, journal = trail_of(engine, clock), Journal(engine, clock=clock)
    server = await asyncio.start_server(listener.serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    target = f"tcp://127.0.0.1:{port}"

    def forwarder() -> Forwarder:
        return Forwarder(engine, Syslog(target), target, clock=clock, host="bureau")

    await trail.record(EntryKind.SIGNED_IN, PERSON, {"place": "203.0.113.9"})
    await journal.append(EntryKind.RECONCILED, PERSON)
    await trail.record(EntryKind.SIGNED_OUT, PERSON)
    assert await forwarder().forward() == 2
    assert [re.search(rb'entry="(\d+)"', each)[1] for each in listener.taken] == [b"1", b"3"]  # type: ignore[index]
    assert all(SYSLOG.fullmatch(each) for each in listener.taken)
    assert b's-1"' in listener.taken[0] and b"place=203.0.113.9" in listener.taken[0]
    server.close()
    await server.wait_closed()
    for _ in range(3):
        await trail.record(EntryKind.SIGNED_IN, PERSON)
    with pytest.raises(OSError):
        await forwarder().forward()
    server = await asyncio.start_server(listener.serve, "127.0.0.1", port)
    assert await forwarder().forward() == 3
    assert await forwarder().forward() == 0
    assert len(listener.taken) == 5
    server.close()
    await server.wait_closed()


async def test_a_receiver_that_is_away_holds_up_nothing(engine: AsyncEngine) -> None:
    clock = Clock()
    trail = trail_of(engine, clock)

    class Away:
        def __init__(self) -> None:
            self.asked, self.often = 0, asyncio.Event()

        async def send(self, messages: list[bytes]) -> None:
            self.asked += 1
            if self.asked == 3:
                self.often.set()
            raise ConnectionRefusedError

    away = Away()

    keeper = asyncio.create_task(keep_trail(trail, Forwarder(engine, away, "tcp://away"), every=0.01))
    trail.count(GUESS)
    await trail.settled()
    clock.now += WINDOW
    async with asyncio.timeout(10):
        await away.often.wait()
        await trail.record(EntryKind.SIGNED_IN, PERSON)
    keeper.cancel()
    with pytest.raises(asyncio.CancelledError):
        await keeper
    assert [each.kind for each in await written(engine)] == [EntryKind.SIGN_IN_FAILED, EntryKind.SIGNED_IN]


async def test_by_udp_a_message_is_a_datagram(engine: AsyncEngine) -> None:
    loop, taken = asyncio.get_running_loop(), asyncio.Queue[bytes]()

    class Take(asyncio.DatagramProtocol):
        def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
            taken.put_nowait(data)

    transport, _ = await loop.create_datagram_endpoint(Take, local_addr=("127.0.0.1", 0))
    target = f"udp://127.0.0.1:{transport.get_extra_info('sockname')[1]}"
    await trail_of(engine, Clock()).record(EntryKind.SIGNED_IN, PERSON)
    assert await Forwarder(engine, Syslog(target), target).forward() == 1
    async with asyncio.timeout(10):
        assert SYSLOG.fullmatch(await taken.get())
    transport.close()


async def test_by_tls_a_receiver_shows_who_it_is(engine: AsyncEngine) -> None:
    """One that only speaks TCP gets nothing in the clear."""
    heard: list[bytes] = []

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.read(100))
        writer.close()

    server = await asyncio.start_server(listen, "127.0.0.1", 0)
    target = f"tls://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    await trail_of(engine, Clock()).record(EntryKind.SIGNED_IN, PERSON)
    with pytest.raises((OSError, ssl.SSLError)):
        await Forwarder(engine, Syslog(target), target).forward()
    server.close()
    await server.wait_closed()
    assert heard and b"sanzhang" not in heard[0]


async def test_a_trail_that_was_cut_is_found_whichever_end(engine: AsyncEngine) -> None:
    clock = Clock()
    trail = trail_of(engine, clock)
    for _ in range(6):
        await trail.record(EntryKind.SIGNED_IN, PERSON)
        clock.now += timedelta(days=40)
    async with engine.begin() as connection:
        with pytest.raises(Exception, match="append_only"):
            async with connection.begin_nested():
                await connection.execute(text("DELETE FROM journal WHERE number = 1"))
        await connection.execute(text("ALTER TABLE journal DISABLE TRIGGER USER"))
        await connection.execute(text("DELETE FROM journal WHERE number IN (1, 2)"))
        check = JournalCheck(connection, [])
        assert [finding.code async for finding in check.findings()] == ["journal_missing"]
