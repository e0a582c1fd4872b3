"""Statements by the driver itself, alone or together, and the two of a commit: one that reads, one that writes. Mostly the second is enough.

A commit is what the system does most, and each statement costs a round trip and the time to build it: in eight statements of their own,
the same rows cost the worker four times as much. They are put together once, as text, and rows travel as JSON.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple, Protocol, cast

from asyncpg.exceptions import IntegrityConstraintViolationError
from pydantic_core import to_json
from sqlalchemy import Connection, Table, text
from sqlalchemy.ext.asyncio import AsyncEngine

from schemas.record import tables as t


class _Driver(Protocol):
    """What is used of asyncpg's connection."""

    async def fetch(self, query: str, *args: object) -> Sequence[Mapping[str, Any]]: ...

    async def fetchmany(self, query: str, args: Iterable[Sequence[object]]) -> Sequence[Mapping[str, Any]]: ...


class Direct:
    """Statements over the connections of an engine, each call a transaction of its own.

    SQLAlchemy's way to the driver and back takes as long as all else of a short statement: what a case does at each step, and a filing at each
    message, goes without.
    """

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def rows(self, statement: str, *parameters: object) -> Sequence[Mapping[str, Any]]:
        """What the statement says; its parameters are written ``$1``, ``$2``. Errors are asyncpg's own, and nothing was written where a constraint speaks."""
        return await self._asked(lambda driver: driver.fetch(statement, *parameters))

    async def rows_of_all(self, statement: str, parameters: Sequence[Sequence[object]]) -> Sequence[Mapping[str, Any]]:
        """What the statement says for one list of parameters after the other, in one transaction: all of them or none."""
        return await self._asked(lambda driver: driver.fetchmany(statement, parameters))

    async def _asked(
        self, ask: Callable[[_Driver], Awaitable[Sequence[Mapping[str, Any]]]]
    ) -> Sequence[Mapping[str, Any]]:
        connection = await self._engine.raw_connection()
        try:
            rows = await ask(cast("_Driver", connection.driver_connection))
        except IntegrityConstraintViolationError:
            connection.close()
            raise
        except BaseException:
            # Nobody else is given a connection that may still be about this.
            connection.invalidate()
            raise
        connection.close()
        return rows


TOGETHER_SECONDS = 0.02
"""The most a statement waits for others. A person does not feel it, and of 200 commits in a second four go as one."""


class _Riders(NamedTuple):
    """Statements of one text that wait to go together, by their key: the parameters, and where the answer goes."""

    parameters: dict[str, Sequence[object]]
    answers: dict[str, asyncio.Future[bool | None]]


@dataclass
class _Line:
    """What is known of the statements of one text: how many are under way, when the last ones went, who waits to go next."""

    under_way: int = 0
    went: float = 0.0
    crowded: bool = False
    riders: _Riders | None = None


class Together:
    """Statements of the same text that come within moments of each other, as one transaction: one journey and one flush of PostgreSQL's log for all.

    Each statement gives one row, which begins with its key, if it wrote, and none if it did not; it writes all of its own or nothing. One
    that comes while no other of its text is under way goes at once. Where they crowd they wait for each other, :data:`TOGETHER_SECONDS` at most.
    What fails together is tried alone, so nobody bears another's error.
    """

    def __init__(self, direct: Direct) -> None:
        self._direct = direct
        self._lines: defaultdict[str, _Line] = defaultdict(_Line)
        self._flights: set[asyncio.Task[None]] = set()

    async def wrote(self, key: str, statement: str, parameters: Sequence[object]) -> bool:
        """Whether the statement wrote; errors as of :meth:`Direct.rows`."""
        line = self._lines[statement]
        riders = line.riders or self._next_flight(statement, line)
        # Two of one key may not go together: a row would not tell which of them it is of.
        if riders is not None and key not in riders.answers:
            answer: asyncio.Future[bool | None] = asyncio.get_running_loop().create_future()
            riders.parameters[key], riders.answers[key] = parameters, answer
            told = await answer
            if told is not None:
                return told
        with _under_way(line):
            return bool(await self._direct.rows(statement, *parameters))

    def _next_flight(self, statement: str, line: _Line) -> _Riders | None:
        """What a statement is to wait with; None where it need not wait."""
        if not (line.under_way or line.crowded):
            return None
        line.riders = _Riders({}, {})
        flight = asyncio.create_task(self._fly(statement, line, line.riders))
        self._flights.add(flight)
        flight.add_done_callback(self._flights.discard)
        return line.riders

    async def _fly(self, statement: str, line: _Line, riders: _Riders) -> None:
        written: frozenset[str] | None = None
        try:
            await asyncio.sleep(line.went + TOGETHER_SECONDS - asyncio.get_running_loop().time())
            line.riders, line.crowded = None, len(riders.parameters) > 1
            if line.crowded:
                with _under_way(line):
                    written = await self._written(statement, riders.parameters)
        finally:
            if line.riders is riders:
                line.riders = None
            for key, answer in riders.answers.items():
                # Whoever was given up in the meantime is answered already.
                if not answer.done():
                    answer.set_result(None if written is None else key in written)

    async def _written(self, statement: str, parameters: Mapping[str, Sequence[object]]) -> frozenset[str] | None:
        """The keys of those that wrote; None where it can't be told and each must ask for itself."""
        # In one order everywhere, so that no two transactions wait for each other.
        try:
            rows = await self._direct.rows_of_all(statement, [parameters[key] for key in sorted(parameters)])
        except Exception:
            # Each is tried again alone, and has its own error then.
            return None
        return frozenset(str(next(iter(row.values()))) for row in rows)


