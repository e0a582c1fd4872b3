"""The read model of one case beside what its events make of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from pydantic import ValidationError
from sqlalchemy import RowMapping, select
from sqlalchemy.ext.asyncio import AsyncConnection

from activities.evidence.reconcile.disagreement import (
    Disagreement,
    FieldOnBothSides,
    both_sides,
    differing,
    disagreement,
)
from activities.record.case_record import recorded
from activities.record.rows import case_row, petitioner_rows
from schemas.evidence.chain import Recorded
from schemas.petition.rules import fold
from schemas.petition.state import Petition
from schemas.record import tables as t


class Rows(NamedTuple):
    """All rows of a case, read in one snapshot."""

    events: Sequence[RowMapping]
    case: RowMapping | None
    petitioners: Sequence[RowMapping]

    @property
    def seq(self) -> int:
        """The last event there is."""
        return self.events[-1]["seq"] if self.events else 0


class Folded(NamedTuple):
    """What the events make of a case: its state, and its rows of the read model."""

    state: Petition
    case: Mapping[str, Any]
    petitioners: Sequence[Mapping[str, Any]]


async def rows_of(connection: AsyncConnection, number: str, *, lock: bool = False) -> Rows:
    """Every row of a case; with ``lock`` its row of the read model first, so that no command is committed meanwhile."""
    case = select(t.cases).where(t.cases.c.case_number == number)
    events = select(t.events).where(t.events.c.case_number == number).order_by(t.events.c.seq)
    people = select(t.petitioners).where(t.petitioners.c.case_number == number).order_by(t.petitioners.c.position)
    row = (await connection.execute(case.with_for_update() if lock else case)).mappings().one_or_none()
    return Rows(
        events=(await connection.execute(events)).mappings().all(),
        case=row,
        petitioners=(await connection.execute(people)).mappings().all(),
    )


def folded(number: str, events: Sequence[RowMapping]) -> Folded | None:
    """None without events. ``ValueError`` (of which pydantic's is one) where they are no events, or do not follow from one another."""
    life = [recorded(row) for row in events]
    try:
        state = fold(each.event for each in life)
    except (KeyError, AttributeError) as error:
        raise ValueError(f"the events of {number} do not follow from one another") from error
    if state is None:
        return None
    last = life[-1]
    case = case_row(state, [each.event for each in life], last.recorded_at) | {"link": events[-1]["link"]}
    return Folded(state, case, _petitioners(number, life))


def _petitioners(number: str, life: Sequence[Recorded]) -> Sequence[Mapping[str, Any]]:
    # As a commit writes them: whoever an event brings takes the place of all that were there.
    brought: Sequence[Mapping[str, Any]] = ()
    for each in life:
        brought = petitioner_rows(number, each.event) or brought
    return brought


def compared(number: str, rows: Rows, made: Folded | None) -> Iterator[Disagreement]:
    """Every column of ``cases`` and ``petitioners`` against the fold."""
    if made is None:
        if rows.case is not None:
            yield disagreement("row_unfounded", number)
        return
    if rows.case is None:
        yield disagreement("row_missing", number)
    elif fields := tuple(columns(made.case, rows.case)):
        yield disagreement("row_differs", number, fields=fields)
    if people := tuple(_people(made.petitioners, rows.petitioners)):
        yield disagreement("petitioners_differ", number, fields=people)


def columns(made: Mapping[str, Any], row: RowMapping) -> Iterator[FieldOnBothSides]:
    """The columns that differ; of the state, its fields."""
    for column in t.cases.columns:
        expected, held = made.get(column.name), row[column.name]
        if column.name == "state":
            if not _same_state(expected, held):
                yield from differing(expected, held, "state")
        elif isinstance(held, bytes):
            if bytes(expected or b"") != held:
                yield both_sides(column.name, expected, held)
        elif expected != held:
            yield both_sides(column.name, expected, held)


def _same_state(expected: Any, held: Any) -> bool:
    # An earlier release may have left other defaults out; what counts is the state that is read.
    if expected == held:
        return True
    try:
        return Petition.model_validate(held) == Petition.model_validate(expected)
    except ValidationError:
        return False


def _people(made: Sequence[Mapping[str, Any]], held: Sequence[RowMapping]) -> Iterator[FieldOnBothSides]:
    if len(made) != len(held):
        yield both_sides("petitioners", len(made), len(held))
        return
    for expected, row in zip(made, held, strict=True):
        for column in t.petitioners.columns:
            if expected[column.name] != row[column.name]:
                yield both_sides(f"[{row['position']}].{column.name}", expected[column.name], row[column.name])
