"""The board: the measures of the work, and what is overdue by unit and age; now, or as of any past moment."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncEngine

from activities.board.counting import counts_now, overdue_now
from activities.board.keeping import BoardSums
from activities.record.queries import CaseQueries
from gateway.patience import READING_PATIENCE, patiently
from schemas.errors import UserError
from schemas.measures import AGE_BANDS, CaseFacts, Measures, facts_of, measure, summed
from schemas.petition import Frozen
from schemas.units import within
from schemas.worktime import Calendar


class OverdueUnit(Frozen):
    """The cases of a unit whose answer is overdue; ``ages``: how many per band of ``AGE_BANDS``, ``oldest`` in working days.

    ``cases``: their numbers, the longest overdue first; of a board of this moment none, a list of the overdue has them.
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


async def current_board(sums: BoardSums, database: AsyncEngine, calendar: Calendar, now: datetime, unit: str) -> Board:
    """The board of this moment, from sums that are kept: the same figures as :func:`board` gives, without naming the cases behind them.

    ``UserError`` ``board_not_ready`` while the sums of a large record are made for the first time; it is then worth asking again.
    """

    async def read() -> Board:
        if not await sums.catch_up(AT_ONCE):
            raise UserError(
                "board_not_ready",
                zh="看板正在首次汇总全部案件，请稍后再看。",
                en="The board is being counted for the first time; look again in a moment.",
            )
        counted = await counts_now(database, unit, now, calendar)
        late = await overdue_now(database, unit, now, calendar)
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

    return await patiently(read, READING_PATIENCE)


AT_ONCE = 1_000
"""Cases that changed since the last look, folded before a board is shown; more than that only a record that was never counted has."""


async def board(queries: CaseQueries, calendar: Calendar, as_of: datetime, unit: str = "") -> Board:
    """The board of every case up to ``as_of``; of one unit and those below it where ``unit`` is given."""
    return board_of(await facts_as_of(queries, calendar, as_of, unit), as_of, unit)


async def facts_as_of(queries: CaseQueries, calendar: Calendar, as_of: datetime, unit: str = "") -> list[CaseFacts]:
    """What each case contributes: its events folded up to ``as_of``.

    The past is read from what was recorded, never from today's read model, so that the same moment always shows the same numbers.
    """

    async def read() -> list[CaseFacts]:
        facts: list[CaseFacts] = []
        async for history in queries.histories(until=as_of):
            one = facts_of((recorded.event for recorded in history), as_of, calendar)
            if one is not None and (not unit or within(one.unit, unit)):
                facts.append(one)
        return facts

    return await patiently(read, READING_PATIENCE)


def board_of(facts: Sequence[CaseFacts], as_of: datetime, unit: str = "") -> Board:
    """The board these cases make."""
    return Board(as_of=as_of, unit=unit, measures=measure(facts), bands=AGE_BANDS, overdue=_overdue(facts))


def _overdue(facts: Sequence[CaseFacts]) -> tuple[OverdueUnit, ...]:
    late: defaultdict[str, list[CaseFacts]] = defaultdict(list)
    for one in facts:
        if one.owes_reply_late:
            late[one.unit].append(one)
    units = [
        OverdueUnit(
            unit=unit,
            overdue=len(cases),
            oldest=max(one.overdue_working_days for one in cases),
            ages=tuple(
                sum(
                    first <= one.overdue_working_days <= (last if last is not None else one.overdue_working_days)
                    for one in cases
                )
                for first, last in AGE_BANDS
            ),
            cases=tuple(one.number for one in sorted(cases, key=lambda one: -one.overdue_working_days)),
        )
        for unit, cases in late.items()
    ]
    return tuple(sorted(units, key=lambda each: (-each.overdue, each.unit)))
