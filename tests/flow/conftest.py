"""The house of the flow tests."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from temporalio.testing import WorkflowEnvironment

from tests.flow.house import House, opened


@pytest.fixture
def cached_workflows() -> int:
    """How many cases a worker keeps in memory."""
    return 200


@pytest_asyncio.fixture(loop_scope="session")
async def house(engine: WorkflowEnvironment, database_dsn: str, cached_workflows: int) -> AsyncIterator[House]:
    async with opened(engine, database_dsn, cached_workflows=cached_workflows) as house:
        yield house
