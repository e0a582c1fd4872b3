"""A record to be tampered with, written once for all of these tests."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from activities.record.migrate import migrate, new_engine
from tests.databases import own_database
from tests.tampering import Tampered


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def tampered(database_dsn: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Tampered]:
    """The record, its database to be altered by one test after the other."""
    async with own_database(database_dsn, "tampered") as dsn:
        await migrate(dsn)
        engine = new_engine(dsn, pool_size=2)
        try:
            yield await Tampered.written(engine, tmp_path_factory.mktemp("tampering") / "checkpoints")
        finally:
            await engine.dispose()
