"""Statements that crowd go together."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import NamedTuple

from activities.record.driver.direct import RawExecutor

WINDOW = 0.02
"""Seconds between two departures where statements crowd: a person does not feel them, and of 200 commits in a second four go as one."""

HINDERED = 2.0
"""Seconds after which those that went together go alone: if somebody holds the row of one, the others need not wait for it."""

MOST_BYTES = 100_000
"""Of the parameters of one transaction. From 4 · 32 KiB on asyncpg's ``fetchmany`` waits for its socket midway, and does so for ever if the
connection ends meanwhile (0.32, ``bind_execute_many``)."""


class _PendingWrite(NamedTuple):
    """A statement that waits to go with others of its text: its parameters, and where the answer goes (None: go alone)."""

    parameters: Sequence[object]
    answer: asyncio.Future[bool | None]


_Riders = dict[str, _PendingWrite]
"""By their key."""


@dataclass
class _Line:
    """What is known of the statements of one text: how many are under way, when the last ones went and whether together, who goes next."""

    under_way: int = 0
    went: float = 0.0
    crowded: bool = False
    riders: _Riders | None = None


class GroupCommit:
    """Statements of the same text that come within moments of each other, as one transaction: one journey, one flush of PostgreSQL's log.

    Each statement gives one row, which begins with its key, if it wrote, and none if it did not; it writes all of its own or nothing. One
    that comes while no other of its text is under way, and after none that went together, goes at once; otherwise it leaves :data:`WINDOW`
    after those before it, with whoever has come by then. What fails together, or is hindered for :data:`HINDERED`, is tried alone: nobody bears
    another's error.
    """

    def __init__(self, direct: RawExecutor) -> None:
        self._direct = direct
        self._lines: defaultdict[str, _Line] = defaultdict(_Line)
        self._departures: set[asyncio.Task[None]] = set()

    async def wrote(self, key: str, statement: str, parameters: Sequence[object]) -> bool:
        """Whether the statement wrote; errors as of :meth:`RawExecutor.rows`."""
        line = self._lines[statement]
        if line.riders is None and (line.under_way or line.crowded):
            line.riders = self._departure(statement, line)
        # Two of one key may not go together: a row would not tell which of them it is of.
        if line.riders is not None and key not in line.riders:
            rider = line.riders[key] = _PendingWrite(parameters, asyncio.get_running_loop().create_future())
            told = await rider.answer
            if told is not None:
                return told
        with _under_way(line):
            return bool(await self._direct.rows(statement, *parameters))

    def _departure(self, statement: str, line: _Line) -> _Riders:
        riders: _Riders = {}
        departure = asyncio.create_task(self._depart(statement, line, riders))
        self._departures.add(departure)
        departure.add_done_callback(self._departures.discard)
        return riders

    async def _depart(self, statement: str, line: _Line, riders: _Riders) -> None:
        try:
            await asyncio.sleep(line.went + WINDOW - asyncio.get_running_loop().time())
            line.riders, line.crowded = None, len(riders) > 1
            # Whoever was given up in the meantime stays.
            wanted = {key: rider for key, rider in riders.items() if not rider.answer.done()}
            for group in _journeys(wanted):
                _tell(group, await self._written(statement, line, group) if len(group) > 1 else None)
        finally:
            if line.riders is riders:
                line.riders = None
            _tell(riders, None)

    async def _written(self, statement: str, line: _Line, group: _Riders) -> frozenset[str] | None:
        """The keys of those that wrote; None where it can't be told and each must ask for itself."""
        with _under_way(line):
            try:
                parameters = [rider.parameters for rider in group.values()]
                rows = await self._direct.rows_of_all(statement, parameters, seconds=HINDERED)
            except Exception:
                # Each is tried again alone, and has its own error then.
                return None
        return frozenset(str(next(iter(row.values()))) for row in rows)


def _tell(riders: _Riders, written: frozenset[str] | None) -> None:
    for key, rider in riders.items():
        if not rider.answer.done():
            rider.answer.set_result(None if written is None else key in written)


def _journeys(riders: _Riders) -> Iterator[_Riders]:
    """What goes in one transaction each; in one order everywhere, so that no two transactions wait for each other."""
    group: _Riders = {}
    taken = 0
    for key in sorted(riders):
        rider = riders[key]
        size = sum(_size(each) for each in rider.parameters)
        if group and taken + size > MOST_BYTES:
            yield group
            group, taken = {}, 0
        group[key] = rider
        taken += size
    if group:
        yield group


def _size(parameter: object) -> int:
    if isinstance(parameter, str):
        return len(parameter.encode())
    return len(parameter) if isinstance(parameter, bytes) else 8


@contextmanager
def _under_way(line: _Line) -> Generator[None]:
    line.under_way += 1
    line.went = asyncio.get_running_loop().time()
    try:
        yield
    finally:
        line.under_way -= 1
