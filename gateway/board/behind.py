"""The cases behind a number of the board: what the number is called, how many there are, and the first of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple

from activities.board.counting import counts_now
from activities.board.listing import behind_now
from activities.record.queries import CaseQueries
from gateway.board.shown import Kept, facts_as_of
from gateway.measures_table import APART_ZH, COUNTS_ZH, age_band
from gateway.retry import READ_RETRY_SECONDS, retry_transient
from schemas.kernel.actor import SYSTEM, Actor
from schemas.kernel.errors import UserError
from schemas.kernel.worktime import Calendar
from schemas.petition.measures import AGE_BANDS, RATES, CaseFacts, Number, number_of, place_in_list
from schemas.petition.measures.measure import counts_of
from schemas.petition.state import Ledger

LISTED: Final = 100
"""Cases listed behind a number; whoever wants more of them asks a ledger."""


class Behind(NamedTuple):
    """What a number is called, and what it counts."""

    zh: str
    en: str
    number: Number


@dataclass(frozen=True)
class Asked:
    """The number asked for: its name, of a unit and those below it; of one ledger only, of the unit ``at`` alone."""

    name: str
    unit: str
    ledger: Ledger | None = None
    at: str = ""


@dataclass(frozen=True)
class CasesBehind:
    """``count``: how many cases there are; ``numbers``: the first ``LISTED``, overdue replies by how long they are, all else the newest first."""

    count: int
    numbers: tuple[str, ...]


def behind(name: str) -> Behind:
    """``UserError`` ``page_unknown`` for a number the board does not have."""
    number = number_of(name)
    if number is None:
        raise UserError("page_unknown", zh="看板上没有这个数字。", en="The board has no such number.")
    return Behind(*_called(name), number)


async def current_cases(
    kept: Kept, calendar: Calendar, now: datetime, asked: Asked, actor: Actor = SYSTEM
) -> CasesBehind:
    """Those of this moment, from what is kept. ``UserError`` ``page_unknown``, ``board_not_ready``."""
    number = behind(asked.name).number
    unit = asked.at or asked.unit

    async def read() -> CasesBehind:
        await kept.ready()
        hidden = await kept.hidden(actor, unit, now)
        counted = await counts_now(kept.database, unit, now, calendar, hidden, alone=bool(asked.at))
        ledgers = [counts for ledger, counts in counted.items() if asked.ledger in (None, ledger)]
        count = sum(number.of(counts) for counts in ledgers)
        numbers = await behind_now(
            kept.database,
            number,
            unit,
            now,
            calendar,
            hidden,
            ledger=asked.ledger,
            alone=bool(asked.at),
            received=sum(counts.get("received", 0) for counts in counted.values()),
            count=count,
            most=LISTED,
        )
        return CasesBehind(count, numbers)

    return await retry_transient(read, READ_RETRY_SECONDS)


async def past_cases(queries: CaseQueries, calendar: Calendar, as_of: datetime, asked: Asked) -> CasesBehind:
    """Those as of a past moment, from the events; only the first of them are held. ``UserError`` ``page_unknown``."""
    number = behind(asked.name).number

    async def read() -> CasesBehind:
        count, first = 0, _First(number)
        async for facts in facts_as_of(queries, calendar, as_of, asked.unit):
            if asked.ledger not in (None, facts.ledger) or (asked.at and facts.unit != asked.at):
                continue
            if number.of(counts_of(facts)) > 0:
                count += 1
                first.add(facts)
        return CasesBehind(count, first.numbers())

    return await retry_transient(read, READ_RETRY_SECONDS)


class _First:
    """The first ``LISTED`` of many cases."""

    def __init__(self, number: Number) -> None:
        self._number = number
        self._held: list[tuple[datetime, str]] = []

    def add(self, facts: CaseFacts) -> None:
        self._held.append(place_in_list(self._number, facts))
        if len(self._held) >= 10 * LISTED:
            self._cut()

    def numbers(self) -> tuple[str, ...]:
        self._cut()
        return tuple(number for _, number in self._held)

    def _cut(self) -> None:
        self._held = sorted(self._held, reverse=not self._number.owed)[:LISTED]


def _called(name: str) -> tuple[str, str]:
    if name in COUNTS_ZH:
        return COUNTS_ZH[name].strip("　 "), name
    kind, _, rest = name.partition(".")
    match kind:
        case "rate":
            rate, _, side = rest.partition(".")
            zh = {"hit": "达到", "miss": "未达到", "all": "计入"}[side]
            return f"{RATES[rate].zh}：{zh}", f"{rate.replace('_', ' ')}: {side}"
        case "card":
            return {"yellow": "黄牌", "red": "红牌"}[rest], f"{rest} cards"
        case "apart":
            return f"单列：{APART_ZH[rest]}", f"apart: {rest.replace('_', ' ')}"
        case _:
            zh, en = ("逾期未答复", "not answered") if kind == "owed" else ("逾期答复", "answered")
            if not rest:
                return zh, f"overdue, {en}"
            band = AGE_BANDS[int(rest)]
            return f"{zh} {age_band(*band)}", f"overdue by {_days(band)}, {en}"


def _days(band: tuple[int, int | None]) -> str:
    first, last = band
    if last == 0:
        return "less than a working day"
    return f"{first} working days and more" if last is None else f"{first} to {last} working days"
