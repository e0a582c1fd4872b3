"""Sealing: the engine's history of every closed run is taken into the archive before the engine's retention deletes it, and bound by its
hash to the event that closed the run.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

import structlog
from sqlalchemy import RowMapping, Select, exists, func, select, tuple_
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.client import Client, WorkflowExecutionStatus

from activities.evidence.archive import Archives, SealedRun
from activities.evidence.contract import Swept
from activities.evidence.histories import EngineRun, as_kept, runs_of_case
from activities.evidence.journal import JOURNAL_LOCK, Journal
from activities.evidence.reachable import reachable
from activities.record.case_record import Clock, utc_now
from schemas.evidence.archive import ArchiveDocument
from schemas.evidence.journal import EntryKind
from schemas.kernel.actor import SYSTEM
from schemas.kernel.errors import UserError, first_of
from schemas.kernel.model import Frozen
from schemas.record import tables as t
from schemas.sealing.keys import KeyRing, SealBrokenError

BATCH: Final = 100
"""Closed runs looked up at once."""

AT_ONCE: Final = 8
"""Histories held in memory at once: one may be many megabytes."""

PATIENCE: Final = timedelta(minutes=10)
"""How long a history that is not to be had is waited for before it counts as lost: the engine's list of runs follows a moment behind."""

ENDING_MAY_TAKE: Final = timedelta(hours=1)
"""How long the engine may have a run open whose case is sealed: the worker that sealed it may have died before it said so."""

CASE_MAY_TAKE: Final = 300.0
"""Seconds for one run, until the others are not held up by it any longer."""

SOUGHT_FOR: Final = timedelta(days=1)
"""How long a run that cannot be sealed is looked for by each sweep; afterwards by the daily one that looks at everything."""

IN_FLIGHT: Final = timedelta(minutes=10)
"""How much earlier than it appears an event may have been written down: longer than any transaction lives."""

UNFINISHED: Final = (WorkflowExecutionStatus.RUNNING, WorkflowExecutionStatus.CONTINUED_AS_NEW)


class Outcome(StrEnum):
    """What became of a closed run."""

    SEALED = "sealed"
    WAITING = "waiting"
    LOST = "lost"
    HINDERED = "hindered"
    """Something about this very case stands in the way; the journal names it, and it is tried again."""
    KNOWN = "known"
    """Somebody else was faster."""


class RunStillOpenError(RuntimeError):
    """The record has had a run sealed for long, and the engine still runs it."""


class Closed(Frozen):
    """A run closed by the event ``seq``; the one before was closed by ``previous_seq`` (0: there was none)."""

    case_number: str
    run: int
    seq: int
    link: bytes
    previous_seq: int
    recorded_at: datetime


