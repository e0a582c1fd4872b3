"""Writing the security trail: at once and in the chain what people do, counted first what strangers can bring about as often as they like."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Collection, Mapping
from datetime import datetime
from typing import Any, Final

import structlog
from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from activities.evidence.journal import Journal
from activities.record.case_record import Clock, utc_now
from schemas.evidence.journal import Entry, EntryKind
from schemas.evidence.trail import STRANGER, WINDOW, Counted, window_of
from schemas.kernel.actor import Actor, Role
from schemas.record import tables as t

TRY_AGAIN: Final = 1.0
"""Seconds until counts that could not be written are tried again."""

MOST_KEYS: Final = 5_000
"""Different things counted and not yet written; beyond that they are counted without their place, so that a flood fills no memory."""

PAGE: Final = 200
"""Counts moved into the journal at once: meanwhile nobody else writes there."""

_KEY: Final = ("kind", "person", "credential", "account", "place", "case_number", "since")


class Trail:
    """The trail of one database."""

    def __init__(self, engine: AsyncEngine, journal: Journal, *, clock: Clock = utc_now) -> None:
        self._engine = engine
        self._journal = journal
        self._clock = clock
        self._counts: Counter[tuple[Counted, datetime]] = Counter()
        self._writing: asyncio.Task[None] | None = None
        self._log = structlog.get_logger()

    async def record(
        self, kind: EntryKind, actor: Actor, body: Mapping[str, Any] | None = None, *, case_number: str = ""
    ) -> Entry:
        """Writes an entry before what it tells of is answered. Errors are the database's: what leaves no trace is not done."""
        return await self._journal.append(kind, actor, case_number=case_number, body=body)

    def noted(self, kind: EntryKind, actor: Actor, body: Mapping[str, Any] | None = None) -> Noted:
        """An entry to be written in the transaction of what it tells of."""
        return Noted(self._journal, kind, actor, dict(body or {}))

    def count(self, what: Counted) -> None:
        """Counts one more; it is written beside the answer, which waits for nothing, and tried again until it is."""
        if len(self._counts) >= MOST_KEYS:
            what = what._replace(place="", account="", case_number="")
        self._counts[what, window_of(self._clock())] += 1
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write())

    async def settled(self) -> None:
        """Returns when all that was counted is written."""
        while self._writing is not None and not self._writing.done():
            await asyncio.shield(self._writing)

    async def close(self) -> None:
        """Writes what is left, in a few seconds; what could not be written is told in the log."""
        try:
            async with asyncio.timeout(5):
                await self.settled()
        except TimeoutError:
            self._log.error("trail_not_written", count=sum(self._counts.values()))
            if self._writing is not None:
                self._writing.cancel()

    async def _write(self) -> None:
        while self._counts:
            batch, self._counts = self._counts, Counter()
            try:
                async with self._engine.begin() as connection:
                    # In one order, so that two gateways never wait for each other.
                    rows = sorted((_row(what, since, count) for (what, since), count in batch.items()), key=_sorted)
                    statement = insert(t.trail_counts)
                    more = t.trail_counts.c.count + statement.excluded.count
                    await connection.execute(
                        statement.on_conflict_do_update(index_elements=list(_KEY), set_={"count": more}), rows
                    )
            except (SQLAlchemyError, OSError) as error:
                self._counts.update(batch)
                self._log.warning("trail_waits", error=type(error).__name__)
                await asyncio.sleep(TRY_AGAIN)

    async def tell_what_was_counted(self) -> int:
        """Moves the counts whose window has ended into the journal, in the same transaction in which they leave the table; gives how many."""
        moved = 0
        while True:
            async with self._engine.begin() as connection:
                counts = t.trail_counts
                ended = (
                    select(*(counts.c[name] for name in _KEY))
                    .where(counts.c.since <= self._clock() - WINDOW)
                    .order_by(counts.c.since)
                    .limit(PAGE)
                    .with_for_update(skip_locked=True)
                )
                keys = (await connection.execute(ended)).all()
                for key in keys:
                    here = [counts.c[name] == value for name, value in zip(_KEY, key, strict=True)]
                    row = (await connection.execute(delete(counts).where(*here).returning(counts))).mappings().one()
                    entry = _pending(row)
                    await self._journal.append_with(
                        connection, entry.kind, entry.actor, case_number=entry.case_number, body=entry.body
                    )
            moved += len(keys)
            if len(keys) < PAGE:
                return moved

    async def pending(self) -> list[Entry]:
        """What is still being counted, as entries with the number 0, oldest first."""
        counts = t.trail_counts
        async with self._engine.connect() as connection:
            rows = (await connection.execute(select(counts).order_by(counts.c.since))).mappings().all()
        return [_pending(row) for row in rows]

    async def entries(
        self,
        kinds: Collection[EntryKind],
        *,
        person: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> AsyncGenerator[Entry]:
        """The trail, oldest first, and last what is still being counted. ``person``: done by them, or to their account."""
        async for entry in self._journal.entries(kinds=kinds, since=since, until=until, about=person):
            yield entry
        for entry in await self.pending():
            about = person is None or person in (entry.actor.id, entry.body.get("account"))
            within = (since is None or entry.at >= since) and (until is None or entry.at <= until)
            if entry.kind in kinds and about and within:
                yield entry


class Noted:
    """An entry that is written in the transaction of what it tells of; ``more``: what is known only then."""

    def __init__(self, journal: Journal, kind: EntryKind, actor: Actor, body: dict[str, Any]) -> None:
        self._journal, self._kind, self._actor, self._body = journal, kind, actor, body

    async def __call__(self, connection: AsyncConnection, more: Mapping[str, Any]) -> None:
        """Writes it."""
        await self._journal.append_with(connection, self._kind, self._actor, body=self._body | dict(more))


def _row(what: Counted, since: datetime, count: int) -> dict[str, Any]:
    return {
        "kind": what.kind.value,
        "person": what.actor.id,
        "credential": what.actor.credential,
        "account": what.account,
        "place": what.place,
        "case_number": what.case_number,
        "since": since,
        "role": what.actor.role.value,
        "unit": what.actor.unit,
        "count": count,
    }


def _sorted(row: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(row[name] for name in _KEY)


def _pending(row: Mapping[Any, Any]) -> Entry:
    role = Role(row["role"])
    person = STRANGER.id if not row["person"] else row["person"]
    return Entry(
        number=0,
        at=row["since"],
        kind=EntryKind(row["kind"]),
        actor=Actor(id=person, role=role, unit=row["unit"], credential=row["credential"]),
        case_number=row["case_number"],
        body={
            "account": row["account"],
            "place": row["place"],
            "count": row["count"],
            "since": row["since"].isoformat(),
            "until": (row["since"] + WINDOW).isoformat(),
        },
    )
