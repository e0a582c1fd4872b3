"""Databases of a test's own, on the server all tests share; and what only their owner can do to them."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator
from typing import Any

from sqlalchemy import make_url, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from activities.record.migrate import new_engine


@contextlib.asynccontextmanager
async def own_database(dsn: str, name: str) -> AsyncGenerator[str]:
    """An empty database of that name, gone afterwards; yields its DSN."""
    admin = new_engine(dsn, pool_size=1)
    try:
        async with admin.connect() as connection:
            outside = await connection.execution_options(isolation_level="AUTOCOMMIT")
            await outside.execute(text(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"))
            await outside.execute(text(f"CREATE DATABASE {name}"))
        yield make_url(dsn).set(database=name).render_as_string(hide_password=False)
        async with admin.connect() as connection:
            outside = await connection.execution_options(isolation_level="AUTOCOMMIT")
            await outside.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    finally:
        await admin.dispose()


@contextlib.asynccontextmanager
async def as_owner(database: AsyncEngine) -> AsyncGenerator[AsyncConnection]:
    """A transaction of whoever owns the database, whom no trigger stops."""
    async with database.begin() as connection:
        await connection.execute(text("SET LOCAL session_replication_role = replica"))
        yield connection


async def by_owner(database: AsyncEngine | str, *statements: str, **parameters: Any) -> None:
    """Those statements as its owner; a database given by its DSN is opened for them alone."""
    if isinstance(database, str):
        opened = new_engine(database, pool_size=1)
        try:
            await by_owner(opened, *statements, **parameters)
        finally:
            await opened.dispose()
        return
    async with as_owner(database) as connection:
        for statement in statements:
            await connection.execute(text(statement), parameters)
