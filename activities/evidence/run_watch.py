"""Runs that end outside the product: whoever reaches the engine's port can terminate, cancel, reset or delete one, and put another in its place.

The record knows which cases are open, and the engine which of them it runs. What is open and does not run as it should is carried on from the
record, and the journal says who ended it, as far as the engine knows.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

import structlog
from sqlalchemy import ColumnElement, exists, func, or_, select
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.api.common.v1 import Payload
from temporalio.api.enums.v1 import EventType, WorkflowTaskFailedCause
from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import Client, WorkflowExecution, WorkflowExecutionStatus, WorkflowHistoryEventFilterType
from temporalio.service import RPCError, RPCStatusCode

from activities.evidence.journal import JOURNAL_LOCK, Journal
from activities.evidence.reachable import CALL_MAY_TAKE, reachable
from activities.evidence.reconcile.read_model import folded, rows_of
from activities.evidence.reconcile.repairing import carry_on
from activities.record.case_record import Clock, utc_now
from schemas.evidence.archive import workflow_id
from schemas.evidence.journal import EntryKind
from schemas.kernel.actor import SYSTEM
from schemas.kernel.errors import UserError
from schemas.kernel.model import Frozen
from schemas.petition.state import Petition
from schemas.record import tables as t

BATCH: Final = 100
"""Cases carried on in one look, so that a storm holds up neither people nor the looks for others."""

PAGE: Final = 1_000

LOOKS_BACK: Final = timedelta(days=1)
"""How far back the first look asks for runs that were ended and have gone on since; each later one only overlaps with the one before."""

OVERLAP: Final = timedelta(minutes=10)

TRIED_AGAIN: Final = timedelta(minutes=10)
"""When a case is tried again that could not be carried on."""

SEEN_AGAIN: Final = timedelta(seconds=20)
"""When a case is looked at again that runs after all: a list that is far behind must not hold up the looks for others."""

LONGEST_WORDS: Final = 200
"""Characters kept of what a stranger told the engine."""

CLOSED: Final = frozenset(WorkflowExecutionStatus) - {WorkflowExecutionStatus.RUNNING}

ENDED: Final = "ExecutionStatus IN ('Terminated', 'Canceled', 'Failed', 'TimedOut')"

NOT_FILED: Final = "not_filed"
"""How a run ends by itself that never got its case; another carries the case then."""


class Looked(Frozen):
    """What a look found: runs that had ended, cases carried on, cases something stood in the way of, and whether more wait for the next look."""

    ended: int = 0
    carried_on: int = 0
    hindered: int = 0
    more: bool = False


class _Ended(Frozen):
    """A run that is no more. ``replaced``: a run that stands in its place and is none of ours."""

    status: str
    run: str = ""
    by: str = ""
    said: str = ""
    replaced: str = ""

    def facts(self) -> dict[str, Any]:
        return {name: value for name, value in self.model_dump().items() if value}


class RunWatch:
    """Looks at one engine and one record. Any number may look at once: who starts a run first has it."""

    def __init__(
        self,
        database: AsyncEngine,
        client: Client,
        journal: Journal,
        start: Callable[[Petition], Awaitable[bool]],
        *,
        workflow: str,
        queue: str,
        clock: Clock = utc_now,
    ) -> None:
        self._database = database
        self._client = client
        self._journal = journal
        self._start = start
        self._ours = (workflow, queue)
        self._clock = clock
        self._since: datetime | None = None
        self._not_before: dict[str, datetime] = {}
        self._log = structlog.get_logger()

    async def look(self) -> Looked:
        """One look at all open cases. Errors are those of an engine or a database that is away."""
        now = self._clock()
        self._not_before = {number: moment for number, moment in self._not_before.items() if moment > now}
        # The record first: what is sealed between the two questions is looked at again before anything is done.
        open_cases = await self._open_cases()
        running = await self._running()
        amiss = sorted(open_cases - running - self._not_before.keys())
        since = (self._since or now - LOOKS_BACK) - OVERLAP
        gone_on = await self._ended_but_running(open_cases & running, since)
        more = len(amiss) + len(gone_on) > BATCH
        batch = amiss[:BATCH]
        gone_on = gone_on[: BATCH - len(batch)]
        found = [await self._guarded(number, self._mended) for number in batch]
        found += [await self._guarded(_number(each), partial(self._told, each)) for each in gone_on]
        if not more:
            self._since = now
        ended = [outcome for outcome in found if outcome is not None]
        return Looked(
            ended=len(ended),
            carried_on=ended.count(True),
            hindered=ended.count(False),
            more=more,
        )

    async def _open_cases(self) -> set[str]:
        query = select(t.cases.c.case_number).where(t.cases.c.sealed_at.is_(None))
        async with self._database.connect() as connection:
            return set((await connection.execute(query)).scalars())

    async def _running(self) -> set[str]:
        """The cases a workflow of ours runs for, on our queue, by the engine's list, which follows a moment behind."""
        prefix = workflow_id("")
        query = f"ExecutionStatus = 'Running' AND WorkflowId STARTS_WITH '{prefix}'"
        return {
            _number(each)
            async for each in self._client.list_workflows(query, page_size=PAGE, rpc_timeout=CALL_MAY_TAKE)
            if self._is_ours(each)
        }

    def _is_ours(self, execution: WorkflowExecution) -> bool:
        return (execution.workflow_type, execution.task_queue) == self._ours

    async def _ended_but_running(self, numbers: set[str], since: datetime) -> list[WorkflowExecution]:
        """Runs of these cases that ended since then and have not been told of: they were reset, or somebody's order started the next."""
        prefix = workflow_id("")
        query = f"{ENDED} AND WorkflowId STARTS_WITH '{prefix}' AND CloseTime > '{since.isoformat()}'"
        found = {
            each.run_id: each
            async for each in self._client.list_workflows(query, page_size=PAGE, rpc_timeout=CALL_MAY_TAKE)
            if _number(each) in numbers
        }
        known = await self._told_of(list(found))
        return [each for run, each in found.items() if run not in known]

    async def _told_of(self, runs: Sequence[str]) -> set[str]:
        """Which of these the journal names already, as ended or as replaced by us."""
        if not runs:
            return set()
        journal = t.journal
        run, replaced = (journal.c.body[name].as_string() for name in ("run", "replaced"))
        query = select(run, replaced).where(
            journal.c.kind == EntryKind.RUN_ENDED_OUTSIDE.value, or_(run.in_(runs), replaced.in_(runs))
        )
        async with self._database.connect() as connection:
            return {each for row in await connection.execute(query) for each in row if each}

    async def _guarded(self, number: str, work: Callable[[str], Awaitable[bool | None]]) -> bool | None:
        """Whether the case goes on, which it did not; None where nothing had ended. What is wrong with one case holds up no other."""
        try:
            done = await work(number)
            if done is None:
                self._not_before[number] = self._clock() + SEEN_AGAIN
            return done
        except Exception as error:
            # The world is well, or this raises.
            await reachable(self._database, self._client)
            self._log.error("case_not_carried_on", case=number, code=type(error).__name__, exc_info=error)
        self._not_before[number] = self._clock() + TRIED_AGAIN
        return False

    async def _mended(self, number: str) -> bool | None:
        ended = await self._what_ended(number)
        return None if ended is None else await self._carried_on(number, ended)

    async def _carried_on(self, number: str, ended: _Ended) -> bool | None:
        try:
            done = await carry_on(
                self._database,
                self._journal,
                SYSTEM,
                number,
                "",
                self._start,
                kind=EntryKind.RUN_ENDED_OUTSIDE,
                facts=ended.facts(),
            )
        except UserError as error:
            await self._hindered(number, ended, error.code)
            raise
        if not done:
            return None  # closed meanwhile, or somebody else was faster
        self._log.error("run_ended_outside", case=number, status=ended.status)
        return True

    async def _what_ended(self, number: str) -> _Ended | None:
        """None where our own workflow runs. What stands in its place is ended, so that ours can be started."""
        handle = self._client.get_workflow_handle(workflow_id(number))
        try:
            described = await handle.describe(rpc_timeout=CALL_MAY_TAKE)
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise
            return _Ended(status="deleted")
        if described.status is WorkflowExecutionStatus.RUNNING and self._is_ours(described):
            return None
        if described.status not in CLOSED:
            await self._end(number, described.run_id)
            return _Ended(status="replaced", replaced=described.run_id)
        return await self._told_by_engine(number, described)

    async def _told_by_engine(self, number: str, execution: WorkflowExecution) -> _Ended:
        told: Mapping[str, str] = {}
        handle = self._client.get_workflow_handle(workflow_id(number), run_id=execution.run_id)
        try:
            async for event in handle.fetch_history_events(
                event_filter_type=WorkflowHistoryEventFilterType.CLOSE_EVENT, rpc_timeout=CALL_MAY_TAKE
            ):
                told = _words_of(event)
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise
        status = "unknown" if execution.status is None else execution.status.name.lower()
        return _Ended(status=status, run=execution.run_id, **told)

    async def _told(self, execution: WorkflowExecution, number: str) -> bool | None:
        """Tells of a run that ended while its case runs on. What was reset or began from anything else than the record is started from that."""
        if (gone := await self._what_ended(number)) is not None:
            return await self._carried_on(number, gone)  # the list was behind: it does not run on
        ended = await self._told_by_engine(number, execution)
        if execution.status is WorkflowExecutionStatus.FAILED and ended.said == NOT_FILED:
            return None
        current = await self._client.get_workflow_handle(execution.id).describe(rpc_timeout=CALL_MAY_TAKE)
        if amiss := await self._amiss(number, current.run_id):
            await self._end(number, current.run_id)
            return await self._carried_on(
                number, ended.model_copy(update={"status": amiss, "replaced": current.run_id})
            )
        facts = {**ended.facts(), "changed": {"run": [ended.status, "running"]}}
        return True if await self._tell_once(number, facts, t.journal.c.body["run"].as_string() == ended.run) else None

    async def _amiss(self, number: str, run_id: str) -> str:
        """What is wrong with a run that took another's place: it was reset, or did not begin from what the record held then. Empty: nothing."""
        handle = self._client.get_workflow_handle(workflow_id(number), run_id=run_id)
        begun: Petition | None = None
        async for event in handle.fetch_history_events(rpc_timeout=CALL_MAY_TAKE):
            failed = event.workflow_task_failed_event_attributes
            if failed.cause == WorkflowTaskFailedCause.WORKFLOW_TASK_FAILED_CAUSE_RESET_WORKFLOW:
                return "reset"
            if event.event_type == EventType.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED:
                begun = await self._begun_from(event.workflow_execution_started_event_attributes.input.payloads)
        return "" if begun is not None and begun == await self._recorded(number, begun.seq) else "replaced"

    async def _begun_from(self, payloads: Sequence[Payload]) -> Petition | None:
        """The state a run was started with; None for whatever else a stranger put there."""
        try:
            [start] = await self._client.data_converter.decode(payloads, [dict])
            return Petition.model_validate(start["state"])
        except Exception:  # anything may have been put there, sealed or not
            return None

    async def _recorded(self, number: str, seq: int) -> Petition | None:
        """What the first ``seq`` events of a case make of it."""
        async with self._database.connect() as connection:
            rows = await rows_of(connection, number)
        made = folded(number, [row for row in rows.events if row["seq"] <= seq])
        return None if made is None else made.state

    async def _end(self, number: str, run_id: str) -> None:
        handle = self._client.get_workflow_handle(workflow_id(number), run_id=run_id)
        try:
            await handle.terminate(reason="replaced from the record", rpc_timeout=CALL_MAY_TAKE)
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise

    async def _hindered(self, number: str, ended: _Ended, code: str) -> None:
        """Says once for each run and cause what stands in the way of carrying its case on."""
        self._log.error("case_not_carried_on", case=number, code=code)
        facts = {**ended.facts(), "hindered": code}
        await self._tell_once(number, facts, t.journal.c.body == facts)

    async def _tell_once(self, number: str, facts: Mapping[str, Any], same: ColumnElement[bool]) -> bool:
        """Whether it was not in the journal yet."""
        kind = EntryKind.RUN_ENDED_OUTSIDE
        known = select(t.journal.c.number).where(
            t.journal.c.case_number == number, t.journal.c.kind == kind.value, same
        )
        async with self._database.begin() as connection:
            # Behind the journal's lock, so that of two hosts only one says so.
            await connection.execute(select(func.pg_advisory_xact_lock(JOURNAL_LOCK)))
            if (await connection.execute(select(exists(known)))).scalar_one():
                return False
            await self._journal.append_with(connection, kind, SYSTEM, case_number=number, body=facts)
        return True


def _number(execution: WorkflowExecution) -> str:
    return execution.id.removeprefix(workflow_id(""))


def _words_of(event: HistoryEvent) -> dict[str, str]:
    """Who ended a run and what they said, as the engine was told."""
    if event.event_type == EventType.EVENT_TYPE_WORKFLOW_EXECUTION_TERMINATED:
        ended = event.workflow_execution_terminated_event_attributes
        return {"by": _plain(ended.identity), "said": _plain(ended.reason)}
    if event.event_type == EventType.EVENT_TYPE_WORKFLOW_EXECUTION_FAILED:
        failure = event.workflow_execution_failed_event_attributes.failure
        return {"said": _plain(failure.application_failure_info.type)}
    return {}


def _plain(words: str) -> str:
    """A stranger's words on one line: neither long, nor with marks that a terminal or the database would act on."""
    return "".join(char if char.isprintable() else " " for char in words[:LONGEST_WORDS])
