"""The log over a real database and a real folder: what goes in, what a crash leaves, and what it notices."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncEngine

from activities.evidence.log import LogCutError, MerkleLog
from activities.evidence.signing import Signer
from activities.evidence.store import (
    CheckpointStore,
    CheckpointStoreAheadError,
    CheckpointStoreConflictError,
    CheckpointStoreMissingError,
)
from activities.record.migrate import migrate, new_engine
from schemas.evidence.checkpoint import Checkpoint, checkpoint_path
from schemas.evidence.leaf import CaseLeaf, JournalLeaf
from schemas.evidence.merkle import empty_root
from schemas.evidence.tiles import Tile, Tiling
from schemas.kernel.errors import UserError
from schemas.record import tables as t
from tests.databases import by_owner, own_database
from tests.heads import add_heads, number

ORIGIN = "sanzhang.example/record"
NOON = datetime(2026, 3, 2, 4, tzinfo=UTC)


class Installation:
    """A database, a folder, and a clock that moves by a minute each time it is read."""

    def __init__(self, dsn: str, engine: AsyncEngine, folder: Path) -> None:
        self.dsn = dsn
        self.engine = engine
        self.folder = folder
        self.store = CheckpointStore.at(str(folder))
        self.signer = Signer(bytes(range(32)), ORIGIN)
        self.now = NOON

    def log(self, algorithm: str = "sha256", **other: Any) -> MerkleLog:
        given: dict[str, Any] = {"engine": self.engine, "store": self.store, "signer": self.signer} | other
        return MerkleLog(**given, origin=ORIGIN, algorithm=algorithm, clock=self.clock)

    def clock(self) -> datetime:
        self.now += timedelta(minutes=1)
        return self.now

    async def heads(self, first: int, last: int, *, seq: int = 1) -> None:
        async with self.engine.begin() as connection:
            await add_heads(connection, first, last, seq=seq)

    async def as_owner(self, *statements: str) -> None:
        """What the owner of the database can do: nothing holds a trigger against him."""
        await by_owner(self.engine, *statements)

    async def leaves(self) -> list[tuple[int, int, str, str]]:
        async with self.engine.connect() as connection:
            return [tuple(row) for row in await connection.execute(select(t.log_leaves).order_by("index"))]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def dsn(database_dsn: str) -> AsyncIterator[str]:
    async with own_database(database_dsn, "log") as dsn:
        await migrate(dsn)
        yield dsn


@pytest_asyncio.fixture
async def place(dsn: str, tmp_path: Path) -> AsyncIterator[Installation]:
    engine = new_engine(dsn, pool_size=8)
    place = Installation(dsn, engine, tmp_path / "checkpoints")
    await place.as_owner("TRUNCATE events, cases, seals, journal, log_leaves, checkpoints")
    yield place
    await engine.dispose()


async def test_a_leaf_for_every_head_that_changed(place: Installation) -> None:
    log = place.log()
    assert await log.checkpoint() is None
    assert await log.latest() is None
    await place.heads(1, 3)
    first = await log.checkpoint()
    assert first is not None
    assert (first.number, first.size, first.made_at) == (1, 3, NOON + timedelta(minutes=1))
    assert await log.checkpoint() is None

    await place.heads(2, 2, seq=2)
    await place.heads(4, 4)
    async with place.engine.begin() as connection:
        sealed = {"case_number": number(3), "run": 1, "seq": 1, "link": b"", "history": b"\xab", "history_events": 9}
        await connection.execute(insert(t.seals), sealed | {"algorithm": "sha256", "sealed_at": NOON})
        entry = {"number": 1, "at": NOON, "kind": "verified", "person": "", "role": "", "unit": "", "case_number": ""}
        await connection.execute(
            insert(t.journal), entry | {"reason": "", "body": {}, "algorithm": "sm3", "link": b"\xcd"}
        )
    second = await log.checkpoint()
    assert second is not None
    assert (second.number, second.size) == (2, 7)

    def link(position: int, seq: int) -> str:
        return hashlib.sha256(f"{position}:{seq}".encode()).hexdigest()

    assert await place.leaves() == [
        (0, 1, number(1), CaseLeaf(number(1), 1, link(1, 1)).text),
        (1, 1, number(2), CaseLeaf(number(2), 1, link(2, 1)).text),
        (2, 1, number(3), CaseLeaf(number(3), 1, link(3, 1)).text),
        (3, 2, number(2), CaseLeaf(number(2), 2, link(2, 2)).text),
        (4, 2, number(3), CaseLeaf(number(3), 1, link(3, 1), 1, "ab").text),
        (5, 2, number(4), CaseLeaf(number(4), 1, link(4, 1)).text),
        (6, 2, "", JournalLeaf(1, "cd", "sm3").text),
    ]
    latest = await log.latest()
    assert latest is not None
    assert latest.checkpoint == second
    assert Checkpoint.signed(latest.note, [place.signer.key]) == second
    assert (place.folder / checkpoint_path(2)).read_text() == latest.note
    assert await log.keys() == [place.signer.key]
    assert [each.checkpoint async for each in log.checkpoints()] == [first, second]


async def test_a_read_model_that_lags_makes_no_leaf(place: Installation) -> None:
    log = place.log()
    await place.heads(1, 2)
    await log.checkpoint()
    await place.as_owner("UPDATE cases SET link = 'x'")
    assert await log.checkpoint() is None


@pytest.mark.parametrize("algorithm", ["sha256", "sm3"])
async def test_proofs_hold_and_show_that_the_log_only_grew(place: Installation, algorithm: str) -> None:
    log = place.log(algorithm)
    with pytest.raises(UserError, match="no_checkpoint_yet"):
        await log.proof(number(1))
    for last in (3, 300, 700):
        await place.heads(1 if last == 3 else last - 250, last, seq=last)
        await log.checkpoint()
    for position in (1, 60, 455, 700):
        proof = await place.log(algorithm, signer=None).proof(number(position), since=2)
        assert proof.includes()
        assert proof.grew()
        assert isinstance(said := proof.said(), CaseLeaf)
        assert said.case == number(position)
        assert proof.head().algorithm == proof.algorithm == algorithm
        assert proof.key == place.signer.key.vkey
    with pytest.raises(UserError, match="case_not_in_log"):
        await log.proof(number(701))
    with pytest.raises(UserError, match="checkpoint_unknown"):
        await log.proof(number(1), since=4)


async def test_a_heartbeat_is_a_checkpoint_of_the_same_tree(place: Installation) -> None:
    log = place.log()
    empty = await log.checkpoint(heartbeat=True)
    assert empty is not None
    assert (empty.number, empty.size, empty.root) == (1, 0, empty_root())
    await place.heads(1, 2)
    grown = await log.checkpoint(heartbeat=True)
    alive = await log.checkpoint(heartbeat=True)
    assert grown is not None
    assert alive is not None
    assert (alive.number, alive.size, alive.root) == (3, grown.size, grown.root)
    assert alive.made_at > grown.made_at


async def test_two_at_once_make_one_log(place: Installation) -> None:
    await place.heads(1, 600)
    made = await asyncio.gather(*(place.log().checkpoint() for _ in range(4)))
    assert {each.number for each in made if each is not None} == {1}
    assert len(await place.leaves()) == 600


class KilledError(Exception):
    """The process is killed here."""


class CrashingStore(CheckpointStore):
    """Dies at the write of some path, before or after it."""

    @classmethod
    def over(cls, folder: Path, prefix: str, *, after: bool) -> CrashingStore:
        store = cls(str(folder), None, folder)
        store.prefix, store.after = prefix, after
        return store

    prefix: str
    after: bool

    async def put_all(self, objects: Iterable[tuple[str, bytes]]) -> None:
        for path, content in objects:
            fatal = path.startswith(self.prefix)
            if not fatal or self.after:
                await super().put_all([(path, content)])
            if fatal:
                raise KilledError


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("prefix", ["tile/entries/000", "tile/0/001", "tile/1/", "keys/", "checkpoints/"])
async def test_what_a_crash_left_is_finished_by_the_next_call(place: Installation, prefix: str, after: bool) -> None:
    await place.heads(1, 300)
    with pytest.raises(KilledError):
        await place.log(store=CrashingStore.over(place.folder, prefix, after=after)).checkpoint()
    assert await place.log().latest() is None
    kept = await place.store.get(checkpoint_path(1))
    # The world went on meanwhile: that belongs into the next checkpoint, not into the one that was begun.
    await place.heads(200, 310, seq=2)
    made = await place.log().checkpoint()
    assert made is not None
    assert (made.number, made.size) == (2, 411)
    notes = [each.note async for each in place.log().checkpoints()]
    assert Checkpoint.signed(notes[0], [place.signer.key]).size == 300
    assert kept is None or kept.decode() == notes[0]
    assert (await place.log().proof(number(205), since=1)).grew()


async def test_a_database_that_was_set_back_is_noticed(place: Installation) -> None:
    await place.heads(1, 5)
    await place.log().checkpoint()
    await place.heads(6, 9)
    await place.log().checkpoint()
    await place.as_owner("DELETE FROM checkpoints WHERE number = 2", "DELETE FROM log_leaves WHERE checkpoint = 2")
    for _ in range(2):
        with pytest.raises(CheckpointStoreAheadError, match="set back"):
            await place.log().checkpoint()
    assert len(await place.leaves()) == 5


async def test_a_lost_row_is_taken_from_the_store(place: Installation) -> None:
    await place.heads(1, 5)
    await place.log().checkpoint()
    before = await place.log().latest()
    await place.as_owner("DELETE FROM checkpoints")
    assert await place.log().checkpoint() is not None
    assert await place.log().latest() == before


async def test_leaves_that_were_altered_before_the_note_make_no_second_checkpoint_of_its_number(
    place: Installation,
) -> None:
    await place.heads(1, 5)
    await place.log().checkpoint()
    await place.as_owner("DELETE FROM checkpoints", "UPDATE log_leaves SET leaf = '{}' WHERE index = 2")
    with pytest.raises(CheckpointStoreConflictError, match="tile/"):
        await place.log().checkpoint()


@pytest.mark.parametrize(
    ("statement", "error"),
    [
        ("DELETE FROM log_leaves WHERE index = 4", LogCutError),
        ("UPDATE checkpoints SET note = replace(note, 'number 1', 'number 1 ')", ValueError),
        ("UPDATE checkpoints SET note = replace(note, '2026-03-02', '2026-03-01')", CheckpointStoreConflictError),
    ],
)
async def test_a_database_that_was_altered_is_noticed(
    place: Installation, statement: str, error: type[Exception]
) -> None:
    await place.heads(1, 5)
    await place.log().checkpoint()
    await place.heads(6, 6)
    await place.as_owner(statement)
    with pytest.raises(error):
        await place.log().checkpoint()


async def test_a_gap_in_new_leaves_is_noticed(place: Installation) -> None:
    leaf = {"checkpoint": 1, "case_number": number(1), "leaf": "{}"}
    async with place.engine.begin() as connection:
        await connection.execute(insert(t.log_leaves), [leaf | {"index": 0}, leaf | {"index": 2}])
    with pytest.raises(LogCutError, match="lacks leaves"):
        await place.log().checkpoint()


async def test_a_store_that_was_altered_is_noticed(place: Installation) -> None:
    await place.heads(1, 300)
    await place.log().checkpoint()
    await place.heads(301, 301)

    async def alter(path: str, content: bytes | None, error: type[Exception]) -> None:
        file = place.folder / path
        kept = file.read_bytes()
        file.unlink()
        if content is not None:
            file.write_bytes(content)
        with pytest.raises(error, match=path.replace(".", r"\.")):
            await place.log().checkpoint()
        file.unlink(missing_ok=True)
        file.write_bytes(kept)

    await alter(checkpoint_path(1), None, CheckpointStoreMissingError)
    await alter(checkpoint_path(1), b"another", CheckpointStoreConflictError)
    partial = Tile(0, 1, 44).path
    await alter(partial, None, CheckpointStoreMissingError)
    other = Tiling()
    list(other.extend([b"?"] * 300))
    file = place.folder / partial
    content = {tile.path: content for tile, content in other.partials()}[partial]
    kept = file.read_bytes()
    file.unlink()
    file.write_bytes(content)
    with pytest.raises(CheckpointStoreConflictError, match="do not lead"):
        await place.log().checkpoint()
    with pytest.raises(CheckpointStoreConflictError, match="do not lead"):
        await place.log().proof(number(1))
    file.unlink()
    with pytest.raises(CheckpointStoreMissingError):
        await place.log().proof(number(1))
    file.write_bytes(kept)
    (place.folder / checkpoint_path(2)).write_bytes(b"not a note")
    with pytest.raises(CheckpointStoreConflictError, match="no checkpoint of this log"):
        await place.log().checkpoint()


async def test_the_algorithm_stays_and_only_a_signer_makes_checkpoints(place: Installation) -> None:
    await place.heads(1, 1)
    with pytest.raises(UserError, match="signing_key_missing"):
        await place.log(signer=None).checkpoint()
    await place.log("sm3").checkpoint()
    with pytest.raises(UserError, match="log_algorithm_fixed"):
        await place.log("sha256").checkpoint()


async def test_a_renewed_key_goes_on_with_the_same_log(place: Installation) -> None:
    await place.heads(1, 1)
    await place.log().checkpoint()
    renewed = Signer(bytes(32), ORIGIN)
    await place.heads(2, 2)
    assert await place.log(signer=renewed).checkpoint() is not None
    assert set(await place.log().keys()) == {place.signer.key, renewed.key}
    assert (await place.log().proof(number(2))).key == renewed.key.vkey


async def test_the_log_grows_through_a_door_that_is_read_only_otherwise(place: Installation) -> None:
    await place.heads(1, 1)
    auditors = new_engine(place.dsn, pool_size=2, read_only=True)
    try:
        assert await place.log(engine=auditors).checkpoint() is not None
        assert (await place.log(engine=auditors).proof(number(1))).includes()
    finally:
        await auditors.dispose()
