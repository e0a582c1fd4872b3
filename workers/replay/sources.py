"""Where a case's histories come from, and which cases there are."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from sqlalchemy import func, or_, select, union
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.client import Client, WorkflowHistory

from activities.evidence.histories import of_case
from activities.record.case_record import CaseRecord
from schemas.evidence.chain import Recorded
from schemas.record import tables as t
from schemas.sealing.keys import KeyRing

PAGE = 500
"""Case numbers read at once."""


class Source(StrEnum):
    """``EITHER``: the engine, and the archive where the engine has not all of it any more."""

    ENGINE = "engine"
    ARCHIVE = "archive"
    EITHER = "either"


class Archived(Protocol):
    """The archive, as far as a replay asks it."""

    async def histories(self, case_number: str, run: int) -> list[WorkflowHistory]:
        """The engine's histories of one run of a case, in clear, oldest first."""
        ...


@dataclass(frozen=True)
class CaseHistory:
    """A case: the engine's runs of it, oldest first, in clear, and its record, read after them."""

    number: str
    histories: tuple[WorkflowHistory, ...]
    recorded: Sequence[Recorded]


class Sources:
    """Reads; owns none of what it is given. ``archived``: asked for the archive, and with it for its keys, only where one is needed."""

    def __init__(
        self, database: AsyncEngine, client: Client, keyring: KeyRing | None, archived: Callable[[], Archived]
    ) -> None:
        self._database = database
        self._record = CaseRecord(database)
        self._client = client
        self._keyring = keyring
        self._archived = archived

    async def material(self, number: str, *, engine: bool = True, archive: bool = False) -> CaseHistory:
        """A case by the sources named. Errors are theirs; ``ValueError`` where a row of the record is no event."""
        histories = await self.histories(number, engine=engine, archive=archive)
        return CaseHistory(number, histories, await self._record.history(number))

    async def histories(self, number: str, *, engine: bool = True, archive: bool = True) -> tuple[WorkflowHistory, ...]:
        """All runs of a case, oldest first, in clear."""
        found: dict[str, WorkflowHistory] = {}
        if archive:
            for run in await self._archived_runs(number):
                found |= {each.run_id: each for each in await self._archived().histories(number, run)}
        if engine:
            # A run in both is taken from the engine: it may have gone on since it was archived.
            found |= {each.run_id: each for each in await of_case(self._client, self._keyring, number)}
        return tuple(sorted(found.values(), key=lambda each: each.events[0].event_time.ToNanoseconds()))

    async def _archived_runs(self, number: str) -> Sequence[int]:
        query = select(t.archives.c.run).where(t.archives.c.case_number == number).order_by(t.archives.c.run)
        async with self._database.connect() as connection:
            return (await connection.execute(query)).scalars().all()


async def case_numbers(database: AsyncEngine, *, since: datetime | None = None) -> AsyncGenerator[str]:
    """Every case there is a row of, or only those written to since a moment, in the order of their numbers; a page at a time."""
    after = ""
    while True:
        cases = select(t.cases.c.case_number).where(t.cases.c.case_number > after)
        filings = select(t.events.c.case_number).where(t.events.c.case_number > after, t.events.c.seq == 1)
        if since is not None:
            # An event can count from an instant long before it was written down; a row of the read model can have been set back.
            cases = cases.where(t.cases.c.updated_at >= since)
            written = select(t.events.c.case_number).where(
                t.events.c.case_number > after, or_(t.events.c.at >= since, t.events.c.recorded_at >= since)
            )
            filings = written.distinct()
        pages = [page.order_by("case_number").limit(PAGE).subquery() for page in (cases, filings)]
        either = union(*(select(page.c.case_number) for page in pages)).order_by("case_number").limit(PAGE)
        async with database.connect() as connection:
            numbers = (await connection.execute(either)).scalars().all()
        for number in numbers:
            yield number
        if len(numbers) < PAGE:
            return
        after = numbers[-1]


async def sampled_numbers(database: AsyncEngine, count: int) -> list[str]:
    """That many cases at random, or all where there are fewer."""
    query = select(t.cases.c.case_number).order_by(func.random()).limit(count)
    async with database.connect() as connection:
        return list((await connection.execute(query)).scalars())


async def count_cases(database: AsyncEngine) -> int:
    """About how many there are to go through: for showing progress."""
    async with database.connect() as connection:
        return (await connection.execute(select(func.count()).select_from(t.cases))).scalar_one()
