"""The migrations make the tables the code speaks of, and a database that keeps its word."""

from __future__ import annotations

import asyncio
import re
import sys
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
import pytest_asyncio
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, Engine, event, insert, inspect, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from activities.record.migrate import configuration, migrate, new_engine
from schemas.record import tables as t
from tests.databases import own_database

NOW = datetime(2026, 3, 2, tzinfo=UTC)


@pytest_asyncio.fixture
async def own_dsn(database_dsn: str) -> AsyncIterator[str]:
    """A database of its own on the same server: these tests take one down to nothing."""
    async with own_database(database_dsn, "migrations") as dsn:
        yield dsn


@pytest_asyncio.fixture
async def database(own_dsn: str) -> AsyncIterator[AsyncEngine]:
    engine = new_engine(own_dsn, pool_size=2)
    yield engine
    await engine.dispose()


def differences(connection: Connection) -> list[object]:
    context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
    return list(compare_metadata(context, t.METADATA))


async def test_migrations_and_tables_agree_and_repeat_and_reverse(own_dsn: str, database: AsyncEngine) -> None:
    await migrate(own_dsn)
    await migrate(own_dsn)
    async with database.connect() as connection:
        assert await connection.run_sync(differences) == []
    await asyncio.to_thread(command.downgrade, configuration(own_dsn), "base")
    async with database.connect() as connection:
        assert await connection.run_sync(lambda sync: inspect(sync).get_table_names()) == ["alembic_version"]
    await migrate(own_dsn)


async def test_processes_that_start_together_migrate_once(own_dsn: str, database: AsyncEngine) -> None:
    program = "import asyncio, sys; from activities.record.migrate import migrate; asyncio.run(migrate(sys.argv[1]))"
    started = [await asyncio.create_subprocess_exec(sys.executable, "-c", program, own_dsn) for _ in range(2)]
    assert [await process.wait() for process in started] == [0, 0]
    async with database.connect() as connection:
        assert (await connection.execute(text("SELECT count(*) FROM alembic_version"))).scalar_one() == 1


async def test_a_migration_that_gets_no_lock_fails_soon_and_changes_nothing(
    own_dsn: str, database: AsyncEngine
) -> None:
    await migrate(own_dsn)
    await asyncio.to_thread(command.downgrade, configuration(own_dsn), "0006")
    began = time.monotonic()
    async with database.begin() as busy:
        await busy.execute(text("LOCK TABLE cases IN ROW EXCLUSIVE MODE"))
        with pytest.raises(DBAPIError, match="lock timeout"):
            await asyncio.to_thread(command.upgrade, configuration(own_dsn), "head")
    assert 4 <= time.monotonic() - began < 60
    async with database.connect() as connection:
        assert (await connection.execute(text("SELECT version_num FROM alembic_version"))).scalar_one() == "0006"
    await migrate(own_dsn)


async def test_each_migration_begins_with_the_limits_and_only_those_that_say_so_take_longer(own_dsn: str) -> None:
    said: list[tuple[str, str]] = []

    def hear(connection: Connection, _cursor: object, statement: str, *_: object) -> None:
        if found := re.fullmatch(r"SET LOCAL (lock|statement)_timeout = '(\w+)'", statement):
            said.append((found[1], found[2]))
        elif statement.startswith(("INSERT INTO alembic_version", "UPDATE alembic_version")):
            said.append(("applied", ""))

    event.listen(Engine, "before_cursor_execute", hear)
    try:
        await migrate(own_dsn)
    finally:
        event.remove(Engine, "before_cursor_execute", hear)
    limits = [("lock", "4s"), ("statement", "5s")]
    assert said[:4] == [("lock", "120s"), ("statement", "120s"), *limits]
    # After each one the limits are there again, whatever it had allowed itself.
    applied = [at for at, each in enumerate(said) if each[0] == "applied"]
    assert len(applied) > 6
    assert all(said[at + 1 : at + 3] == limits for at in applied)


EVENT: dict[str, object] = {
    "case_number": "XA-2026-C-000001",
    "seq": 1,
    "kind": "filed",
    "version": 1,
    "at": NOW,
    "recorded_at": NOW,
    "actor_id": "op",
    "actor_role": "operator",
    "actor_unit": "XA",
    "command_id": "file",
    "payload": {},
    "algorithm": "sha256",
    "link": b"1",
}

COMMAND = {"case_number": "XA-2026-C-000001", "command_id": "file", "first_seq": 1, "last_seq": 1}


async def test_what_was_recorded_can_be_neither_changed_nor_removed(own_dsn: str, database: AsyncEngine) -> None:
    await migrate(own_dsn)
    async with database.begin() as connection:
        await connection.execute(insert(t.events), EVENT)
        await connection.execute(insert(t.commands), COMMAND)
    for table in ("events", "commands"):
        for attempt in (f"UPDATE {table} SET command_id = 'x'", f"DELETE FROM {table}", f"TRUNCATE {table}"):
            async with database.connect() as connection:
                with pytest.raises(DBAPIError, match="append_only"):
                    await connection.execute(text(attempt))
    async with database.connect() as connection:
        assert (await connection.execute(text("SELECT count(*) FROM events"))).scalar_one() == 1
        assert (await connection.execute(text("SELECT count(*) FROM commands"))).scalar_one() == 1
