"""The chain of the journal, checked like a case's: link by link, and against what the log has kept of it."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from datetime import datetime
from typing import Any, NamedTuple, cast

from pydantic import ValidationError
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from schemas.evidence.chain import genesis, link
from schemas.evidence.finding import Finding, finding
from schemas.evidence.journal import JOURNAL, Entry, EntryKind, canonical
from schemas.evidence.leaf import JournalLeaf
from schemas.evidence.merkle import ALGORITHMS
from schemas.kernel.actor import Actor, Role
from schemas.record import tables as t

PAGE = 1_000
MOST_SHIFTED = 5
"""Deleted entries that are still recognised by the renumbering of the rest."""


class EntryRow(NamedTuple):
    """A row of ``journal``."""

    number: int
    at: datetime
    kind: str
    person: str
    role: str
    unit: str
    case_number: str
    reason: str
    body: Any
    algorithm: str
    link: bytes
    credential: str

    def after(self, previous: bytes) -> bytes | None:
        """The link this entry makes after ``previous``; None where it is no entry of ours."""
        try:
            entry = Entry(
                number=self.number,
                at=self.at,
                kind=EntryKind(self.kind),
                actor=Actor(id=self.person, role=Role(self.role), unit=self.unit, credential=self.credential),
                case_number=self.case_number,
                reason=self.reason,
                body=self.body,
            )
            return link(previous, canonical(entry), self.algorithm)
        except (ValidationError, ValueError, RecursionError):
            return None


class _Doubt(NamedTuple):
    """An entry that does not follow ``previous``; the next one tells why."""

    row: EntryRow
    previous: bytes


class JournalCheck:
    """One pass through the journal; ``kept``: its heads as the log has them."""

    def __init__(self, connection: AsyncConnection, kept: Sequence[JournalLeaf]) -> None:
        self._connection = connection
        self._kept = {leaf.journal: bytes.fromhex(leaf.link) for leaf in kept}
        self._agreed = 0
        self._shift = 0
        self.entries = 0
        self.lost: set[tuple[str, int]] = set()
        """Closed runs, by case and the event that closed them, of which the journal says that the engine had lost their history."""

    async def findings(self) -> AsyncGenerator[Finding]:
        """What does not hold. ``entries`` and ``lost`` are complete when it is exhausted."""
        previous: bytes | None = None
        doubt: _Doubt | None = None
        last = 0
        async for row in self._rows():
            self._note(row)
            if row.number > last + 1:
                yield finding("journal_missing", seq=last + 1, count=row.number - last - 1)
                previous, doubt = None, None
            elif row.number == 1:
                previous = genesis(JOURNAL, row.algorithm) if row.algorithm in ALGORITHMS else b""
            if doubt is not None:
                told, follows = self._why(doubt, row)
                yield told
                doubt = None
            else:
                follows = previous is None or self._after(row, previous) == row.link
            if not follows and previous is not None:
                doubt = _Doubt(row, previous)
            elif (contradiction := self._contradiction(row)) is not None:
                yield contradiction
            previous, last = row.link, row.number
        if doubt is not None:
            yield finding("journal_altered", seq=doubt.row.number)
        beyond = [number for number in self._kept if number > last + self._shift]
        if beyond:
            yield finding("journal_truncated", seq=last + 1, found=str(last), expected=str(max(beyond)))

    async def lost_of(self, case_number: str) -> set[tuple[str, int]]:
        """As ``lost``, for one case, without checking the journal."""
        journal = t.journal
        query = select(journal.c.body).where(
            journal.c.case_number == case_number, journal.c.kind == EntryKind.HISTORY_LOST.value
        )
        bodies = (await self._connection.execute(query)).scalars()
        return {(case_number, body["seq"]) for body in bodies if isinstance(body, dict) and "seq" in body}

    def _note(self, row: EntryRow) -> None:
        self.entries += 1
        if row.kind == EntryKind.HISTORY_LOST.value and isinstance(row.body, dict):
            seq = cast("dict[str, Any]", row.body).get("seq")
            if isinstance(seq, int):
                self.lost.add((row.case_number, seq))

    def _after(self, row: EntryRow, previous: bytes, shift: int = 0) -> bytes | None:
        return row._replace(number=row.number + self._shift + shift).after(previous)

    def _why(self, doubt: _Doubt, following: EntryRow) -> tuple[Finding, bool]:
        """What was done to an entry, and whether the next one then follows."""
        row = doubt.row
        if self._after(following, row.link) == following.link:
            return finding("journal_altered", seq=row.number), True
        computed = self._after(row, doubt.previous)
        if computed is not None and self._after(following, computed) == following.link:
            field, found, expected = "link", row.link.hex(), computed.hex()
            return finding("journal_altered", seq=row.number, field=field, found=found, expected=expected), True
        for count in range(1, MOST_SHIFTED + 1):
            if self._after(following, row.link, count) == following.link:
                self._shift += count
                return finding("journal_missing", seq=row.number, count=count), True
        if self._after(following, doubt.previous, -1) == following.link:
            self._shift -= 1
            return finding("journal_inserted", seq=row.number), True
        return finding("journal_altered", seq=row.number), False

    def _contradiction(self, row: EntryRow) -> Finding | None:
        kept = self._kept.pop(row.number + self._shift, None)
        if kept is None:
            return None
        if kept == row.link:
            self._agreed = row.number
            return None
        # Everything later was recomputed with it.
        self._kept.clear()
        return finding("journal_rewritten", seq=self._agreed + 1, until=row.number)

    async def _rows(self) -> AsyncGenerator[EntryRow]:
        journal = t.journal
        number: int | None = None
        columns = [journal.c[name] for name in EntryRow._fields]
        while True:
            query = select(*columns).order_by(journal.c.number).limit(PAGE)
            if number is not None:
                query = query.where(journal.c.number > number)
            rows = (await self._connection.execute(query)).all()
            for row in rows:
                yield EntryRow(*row)
            if len(rows) < PAGE:
                return
            number = rows[-1].number
