"""What has been published of cases (一事一公开): the anonymised summaries, as long as they are not retracted."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from schemas.record import tables as t

MOST = 50


@dataclass(frozen=True)
class Disclosed:
    """A summary. The number is not shown: whoever knows it could find more than was published."""

    at: datetime
    ledger: str
    category: str
    summary: str


async def disclosed(engine: AsyncEngine, *, before: datetime | None = None) -> tuple[Disclosed, ...]:
    """The newest summaries, before that moment where one is given."""
    events, cases = t.events, t.cases
    query = (
        select(events.c.at, cases.c.ledger, cases.c.category, events.c.payload)
        .join_from(events, cases, cases.c.case_number == events.c.case_number)
        .where(
            events.c.kind == "disclosed",
            events.c.payload["published"].as_boolean(),
            cases.c.state["disclosed"].as_boolean(),
            cases.c.state["disclosure_retracted"].as_boolean().is_not(True),
        )
        .order_by(events.c.at.desc())
        .limit(MOST)
    )
    if before is not None:
        query = query.where(events.c.at < before)
    async with engine.connect() as connection:
        rows = (await connection.execute(query)).all()
    return tuple(
        Disclosed(at=row.at, ledger=row.ledger, category=row.category, summary=str(row.payload.get("summary", "")))
        for row in rows
        if row.payload.get("summary")
    )