class Sealer:
    """Seals what is closed; any number may work at once."""

    def __init__(
        self,
        engine: AsyncEngine,
        client: Client,
        keyring: KeyRing | None,
        archives: Archives,
        journal: Journal,
        *,
        clock: Clock = utc_now,
    ) -> None:
        self._engine = engine
        self._client = client
        self._keyring = keyring
        self._archives = archives
        self._journal = journal
        self._clock = clock
        self._log = structlog.get_logger()

    async def sweep(self, since: datetime | None = None) -> Swept:
        """Seals every closed run recorded ``since`` (all without it) that has no seal.

        What stands in the way of one case never holds up another. Errors are those of an engine or a database that is away.
        """
        began = self._clock()
        settled_before = began - IN_FLIGHT
        counts = dict.fromkeys(Outcome, 0)
        place: tuple[datetime, str, int] | None = None
        while True:
            found = await self._unsealed(since, place)
            for start in range(0, len(found), AT_ONCE):
                for row, outcome in await self._sealed(found[start : start + AT_ONCE]):
                    counts[outcome] += 1
                    if outcome in (Outcome.WAITING, Outcome.HINDERED):
                        settled_before = min(settled_before, row["recorded_at"])
            if len(found) < BATCH:
                break
            place = found[-1]["recorded_at"], found[-1]["case_number"], found[-1]["seq"]
        return Swept(
            sealed=counts[Outcome.SEALED],
            waiting=counts[Outcome.WAITING],
            lost=counts[Outcome.LOST],
            hindered=counts[Outcome.HINDERED],
            settled_before=max(settled_before, began - SOUGHT_FOR),
            whole_at=began if since is None else None,
        )

    async def _sealed(self, rows: Sequence[RowMapping]) -> list[tuple[RowMapping, Outcome]]:
        async def sealed(row: RowMapping) -> tuple[RowMapping, Outcome]:
            try:
                async with asyncio.timeout(CASE_MAY_TAKE):
                    return row, await self.seal(await self._closed(row))
            except UserError as error:
                # Such as a key that is missing: it can be put back.
                return row, await self._hindered(row, error.code, error)
            except Exception as error:
                # Whatever is wrong with one case: the world is well, or this raises.
                await reachable(self._engine, self._client)
                return row, await self._hindered(row, type(error).__name__, error)

        try:
            async with asyncio.TaskGroup() as together:
                tasks = [together.create_task(sealed(row)) for row in rows]
        except BaseExceptionGroup as group:
            raise first_of(group.exceptions) from group
        return [task.result() for task in tasks]

    async def seal(self, closed: Closed) -> Outcome:
        """Seals one run, unless the engine still has it open or does not list all of it yet.

        Errors are the engine's, the database's and the archive's; :class:`RunStillOpenError`; ``UserError`` for a key that is missing.
        """
        log = self._log.bind(case=closed.case_number)
        try:
            runs = await runs_of_case(self._client, self._keyring, closed.case_number)
        except SealBrokenError as error:
            log.error("history_does_not_open", exc_info=error)
            return await self._lose(closed, [], "unreadable") if self._overdue(closed) else Outcome.WAITING
        mine = [run for run in runs if closed.previous_seq <= run.start_seq < closed.seq]
        if mine and mine[-1].status is WorkflowExecutionStatus.RUNNING:
            if self._older(closed.recorded_at, ENDING_MAY_TAKE):
                raise RunStillOpenError(closed.case_number)
            return Outcome.WAITING
        if _is_whole(mine):
            return await self._put(closed, mine)
        if not self._overdue(closed):
            return Outcome.WAITING
        log.error("history_lost", count=len(mine))
        return await self._lose(closed, mine, "gone")

    def _overdue(self, closed: Closed) -> bool:
        return self._older(closed.recorded_at, PATIENCE)

    def _older(self, moment: datetime, age: timedelta) -> bool:
        return self._clock() - moment > age

    async def _hindered(self, row: RowMapping, cause: str, error: Exception) -> Outcome:
        """Says in the journal, once for each cause, which run could not be sealed and why."""
        self._log.error("run_not_sealed", case=row["case_number"], code=cause, exc_info=error)
        if self._older(row["recorded_at"], PATIENCE):
            async with self._engine.begin() as connection:
                await connection.execute(select(func.pg_advisory_xact_lock(JOURNAL_LOCK)))
                said = _said(EntryKind.SEAL_HINDERED, row["case_number"], row["seq"])
                said = said.where(t.journal.c.body["cause"].as_string() == cause)
                if not (await connection.execute(select(exists(said)))).scalar_one():
                    await self._journal.append_with(
                        connection,
                        EntryKind.SEAL_HINDERED,
                        SYSTEM,
                        case_number=row["case_number"],
                        body={"seq": row["seq"], "cause": cause},
                    )
        return Outcome.HINDERED

    async def _put(self, closed: Closed, runs: Sequence[EngineRun]) -> Outcome:
        now = self._clock()
        async with self._engine.begin() as connection:
            made = await self._archives.put_with(connection, _bound(closed), _document(closed, runs), now)
        return Outcome.SEALED if made else Outcome.KNOWN

    async def _lose(self, closed: Closed, runs: Sequence[EngineRun], cause: str) -> Outcome:
        """Says in the journal that the history is not whole, and keeps what there is of it."""
        async with self._engine.begin() as connection:
            # Behind the journal's lock, so that of two who find it lost only one says so.
            await connection.execute(select(func.pg_advisory_xact_lock(JOURNAL_LOCK)))
            query = select(exists(_said(EntryKind.HISTORY_LOST, closed.case_number, closed.seq)))
            if (await connection.execute(query)).scalar_one():
                return Outcome.KNOWN
            if runs:
                await self._archives.put_with(connection, _bound(closed), _document(closed, runs), self._clock())
            await self._journal.append_with(
                connection,
                EntryKind.HISTORY_LOST,
                SYSTEM,
                case_number=closed.case_number,
                body={"run": closed.run, "seq": closed.seq, "cause": cause, "kept": [run.run_id for run in runs]},
            )
        return Outcome.LOST

    async def _unsealed(self, since: datetime | None, place: tuple[datetime, str, int] | None) -> Sequence[RowMapping]:
        events = t.events
        query = (
            select(events.c.case_number, events.c.seq, events.c.link, events.c.recorded_at)
            .where(
                events.c.kind == "sealed",
                ~exists(
                    select(t.seals.c.run).where(
                        t.seals.c.case_number == events.c.case_number, t.seals.c.seq == events.c.seq
                    )
                ),
                ~exists(_said(EntryKind.HISTORY_LOST, events.c.case_number, events.c.seq)),
            )
            .order_by(events.c.recorded_at, events.c.case_number, events.c.seq)
            .limit(BATCH)
        )
        if since is not None:
            query = query.where(events.c.recorded_at >= since)
        if place is not None:
            query = query.where(tuple_(events.c.recorded_at, events.c.case_number, events.c.seq) > tuple_(*place))
        async with self._engine.connect() as connection:
            return (await connection.execute(query)).mappings().all()

    async def _closed(self, row: RowMapping) -> Closed:
        events = t.events
        query = (
            select(events.c.seq, events.c.kind, events.c.payload)
            .where(
                events.c.case_number == row["case_number"],
                events.c.seq < row["seq"],
                events.c.kind.in_(("sealed", "reopened")),
            )
            .order_by(events.c.seq)
        )
        async with self._engine.connect() as connection:
            before = (await connection.execute(query)).all()
        return Closed(
            case_number=row["case_number"],
            run=next((each.payload["run"] for each in reversed(before) if each.kind == "reopened"), 1),
            seq=row["seq"],
            link=row["link"],
            previous_seq=next((each.seq for each in reversed(before) if each.kind == "sealed"), 0),
            recorded_at=row["recorded_at"],
        )


def _is_whole(runs: Sequence[EngineRun]) -> bool:
    """Whether these are all the engine runs of a closed run: none is missing between its start and its end."""
    known = {run.run_id for run in runs}
    return (
        bool(runs)
        and runs[-1].status not in UNFINISHED
        and all(run.continues in known for run in runs if run.continues)
    )


def _document(closed: Closed, runs: Sequence[EngineRun]) -> ArchiveDocument:
    return ArchiveDocument(case=closed.case_number, run=closed.run, histories=tuple(map(as_kept, runs)))


def _bound(closed: Closed) -> SealedRun:
    return SealedRun(closed.case_number, closed.run, closed.seq, closed.link)


def _said(kind: EntryKind, case_number: object, seq: object) -> Select[tuple[int]]:
    journal = t.journal
    return select(journal.c.number).where(
        journal.c.case_number == case_number,
        journal.c.kind == kind.value,
        journal.c.body["seq"].as_integer() == seq,
    )
