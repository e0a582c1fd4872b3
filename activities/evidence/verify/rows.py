"""The rows that are checked, as they stand in the database, and how a million of them pass through little memory.

Cases come in windows: as many whole cases as have about ``WINDOW`` events, with every row of the other tables that names one of them. Where a
window ends is asked of all those tables, so a case that one of them has and the others lack is still met. Order is the database's own
throughout: how it collates case numbers does not matter here.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Text, cast, func, select, union_all
from sqlalchemy.ext.asyncio import AsyncConnection

from schemas.evidence.leaf import CaseLeaf
from schemas.record import tables as t

WINDOW = 2_000
"""Events read at once; a case is never divided."""


class EventRow(NamedTuple):
    """A row of ``events``; ``payload`` as text."""

    case_number: str
    seq: int
    kind: str
    version: int
    at: datetime
    recorded_at: datetime
    actor_id: str
    actor_role: str
    actor_unit: str
    credential: str
    command_id: str
    payload: str
    algorithm: str
    link: bytes


class CommandRow(NamedTuple):
    """A row of ``commands``."""

    case_number: str
    command_id: str
    first_seq: int
    last_seq: int


class HeadRow(NamedTuple):
    """Of a row of ``cases``, what the chain vouches for, and what may help to find an altered field again."""

    case_number: str
    seq: int
    link: bytes
    title: str
    text: str
    unit: str
    lead: str
    accountable: str
    registrar: str
    category: str


class IntakeRow(NamedTuple):
    """A row of ``intake``."""

    case_number: str
    source: str
    source_event_id: str
    content_hash: bytes
    filed_at: datetime | None


class PetitionerRow(NamedTuple):
    """A row of ``petitioners``."""

    case_number: str
    position: int
    alias: str
    representative: bool
    sealed: Any


class SealRow(NamedTuple):
    """A row of ``seals``."""

    case_number: str
    run: int
    seq: int
    link: bytes
    history: bytes
    history_events: int
    algorithm: str
    sealed_at: datetime


class ArchiveRow(NamedTuple):
    """That there is a row of ``archives``; its bytes are read one by one."""

    case_number: str
    run: int


class LeafRow(NamedTuple):
    """A row of ``log_leaves``."""

    case_number: str
    place: int
    checkpoint: int
    leaf: str


@dataclass
class CaseRows:
    """Every row that names one case."""

    number: str
    events: list[EventRow] = field(default_factory=list[EventRow])
    commands: list[CommandRow] = field(default_factory=list[CommandRow])
    heads: list[HeadRow] = field(default_factory=list[HeadRow])
    intake: list[IntakeRow] = field(default_factory=list[IntakeRow])
    petitioners: list[PetitionerRow] = field(default_factory=list[PetitionerRow])
    seals: list[SealRow] = field(default_factory=list[SealRow])
    archives: list[ArchiveRow] = field(default_factory=list[ArchiveRow])
    leaves: list[LeafRow] = field(default_factory=list[LeafRow])
    heads_logged: list[CaseLeaf] = field(default_factory=list[CaseLeaf])
    """What the log says of the case, of those leaves that stand as they were logged."""


class _Source(NamedTuple):
    """A table that names cases: the rows it gives, their order within a case, and where they go."""

    table: Any
    row: Any
    order: tuple[str, ...]
    into: str
    columns: tuple[str, ...] = ()
    """Where they are not named as the row's fields are."""


_SOURCES = (
    _Source(t.events, EventRow, ("seq",), "events"),
    _Source(t.commands, CommandRow, ("first_seq", "last_seq"), "commands"),
    _Source(t.cases, HeadRow, (), "heads"),
    _Source(t.intake, IntakeRow, (), "intake"),
    _Source(t.petitioners, PetitionerRow, ("position",), "petitioners"),
    _Source(t.seals, SealRow, ("run",), "seals"),
    _Source(t.archives, ArchiveRow, ("run",), "archives"),
    _Source(t.log_leaves, LeafRow, ("index",), "leaves", ("case_number", "index", "checkpoint", "leaf")),
)


async def windows(connection: AsyncConnection, case_number: str | None = None) -> AsyncGenerator[list[CaseRows]]:
    """Every case of the record in the database's order, or one; cases that have no events any more among them."""
    if case_number is not None:
        yield await _between(connection, case_number, case_number, only=True)
        return
    after: str | None = None
    while True:
        until = await _end(connection, after)
        yield await _between(connection, after, until)
        if until is None:
            return
        after = until


async def _end(connection: AsyncConnection, after: str | None) -> str | None:
    """The case in which the next window ends; None where there is no more than one window left."""
    ends: list[Any] = []
    for source in _SOURCES:
        number = source.table.c.case_number
        query = select(number).where(*_after(source, after)).order_by(number).offset(WINDOW).limit(1)
        ends.append(query.subquery().select())
    found = union_all(*ends).subquery()
    return (await connection.execute(select(func.min(found.c[0])))).scalar_one()


def _after(source: _Source, after: str | None) -> list[ColumnElement[bool]]:
    if after is not None:
        return [source.table.c.case_number > after]
    # Leaves of the journal name no case.
    return [t.log_leaves.c.case_number != ""] if source.table is t.log_leaves else []


async def _between(
    connection: AsyncConnection, after: str | None, until: str | None, *, only: bool = False
) -> list[CaseRows]:
    cases: dict[str, CaseRows] = {}
    for source in _SOURCES:
        rows = await _rows(connection, source, after, until, only=only)
        make = source.row._make
        for found in rows:
            row = make(found)
            number = row.case_number
            case = cases.get(number)
            if case is None:
                case = cases[number] = CaseRows(number)
            getattr(case, source.into).append(row)
    return list(cases.values())


async def _rows(
    connection: AsyncConnection, source: _Source, after: str | None, until: str | None, *, only: bool
) -> Sequence[Any]:
    table = source.table
    number = table.c.case_number
    columns = [_column(table, name) for name in source.columns or source.row._fields]
    query = select(*columns).order_by(number, *(table.c[name] for name in source.order))
    if only:
        query = query.where(number == after)
    else:
        query = query.where(*_after(source, after))
        if until is not None:
            query = query.where(number <= until)
    return (await connection.execute(query)).all()


def _column(table: Any, name: str) -> Any:
    # As text: read by SQLAlchemy it would be parsed by json, which takes thrice as long.
    return cast(table.c.payload, Text) if name == "payload" else table.c[name]
