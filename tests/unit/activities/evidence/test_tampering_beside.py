"""What can be done to the tables beside the events, to seals and archives: each is found, named, and nothing else is."""

from __future__ import annotations

import zlib
from pathlib import Path

import pytest
from sqlalchemy import text

from activities.evidence.journal import Journal
from activities.keys import seal, unseal
from schemas.evidence.journal import EntryKind
from schemas.kernel.actor import SYSTEM
from schemas.sealing.keys import Purpose
from tests.clean_record import RING
from tests.tampering import Alteration, Crime, Kinds, Tampered

KINDS = Kinds()
# What stands beside the events


KINDS.sql(
    "the last event's number in cases",
    lambda cast: [("head_disagrees", cast.answered, None, "seq")],
    "UPDATE cases SET seq = 5 WHERE case_number = :answered",
)
KINDS.sql(
    "the link in cases",
    lambda cast: [("head_disagrees", cast.answered, None, "link")],
    "UPDATE cases SET link = sha256('x') WHERE case_number = :answered",
)
KINDS.sql(
    "the row in cases deleted",
    lambda cast: [("head_missing", cast.answered)],
    "DELETE FROM cases WHERE case_number = :answered",
)
KINDS.sql(
    "a command deleted",
    lambda cast: [("command_missing", cast.answered, 3)],
    "DELETE FROM commands WHERE case_number = :answered AND first_seq = 3",
)
KINDS.sql(
    "a command's reach",
    lambda cast: [("command_altered", cast.sealed, 10, "first_seq")],
    "UPDATE commands SET first_seq = first_seq + 1 WHERE case_number = :sealed AND last_seq = 11",
)
KINDS.sql(
    "a command's name",
    lambda cast: [("command_altered", cast.answered, 3, "command_id")],
    "UPDATE commands SET command_id = 'another' WHERE case_number = :answered AND first_seq = 3",
)
KINDS.sql(
    "a command added",
    lambda cast: [("command_inserted", cast.answered, 3)],
    "INSERT INTO commands VALUES (:answered, 'another', 3, 3)",
)
KINDS.sql(
    "what the source said",
    lambda cast: [("intake_altered", cast.answered, None, "content_hash")],
    "UPDATE intake SET content_hash = sha256('x') WHERE case_number = :answered",
)
KINDS.sql(
    "the register's row",
    lambda cast: [("intake_missing", cast.answered)],
    "DELETE FROM intake WHERE case_number = :answered",
)
KINDS.sql(
    "that it was ever filed",
    lambda cast: [("intake_altered", cast.answered, None, "filed_at")],
    "UPDATE intake SET filed_at = NULL WHERE case_number = :answered",
)
KINDS.sql(
    "a petitioner's sealed data",
    lambda cast: [("petitioner_altered", cast.answered, 0, "sealed.sealed")],
    "UPDATE petitioners SET sealed = jsonb_set(sealed, '{sealed}', '\"AAAA\"') WHERE case_number = :answered",
)
KINDS.sql(
    "who is masked as the petitioner",
    lambda cast: [("petitioner_altered", cast.answered, 0, "sealed.masked_name")],
    "UPDATE petitioners SET sealed = jsonb_set(sealed, '{masked_name}', '\"李*\"') WHERE case_number = :answered",
)
KINDS.sql(
    "a petitioner deleted",
    lambda cast: [("petitioner_altered", cast.answered, 0, "position")],
    "DELETE FROM petitioners WHERE case_number = :answered",
)


# Seals and archives


