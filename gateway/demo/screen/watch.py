"""The record as it grows: each new event once, and every case as the fold of its own.

One look asks which cases have moved and reads their new events by primary key; nothing is read twice.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from sqlalchemy import and_, or_, select
from sqlalchemy.ext.asyncio import AsyncEngine

from activities.record.case_record import Clock, recorded, utc_now
from gateway.demo.screen.book import Book, Happening, Seen
from schemas import tables as t
from schemas.evidence import Recorded
from schemas.measures import CaseFacts, Measures, facts_of, measure
from schemas.worktime import Calendar

CHUNK = 100
"""Cases whose events are read at once."""

JUDGED_ANEW = timedelta(seconds=30)
"""After so long a case is measured again although nothing happened: terms end by themselves."""


class Watch:
    """Looks at one database. Its facts are those of the last look."""

    def __init__(self, engine: AsyncEngine, calendar: Calendar, *, clock: Clock = utc_now) -> None:
        self._engine = engine
        self._calendar = calendar
        self._clock = clock
        self.book = Book()
        self._measures: Measures | None = None

    @property
    def calendar(self) -> Calendar:
        """By which terms are shown."""
        return self._calendar

    @property
    def measures(self) -> Measures | None:
        """Over all cases; None before the first look."""
        return self._measures

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
        self._judge()
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

    def _judge(self) -> None:
        now = self._clock()
        stale = [seen for seen in self.book.cases.values() if _stale(seen, now)]
        for seen in stale:
            seen.facts, seen.judged_at = facts_of(seen.events, now, self._calendar), now
        if stale or self._measures is None:
            self._measures = measure(_facts(self.book.cases.values()))


def _stale(seen: Seen, now: datetime) -> bool:
    old = seen.judged_at is None or now - seen.judged_at > JUDGED_ANEW
    return seen.facts is None or (seen.state.open and old)


def _facts(cases: Iterable[Seen]) -> list[CaseFacts]:
    return [seen.facts for seen in cases if seen.facts is not None]
