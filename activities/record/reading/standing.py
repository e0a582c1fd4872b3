"""What stands in the record for a viewer: open cases with their states, cases by their numbers, how many a week."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, date, datetime
from typing import Any, Literal

from sqlalchemy import Select, func, or_, select

from activities.record.queries import CaseQueries, below, case_line, page_query
from activities.record.views import CaseFilter, CaseLine, Standing
from schemas.access import eyes
from schemas.kernel.actor import Actor
from schemas.petition.rules import may_see
from schemas.petition.rules.awaited import DECIDING
from schemas.petition.state import Petition, Stage
from schemas.record import tables as t

WIDE = 5_000
"""Cases, the first to be due, among which those are looked for of which something is asked: they are few, and have no index of their own."""


async def standing(
    queries: CaseQueries, stages: Collection[Stage], viewer: Actor, *, most: int, asked: Collection[str] = ()
) -> list[Standing]:
    """Open cases in those stages that the viewer may see; the first to be due first, at most ``most`` looked at.

    ``asked``: only those whose state has one of these fields filled.
    """
    cases = t.cases
    query = (
        page_query(CaseFilter(stages=tuple(stages), open=True), datetime.now(UTC))
        .add_columns(cases.c.state)
        .order_by(None)
        .order_by(cases.c.due.asc().nulls_last(), cases.c.case_number)
        .limit(most)
    )
    if asked:
        near = query.limit(WIDE).with_only_columns(cases.c.case_number).scalar_subquery()
        query = query.where(
            cases.c.case_number.in_(near), or_(*(cases.c.state[name].astext.is_not(None) for name in asked))
        )
    return await _read(queries, query, viewer)


async def deciding(queries: CaseQueries, viewer: Actor, *, most: int) -> list[Standing]:
    """Cases that the viewer may see, sealed ones among them, in which it is asked whom they complain of, or for a second person's consent;
    the first to be due first, at most ``most`` looked at.
    """
    cases = t.cases
    query = (
        page_query(CaseFilter(), datetime.now(UTC), limit=most)
        .add_columns(cases.c.state)
        .where(or_(*(cases.c.state[name].astext.is_not(None) for name in DECIDING)))
        .order_by(None)
        .order_by(cases.c.due.asc().nulls_last(), cases.c.case_number)
    )
    return await _read(queries, query, viewer)


async def _read(queries: CaseQueries, query: Select[Any], viewer: Actor) -> list[Standing]:
    async with queries.engine.connect() as connection:
        rows = (await connection.execute(query)).mappings().all()
    found = ((row, Petition.model_validate(row["state"])) for row in rows)
    return [Standing(line=case_line(row), state=state) for row, state in found if may_see(state, viewer)]


async def lines(queries: CaseQueries, numbers: Collection[str], viewer: Actor) -> dict[str, CaseLine]:
    """The cases of these numbers that the viewer may see, by number."""
    # By their marks and not by their states: of two hundred cases the states alone would take longer than all else of a page.
    query = page_query(CaseFilter(), datetime.now(UTC), limit=len(numbers) or 1, with_marks=True)
    own = eyes(viewer)
    async with queries.engine.connect() as connection:
        rows = (await connection.execute(query.where(t.cases.c.case_number.in_(numbers)))).mappings().all()
    return {row["case_number"]: case_line(row) for row in rows if own.meet(row["seen_by"], row["kept_from"])}


async def weekly(
    queries: CaseQueries, column: Literal["received_at", "sealed_at"], unit: str, since: datetime, until: datetime
) -> dict[date, int]:
    """How many cases of that unit, and those below it, were received or sealed in each week (by its Monday, Asia/Shanghai) from ``since``
    through ``until``.
    """
    cases = t.cases
    week = func.date_trunc("week", func.timezone("Asia/Shanghai", cases.c[column]))
    query = (
        select(week, func.count())
        .where(below(cases.c.unit, unit), cases.c[column].between(since, until))
        .group_by(week)
    )
    async with queries.engine.connect() as connection:
        return {row[0].date(): row[1] for row in await connection.execute(query)}
