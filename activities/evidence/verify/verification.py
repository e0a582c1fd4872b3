"""The whole check: the log, the journal, every case, the numbers; in one snapshot of the database, so that a running system is no forger."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from activities.evidence.archive import Archives
from activities.evidence.store import CheckpointStore
from activities.evidence.verify import beside
from activities.evidence.verify.chain.decided import Decisions, differing
from activities.evidence.verify.chain.diagnosis import diagnose, exchanged, moved_from, unexplained
from activities.evidence.verify.chain.kept import Kept, contradictions, kept
from activities.evidence.verify.chain.links import Chain, columns, read_chain
from activities.evidence.verify.chain.repair import Search
from activities.evidence.verify.journalled import JournalCheck
from activities.evidence.verify.log.inclusion import included
from activities.evidence.verify.log.leaves import check_log
from activities.evidence.verify.log.logged import Logged, believed
from activities.evidence.verify.log.timely import Timetable
from activities.evidence.verify.numbers import numbers
from activities.evidence.verify.rows import CaseRows, windows
from activities.evidence.verify.sealed import archives as check_archives
from activities.evidence.verify.sealed import seals
from activities.record.case_record import Clock, utc_now
from schemas.evidence.checkpoint import PublicKey
from schemas.evidence.finding import Finding, finding
from schemas.record import tables as t

MOST_UNEXPLAINED = 200
"""Cases with events nothing explains, among which exchanged ones are looked for."""


@dataclass
class Counts:
    """How much was looked at. Grows while the check runs."""

    cases: int = 0
    events: int = 0
    seals: int = 0
    checkpoints: int = 0
    leaves: int = 0
    entries: int = 0


@dataclass(frozen=True)
class TrustAnchors:
    """What the record is held against besides itself. ``store`` None: there is none yet. ``keys``: those that may sign checkpoints.

    ``archives``: opens archived histories. ``decisions``: the events of a case as the engine's history has them decided.
    """

    store: CheckpointStore | None = None
    keys: Sequence[PublicKey] = ()
    archives: Archives | None = None
    decisions: Decisions | None = None


@dataclass
class _Unexplained:
    chain: Chain
    vouched: dict[int, bytes]


Progress = Callable[[Counts], None]


@dataclass
class Verification:
    """One check of one database. Made anew for each."""

    engine: AsyncEngine
    outside: TrustAnchors = field(default_factory=TrustAnchors)
    clock: Clock = utc_now
    progress: Progress = lambda _: None
    counts: Counts = field(default_factory=Counts)

    def __post_init__(self) -> None:
        self._search = Search()
        self._unexplained: list[_Unexplained] = []
        self._gone: set[str] = set()
        self._logged: Logged | None = None
        self._timetable = Timetable(())
        self._lost: set[tuple[str, int]] = set()

    async def everything(self) -> AsyncGenerator[Finding]:
        """Whatever does not hold, anywhere."""
        async with self._snapshot() as connection:
            if self.outside.store is not None:
                async for each in self._log(connection, self.outside.store):
                    yield each
            async for each in self._journal(connection):
                yield each
            async for window in windows(connection):
                for case in window:
                    async for each in self._case(connection, case):
                        yield each
                self.progress(self.counts)
            async for each in self._end(connection):
                yield each

    async def case(self, number: str) -> AsyncGenerator[Finding]:
        """Whatever does not hold of one case: its chain, its seals, and its place in the log."""
        async with self._snapshot() as connection:
            journal = JournalCheck(connection, ())
            self._lost = await journal.lost_of(number)
            async for window in windows(connection, number):
                for case in window:
                    if self.outside.store is not None:
                        found = await included(self.outside.store, self.outside.keys, case)
                        self._logged = found
                        self.counts.checkpoints, self.counts.leaves = found.checkpoints, len(case.leaves)
                        for each in found.findings:
                            yield each
                    async for each in self._case(connection, case):
                        yield each
            for each in self._remaining():
                yield each

    @asynccontextmanager
    async def _snapshot(self) -> AsyncGenerator[AsyncConnection]:
        async with self.engine.connect() as connection:
            yield await connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)

    async def _log(self, connection: AsyncConnection, store: CheckpointStore) -> AsyncGenerator[Finding]:
        def passed(leaves: int) -> None:
            self.counts.leaves = leaves
            self.progress(self.counts)

        self._logged = await check_log(connection, store, self.outside.keys, self.clock(), passed)
        self._timetable = Timetable(self._logged.signed)
        self.counts.checkpoints, self.counts.leaves = self._logged.checkpoints, self._logged.size
        for each in self._logged.findings:
            yield each

    async def _journal(self, connection: AsyncConnection) -> AsyncGenerator[Finding]:
        check = JournalCheck(connection, self._logged.journal if self._logged is not None else ())
        async for each in check.findings():
            yield each
        self.counts.entries, self._lost = check.entries, check.lost

    async def _case(self, connection: AsyncConnection, case: CaseRows) -> AsyncGenerator[Finding]:
        self.counts.cases += 1
        self.counts.events += len(case.events)
        self.counts.seals += len(case.seals)
        leaves = believed(self._logged, case.number, {row.place: row.leaf for row in case.leaves})
        restored = self._logged.restored.pop(case.number, []) if self._logged is not None else []
        case.heads_logged = sorted([*leaves.values(), *restored], key=lambda leaf: leaf.seq)
        if not case.events:
            for each in beside.deleted(case):
                self._gone.add(case.number)
                yield each
            return
        chain, sound = read_chain(case.number, case.events)
        other = None if sound else moved_from(chain)
        if other is not None:
            yield finding("case_exchanged", case.number, found=other, other=other)
            return
        told = kept(case)
        # A case in which nothing is wrong needs no more than one look at each link that was kept of it.
        if not sound or any(chain.link_at(each.seq) not in (None, each.link) for each in told):
            # Explaining may take a million hashes, and a gateway has others to answer meanwhile.
            for each in await asyncio.to_thread(self._explained, case, chain, told, sound=sound):
                yield each
        async for each in self._told_by_engine(chain):
            yield each
        if not restored:
            # Where leaves had to be taken from the store, that is what is told.
            for each in self._timetable.belated(chain, leaves):
                yield each
        for each in self._of_tables(case, chain):
            yield each
        if case.seals:
            for each in await check_archives(connection, case, self.outside.archives):
                yield each

    def _explained(self, case: CaseRows, chain: Chain, told: Sequence[Kept], *, sound: bool) -> list[Finding]:
        self._search.hints = _hints(case)
        found: list[Finding] = []
        if not sound:
            # Of several witnesses of one event the first weighs most.
            vouched = {each.seq: each.link for each in reversed(told)}
            diagnose(chain, vouched, self._search)
            found += chain.findings
            found += columns(chain)
            if chain.opaque - chain.unreadable:
                self._unexplained.append(_Unexplained(chain, vouched))
        found += contradictions(case, chain, self._search)
        return found

    async def _told_by_engine(self, chain: Chain) -> AsyncGenerator[Finding]:
        if self.outside.decisions is None or not chain.doubtful:
            return
        decided = await self.outside.decisions(chain.number)
        if decided is not None:
            for each in differing(chain, decided):
                yield each

    def _of_tables(self, case: CaseRows, chain: Chain) -> Iterator[Finding]:
        yield from beside.ends(case, chain)
        yield from beside.commands(case, chain)
        yield from beside.filing(case, chain)
        yield from seals(case, chain, self._lost, self.clock())

    def _remaining(self) -> Iterator[Finding]:
        """Exchanged events, and those nothing explains."""
        waiting = self._unexplained
        for first, one in enumerate(waiting[:MOST_UNEXPLAINED]):
            for other in waiting[first + 1 : MOST_UNEXPLAINED]:
                yield from exchanged(one.chain, other.chain)
        for each in waiting:
            yield from unexplained(each.chain, each.vouched)

    async def _end(self, connection: AsyncConnection) -> AsyncGenerator[Finding]:
        for each in self._remaining():
            yield each
        if self._logged is not None:
            for number in sorted(self._logged.restored):
                # Nothing in the database knows the case any more; the store does.
                self._gone.add(number)
                yield finding("case_deleted", number, **beside.witnesses({"log": 0}))
        async for each in numbers(connection):
            if each.case_number not in self._gone:
                yield each


def _hints(case: CaseRows) -> dict[str, tuple[str, ...]]:
    """What other tables still say of a case."""
    said: list[str] = []
    for head in case.heads:
        said += (head.title, head.text, head.unit, head.lead, head.accountable, head.registrar, head.category)
    said += (row.alias for row in case.petitioners)
    for row in case.intake:
        said += (row.source, row.source_event_id)
    return {"text": tuple(dict.fromkeys(said)), "command": tuple(row.command_id for row in case.commands)}


async def count_events(engine: AsyncEngine) -> int:
    """For progress: about how many events there are, as the database estimates it without looking at them."""
    query = text("SELECT greatest(0, reltuples)::bigint FROM pg_class WHERE oid = to_regclass(:table)")
    async with engine.connect() as connection:
        return (await connection.execute(query, {"table": t.events.name})).scalar_one()
