"""Databases of a test's own, on the server all tests share."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator

from sqlalchemy import make_url, text

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
