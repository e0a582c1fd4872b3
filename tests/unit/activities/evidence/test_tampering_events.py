"""What can be done to the events of a record: each is found, named, and nothing else is."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest
from pydantic_core import from_json

from activities.evidence.verify.chain.links import Link
from activities.evidence.verify.chain.repair import Search
from schemas.petition.events import Event
from tests.tampering import Alteration, Crime, Kinds, Tampered

KINDS = Kinds()
# One event


KINDS.sql(
    "a text in the payload, which the read model still has",
    lambda cast: [("event_altered", cast.answered, 1, "payload.content.title")],
    "UPDATE events SET payload = jsonb_set(payload, '{content,title}', '\"别的事\"') WHERE case_number = :answered AND seq = 1",
)
KINDS.sql(
    "a text nobody else has",
    lambda cast: [("event_altered", cast.answered, 6, "")],
    "UPDATE events SET payload = jsonb_set(payload, '{text}', '\"已答复，无问题。\"') WHERE case_number = :answered AND seq = 6",
)
KINDS.sql(
    "a unit",
    lambda cast: [("event_altered", cast.answered, 3, "payload.lead")],
    "UPDATE events SET payload = jsonb_set(payload, '{lead}', '\"XA/A9/09\"') WHERE case_number = :answered AND seq = 3",
)
KINDS.sql(
    "late made on time",
    lambda cast: [("event_altered", cast.sealed, 6, "payload.on_time")],
    "UPDATE events SET payload = jsonb_set(payload, '{on_time}', 'false') WHERE case_number = :sealed AND seq = 6",
)
KINDS.sql(
    "a rating left out",
    lambda cast: [("event_altered", cast.sealed, 7, "payload.satisfied_with_unit")],
    "UPDATE events SET payload = payload - 'satisfied_with_unit' WHERE case_number = :sealed AND seq = 7",
)
KINDS.sql(
    "a note added",
    lambda cast: [("event_altered", cast.sealed, 2, "payload.note")],
    "UPDATE events SET payload = jsonb_set(payload, '{note}', '\"同意\"') WHERE case_number = :sealed AND seq = 2",
)
KINDS.sql(
    "the instant, in the payload alone",
    lambda cast: [("event_altered", cast.answered, 4, "payload.at")],
    "UPDATE events SET payload = jsonb_set(payload, '{at}', '\"2026-03-02T01:00:00Z\"')"
    " WHERE case_number = :answered AND seq = 4",
)
KINDS.sql(
    "the instant, in the column alone",
    lambda cast: [("column_disagrees", cast.answered, 4, "at")],
    "UPDATE events SET at = at - interval '1 day' WHERE case_number = :answered AND seq = 4",
)
KINDS.sql(
    "the kind, in the column alone",
    lambda cast: [("column_disagrees", cast.answered, 4, "kind")],
    "UPDATE events SET kind = 'approved' WHERE case_number = :answered AND seq = 4",
)
KINDS.sql(
    "the algorithm",
    lambda cast: [("column_disagrees", cast.answered, 4, "algorithm")],
    "UPDATE events SET algorithm = 'sm3' WHERE case_number = :answered AND seq = 4",
)
KINDS.sql(
    "the version",
    lambda cast: [("event_altered", cast.answered, 4, "version")],
    "UPDATE events SET version = 2 WHERE case_number = :answered AND seq = 4",
)
KINDS.sql(
    "when it was written down",
    lambda cast: [("event_altered", cast.sealed, 10, "recorded_at")],
    "UPDATE events SET recorded_at = recorded_at - interval '2 days' WHERE case_number = :sealed AND seq = 10",
)
KINDS.sql(
    "who did it",
    lambda cast: [("event_altered", cast.answered, 5, "actor_id")],
    "UPDATE events SET actor_id = 'somebody' WHERE case_number = :answered AND seq = 5",
)
KINDS.sql(
    "in what role",
    lambda cast: [("event_altered", cast.answered, 5, "actor_role")],
    "UPDATE events SET actor_role = 'chief' WHERE case_number = :answered AND seq = 5",
)
KINDS.sql(
    "by which command",
    lambda cast: [("event_altered", cast.answered, 5, "command_id")],
    "UPDATE events SET command_id = 'another' WHERE case_number = :answered AND seq = 5",
)
KINDS.sql(
    "its link",
    lambda cast: [("event_altered", cast.answered, 3, "link")],
    "UPDATE events SET link = sha256('x') WHERE case_number = :answered AND seq = 3",
)
KINDS.sql(
    "a document no event ever was",
    lambda cast: [("event_unreadable", cast.answered, 3)],
    "UPDATE events SET payload = '[1, 2]' WHERE case_number = :answered AND seq = 3",
)


@KINDS.alteration(
    "one field, and the link of its event recomputed",
    lambda cast: [("event_altered", cast.answered, 3, "payload.lead")],
)
async def _(crime: Crime) -> None:
    number = crime.cast.answered
    await crime.do(
        "UPDATE events SET payload = jsonb_set(payload, '{lead}', '\"XA/A9/09\"') WHERE case_number = :n AND seq = 3",
        n=number,
    )
    rows = await crime.rows(number)
    made = Link(rows[2], from_json(rows[2].payload)).after(rows[1].link)
    await crime.do("UPDATE events SET link = :link WHERE case_number = :n AND seq = 3", n=number, link=made)


KINDS.sql(
    "a chain recomputed from a forged event on, its former words lost",
    lambda cast: [("chain_rewritten", cast.answered, 1)],
    "UPDATE events SET payload = jsonb_set(payload, '{text}', '\"已答复，无问题。\"') WHERE case_number = :answered AND seq = 6",
    relinked=("answered", 6),
)


KINDS.sql(
    "a chain recomputed between two checkpoints",
    lambda cast: [("chain_rewritten", cast.open, 3)],
    "UPDATE events SET payload = jsonb_set(payload, '{text}', '\"不急\"') WHERE case_number = :open AND seq = 6",
    relinked=("open", 6),
)


KINDS.sql(
    "a chain recomputed from a forged event on, the former value elsewhere in the case",
    lambda cast: [("event_altered", cast.answered, 3, "payload.lead")],
    "UPDATE events SET payload = jsonb_set(payload, '{lead}', '\"XA/A9/09\"') WHERE case_number = :answered AND seq = 3",
    relinked=("answered", 3),
)


@KINDS.alteration(
    "a chain recomputed after the last checkpoint, its head forgotten",
    lambda cast: [("chain_rewritten", cast.open, 8)],
)
async def _(crime: Crime) -> None:
    number = crime.cast.open
    rows = await crime.rows(number)
    await crime.do(
        "UPDATE events SET payload = jsonb_set(payload, '{text}', '\"没有配件\"') WHERE case_number = :n AND seq = 8",
        n=number,
    )
    await crime.relink(number, 8)
    await crime.do("UPDATE cases SET link = :link WHERE case_number = :n", n=number, link=rows[-1].link)


KINDS.sql(
    "a life written down later than it says",
    lambda cast: [("event_backdated", cast.young, 1)],
    "UPDATE events SET recorded_at = recorded_at - interval '30 hours' WHERE case_number = :young",
    relinked=("young", 1),
)


# Events missing, added, exchanged


KINDS.sql(
    "an event deleted",
    lambda cast: [("event_missing", cast.answered, 4)],
    "DELETE FROM events WHERE case_number = :answered AND seq = 4",
)
KINDS.sql(
    "two events deleted",
    lambda cast: [("event_missing", cast.answered, 3)],
    "DELETE FROM events WHERE case_number = :answered AND seq IN (3, 4)",
)
KINDS.sql(
    "the last event deleted",
    lambda cast: [("events_truncated", cast.young, 2)],
    "DELETE FROM events WHERE case_number = :young AND seq = 2",
)
KINDS.sql(
    "the first event deleted",
    lambda cast: [("event_missing", cast.answered, 1)],
    "DELETE FROM events WHERE case_number = :answered AND seq = 1",
)


@KINDS.alteration(
    "an event deleted and the rest renumbered",
    lambda cast: [("event_missing", cast.sealed, 5)],
)
async def _(crime: Crime) -> None:
    await crime.do("DELETE FROM events WHERE case_number = :n AND seq = 5", n=crime.cast.sealed)
    for seq in range(6, 12):
        await crime.do(
            "UPDATE events SET seq = seq - 1 WHERE case_number = :n AND seq = :seq", n=crime.cast.sealed, seq=seq
        )


@KINDS.alteration(
    "the last events deleted with everything in the database that knew of them",
    lambda cast: [("events_truncated", cast.answered, 5)],
)
async def _(crime: Crime) -> None:
    number = crime.cast.answered
    await crime.do("DELETE FROM events WHERE case_number = :n AND seq > 4", n=number)
    await crime.do("DELETE FROM commands WHERE case_number = :n AND last_seq > 4", n=number)
    rows = await crime.rows(number)
    await crime.do("UPDATE cases SET seq = 4, link = :link WHERE case_number = :n", n=number, link=rows[-1].link)


@KINDS.alteration("an event inserted and the rest renumbered", lambda cast: [("event_inserted", cast.answered, 5)])
async def _(crime: Crime) -> None:
    number = crime.cast.answered
    for seq in (6, 5):
        await crime.do("UPDATE events SET seq = seq + 1 WHERE case_number = :n AND seq = :s", n=number, s=seq)
    await crime.do(
        "INSERT INTO events SELECT case_number, 5, 'progress_reported', version, at, recorded_at, actor_id, actor_role,"
        " actor_unit, command_id, jsonb_build_object('kind', 'progress_reported', 'at', payload->'at', 'unit', 'XA', 'text', '加的'),"
        " algorithm, sha256('x') FROM events WHERE case_number = :n AND seq = 4",
        n=number,
    )
    rows = await crime.rows(number)
    made = Link(rows[4], from_json(rows[4].payload)).after(rows[3].link)
    await crime.do("UPDATE events SET link = :link WHERE case_number = :n AND seq = 5", n=number, link=made)


@KINDS.alteration("an event added at the end, properly linked", lambda cast: [("event_appended", cast.young, 3)])
async def _(crime: Crime) -> None:
    number = crime.cast.young
    await crime.do(
        "INSERT INTO events SELECT case_number, 3, 'urged', version, at, recorded_at, actor_id, actor_role, actor_unit,"
        " 'urge', jsonb_build_object('kind', 'urged', 'at', payload->'at', 'unit', 'XA', 'text', '加的'), algorithm, link"
        " FROM events WHERE case_number = :n AND seq = 2",
        n=number,
    )
    rows = await crime.rows(number)
    made = Link(rows[2], from_json(rows[2].payload)).after(rows[1].link)
    await crime.do("UPDATE events SET link = :link WHERE case_number = :n AND seq = 3", n=number, link=made)


async def _swap(crime: Crime, first: tuple[str, int], second: tuple[str, int], aside: int = 9_000) -> None:
    move = "UPDATE events SET case_number = :to, seq = :place WHERE case_number = :n AND seq = :s"
    await crime.do(move, n=first[0], s=first[1], to=first[0], place=aside)
    await crime.do(move, n=second[0], s=second[1], to=first[0], place=first[1])
    await crime.do(move, n=first[0], s=aside, to=second[0], place=second[1])


@KINDS.alteration("two events in the other order", lambda cast: [("events_swapped", cast.sealed, 4)])
async def _(crime: Crime) -> None:
    await _swap(crime, (crime.cast.sealed, 4), (crime.cast.sealed, 5))


@KINDS.alteration("two events far apart exchanged", lambda cast: [("events_swapped", cast.sealed, 3)])
async def _(crime: Crime) -> None:
    await _swap(crime, (crime.cast.sealed, 3), (crime.cast.sealed, 8))


@KINDS.alteration("the contents of two events exchanged", lambda cast: [("events_swapped", cast.answered, 2)])
async def _(crime: Crime) -> None:
    await crime.do(
        "UPDATE events SET payload = other.payload, kind = other.kind, at = other.at FROM events AS other"
        " WHERE events.case_number = :n AND other.case_number = :n AND events.seq IN (2, 4) AND other.seq = 6 - events.seq",
        n=crime.cast.answered,
    )


@KINDS.alteration(
    "an event of one case exchanged with one of another",
    lambda cast: [("event_exchanged", cast.answered, 6), ("event_exchanged", cast.answered_too, 6)],
)
async def _(crime: Crime) -> None:
    await _swap(crime, (crime.cast.answered, 6), (crime.cast.answered_too, 6))


@KINDS.alteration(
    "all events of two cases exchanged",
    lambda cast: [("case_exchanged", cast.answered), ("case_exchanged", cast.answered_too)],
)
async def _(crime: Crime) -> None:
    one, two = crime.cast.answered, crime.cast.answered_too
    await crime.do(
        "UPDATE events SET case_number = CASE case_number WHEN :one THEN CAST(:two AS text) ELSE :one END, seq = seq + 1000"
        " WHERE case_number IN (:one, :two)",
        one=one,
        two=two,
    )
    await crime.do("UPDATE events SET seq = seq - 1000 WHERE case_number IN (:one, :two)", one=one, two=two)


_CASE_TABLES = ("events", "commands", "cases", "petitioners")

KINDS.sql(
    "the events of a case deleted",
    lambda cast: [("case_deleted", cast.answered)],
    "DELETE FROM events WHERE case_number = :answered",
)
KINDS.sql(
    "a case deleted but for its number",
    lambda cast: [("case_deleted", cast.young)],
    *(f"DELETE FROM {table} WHERE case_number = :young" for table in _CASE_TABLES),
)
KINDS.sql(
    "a case deleted with its number",
    lambda cast: [("number_missing", cast.young)],
    *(f"DELETE FROM {table} WHERE case_number = :young" for table in (*_CASE_TABLES, "intake")),
)
KINDS.sql(
    "a case deleted with its number and the series set back",
    lambda cast: [("case_deleted", cast.sealed_later)],
    *(
        f"DELETE FROM {table} WHERE case_number = :sealed_later"
        for table in (*_CASE_TABLES, "intake", "seals", "archives")
    ),
    *(f"DELETE FROM {table} WHERE case_number = :young" for table in (*_CASE_TABLES, "intake")),
    "UPDATE series SET last = 5",
)
KINDS.sql(
    "the series set back",
    lambda cast: [("series_altered", "", None, "last")],
    "UPDATE series SET last = 3",
)


@pytest.mark.asyncio(loop_scope="session")
@pytest.mark.parametrize("kind", KINDS.listed, ids=KINDS.ids)
async def test_it_is_found_and_named_and_nothing_else_is(kind: Alteration, tampered: Tampered, tmp_path: Path) -> None:
    await tampered.altered(kind.deed, tmp_path)
    kind.compare(await tampered.verified(tmp_path), tampered.cast)


@pytest.mark.asyncio(loop_scope="session")
async def test_nobody_waits_while_it_is_being_explained(
    tampered: Tampered, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The gateway verifies a case from its page."""
    apart: list[bool] = []
    searched = Search.altered

    def noted(*given: Any) -> Any:
        apart.append(threading.current_thread() is not threading.main_thread())
        return searched(*given)

    monkeypatch.setattr(Search, "altered", noted)
    for words in ("a unit", "a text nobody else has"):
        kind = next(each for each in KINDS.listed if each.words == words)
        await tampered.altered(kind.deed, tmp_path)
        kind.compare(await tampered.verified(tmp_path, tampered.cast.answered), tampered.cast)
    assert apart and all(apart)


@pytest.mark.asyncio(loop_scope="session")
async def test_the_engine_s_history_says_what_stood_there(tampered: Tampered, tmp_path: Path) -> None:
    """What no hash can tell, for nobody else has the words: the workflow's own decisions do, event by event."""
    number = tampered.cast.answered

    async def deed(crime: Crime) -> None:
        await crime.do(
            "UPDATE events SET payload = jsonb_set(payload, '{text}', '\"已答复\"') WHERE case_number = :n AND seq = 6",
            n=number,
        )
        await crime.relink(number, 6)

    async def decisions(asked: str) -> list[Event] | None:
        return tampered.cast.decided[asked]

    await tampered.altered(deed, tmp_path)
    findings = await tampered.verified(tmp_path, decisions=decisions)
    assert [(each.code, each.seq, each.field, each.found, each.expected) for each in findings] == [
        ("chain_rewritten", 1, "", None, None),
        ("decision_differs", 6, "payload.text", "已答复", "已更换灯头，当晚恢复照明。"),
    ]
