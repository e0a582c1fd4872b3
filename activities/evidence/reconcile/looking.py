"""One case on all sides at once; what changes under the eye is looked at again."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import NamedTuple, cast

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.client import Client, WorkflowExecutionStatus, WorkflowHistory, WorkflowQueryFailedError
from temporalio.service import RPCError, RPCStatusCode

from activities.evidence.reconcile.disagreement import Disagreement, differing, disagreement
from activities.evidence.reconcile.read_model import Folded, compared, folded, rows_of
from activities.evidence.reconcile.timers import fault, last_timer
from activities.record.case_record import Clock
from schemas.evidence.archive import workflow_id
from schemas.lifecycle import next_alarm
from schemas.petition import Petition
from schemas.record import tables as t

LOOKS = 5
"""How often a case is looked at that changes meanwhile, or seems out of step: what is written but not folded yet passes in a moment."""

PAUSE = 0.2
"""Seconds between two looks."""

ANSWER_SECONDS = 10.0
"""How long a workflow may take to tell its state; one that is not in a worker's memory is replayed for it."""

GIVEN_UP_AFTER = 10
"""Workflows that do not answer one after the other until the others are not waited for any more: then no worker is there."""

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

    async def at(self, number: str) -> list[Disagreement]:
        """What is out of step with a case; nothing where it only changed while it was looked at."""
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
        return rows.seq, found

    async def _seq(self, number: str) -> int:
        last = select(t.events.c.seq).where(t.events.c.case_number == number).order_by(t.events.c.seq.desc()).limit(1)
        async with self._database.connect() as connection:
            return (await connection.execute(last)).scalar_one_or_none() or 0

    async def _engine(self, number: str, state: Petition) -> _EngineSide:
        handle = self._client.get_workflow_handle(workflow_id(number))
        try:
            described = await handle.describe()
            if described.status is not WorkflowExecutionStatus.RUNNING or not state.open:
                return _EngineSide(described.status)
            run = self._client.get_workflow_handle(workflow_id(number), run_id=described.run_id)
            history = await run.fetch_history()
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise
            return _EngineSide(None)
        if self._silent >= GIVEN_UP_AFTER:
            return _EngineSide(described.status, history=history, silent="no worker answers any more")
        try:
            told = await run.query("state", result_type=Petition, rpc_timeout=timedelta(seconds=ANSWER_SECONDS))
        except (WorkflowQueryFailedError, RPCError) as error:
            if isinstance(error, RPCError) and error.status not in _SILENT:
                raise
            self._silent += 1
            return _EngineSide(described.status, history=history, silent=str(error) or type(error).__name__)
        self._silent = 0
        return _EngineSide(described.status, cast("Petition | None", told), history)

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