@contextmanager
def _under_way(line: _Line) -> Generator[None]:
    line.under_way += 1
    line.went = asyncio.get_running_loop().time()
    try:
        yield
    finally:
        line.under_way -= 1


class Head(NamedTuple):
    """Where a case stands: its last event, the link of that, its state as JSON. ``known``: the last event the asking command wrote before."""

    seq: int
    link: bytes
    state: str
    known: int | None


_HEAD = text(
    "SELECT seq, link, CAST(state AS text), (SELECT last_seq FROM commands"
    " WHERE commands.case_number = :number AND command_id = :command_id) AS known"
    " FROM cases WHERE case_number = :number FOR UPDATE"
)
_ANSWERED = text("SELECT last_seq FROM commands WHERE case_number = :number AND command_id = :command_id")


def head(connection: Connection, number: str, command_id: str, expected_seq: int) -> Head | None:
    """The head of a case, which is held until the transaction ends; None for a new case."""
    asked = {"number": number, "command_id": command_id}
    row = connection.execute(_HEAD, asked).one_or_none()
    if row is None:
        return None
    seq, link, state, known = row
    if known is None and seq != expected_seq:
        # Whoever held the row before may have been the same command: what the first statement saw of other tables is older than the row.
        known = connection.execute(_ANSWERED, asked).scalar_one_or_none()
    return Head(seq, link, state, known)


class Rows(NamedTuple):
    """What a command writes. ``case`` becomes a row or changes its row; ``petitioners`` and ``filed_at`` only where a case is filed."""

    command: Mapping[str, Any]
    events: Sequence[Mapping[str, Any]]
    case: Mapping[str, Any]
    notices: Sequence[Mapping[str, Any]]
    petitioners: Sequence[Mapping[str, Any]] = ()
    filed_at: datetime | None = None


def writing(rows: Rows, tip: bytes | None) -> tuple[str, tuple[Any, ...]]:
    """The statement that writes the rows of a command, all or none, with its parameters in PostgreSQL's own style. It gives a row if it did.

    ``tip``: the link the case must end in, None for a case that must not be there yet. Where it is otherwise nothing is written: so a
    commit is safe in a statement of its own, and needs no look at the case before it by whoever wrote the event before.
    """
    listed = (rows.case["case_number"], *(_json(each) for each in (rows.case, rows.command, rows.events, rows.notices)))
    if tip is None:
        return _statement(tuple(rows.case), new=True), (*listed, _json(rows.petitioners), rows.filed_at)
    return _statement(tuple(rows.case), new=False), (*listed, tip)


_NUMBER = "CAST($1 AS text)"
"""Where a row is to be found, it is asked for by this parameter and not by what another part of the statement says: the plan is made once for all
cases, and one made while there were few of them would read through all of them until they have been counted.
"""
_CASE, _COMMAND, _EVENTS, _NOTICES = "$2", "$3", "$4", "$5"
_TIP = "$6"
_PETITIONERS, _FILED_AT = "$6", "$7"


@cache
def _statement(case_columns: tuple[str, ...], *, new: bool) -> str:
    notices = [column.name for column in t.outbox.columns if column.server_default is None]
    parts = {
        "moved": _new_case(case_columns) if new else _moved_case(case_columns),
        "asked": _insert(t.commands, _COMMAND),
        "happened": _insert(t.events, _EVENTS),
        "owed": _insert(t.outbox, _NOTICES, notices),
    }
    if new:
        parts["people"] = _insert(t.petitioners, _PETITIONERS)
        parts["noted"] = (
            f"UPDATE intake SET filed_at = CAST({_FILED_AT} AS timestamptz)"  # noqa: S608
            f" WHERE case_number = {_NUMBER} AND filed_at IS NULL AND EXISTS (SELECT FROM moved)"
        )
    together = ", ".join(f"{name} AS ({part})" for name, part in parts.items())
    return f"WITH {together} SELECT case_number FROM moved"  # noqa: S608


def _insert(table: Table, parameter: str, columns: Iterable[str] | None = None) -> str:
    # No quoting: the names are our own tables'.
    names = ", ".join(columns or table.columns.keys())
    source = _rows(table, parameter)
    return f"INSERT INTO {table.name} ({names}) SELECT {names} FROM {source} WHERE EXISTS (SELECT FROM moved)"  # noqa: S608


def _new_case(columns: Iterable[str]) -> str:
    names = ", ".join(columns)
    source = _rows(t.cases, _CASE)
    return f"INSERT INTO cases ({names}) SELECT {names} FROM {source} ON CONFLICT DO NOTHING RETURNING case_number"  # noqa: S608


def _moved_case(columns: Iterable[str]) -> str:
    changed = ", ".join(f"{name} = given.{name}" for name in columns if name != "case_number")
    source = _rows(t.cases, _CASE)
    return (
        f"UPDATE cases SET {changed} FROM {source} AS given"  # noqa: S608
        f" WHERE cases.case_number = {_NUMBER} AND cases.link = CAST({_TIP} AS bytea) RETURNING cases.case_number"
    )


def _rows(table: Table, parameter: str) -> str:
    return f"json_populate_recordset(CAST(NULL AS {table.name}), CAST({parameter} AS json))"


def _json(rows: Mapping[str, Any] | Sequence[Mapping[str, Any]]) -> str:
    listed = [rows] if isinstance(rows, Mapping) else rows
    return to_json(listed, bytes_mode="utf8").decode()


def as_bytea(value: bytes) -> str:
    """Bytes as PostgreSQL reads them in text."""
    return "\\x" + value.hex()
