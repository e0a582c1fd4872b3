"""What can be done to the log, its checkpoints and the journal: each is found, named, and nothing else is."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from sqlalchemy import text

from activities.evidence.signing import Signer
from activities.evidence.verify.journalled import EntryRow
from activities.evidence.verify.verification import count_events
from schemas.evidence.checkpoint import Checkpoint, Note, checkpoint_path
from tests.clean_record import ORIGIN
from tests.tampering import Alteration, Crime, Kinds, Tampered

KINDS = Kinds()
# The log and its checkpoints


KINDS.sql(
    "a leaf",
    lambda cast: [("leaf_altered", "", 0, "")],
    "UPDATE log_leaves SET leaf = replace(leaf, '11}', '10}') WHERE index = 0",
)
KINDS.sql(
    "a leaf deleted",
    lambda cast: [("leaf_missing", "", 1)],
    "DELETE FROM log_leaves WHERE index = 1",
)
KINDS.sql(
    "a leaf under another case",
    lambda cast: [("leaf_misfiled", "", 0, "case_number")],
    "UPDATE log_leaves SET case_number = :open WHERE index = 0",
)
KINDS.sql(
    "a leaf added",
    lambda cast: [("leaf_inserted", cast.open, 500)],
    "INSERT INTO log_leaves SELECT 500, 2, case_number, leaf FROM log_leaves WHERE case_number = :open LIMIT 1",
)
KINDS.sql(
    "a checkpoint deleted",
    lambda cast: [("checkpoint_missing", "", 2)],
    "DELETE FROM checkpoints WHERE number = 2",
)
KINDS.sql(
    "the newest checkpoint deleted",
    lambda cast: [("checkpoint_missing", "", 3)],
    "DELETE FROM checkpoints WHERE number = 3",
)
KINDS.sql(
    "the newest checkpoint deleted with its leaves",
    lambda cast: [("database_older", "", 3)],
    "DELETE FROM checkpoints WHERE number = 3",
    "DELETE FROM log_leaves WHERE checkpoint = 3",
)
KINDS.sql(
    "a checkpoint's root",
    lambda cast: [("checkpoint_altered", "", 2, "root")],
    "UPDATE checkpoints SET root = sha256('x') WHERE number = 2",
)
KINDS.sql(
    "a checkpoint's time",
    lambda cast: [("checkpoint_altered", "", 2, "made_at")],
    "UPDATE checkpoints SET made_at = made_at - interval '1 hour' WHERE number = 2",
)
KINDS.sql(
    "a checkpoint's note",
    lambda cast: [("checkpoint_unsigned", "", 2, "database")],
    "UPDATE checkpoints SET note = replace(note, 'number 2', 'number 7') WHERE number = 2",
)


@KINDS.alteration("a checkpoint gone from the store", lambda cast: [("checkpoint_lost", "", 2)])
async def _(crime: Crime) -> None:
    (crime.store / checkpoint_path(2)).unlink()


@KINDS.alteration("the store emptied", lambda cast: [("store_empty", "")])
async def _(crime: Crime) -> None:
    shutil.rmtree(crime.store)


@KINDS.alteration(
    "a checkpoint forged in database and store with another key",
    lambda cast: [("checkpoint_unsigned", "", 3, "store")],
)
async def _(crime: Crime) -> None:
    file = crime.unlocked(checkpoint_path(3))
    true = Checkpoint.parse(Note.parse(file.read_text()).text)
    forged = Signer(bytes(32), ORIGIN).sign(true.text)
    file.write_text(forged)
    await crime.do("UPDATE checkpoints SET note = :note WHERE number = 3", note=forged)


@KINDS.alteration("leaves altered in the store", lambda cast: [("tile_altered", "", None)])
async def _(crime: Crime) -> None:
    last = max(crime.store.glob("tile/entries/000.p/*"), key=lambda path: int(path.name))
    path = last.relative_to(crime.store).as_posix()
    file = crime.unlocked(path)
    file.write_bytes(file.read_bytes().replace(b'"seq":11', b'"seq":10', 1))


@KINDS.alteration(
    "leaves altered in database and store alike",
    lambda cast: [("checkpoint_root", "", 1), ("tile_altered", "", None)],
)
async def _(crime: Crime) -> None:
    last = max(crime.store.glob("tile/entries/000.p/*"), key=lambda path: int(path.name))
    file = crime.unlocked(last.relative_to(crime.store).as_posix())
    file.write_bytes(file.read_bytes().replace(b'"algorithm":"sha256","case"', b'"algorithm":"sha257","case"', 1))
    await crime.do("UPDATE log_leaves SET leaf = replace(leaf, 'sha256', 'sha257') WHERE index = 0")


# The journal


KINDS.sql(
    "a journal entry",
    lambda cast: [("journal_altered", "", 3, "")],
    "UPDATE journal SET reason = '例行' WHERE number = 3",
)
KINDS.sql(
    "who read personal data",
    lambda cast: [("journal_altered", "", 5, "")],
    "UPDATE journal SET person = 'nobody' WHERE number = 5",
)
KINDS.sql(
    "a journal entry's link",
    lambda cast: [("journal_altered", "", 3, "link")],
    "UPDATE journal SET link = sha256('x') WHERE number = 3",
)
KINDS.sql(
    "a journal entry deleted",
    lambda cast: [("journal_missing", "", 2)],
    "DELETE FROM journal WHERE number = 2",
)
KINDS.sql(
    "a journal entry deleted and the rest renumbered",
    lambda cast: [("journal_missing", "", 2)],
    "DELETE FROM journal WHERE number = 2",
    "UPDATE journal SET number = 2 WHERE number = 3",
    "UPDATE journal SET number = 3 WHERE number = 4",
    "UPDATE journal SET number = 4 WHERE number = 5",
)
KINDS.sql(
    "the end of the journal deleted",
    lambda cast: [("journal_truncated", "", 4)],
    "DELETE FROM journal WHERE number > 3",
)


KINDS.sql(
    "a journal entry inserted and the rest renumbered",
    lambda cast: [("journal_inserted", "", 3)],
    *(f"UPDATE journal SET number = {number + 1} WHERE number = {number}" for number in (5, 4, 3)),
    "INSERT INTO journal SELECT 3, at, kind, person, role, unit, case_number, '例行', body, algorithm, sha256('x')"
    " FROM journal WHERE number = 2",
)


@KINDS.alteration("the journal recomputed from a forged entry on", lambda cast: [("journal_rewritten", "", 2)])
async def _(crime: Crime) -> None:

    await crime.do("UPDATE journal SET reason = '例行' WHERE number = 3")
    rows = (
        await crime.connection.execute(text(f"SELECT {', '.join(EntryRow._fields)} FROM journal ORDER BY number"))
    ).all()
    previous: bytes | None = rows[1].link
    for row in rows[2:]:
        assert previous is not None
        previous = EntryRow(*row).after(previous)
        await crime.do("UPDATE journal SET link = :link WHERE number = :n", link=previous, n=row.number)


@pytest.mark.asyncio(loop_scope="session")
@pytest.mark.parametrize("kind", KINDS.listed, ids=KINDS.ids)
async def test_it_is_found_and_named_and_nothing_else_is(kind: Alteration, tampered: Tampered, tmp_path: Path) -> None:
    await tampered.altered(kind.deed, tmp_path)
    kind.compare(await tampered.verified(tmp_path), tampered.cast)


@pytest.mark.asyncio(loop_scope="session")
async def test_nothing_is_found_in_a_clean_record(tampered: Tampered, tmp_path: Path) -> None:
    await tampered.clean(tmp_path)
    assert await tampered.verified(tmp_path) == []
    for number in tampered.cast.decided:
        assert await tampered.verified(tmp_path, number) == []


@pytest.mark.asyncio(loop_scope="session")
async def test_how_far_a_check_has_come_is_told_without_counting_events(tampered: Tampered, tmp_path: Path) -> None:
    await tampered.clean(tmp_path)
    async with tampered.engine.begin() as connection:
        await connection.execute(text("ANALYZE events"))
        there = (await connection.execute(text("SELECT count(*) FROM events"))).scalar_one()
    assert await count_events(tampered.engine) == there > 0


@pytest.mark.asyncio(loop_scope="session")
async def test_an_old_backup_is_called_one(tampered: Tampered, tmp_path: Path) -> None:
    await tampered.clean(tmp_path, backup=True)
    findings = await tampered.verified(tmp_path)
    assert [(each.code, each.found, each.expected) for each in findings] == [("database_older", "2", "3")]
