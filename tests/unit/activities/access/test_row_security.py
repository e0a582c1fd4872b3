"""Who sees a case is decided three times: by the rule, by its marks, and by the database. They never differ."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection
from datetime import UTC, datetime
from random import Random
from typing import Any

import pytest
import pytest_asyncio
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Table, func, insert, make_url, select, text, update
from sqlalchemy.exc import DBAPIError, ProgrammingError
from sqlalchemy.ext.asyncio import AsyncEngine

from activities.access.backfill import fill_marks
from activities.access.scoped import DOOR_ROLE, scoped
from activities.record.case_record import CaseRecord
from activities.record.migrate import migrate, new_engine
from activities.record.queries import CaseQueries
from activities.record.rows import case_row
from activities.record.views import CaseFilter
from schemas.access import eyes, sight
from schemas.kernel.actor import SYSTEM, Actor, Role
from schemas.kernel.refusal import Refusal
from schemas.petition.commands import File
from schemas.petition.commit import CommitOrder
from schemas.petition.rules import decide, may_see
from schemas.petition.state import CoOffice, Petition
from schemas.record import tables as t
from tests.databases import own_database
from tests.strategies import BRANCH, MONDAY, PEOPLE, STATION, UNITS, Case, Step, actor, filing, play, scripts

NOW = datetime(2026, 3, 2, tzinfo=UTC)
OUTSIDER = Actor(id="x", role=Role.HANDLER, unit="XB/A1")
NEIGHBOUR = Actor(id="y", role=Role.HANDLER, unit="XA/A10")
"""Of a unit whose path only begins like another's."""
BELOW = Actor(id="z", role=Role.HANDLER, unit="XA/A1/01/01")
EVERYBODY = (*PEOPLE, actor(Role.AUDITOR, BRANCH), OUTSIDER, NEIGHBOUR, BELOW, SYSTEM)

units = st.sampled_from((*UNITS, "XA/A1/01/01", "XA/A10"))
some_units = st.lists(units, max_size=2, unique=True).map(tuple)


@st.composite
def states(draw: st.DrawFn) -> Petition:
    """Any case, lived or not: the marks must not depend on what the lifecycle happens to forbid."""
    offices = draw(st.lists(units, max_size=3, unique=True))
    return Case().state.model_copy(
        update={
            "unit": draw(units),
            "registrar": draw(units),
            "accountable": draw(units),
            "lead": offices[0] if offices else "",
            "co_offices": tuple(CoOffice(unit=unit) for unit in offices[1:]),
            "accused_units": draw(some_units),
            "accused_persons": draw(st.lists(st.sampled_from([each.id for each in EVERYBODY]), max_size=2).map(tuple)),
            "conflicted_units": draw(some_units),
        }
    )


def meets(state: Petition, who: Actor) -> bool:
    marks, own = sight(state), eyes(who)
    return not set(own.sees).isdisjoint(marks.seen_by) and set(own.being).isdisjoint(marks.kept_from)


@settings(max_examples=300)
@given(states(), st.sampled_from(EVERYBODY))
def test_the_marks_say_what_the_rule_says(state: Petition, who: Actor) -> None:
    assert meets(state, who) == may_see(state, who)


@settings(max_examples=30)
@given(scripts())
def test_so_they_do_through_a_whole_life(steps: list[Step]) -> None:
    state, _ = play(steps)
    if state is not None:
        assert [who.id for who in EVERYBODY if meets(state, who)] == [
            who.id for who in EVERYBODY if may_see(state, who)
        ]


def invented(count: int) -> list[Petition]:
    """Cases of every kind, the same at each run."""
    random, base = Random(7), Case().state

    def some(things: Collection[str], most: int) -> tuple[str, ...]:
        return tuple(random.sample(sorted(things), random.randint(0, most)))

    people = {each.id for each in EVERYBODY}
    made: list[Petition] = []
    for number in range(1, count + 1):
        offices = some(UNITS, 3)
        facts: dict[str, Any] = {
            "number": f"XA-2026-S-{number:06}",
            "unit": random.choice(UNITS),
            "registrar": random.choice(UNITS),
            "accountable": random.choice(UNITS),
            "lead": offices[0] if offices else "",
            "co_offices": tuple(CoOffice(unit=unit) for unit in offices[1:]),
            "accused_units": some(UNITS, random.choice((0, 0, 2))),
            "accused_persons": some(people, random.choice((0, 0, 3))),
            "conflicted_units": some(UNITS, random.choice((0, 0, 2))),
        }
        made.append(base.model_copy(update=facts))
    return made


CASES = invented(250)
TEXTS = {"title": "t", "text": "t", "submitted_at": None, "link": b"1"}


