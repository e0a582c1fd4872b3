"""One case on all sides at once; what changes under the eye is looked at again."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, NamedTuple, cast

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest
from temporalio.client import (
    Client,
    WorkflowExecutionDescription,
    WorkflowExecutionStatus,
    WorkflowHandle,
    WorkflowHistory,
    WorkflowQueryFailedError,
)
from temporalio.service import RPCError, RPCStatusCode

from activities.evidence.reachable import CALL_MAY_TAKE, reachable
from activities.evidence.reconcile.disagreement import Disagreement, differing, disagreement
from activities.evidence.reconcile.read_model import Folded, compared, folded, rows_of
from activities.evidence.reconcile.timers import fault, last_timer
from activities.record.case_record import CaseRecord, Clock
from activities.record.telling import Followers
from schemas.evidence.archive import workflow_id
from schemas.petition.rules import next_alarm
from schemas.petition.state import Petition
from schemas.record import tables as t

LOOKS = 5
"""How often a case is looked at that changes meanwhile, or seems out of step: what is written but not folded yet passes in a moment."""

PAUSE = 0.2
"""Seconds between two looks."""

ANSWER_SECONDS = 10.0
"""How long a workflow may take to tell its state; one that is not in a worker's memory is replayed for it."""

GIVEN_UP_AFTER = 10
"""Workflows that do not answer one after the other until the others are not waited for any more: then no worker is there."""

IMPATIENT_AFTER = 100
"""Workflows that did not answer, in all, until the others are waited for only shortly: thousands of them would take all night."""

SHORTLY = 1.0
"""Seconds an impatient look waits: enough for a workflow in a worker's memory."""

CASE_MAY_TAKE = 120.0
"""Seconds for one case on all sides, until the others are not held up by it any longer."""

NOT_TOLD = "followers_not_told"
"""That cases which were merged into this one have not heard its reply."""

NAMED = 5
"""Of those, as many are named."""

_SILENT = (RPCStatusCode.DEADLINE_EXCEEDED, RPCStatusCode.FAILED_PRECONDITION, RPCStatusCode.CANCELLED)


class _EngineSide(NamedTuple):
    """What the engine says of the newest run. ``silent``: why the workflow did not tell its state."""

    status: WorkflowExecutionStatus | None
    state: Petition | None = None
    history: WorkflowHistory | None = None
    silent: str = ""


