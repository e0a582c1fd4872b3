"""The two statements of a commit: one that reads, one that writes. Mostly the second is enough.

A commit is what the system does most, and each statement costs a round trip and the time to build it: in eight statements of their own,
the same rows cost the worker four times as much. They are put together once, as text, and rows travel as JSON.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple

from pydantic_core import to_json
from sqlalchemy import Connection, Table, text

from schemas.record import tables as t


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
