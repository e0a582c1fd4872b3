"""How Alembic runs our migrations: one connection, one transaction, an advisory lock, and time limits that spare the code still running
(docs/migrations.md).
"""

from __future__ import annotations

import asyncio

from alembic import context
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from schemas.record.tables import METADATA

LOCK = 5_310_077
"""One migration at a time per database: any number that no one else uses."""

TURN = "120s"
"""How long one waits for another's migration: nobody is held up by that."""

LOCK_LIMIT = "4s"
"""Who waits for a lock on a table queues all the cases behind it: a migration that does not get it so soon fails, and changes nothing."""

STATEMENT_LIMIT = "5s"
"""Until a statement ends, whoever writes to its tables waits. A migration that must read through a whole table says so itself."""


def _limit(connection: Connection, lock: str, statement: str) -> None:
    connection.execute(text(f"SET LOCAL lock_timeout = '{lock}'"))
    connection.execute(text(f"SET LOCAL statement_timeout = '{statement}'"))


def _run(connection: Connection) -> None:
    def one_applied(*_: object, **__: object) -> None:
        # What one migration allows itself holds for no other.
        _limit(connection, LOCK_LIMIT, STATEMENT_LIMIT)

    context.configure(
        connection=connection,
        target_metadata=METADATA,
        transaction_per_migration=False,
        on_version_apply=one_applied,
    )
    with context.begin_transaction():
        _limit(connection, TURN, TURN)
        connection.execute(text(f"SELECT pg_advisory_xact_lock({LOCK})"))
        _limit(connection, LOCK_LIMIT, STATEMENT_LIMIT)
        context.run_migrations()


async def _online() -> None:
    url = context.config.get_main_option("sqlalchemy.url")
    if url is None:
        raise ValueError("the configuration names no database")
    engine = create_async_engine(url, poolclass=NullPool)
    try:
        async with engine.begin() as connection:
            await connection.run_sync(_run)
    finally:
        await engine.dispose()


asyncio.run(_online())
