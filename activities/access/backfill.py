"""Giving their marks to cases that were written before there were any: from their state, by the same rule as every commit."""

from __future__ import annotations

from typing import Final

from pydantic_core import to_json
from sqlalchemy import collate, select, text
from sqlalchemy.ext.asyncio import AsyncEngine

from schemas.access import sight
from schemas.petition.state import Petition
from schemas.record import tables as t

STEP: Final = 500

_MARK: Final = text(
    "UPDATE cases SET seen_by = given.seen_by, kept_from = given.kept_from"
    " FROM json_populate_recordset(CAST(NULL AS cases), CAST(:rows AS json)) AS given"
    # A commit that was faster has written them itself.
    " WHERE cases.case_number = given.case_number AND cases.seq = given.seq AND cases.seen_by = '{}'::text[]"
)


async def fill_marks(engine: AsyncEngine) -> int:
    """Until no case is without; how many were. Safe to repeat, to interrupt, and beside workers. Errors are the database's."""
    cases, after, filled = t.cases, "", 0
    # Held in the order in which commits that go together take them, which is that of Python's strings.
    number = collate(cases.c.case_number, "C")
    while True:
        query = (
            select(cases.c.case_number, cases.c.seq, cases.c.state)
            .where(text("seen_by = '{}'::text[]"), number > after)
            .order_by(number)
            .limit(STEP)
            .with_for_update()
        )
        async with engine.begin() as connection:
            rows = (await connection.execute(query)).all()
            if not rows:
                return filled
            marks = [
                {"case_number": each, "seq": seq, **sight(Petition.model_validate(state))._asdict()}
                for each, seq, state in rows
            ]
            filled += (await connection.execute(_MARK, {"rows": to_json(marks).decode()})).rowcount
        after = rows[-1].case_number
