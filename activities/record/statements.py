"""The two statements of a commit: one that reads, one that writes.

A commit is what the system does most, and each statement costs a round trip and the time to build it: in eight statements of their own,
the same rows cost the worker four times as much. They are put together once, as text, and rows travel as JSON.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

from pydantic_core import to_json
from sqlalchemy import Connection, Table, TextClause, text

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


def write(
    connection: Connection,
    command: Mapping[str, Any],
    events: Sequence[Mapping[str, Any]],
    case: Mapping[str, Any],
    notices: Sequence[Mapping[str, Any]],
    *,
    new: bool,
) -> None:
    """Writes the rows of a command, all or none; ``case`` becomes a row or changes its row."""
    statement = _writing(tuple(case), new)
    rows = {"command": command, "events": events, "notices": notices, "case": case}
    connection.execute(statement, {name: _json(each) for name, each in rows.items()})


@cache
def _writing(case_columns: tuple[str, ...], new: bool) -> TextClause:
    notices = [column.name for column in t.outbox.columns if column.server_default is None]
    return text(
        f"WITH asked AS ({_insert(t.commands, 'command')}),"
        f" happened AS ({_insert(t.events, 'events')}),"
        f" owed AS ({_insert(t.outbox, 'notices', notices)})"
        f" {_insert(t.cases, 'case', case_columns) if new else _update(case_columns)}"
    )


def _insert(table: Table, parameter: str, columns: Iterable[str] | None = None) -> str:
    # No quoting: the names are our own tables'.
    names = ", ".join(columns or table.columns.keys())
    return f"INSERT INTO {table.name} ({names}) SELECT {names} FROM {_rows(table, parameter)}"  # noqa: S608


def _update(columns: Iterable[str]) -> str:
    names = [name for name in columns if name != "case_number"]
    changed = ", ".join(f"{name} = given.{name}" for name in names)
    source = _rows(t.cases, "case")
    return f"UPDATE cases SET {changed} FROM {source} AS given WHERE cases.case_number = given.case_number"  # noqa: S608


def _rows(table: Table, parameter: str) -> str:
    return f"json_populate_recordset(CAST(NULL AS {table.name}), CAST(:{parameter} AS json))"


def _json(rows: Mapping[str, Any] | Sequence[Mapping[str, Any]]) -> str:
    listed = [rows] if isinstance(rows, Mapping) else rows
    return to_json(listed, bytes_mode="utf8").decode()


def as_bytea(value: bytes) -> str:
    """Bytes as PostgreSQL reads them in text."""
    return "\\x" + value.hex()