class Looking:
    """Looks at cases of one database and one engine; owns neither."""

    def __init__(self, database: AsyncEngine, client: Client, *, clock: Clock) -> None:
        self._database = database
        self._snapshot = database.execution_options(isolation_level="REPEATABLE READ")
        self._client = client
        self._clock = clock
        self._silent = 0
        self._silent_in_all = 0
        self._served: dict[str, bool] = {}
        self._followers = Followers(CaseRecord(database), database, client, clock=clock)

    async def at(self, number: str) -> list[Disagreement]:
        """What is out of step with a case; nothing where it only changed while it was looked at.

        A case that cannot be looked at is out of step too. Errors are those of an engine or a database that is away.
        """
        try:
            async with asyncio.timeout(CASE_MAY_TAKE):
                return await self._looked_at(number)
        except Exception as error:
            # Whatever is wrong with one case: the world is well, or this raises.
            await reachable(self._database, self._client)
            return [disagreement("look_failed", number, reason=type(error).__name__)]

    async def _looked_at(self, number: str) -> list[Disagreement]:
        found: list[Disagreement] = []
        for look in range(LOOKS):
            if look:
                await asyncio.sleep(PAUSE)
            seen, found = await self._once(number)
            if not found:
                return []
            if any(each.code == "engine_silent" for each in found):
                # That took as long as all the other looks together.
                return found
            if look == LOOKS - 1 and await self._seq(number) != seen:
                # Busy to the last: the next reconciliation finds it at rest.
                return []
        return found

    async def _once(self, number: str) -> tuple[int, list[Disagreement]]:
        async with self._snapshot.connect() as connection:
            rows = await rows_of(connection, number)
        try:
            made = folded(number, rows.events)
        except ValueError:
            return rows.seq, [disagreement("record_unreadable", number)]
        found = list(compared(number, rows, made))
        if made is not None:
            found += self._beside_engine(number, made, await self._engine(number, made.state))
            if made.state.members and (late := await self._followers.overdue(number)):
                found.append(disagreement(NOT_TOLD, number, count=len(late), members="、".join(late[:NAMED])))
        return rows.seq, found

    async def _seq(self, number: str) -> int:
        last = select(t.events.c.seq).where(t.events.c.case_number == number).order_by(t.events.c.seq.desc()).limit(1)
        async with self._database.connect() as connection:
            return (await connection.execute(last)).scalar_one_or_none() or 0

    async def _engine(self, number: str, state: Petition) -> _EngineSide:
        handle = self._client.get_workflow_handle(workflow_id(number))
        try:
            described = await handle.describe(rpc_timeout=CALL_MAY_TAKE)
            if described.status is not WorkflowExecutionStatus.RUNNING or not state.open:
                return _EngineSide(described.status)
            run = self._client.get_workflow_handle(workflow_id(number), run_id=described.run_id)
            history = await run.fetch_history(rpc_timeout=CALL_MAY_TAKE)
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise
            return _EngineSide(None)
        return await self._told(run, described, history)

    async def _told(
        self, run: WorkflowHandle[Any, Any], described: WorkflowExecutionDescription, history: WorkflowHistory
    ) -> _EngineSide:
        """What the workflow itself says; it is not waited for where that is vain."""
        if self._silent >= GIVEN_UP_AFTER:
            return _EngineSide(described.status, history=history, silent="no worker answers any more")
        if not await self._is_served(described.task_queue):
            return _EngineSide(described.status, history=history, silent=f"no worker serves {described.task_queue}")
        patience = ANSWER_SECONDS if self._silent_in_all < IMPATIENT_AFTER else min(SHORTLY, ANSWER_SECONDS)
        try:
            told = await run.query("state", result_type=Petition, rpc_timeout=timedelta(seconds=patience))
        except (WorkflowQueryFailedError, RPCError) as error:
            if isinstance(error, RPCError) and error.status not in _SILENT:
                raise
            self._silent += 1
            self._silent_in_all += 1
            return _EngineSide(described.status, history=history, silent=str(error) or type(error).__name__)
        self._silent = 0
        return _EngineSide(described.status, cast("Petition | None", told), history)

    async def _is_served(self, queue: str) -> bool:
        """Whether the engine knows a worker of that queue; asked once, for as long as this looks."""
        if queue not in self._served:
            asked = DescribeTaskQueueRequest(
                namespace=self._client.namespace,
                task_queue=TaskQueue(name=queue),
                task_queue_type=TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW,
            )
            told = await self._client.workflow_service.describe_task_queue(asked, retry=True, timeout=CALL_MAY_TAKE)
            self._served[queue] = bool(told.pollers)
        return self._served[queue]

    def _beside_engine(self, number: str, made: Folded, engine: _EngineSide) -> Iterator[Disagreement]:
        state = made.state
        running = engine.status is WorkflowExecutionStatus.RUNNING
        if not state.open:
            if running:
                yield disagreement("run_of_sealed_case", number)
            return
        if not running or engine.history is None:
            status = engine.status.name.lower() if engine.status is not None else "none"
            yield disagreement("run_missing", number, status=status)
            return
        if engine.silent:
            yield disagreement("engine_silent", number, reason=engine.silent)
        elif engine.state != state:
            theirs = engine.state.model_dump(mode="json") if engine.state is not None else {}
            yield disagreement("engine_differs", number, fields=tuple(differing(state.model_dump(mode="json"), theirs)))
        due = next_alarm(state)
        timer = last_timer(engine.history.events)
        if due is not None and (code := fault(timer, due, self._clock())):
            yield disagreement(code, number, due=_told(due), armed=_told(timer.earliest) if timer is not None else "")


def _told(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")
