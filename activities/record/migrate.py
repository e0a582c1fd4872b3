"""Bringing a database up to the tables of this release."""

from __future__ import annotations

import asyncio
from importlib import resources
from typing import TYPE_CHECKING, cast

from sqlalchemy import event
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from activities.access.backfill import fill_marks

if TYPE_CHECKING:
    from alembic.config import Config
    from asyncpg import Connection
    from sqlalchemy.pool import ConnectionPoolEntry


def configuration(dsn: str) -> Config:
    """Alembic's configuration without an ini file, so that an installed package can migrate."""
    # Imported where it is needed: a killed worker is back the sooner for every library it does not load.
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(resources.files("activities.record") / "migrations"))
    # Alembic reads options by configparser rules, where a percent sign begins a reference.
    config.set_main_option("sqlalchemy.url", dsn.replace("%", "%%"))
    return config


async def migrate(dsn: str) -> None:
    """Applies every migration that is missing, and fills in what only the rules can tell. Safe at each start and from several processes at once."""
    from alembic import command  # noqa: PLC0415

    await asyncio.to_thread(command.upgrade, configuration(dsn), "head")
    engine = new_engine(dsn, pool_size=1)
    try:
        await fill_marks(engine)
    finally:
        await engine.dispose()


def at_once(engine: AsyncEngine) -> AsyncEngine:
    """The same pool for readings of a single statement each, which need no transaction around them: two round trips fewer. To be
    kept by who reads through it: making it takes some forty microseconds.
    """
    return engine.execution_options(isolation_level="AUTOCOMMIT")


def new_engine(dsn: str, *, pool_size: int = 20, read_only: bool = False) -> AsyncEngine:
    """An engine for the record; the caller owns and disposes of it. Error messages leave the parameters out: they hold people's words.

    ``read_only``: PostgreSQL itself refuses every write that does not ask for it in so many words (``SET TRANSACTION READ WRITE``).
    """
    engine = create_async_engine(
        dsn,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=10,
        # The few connections that are enough are always the same: their sessions are warm, the others sleep.
        pool_use_lifo=True,
        hide_parameters=True,
        connect_args={"server_settings": {"default_transaction_read_only": "on"}} if read_only else {},
    )
    event.listen(engine.sync_engine, "checkout", _replace_if_closed)
    return engine


def _replace_if_closed(_: object, record: ConnectionPoolEntry, __: object) -> None:
    """Hands out no connection that is known to be over: after a restart of the database the pool is full of them. Costs no round trip."""
    if cast("Connection", record.driver_connection).is_closed():
        raise DisconnectionError