def with_its_case(number: str) -> dict[Table, dict[str, Any]]:
    """One row of every table whose rows are seen with their case."""
    at, case = {"at": NOW, "recorded_at": NOW}, {"case_number": number}
    who = {"actor_id": "a", "actor_role": "operator", "actor_unit": "XA"}
    said = {"kind": "k", "unit": "XA", "zh": "z", "en": "e"}
    event: dict[str, Any] = {
        "seq": 1,
        "kind": "filed",
        "version": 1,
        "command_id": "f",
        "payload": {},
        "algorithm": "a",
        "link": b"1",
    }
    return {
        t.events: case | at | who | event,
        t.commands: case | {"command_id": "f", "first_seq": 1, "last_seq": 1},
        t.petitioners: case | {"position": 0, "alias": "", "representative": True},
        t.intake: case
        | {"source": "s", "source_event_id": number, "content_hash": b"1", "tracking_code": number, "reserved_at": NOW},
        t.outbox: case
        | said
        | {"id": number, "role": "handler", "created_at": NOW, "not_before": NOW, "next_attempt_at": NOW},
        t.deliveries: {"notice_id": number, "transport": "t", "attempts": 1},
        t.seals: case
        | {"run": 1, "seq": 1, "link": b"1", "history": b"1", "history_events": 1, "algorithm": "a", "sealed_at": NOW},
        t.archives: case | {"run": 1, "key_id": "k", "sealed": b"1", "archived_at": NOW},
        t.log_leaves: case | {"index": int(number[-6:]), "checkpoint": 1, "leaf": "{}"},
        t.attachments: case
        | {"digest": "d", "name": "n", "media_type": "m", "size": 1, "scan": "s", "added_by": "a", "added_at": NOW},
    }


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def database(database_dsn: str) -> AsyncIterator[AsyncEngine]:
    async with own_database(database_dsn, "row_security") as dsn:
        await migrate(dsn)
        engine = new_engine(dsn, pool_size=2)
        async with engine.begin() as connection:
            await connection.execute(insert(t.cases), [case_row(case, (), NOW) | TEXTS for case in CASES])
            rows = [with_its_case(case.number) for case in CASES]
            for table in rows[0]:
                await connection.execute(insert(table), [row[table] for row in rows])
        yield engine
        await engine.dispose()


async def numbers(engine: AsyncEngine, table: Table = t.cases) -> list[str]:
    column = table.c.notice_id if table is t.deliveries else table.c.case_number
    async with engine.connect() as connection:
        return sorted((await connection.execute(select(column))).scalars())


@pytest.mark.asyncio(loop_scope="module")
async def test_the_database_shows_what_the_rule_allows(database: AsyncEngine) -> None:
    for who in EVERYBODY:
        assert await numbers(scoped(database, who)) == [case.number for case in CASES if may_see(case, who)], who


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("table", with_its_case(CASES[0].number), ids=lambda table: table.name)
async def test_what_belongs_to_a_case_is_seen_with_it(database: AsyncEngine, table: Table) -> None:
    for who in EVERYBODY[::5]:
        assert await numbers(scoped(database, who), table) == [case.number for case in CASES if may_see(case, who)]


@pytest.mark.asyncio(loop_scope="module")
async def test_notices_and_the_journal_are_each_ones_own(database: AsyncEngine) -> None:
    handler, auditor = actor(Role.HANDLER, STATION), actor(Role.AUDITOR, "XA")
    seen = next(case.number for case in CASES if may_see(case, handler) and may_see(case, auditor))
    unseen = next(case.number for case in CASES if not may_see(case, handler) and may_see(case, auditor))
    kept = next(case.number for case in CASES if not may_see(case, auditor))
    notice = {"unit": "XA", "zh": "z", "en": "e", "delivered_at": NOW}
    entry: dict[str, Any] = {
        "at": NOW,
        "kind": "revealed",
        "role": "r",
        "unit": "u",
        "reason": "",
        "body": {},
        "algorithm": "a",
        "link": b"",
    }
    people = [(handler.id, seen), (handler.id, unseen), ("other", seen), ("other", kept), ("system", "")]
    async with database.begin() as connection:
        for index, (person, number) in enumerate(people):
            told = {"notice_id": str(index), "person": person, "case_number": number}
            await connection.execute(insert(t.inbox), notice | told)
            done = {"number": index + 1, "person": person, "case_number": number}
            await connection.execute(insert(t.journal), entry | done)
    assert await numbers(scoped(database, handler), t.inbox) == [seen]
    assert await numbers(scoped(database, auditor), t.inbox) == []
    assert await numbers(scoped(database, handler), t.journal) == sorted([seen, unseen])
    assert await numbers(scoped(database, auditor), t.journal) == sorted(["", seen, seen, unseen])


