"""All cases that are open or were closed lately, compared on all sides; and what belongs to no case."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Callable
from datetime import datetime, timedelta

from sqlalchemy import func, or_, select, true, union
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.client import Client

from activities.evidence.journal import Journal
from activities.evidence.reconcile.disagreement import Disagreement
from activities.evidence.reconcile.looking import Looking
from activities.evidence.reconcile.orphans import rows_without_case, runs_without_case
from activities.record.case_record import Clock, utc_now
from schemas.evidence.journal import EntryKind
from schemas.kernel.actor import Actor
from schemas.kernel.errors import first_of
from schemas.kernel.model import Frozen
from schemas.record import tables as t

AT_ONCE = 8
"""Cases looked at at once: each asks a worker for its state, and people must not wait for that."""

PAGE = 500

KEPT = 1_000
"""Findings a result holds; all of them are counted."""

NAMED = 20
"""Cases of each kind of finding that the journal names."""


class Span(Frozen):
    """Which cases: every open one, and those sealed in the last ``days``; ``everything``: all there are."""

    days: int = 7
    everything: bool = False


class Outcome(Frozen):
    """``cases`` looked at, ``findings`` out of step, ``notes`` besides; ``by_code`` counts both. ``found``: findings and notes, up to ``KEPT``."""

    cases: int
    findings: int
    notes: int
    by_code: dict[str, int]
    found: tuple[Disagreement, ...] = ()

    def named(self) -> dict[str, list[str]]:
        """By code, the first ``NAMED`` cases: nobody reads along when the clock compares."""
        cases: dict[str, list[str]] = {}
        for each in self.found:
            if len(of_code := cases.setdefault(each.code, [])) < NAMED:
                of_code.append(each.case)
        return cases


async def reconcile_all(
    database: AsyncEngine,
    client: Client,
    *,
    span: Span | None = None,
    clock: Clock = utc_now,
    journal: Journal | None = None,
    actor: Actor | None = None,
    looked_at: Callable[[], None] = lambda: None,
) -> Outcome:
    """Compares engine, record and read model; the counts and the first cases of each kind go to ``journal`` under ``actor``'s name where both are given.

    ``looked_at`` is called after each case. Reads only. Errors are those of an engine or a database that is away; a case at fault is a finding.
    """
    span, began = span or Span(), clock()
    tally = _Tally()
    looking = Looking(database, client, clock=clock)
    numbers = _numbers(database, span, began)
    lock = asyncio.Lock()

    async def lane() -> None:
        while True:
            async with lock:
                number = await anext(numbers, None)
            if number is None:
                return
            for each in await looking.at(number):
                tally.add(each)
            tally.cases += 1
            looked_at()

    try:
        async with asyncio.TaskGroup() as lanes:
            for _ in range(AT_ONCE):
                lanes.create_task(lane())
    except BaseExceptionGroup as group:
        raise first_of(group.exceptions) from group
    async for each in rows_without_case(database, clock()):
        tally.add(each)
    sealed_before = None if span.everything else began - timedelta(days=span.days)
    async for each in runs_without_case(client, database, clock(), sealed_before):
        tally.add(each)
    outcome = tally.outcome()
    if journal is not None and actor is not None:
        body = outcome.model_dump(exclude={"found"}) | {"days": span.days, "everything": span.everything}
        body["named"] = outcome.named()
        await journal.append(EntryKind.RECONCILED, actor, body=body)
    return outcome


class _Tally:
    def __init__(self) -> None:
        self.cases = 0
        self._by_code: Counter[str] = Counter()
        self._notes = 0
        self._found: list[Disagreement] = []

    def add(self, found: Disagreement) -> None:
        self._by_code[found.code] += 1
        self._notes += found.note
        if len(self._found) < KEPT:
            self._found.append(found)

    def outcome(self) -> Outcome:
        return Outcome(
            cases=self.cases,
            findings=self._by_code.total() - self._notes,
            notes=self._notes,
            by_code=dict(sorted(self._by_code.items())),
            found=tuple(sorted(self._found, key=lambda each: (each.note, each.case, each.code))),
        )


async def count(database: AsyncEngine, span: Span) -> int:
    """About how many cases a reconciliation will look at."""
    async with database.connect() as connection:
        query = select(func.count()).select_from(t.cases).where(_wanted(span, utc_now()))
        return (await connection.execute(query)).scalar_one()


def _wanted(span: Span, now: datetime):
    cases = t.cases
    if span.everything:
        return true()
    return or_(cases.c.sealed_at.is_(None), cases.c.sealed_at >= now - timedelta(days=span.days))


async def _numbers(database: AsyncEngine, span: Span, now: datetime) -> AsyncGenerator[str]:
    """By the read model; and, since that may be what is wrong: every case that has events and no row, or was written to lately."""
    cases, events = t.cases, t.events
    lately = now - timedelta(days=span.days)
    after = ""
    while True:
        rows = select(cases.c.case_number).where(cases.c.case_number > after, _wanted(span, now))
        filings = select(events.c.case_number).where(events.c.case_number > after, events.c.seq == 1)
        if not span.everything:
            unknown = ~select(cases.c.case_number).where(cases.c.case_number == events.c.case_number).exists()
            # What the read model calls sealed long ago, but whose last event says otherwise.
            last = (
                select(func.max(events.c.seq))
                .where(events.c.case_number == cases.c.case_number)
                .correlate(cases)
                .scalar_subquery()
            )
            behind = select(cases.c.case_number).where(
                cases.c.case_number > after, cases.c.sealed_at < lately, last != cases.c.seq
            )
            filings = filings.where(unknown)
            pages = (rows, filings, behind)
        else:
            pages = (rows, filings)
        limited = [page.order_by("case_number").limit(PAGE).subquery() for page in pages]
        either = union(*(select(page.c.case_number) for page in limited)).order_by("case_number").limit(PAGE)
        async with database.connect() as connection:
            numbers = (await connection.execute(either)).scalars().all()
        for number in numbers:
            yield number
        if len(numbers) < PAGE:
            return
        after = numbers[-1]
