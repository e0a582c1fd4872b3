"""Writing the journal and reading it."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, RowMapping, func, insert, or_, select, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from activities.record.case_record import Clock, utc_now
from schemas.evidence.chain import genesis, link
from schemas.evidence.journal import JOURNAL, Entry, EntryKind, canonical
from schemas.kernel.actor import Actor
from schemas.record import tables as t

JOURNAL_LOCK: Final = 0x73616E7A68616E67
"""The advisory lock behind which entries are written one at a time; the number is "sanzhang" in ASCII."""

PAGE: Final = 1_000
"""Entries read at once."""


class Journal:
    """The journal of one database; also through an engine that is read-only otherwise."""

    def __init__(self, engine: AsyncEngine, *, clock: Clock = utc_now, algorithm: str = "sha256") -> None:
        self._engine = engine
        self._clock = clock
        self._algorithm = algorithm

    def now(self) -> datetime:
        """The moment by the journal's own clock."""
        return self._clock()

    async def hold(self, connection: AsyncConnection) -> None:
        """Nobody else writes an entry until the caller's transaction ends, so what is read of the journal now still holds then."""
        await connection.execute(select(func.pg_advisory_xact_lock(JOURNAL_LOCK)))

    async def append(
        self,
        kind: EntryKind,
        actor: Actor,
        *,
        case_number: str = "",
        reason: str = "",
        body: Mapping[str, Any] | None = None,
    ) -> Entry:
        """Writes an entry, in a transaction of its own. Errors are the database's."""
        async with self._engine.begin() as connection:
            # An auditor's door is read-only; this is the one thing that is written through it.
            await connection.execute(text("SET TRANSACTION READ WRITE"))
            return await self.append_with(connection, kind, actor, case_number=case_number, reason=reason, body=body)

    async def append_with(
        self,
        connection: AsyncConnection,
        kind: EntryKind,
        actor: Actor,
        *,
        case_number: str = "",
        reason: str = "",
        body: Mapping[str, Any] | None = None,
    ) -> Entry:
        """Writes an entry in the caller's transaction, together with what it speaks of. Nobody else writes one until that ends."""
        await self.hold(connection)
        newest = select(t.journal.c.number, t.journal.c.link).order_by(t.journal.c.number.desc()).limit(1)
        last = (await connection.execute(newest)).one_or_none()
        entry = Entry(
            number=last.number + 1 if last is not None else 1,
            at=self._clock(),
            kind=kind,
            actor=Actor(id=actor.id, role=actor.role, unit=actor.unit, credential=actor.credential),
            case_number=case_number,
            reason=reason,
            body=dict(body or {}),
        )
        previous = last.link if last is not None else genesis(JOURNAL, self._algorithm)
        await connection.execute(
            insert(t.journal),
            {
                "number": entry.number,
                "at": entry.at,
                "kind": entry.kind.value,
                "person": entry.actor.id,
                "role": entry.actor.role.value,
                "unit": entry.actor.unit,
                "case_number": entry.case_number,
                "reason": entry.reason,
                "body": entry.body,
                "algorithm": self._algorithm,
                "link": link(previous, canonical(entry), self._algorithm),
                "credential": entry.actor.credential,
            },
        )
        return entry

    async def entries(
        self,
        *,
        case_number: str | None = None,
        kinds: Collection[EntryKind] | None = None,
        person: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        about: str | None = None,
        after: int = 0,
    ) -> AsyncGenerator[Entry]:
        """The entries for which all that is given holds, oldest first; ``since`` and ``until`` are both included.

        ``about``: somebody who did it, or to whose account it was done; ``after``: only entries behind that one.
        """
        journal = t.journal
        conditions: list[ColumnElement[bool]] = []
        if case_number is not None:
            conditions.append(journal.c.case_number == case_number)
        if kinds is not None:
            conditions.append(journal.c.kind.in_([kind.value for kind in kinds]))
        if person is not None:
            conditions.append(journal.c.person == person)
        if since is not None:
            conditions.append(journal.c.at >= since)
        if until is not None:
            conditions.append(journal.c.at <= until)
        if about is not None:
            conditions.append(or_(journal.c.person == about, journal.c.body["account"].as_string() == about))
        number = after
        while True:
            query = select(journal).where(*conditions, journal.c.number > number).order_by(journal.c.number).limit(PAGE)
            async with self._engine.connect() as connection:
                rows: Sequence[RowMapping] = (await connection.execute(query)).mappings().all()
            for row in rows:
                yield entry_of(row)
            if len(rows) < PAGE:
                return
            number = rows[-1]["number"]

    async def latest(self, kind: EntryKind) -> Entry | None:
        """The newest entry of that kind, or None."""
        journal = t.journal
        query = (
            select(journal).where(journal.c.kind == kind.value).order_by(journal.c.at.desc(), journal.c.number.desc())
        )
        async with self._engine.connect() as connection:
            row = (await connection.execute(query.limit(1))).mappings().one_or_none()
        return None if row is None else entry_of(row)


def entry_of(row: RowMapping) -> Entry:
    """A row of ``journal`` as it was written."""
    return Entry(
        number=row["number"],
        at=row["at"],
        kind=EntryKind(row["kind"]),
        actor=Actor.model_validate(
            {"id": row["person"], "role": row["role"], "unit": row["unit"], "credential": row["credential"]}
        ),
        case_number=row["case_number"],
        reason=row["reason"],
        body=row["body"],
    )
