"""The fixtures give what they promise: a database that answers and an engine whose time can be skipped."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine
from temporalio import workflow
from temporalio.client import Client
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker


@workflow.defn
class SleepsAWeek:
    @workflow.run
    async def run(self) -> str:
        await workflow.sleep(timedelta(days=7))
        return "woken"


async def test_database_answers_and_speaks_utf8(database_dsn: str) -> None:
    engine = create_async_engine(database_dsn)
    async with engine.connect() as connection:
        assert (
            await connection.execute(text("select '三本账' || current_database()"))
        ).scalar_one() == "三本账sanzhang"
        assert (await connection.execute(text("show timezone"))).scalar_one() == "UTC"
    await engine.dispose()


@pytest.mark.flow
async def test_a_week_passes_in_a_moment(engine: WorkflowEnvironment) -> None:
    client = Client(**engine.client.config())
    queue = str(uuid.uuid4())
    async with Worker(client, task_queue=queue, workflows=[SleepsAWeek]):
        handle = await client.start_workflow(SleepsAWeek.run, id=queue, task_queue=queue)
        await engine.fast_forward(handle, timedelta(days=7))
        assert await handle.result() == "woken"
