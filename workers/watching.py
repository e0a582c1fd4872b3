"""Looking whether what must run in the engine still does: by the worker itself, for whoever reaches the engine's port can end its schedules too."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial
from typing import Any, Final

import structlog
from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.service import RPCError, RPCStatusCode

from activities.evidence.journal import Journal
from activities.evidence.reachable import CALL_MAY_TAKE
from activities.evidence.run_watch import Looked, RunWatch
from schemas.evidence.journal import EntryKind
from schemas.kernel.actor import SYSTEM
from workers.composition import System
from workflows.contract import NOTICES_ID, NOTICES_QUEUE, NOTICES_WORKFLOW, PETITION_WORKFLOW, PETITIONS_QUEUE
from workflows.notices import start_dispatch
from workflows.starting import carry_on

EVERY: Final = timedelta(seconds=20)
"""Between two looks: what ends is seen within a minute, also where one look fails."""


def run_watch(system: System) -> RunWatch:
    """The watch over the runs of open cases."""
    return RunWatch(
        system.database,
        system.client,
        system.journal,
        partial(carry_on, system.client),
        workflow=PETITION_WORKFLOW,
        queue=PETITIONS_QUEUE,
    )


class OwnWatch:
    """The watch over what the system itself keeps in the engine: the dispatch of notices, and the schedules of the evidence."""

    def __init__(
        self, client: Client, journal: Journal, schedules: frozenset[str], keep_schedules: Callable[[], Awaitable[None]]
    ) -> None:
        self._client = client
        self._journal = journal
        self._schedules = schedules
        self._keep_schedules = keep_schedules
        self._seen = False

    async def look(self) -> None:
        """Starts again what is gone and tells the journal. Errors are the engine's and the database's."""
        await self._dispatch()
        if gone := [name for name in sorted(self._schedules) if not await self._is_there(name)]:
            await self._keep_schedules()
            await self._tell(schedule=gone)

    async def _is_there(self, schedule: str) -> bool:
        try:
            await self._client.get_schedule_handle(schedule).describe(rpc_timeout=CALL_MAY_TAKE)
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise
            return False
        return True

    async def _dispatch(self) -> None:
        handle = self._client.get_workflow_handle(NOTICES_ID)
        status = "deleted" if self._seen else ""
        try:
            described = await handle.describe(rpc_timeout=CALL_MAY_TAKE)
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise
        else:
            if described.status is WorkflowExecutionStatus.RUNNING:
                if (described.workflow_type, described.task_queue) == (NOTICES_WORKFLOW, NOTICES_QUEUE):
                    self._seen = True
                    return
                await handle.terminate(reason="replaced by our own", rpc_timeout=CALL_MAY_TAKE)
                status = "replaced"
            else:
                status = "unknown" if described.status is None else described.status.name.lower()
        await start_dispatch(self._client)
        self._seen = True
        # One that never was has not been ended: the notices worker has not come to it yet.
        if status:
            await self._tell(workflow=NOTICES_ID, status=status)

    async def _tell(self, **body: Any) -> None:
        await self._journal.append(EntryKind.RUN_ENDED_OUTSIDE, SYSTEM, body=body)


async def watching(
    runs: Callable[[], Awaitable[Looked]],
    own: Callable[[], Awaitable[None]],
    pause: Callable[[], Awaitable[None]] | None = None,
) -> None:
    """Looks until cancelled; what is away when it looks is looked at again."""
    pause = pause or partial(asyncio.sleep, EVERY.total_seconds())
    log = structlog.get_logger()
    while True:
        try:
            while (looked := await runs()).more and looked.carried_on:
                pass
            await own()
        except Exception as error:  # whatever it was: nobody else looks
            log.error("watch_failed", code=type(error).__name__, exc_info=error)
        await pause()
