"""The record as it grows: each new event once, and every case as the fold of its own.

One look asks which cases have moved and reads their new events by primary key; nothing is read twice.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from sqlalchemy import and_, or_, select
from sqlalchemy.ext.asyncio import AsyncEngine

from activities.record.case_record import recorded
from gateway.demo.screen.book import Book, Happening
from schemas.evidence.chain import Recorded
from schemas.record import tables as t

CHUNK = 100
"""Cases whose events are read at once."""


class Watch:
    """Looks at one database; ``book`` holds what it has seen."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self.book = Book()

    async def look(self) -> list[Happening]:
        """What has happened since the last look, in the order it was written down. Errors are the database's own."""
        cases = t.cases
        async with self._engine.connect() as connection:
            heads = (await connection.execute(select(cases.c.case_number, cases.c.seq))).all()
        moved = {number: known for number, seq in heads if (known := self._seq(number)) < seq}
        news: list[Happening] = []
        numbers = sorted(moved)
        for start in range(0, len(numbers), CHUNK):
            chunk = {number: moved[number] for number in numbers[start : start + CHUNK]}
            news += [self.book.take(row) for row in await self._new_events(chunk)]
            await asyncio.sleep(0)
        return sorted(news, key=lambda happening: (happening.recorded_at, happening.number, happening.seq))

    def _seq(self, number: str) -> int:
        seen = self.book.cases.get(number)
        return seen.state.seq if seen is not None else 0

    async def _new_events(self, known: Mapping[str, int]) -> list[Recorded]:
        events = t.events
        newer = or_(*(and_(events.c.case_number == number, events.c.seq > seq) for number, seq in known.items()))
        query = select(events).where(newer).order_by(events.c.case_number, events.c.seq)
        async with self._engine.connect() as connection:
            return [recorded(row) for row in (await connection.execute(query)).mappings()]
