"""What belongs to no case: rows without one, and workflows without one."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Row, Select, Table, false, func, literal, select
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.client import Client, WorkflowExecution, WorkflowExecutionStatus
from temporalio.service import RPCError, RPCStatusCode

from activities.evidence.reachable import CALL_MAY_TAKE
from activities.evidence.reconcile.disagreement import Disagreement, disagreement
from schemas.evidence.archive import workflow_id
from schemas.record import tables as t

FILING_MAY_TAKE = timedelta(hours=1)
"""How long a number may wait for its filing before it is worth a note."""

RUN_MAY_WAIT = timedelta(minutes=15)
"""How long a run may wait for its filing (the workflow itself gives up after ten minutes)."""

BATCH = 500

_OTHERS: tuple[tuple[str, Table], ...] = (
    ("petitioners_unfounded", t.petitioners),
    ("commands_unfounded", t.commands),
    ("notices_unfounded", t.outbox),
)


async def rows_without_case(database: AsyncEngine, now: datetime) -> AsyncGenerator[Disagreement]:
    """Rows of any table that name a case the events do not know; cases without a reservation; and, as notes, numbers never filed and notices
    given up.
    """
    events, intake, outbox = t.events, t.intake, t.outbox
    for code, table in _OTHERS:
        named = table.c.case_number
        known = select(literal(1)).where(events.c.case_number == named).exists()
        async for row in _rows(database, select(named).where(~known).distinct()):
            yield disagreement(code, row[0])
    filed = select(literal(1)).where(events.c.case_number == intake.c.case_number).exists()
    async for row in _rows(database, select(intake.c.case_number).where(intake.c.filed_at.is_(None), filed)):
        yield disagreement("filing_unmarked", row[0])
    reserved = select(literal(1)).where(intake.c.case_number == events.c.case_number).exists()
    async for row in _rows(database, select(events.c.case_number).where(events.c.seq == 1, ~reserved)):
        yield disagreement("intake_missing", row[0])
    waiting = select(intake.c.case_number, intake.c.reserved_at).where(
        intake.c.filed_at.is_(None), ~filed, intake.c.reserved_at < now - FILING_MAY_TAKE
    )
    async for row in _rows(database, waiting):
        yield disagreement("number_unfiled", row[0], since=row[1].astimezone(UTC).isoformat(timespec="seconds"))
    failed = (
        select(outbox.c.case_number, func.count())
        .where(outbox.c.gave_up_at.is_not(None))
        .group_by(outbox.c.case_number)
    )
    async for row in _rows(database, failed):
        yield disagreement("notices_given_up", row[0], count=row[1])


async def _rows(database: AsyncEngine, query: Select[*tuple[Any, ...]]) -> AsyncGenerator[Row[*tuple[Any, ...]]]:
    async with database.connect() as connection:
        async for row in await connection.stream(query.order_by("case_number")):
            yield row


async def runs_without_case(
    client: Client, database: AsyncEngine, now: datetime, sealed_before: datetime | None
) -> AsyncGenerator[Disagreement]:
    """Running workflows whose case the record does not know, or knows as sealed since before ``sealed_before``: the others have been looked at.

    The engine's list follows a moment behind, so each is asked for by itself before it is named.
    """
    prefix = workflow_id("")
    batch: list[WorkflowExecution] = []
    running = f"ExecutionStatus = 'Running' AND WorkflowId STARTS_WITH '{prefix}'"
    async for execution in client.list_workflows(running, rpc_timeout=CALL_MAY_TAKE):
        batch.append(execution)
        if len(batch) == BATCH:
            async for each in _without_case(client, database, batch, now, sealed_before):
                yield each
            batch.clear()
    async for each in _without_case(client, database, batch, now, sealed_before):
        yield each


async def _without_case(
    client: Client,
    database: AsyncEngine,
    batch: Sequence[WorkflowExecution],
    now: datetime,
    sealed_before: datetime | None,
) -> AsyncGenerator[Disagreement]:
    prefix = workflow_id("")
    by_number = {execution.id.removeprefix(prefix): execution for execution in batch}
    query = select(t.events.c.case_number).where(t.events.c.case_number.in_(by_number), t.events.c.seq == 1)
    closed = select(t.cases.c.case_number).where(
        t.cases.c.case_number.in_(by_number),
        t.cases.c.sealed_at < sealed_before if sealed_before is not None else false(),
    )
    async with database.connect() as connection:
        known = set((await connection.execute(query)).scalars())
        ended = set((await connection.execute(closed)).scalars())
    for number, execution in by_number.items():
        if (number in known and number not in ended) or execution.start_time > now - RUN_MAY_WAIT:
            continue
        if await _running(client, execution):
            yield disagreement("run_of_sealed_case" if number in ended else "run_without_case", number)


async def _running(client: Client, execution: WorkflowExecution) -> bool:
    try:
        described = await client.get_workflow_handle(execution.id, run_id=execution.run_id).describe(
            rpc_timeout=CALL_MAY_TAKE
        )
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:
            raise
        return False
    return described.status is WorkflowExecutionStatus.RUNNING
