"""The board: the measures of the work, and what is overdue by unit and age; now, or as of any past moment."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import AsyncGenerator, Callable, Coroutine
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine

from activities.board.counting import Hidden, counts_now, hidden_now, overdue_now, weekly_now
from activities.board.keeping import BoardSums
from activities.record.queries import CaseQueries
from activities.record.reading.standing import weekly
from gateway.retry import READ_RETRY_SECONDS, retry_transient
from schemas.access import eyes
from schemas.kernel.actor import SYSTEM, Actor
from schemas.kernel.errors import UserError
from schemas.kernel.model import Frozen
from schemas.kernel.units import within
from schemas.kernel.worktime import Calendar
from schemas.petition.measures import AGE_BANDS, CaseFacts, Measures, facts_of, summed
from schemas.petition.measures.measure import band_of, counts_of
from schemas.petition.state import Ledger


class OverdueUnit(Frozen):
    """The cases of a unit whose answer is overdue; ``ages``: how many per band of ``AGE_BANDS``, ``oldest`` in working days.

    ``cases``: their numbers, the longest overdue first; of a board of this moment none, the list behind the number has them.
    """

    unit: str
    overdue: int
    oldest: int
    ages: tuple[int, ...]
    cases: tuple[str, ...]


class Board(Frozen):
    """The board as of ``as_of`` (aware). ``bands``: first and last working day of each age."""

    as_of: datetime
    unit: str
    measures: Measures
    bands: tuple[tuple[int, int | None], ...]
    overdue: tuple[OverdueUnit, ...]


@dataclass(frozen=True)
class Kept:
    """Where the board of this moment is read from. ``later`` begins work that goes on after the answer."""

    sums: BoardSums
    database: AsyncEngine
    later: Callable[[Coroutine[Any, Any, Any]], None] | None = None

    async def ready(self) -> None:
        """Brings the sums up to what is recorded.

        ``UserError`` ``board_not_ready`` while those of a large record are made for the first time; it is then worth asking again.
        """
        if await self.sums.catch_up(AT_ONCE):
            return
        if self.later is not None:
            self.later(self.sums.catch_up())
        raise UserError(
            "board_not_ready",
            zh="看板正在首次汇总全部案件，请稍后再看。",
            en="The board is being counted for the first time; look again in a moment.",
        )

    async def hidden(self, actor: Actor, unit: str, now: datetime) -> tuple[Hidden, ...]:
        """The cases of ``unit``, which lies within the actor's reach, that are not for the actor: those that accuse them."""
        return await hidden_now(self.database, eyes(actor).being, unit, now)


AT_ONCE = 1_000
"""Cases that changed since the last look, folded before a board is shown; more than that only a record that was never counted has."""


async def current_board(kept: Kept, calendar: Calendar, now: datetime, unit: str, actor: Actor = SYSTEM) -> Board:
    """The board of this moment, from sums that are kept: the same figures as :func:`board` gives that actor, without naming the cases behind them.

    ``UserError`` ``board_not_ready``, see :meth:`Kept.ready`.
    """

    async def read() -> Board:
        await kept.ready()
        hidden = await kept.hidden(actor, unit, now)
        counted = await counts_now(kept.database, unit, now, calendar, hidden)
        late = await overdue_now(kept.database, unit, now, calendar, hidden)
        return Board(
            as_of=now,
            unit=unit,
            measures=summed(counted),
            bands=AGE_BANDS,
            overdue=tuple(
                OverdueUnit(unit=each.unit, overdue=sum(each.ages), oldest=each.oldest, ages=each.ages, cases=())
                for each in sorted(late, key=lambda each: (-sum(each.ages), each.unit))
            ),
        )

    return await retry_transient(read, READ_RETRY_SECONDS)


async def current_trend(
    kept: Kept, since: datetime, unit: str, actor: Actor = SYSTEM
) -> tuple[Counter[date], Counter[date]]:
    """What came in and what was struck off in each week (by its Monday) from ``since``; once the board of this moment has been read."""

    async def read() -> tuple[Counter[date], Counter[date]]:
        hidden = await kept.hidden(actor, unit, datetime.now(UTC))
        return await weekly_now(kept.database, unit, since, hidden)

    return await retry_transient(read, READ_RETRY_SECONDS)


async def past_trend(
    queries: CaseQueries, since: datetime, until: datetime, unit: str
) -> tuple[dict[date, int], dict[date, int]]:
    """The same from the cases themselves, up to a past moment."""
    came = await retry_transient(lambda: weekly(queries, "received_at", unit, since, until), READ_RETRY_SECONDS)
    done = await retry_transient(lambda: weekly(queries, "sealed_at", unit, since, until), READ_RETRY_SECONDS)
    return came, done


async def board(queries: CaseQueries, calendar: Calendar, as_of: datetime, unit: str = "") -> Board:
    """The board of every case up to ``as_of``; of one unit and those below it where ``unit`` is given."""

    async def read() -> Board:
        tally = _Tally()
        async for facts in facts_as_of(queries, calendar, as_of, unit):
            tally.add(facts)
        return tally.board(as_of, unit)

    return await retry_transient(read, READ_RETRY_SECONDS)


async def facts_as_of(
    queries: CaseQueries, calendar: Calendar, as_of: datetime, unit: str = ""
) -> AsyncGenerator[CaseFacts]:
    """What each case contributes: its events folded up to ``as_of``; some cases at a time, however many there are.

    The past is read from what was recorded, never from today's read model, so that the same moment always shows the same numbers.
    """
    async for history in queries.histories(until=as_of):
        one = facts_of((recorded.event for recorded in history), as_of, calendar)
        if one is not None and (not unit or within(one.unit, unit)):
            yield one


class _Tally:
    """Sums over cases that are not kept; of the overdue their numbers, which a board of the past names."""

    def __init__(self) -> None:
        self._counted: defaultdict[Ledger, Counter[str]] = defaultdict(Counter)
        self._late: defaultdict[str, list[tuple[int, str]]] = defaultdict(list)

    def add(self, facts: CaseFacts) -> None:
        self._counted[facts.ledger].update(counts_of(facts))
        if facts.owes_reply_late:
            self._late[facts.unit].append((facts.overdue_working_days, facts.number))

    def board(self, as_of: datetime, unit: str) -> Board:
        units = [_overdue(each, cases) for each, cases in self._late.items()]
        overdue = tuple(sorted(units, key=lambda each: (-each.overdue, each.unit)))
        return Board(as_of=as_of, unit=unit, measures=summed(self._counted), bands=AGE_BANDS, overdue=overdue)


def _overdue(unit: str, cases: list[tuple[int, str]]) -> OverdueUnit:
    bands = Counter(band_of(days) for days, _ in cases)
    return OverdueUnit(
        unit=unit,
        overdue=len(cases),
        oldest=max(days for days, _ in cases),
        ages=tuple(bands[first] for first, _ in AGE_BANDS),
        cases=tuple(number for _, number in sorted(cases, key=lambda case: -case[0])),
    )
