"""An office with an outbox of its own, and a receiver."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio

from activities.record.migrate import migrate, new_engine
from tests.databases import own_database
from tests.receiver import Receiver, receiving
from tests.unit.activities.notices.office import Office


@pytest_asyncio.fixture
async def office(database_dsn: str) -> AsyncIterator[Office]:
    async with own_database(database_dsn, "notices") as dsn:
        await migrate(dsn)
        engine = new_engine(dsn, pool_size=6)
        yield Office(engine)
        await engine.dispose()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as running:
        yield running