KINDS.sql(
    "an archive deleted",
    lambda cast: [("archive_missing", cast.sealed, 1)],
    "DELETE FROM archives WHERE case_number = :sealed",
)
KINDS.sql(
    "an archive replaced by another case's",
    lambda cast: [("archive_altered", cast.sealed, 1)],
    "UPDATE archives SET sealed = other.sealed FROM archives AS other"
    " WHERE archives.case_number = :sealed AND other.case_number = :sealed_later",
)
KINDS.sql(
    "an archive's bytes",
    lambda cast: [("archive_unreadable", cast.sealed, 1)],
    "UPDATE archives SET sealed = set_byte(sealed, 20, 255 - get_byte(sealed, 20)) WHERE case_number = :sealed",
)
KINDS.sql(
    "an archive's key",
    lambda cast: [("archive_locked", cast.sealed, 1)],
    "UPDATE archives SET key_id = 'k9' WHERE case_number = :sealed",
)
KINDS.sql(
    "the hash that was sealed",
    lambda cast: [("seal_altered", cast.sealed, 1, "history")],
    "UPDATE seals SET history = sha256('x') WHERE case_number = :sealed",
)
KINDS.sql(
    "the link that was sealed",
    lambda cast: [("seal_altered", cast.sealed, 1, "link")],
    "UPDATE seals SET link = sha256('x') WHERE case_number = :sealed",
)
KINDS.sql(
    "the event that was sealed",
    lambda cast: [("seal_altered", cast.sealed, 1, "seq")],
    "UPDATE seals SET seq = 10 WHERE case_number = :sealed",
)
KINDS.sql(
    "how many events a history has",
    lambda cast: [("seal_altered", cast.sealed, 1, "history_events")],
    "UPDATE seals SET history_events = 3 WHERE case_number = :sealed",
)
KINDS.sql(
    "a seal deleted",
    lambda cast: [("seal_missing", cast.sealed, 1), ("archive_unsealed", cast.sealed, 1)],
    "DELETE FROM seals WHERE case_number = :sealed",
)
KINDS.sql(
    "a seal and its archive deleted",
    lambda cast: [("seal_missing", cast.sealed, 1)],
    "DELETE FROM seals WHERE case_number = :sealed",
    "DELETE FROM archives WHERE case_number = :sealed",
)


@KINDS.alteration(
    "a seal and its archive deleted, and the journal made to say that the engine had lost the history",
    lambda cast: [("seal_missing", cast.sealed, 1)],
)
async def _(crime: Crime) -> None:
    number = crime.cast.sealed
    for table in ("seals", "archives"):
        await crime.do(f"DELETE FROM {table} WHERE case_number = :n", n=number)
    await Journal(crime.connection.engine, clock=lambda: crime.cast.now).append_with(
        crime.connection,
        EntryKind.HISTORY_LOST,
        SYSTEM,
        case_number=number,
        body={"run": 1, "seq": 11, "cause": "gone", "kept": []},
    )


KINDS.sql(
    "a seal for a case that is open",
    lambda cast: [("seal_unfounded", cast.open, 1), ("archive_missing", cast.open, 1)],
    "INSERT INTO seals SELECT case_number, 1, seq, link, sha256('x'), 9, 'sha256', recorded_at FROM events"
    " WHERE case_number = :open AND seq = 7",
)


@KINDS.alteration(
    "a history rewritten, sealed again with the right key", lambda cast: [("archive_altered", cast.sealed, 1)]
)
async def _(crime: Crime) -> None:

    key_id, sealed = (
        await crime.connection.execute(
            text("SELECT key_id, sealed FROM archives WHERE case_number = :n"), {"n": crime.cast.sealed}
        )
    ).one()
    content = zlib.decompress(unseal(RING, Purpose.AUDIT, key_id, sealed))
    _, forged = seal(RING, Purpose.AUDIT, zlib.compress(content.replace(b"EVENT", b"OTHER")))
    await crime.do("UPDATE archives SET sealed = :forged WHERE case_number = :n", n=crime.cast.sealed, forged=forged)


@pytest.mark.asyncio(loop_scope="session")
@pytest.mark.parametrize("kind", KINDS.listed, ids=KINDS.ids)
async def test_it_is_found_and_named_and_nothing_else_is(kind: Alteration, tampered: Tampered, tmp_path: Path) -> None:
    await tampered.altered(kind.deed, tmp_path)
    kind.compare(await tampered.verified(tmp_path), tampered.cast)
