"""Telling a case that is at fault from a world that is away: the first is told of by name and passed over, the second is waited for."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.api.workflowservice.v1 import GetSystemInfoRequest
from temporalio.client import Client

CALL_MAY_TAKE: Final = timedelta(seconds=30)
"""How long one call of the engine is waited for: without that, a call that is never answered waits for ever."""


async def reachable(database: AsyncEngine, client: Client) -> None:
    """Returns where both database and engine answer; raises what the one that does not answer says."""
    async with database.connect() as connection:
        await connection.execute(select(1))
    await client.workflow_service.get_system_info(GetSystemInfoRequest(), timeout=CALL_MAY_TAKE)
