"""What has just changed: one look at the record a second for all who watch, told to each of them who may see the case.

Looking instead of being told: a NOTIFY in every commit would put all commits of the installation in one line. The look is cheap, for changes are
found by when they were written (``ix_cases_updated_at``).
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import AsyncGenerator, Awaitable, Callable, Collection
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog
from sqlalchemy import RowMapping, select, tuple_
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from activities.record.case_record import Clock, utc_now
from schemas.kernel.actor import Actor
from schemas.kernel.model import Frozen
from schemas.petition.rules import may_see
from schemas.petition.state import Petition, Stage
from schemas.record import tables as t

LOOK_SECONDS = 1.0
OVERLAP = timedelta(seconds=15)
"""How far back each look goes: rows bear the time of their writer and become visible a little later, by clocks that differ a little."""
MOST = 1_000
"""Changes read at once, and those a watcher may have missed; more than that and the page is better read anew."""
WAITING = 500
"""Changes kept for a watcher that does not take them."""
REMEMBERED = 20_000


class Changed(Frozen):
    """A case as it stands after its event ``seq``."""

    number: str
    seq: int
    stage: Stage
    unit: str
    owner: str
    lead: str
    due: datetime | None
    card: str
    updated_at: datetime


@dataclass(eq=False)
class Watcher:
    """Somebody who watches. ``lost``: more came than was taken. ``ended``: the session or token they came in by is over."""

    actor: Actor
    changes: asyncio.Queue[Changed | None] = field(default_factory=lambda: asyncio.Queue(WAITING))
    lost: bool = False
    ended: bool = False

    def end(self) -> None:
        """Tells them nothing more; None among the changes wakes whoever waits for one."""
        self.ended = True
        with suppress(asyncio.QueueFull):
            self.changes.put_nowait(None)


Standing = Callable[[Collection[Actor]], Awaitable[Collection[str]]]
"""The sessions and tokens these came in by, by name, as far as they are not over."""


class Pulse:
    """The changes of one database; looks only while somebody watches."""

    def __init__(
        self,
        engine: AsyncEngine,
        *,
        clock: Clock = utc_now,
        every: float = LOOK_SECONDS,
        standing: Standing | None = None,
    ) -> None:
        self._engine = engine
        self._standing = standing
        self._clock = clock
        self._every = every
        self._watchers: set[Watcher] = set()
        self._looking: asyncio.Task[None] | None = None
        self._told: OrderedDict[tuple[str, int], None] = OrderedDict()
        self._log = structlog.get_logger()

    @asynccontextmanager
    async def watched(self, actor: Actor) -> AsyncGenerator[Watcher]:
        """While the body lasts the watcher gets every change of cases the actor may see then."""
        watcher = Watcher(actor)
        self._watchers.add(watcher)
        if self._looking is None or self._looking.done():
            since = self._clock() - timedelta(seconds=self._every)
            self._looking = asyncio.create_task(self._look_on(since))
        try:
            yield watcher
        finally:
            self._watchers.discard(watcher)
            if not self._watchers:
                await self.close()

    def watching(self, person: str) -> int:
        """How many streams that person has."""
        return sum(watcher.actor.id == person for watcher in self._watchers)

    async def close(self) -> None:
        """Ends the looking."""
        if self._looking is not None:
            self._looking.cancel()
            with suppress(asyncio.CancelledError):
                await self._looking
            self._looking = None

    async def since(self, moment: datetime, actor: Actor) -> list[Changed] | None:
        """What has changed since that moment of cases the actor may see; None where it is too much to tell."""
        rows = await self._rows((moment, ""), MOST + 1)
        if len(rows) > MOST:
            return None
        return [_changed(row) for row in rows if may_see(Petition.model_validate(row["state"]), actor)]

    async def _look_on(self, since: datetime) -> None:
        while True:
            await asyncio.sleep(self._every)
            place = (since - OVERLAP, "")
            try:
                await self._end_those_out()
                # Until all are told: however many there are, the next look begins behind them.
                while True:
                    rows = await self._rows(place, MOST)
                    for row in rows:
                        self._tell_once(row)
                        place = row["updated_at"], row["case_number"]
                    since = max(since, place[0])
                    if len(rows) < MOST:
                        break
            except (SQLAlchemyError, OSError):
                # A database that is being restarted is looked at again; whoever watches waits.
                self._log.warning("changes_not_read")
            while len(self._told) > REMEMBERED:
                self._told.popitem(last=False)

    async def _end_those_out(self) -> None:
        """Whoever was shut out hears nothing from the next look on, however little happens."""
        watching = [each for each in self._watchers if each.actor.credential and not each.ended]
        if self._standing is None or not watching:
            return
        standing = await self._standing([each.actor for each in watching])
        for watcher in watching:
            if watcher.actor.credential not in standing:
                watcher.end()

    def _tell_once(self, row: RowMapping) -> None:
        key = (row["case_number"], row["seq"])
        if key not in self._told:
            self._told[key] = None
            self._tell(row)

    def _tell(self, row: RowMapping) -> None:
        state = Petition.model_validate(row["state"])
        change = _changed(row)
        for watcher in self._watchers:
            if not may_see(state, watcher.actor):
                continue
            try:
                watcher.changes.put_nowait(change)
            except asyncio.QueueFull:
                watcher.lost = True

    async def _rows(self, after: tuple[datetime, str], most: int) -> list[RowMapping]:
        cases = t.cases
        columns = ("case_number", "seq", "stage", "unit", "owner", "lead", "due", "card", "updated_at", "state")
        query = (
            select(*(cases.c[name] for name in columns))
            # Said for the first column too: its index knows nothing of pairs.
            .where(cases.c.updated_at >= after[0], tuple_(cases.c.updated_at, cases.c.case_number) > tuple_(*after))
            .order_by(cases.c.updated_at, cases.c.case_number)
            .limit(most)
        )
        async with self._engine.connect() as connection:
            return list((await connection.execute(query)).mappings())


def _changed(row: RowMapping) -> Changed:
    return Changed(number=row["case_number"], **{name: row[name] for name in Changed.model_fields if name != "number"})