@pytest.mark.asyncio(loop_scope="module")
async def test_a_connection_that_goes_back_is_nobodys(database: AsyncEngine) -> None:
    everything = [case.number for case in CASES]
    asked = text(
        "SELECT current_user, current_setting('sanzhang.sees', true), current_setting('transaction_read_only')"
    )
    seen = scoped(database, OUTSIDER)
    for wrong in (False, True):
        # Both connections of the pool, also after a failure in the middle.
        async with seen.connect() as one, seen.connect() as other:
            for connection in (one, other):
                assert (await connection.execute(asked)).one()[0] == DOOR_ROLE
                if wrong:
                    with pytest.raises(ProgrammingError):
                        await connection.execute(text("SELECT nonsense"))
        async with database.connect() as one, database.connect() as other:
            for connection in (one, other):
                user, marks, read_only = (await connection.execute(asked)).one()
                assert (user != DOOR_ROLE, marks or "", read_only) == (True, "", "off")
        assert await numbers(database) == everything
    with pytest.raises(RuntimeError, match="transactions only"):
        await numbers(seen.execution_options(isolation_level="AUTOCOMMIT"))


@pytest.mark.asyncio(loop_scope="module")
async def test_the_door_writes_nothing_and_reads_no_secret(database: AsyncEngine) -> None:
    chief = scoped(database, actor(Role.CHIEF, "XA"))
    for table in (t.accounts, t.sessions, t.tokens, t.drafts, t.saved_filters, t.parked, t.series):
        async with chief.connect() as connection:
            with pytest.raises(ProgrammingError, match="permission denied"):
                await connection.execute(select(func.count()).select_from(table))
    async with chief.connect() as connection:
        with pytest.raises(DBAPIError, match=r"permission denied|read-only"):
            await connection.execute(update(t.cases).values(title="x"))
    # Even where a mistake lets it write: no policy allows the role anything but to read.
    async with database.begin() as connection:
        await connection.execute(text(f"GRANT UPDATE, DELETE ON cases TO {DOOR_ROLE}"))
        await connection.execute(text("SELECT set_config('role', :role, true)"), {"role": DOOR_ROLE})
        await connection.execute(text("SELECT set_config('sanzhang.sees', '{every}', true)"))
        assert (await connection.execute(update(t.cases).values(title="x"))).rowcount == 0
        await connection.execute(text("RESET ROLE"))
        await connection.execute(text(f"REVOKE UPDATE, DELETE ON cases FROM {DOOR_ROLE}"))


@pytest.mark.asyncio(loop_scope="module")
async def test_who_has_not_said_who_they_are_sees_nothing(database: AsyncEngine) -> None:
    async with database.connect() as connection:
        await connection.execute(text(f"SET LOCAL ROLE {DOOR_ROLE}"))
        for table in (t.cases, t.events, t.petitioners, t.journal, t.inbox):
            assert (await connection.execute(select(func.count()).select_from(table))).scalar_one() == 0


@pytest.mark.asyncio(loop_scope="module")
async def test_cases_of_an_earlier_release_get_their_marks(database: AsyncEngine) -> None:
    who = actor(Role.CHIEF, BRANCH)
    before = await numbers(scoped(database, who))
    async with database.begin() as connection:
        await connection.execute(text("UPDATE cases SET seen_by = '{}', kept_from = '{}'"))
    assert await numbers(scoped(database, who)) == []
    assert await fill_marks(database) == len(CASES)
    assert await fill_marks(database) == 0
    assert await numbers(scoped(database, who)) == before


async def test_an_owner_without_privileges_carries_cases_and_its_door_is_guarded(database_dsn: str) -> None:
    """As on a PostgreSQL of one's own, where workers connect as the owner of the tables and as no superuser."""
    await migrate(database_dsn)
    admin = new_engine(database_dsn, pool_size=1)
    async with own_database(database_dsn, "plain_owner") as dsn:
        async with admin.begin() as connection:
            await connection.execute(text("DROP ROLE IF EXISTS city"))
            await connection.execute(text("CREATE ROLE city LOGIN"))
            await connection.execute(text(f"GRANT {DOOR_ROLE} TO city"))
            await connection.execute(text("ALTER DATABASE plain_owner OWNER TO city"))
        own = make_url(dsn).set(username="city").render_as_string(hide_password=False)
        await migrate(own)
        engine = new_engine(own, pool_size=2)
        order = filing()
        events = decide(None, order, MONDAY)
        assert not isinstance(events, Refusal)
        assert isinstance(order.command, File)
        number = order.command.number
        await CaseRecord(engine).commit(
            CommitOrder(number=number, command_id="file", actor=order.actor, events=tuple(events))
        )
        assert await numbers(engine) == [number]
        for who, count in ((actor(Role.CHIEF, BRANCH), 1), (OUTSIDER, 0)):
            page = await CaseQueries(scoped(engine, who)).list(CaseFilter())
            assert len(page.cases) == count
        await engine.dispose()
    async with admin.begin() as connection:
        await connection.execute(text("DROP ROLE city"))
    await admin.dispose()
