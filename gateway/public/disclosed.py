"""What has been published of cases (一事一公开): the anonymised summaries, as long as they are not retracted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, select

from gateway.doors import Door
from gateway.retry import READ_RETRY_SECONDS, retry_transient
from schemas.record import tables as t

MOST = 50


@dataclass(frozen=True)
class Disclosed:
    """A summary. The number is not shown: whoever knows it could find more than was published."""

    at: datetime
    ledger: str
    category: str
    summary: str


async def disclosed(door: Door) -> tuple[Disclosed, ...]:
    """The newest summaries; what names a petitioner or a case in them is masked."""
    events, cases = t.events, t.cases
    query = (
        select(events.c.case_number, events.c.at, cases.c.ledger, cases.c.category, events.c.payload)
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

    async def look() -> Sequence[Row[*tuple[Any, ...]]]:
        async with door.system.database.connect() as connection:
            return (await connection.execute(query)).all()

    rows = [row for row in await retry_transient(look, READ_RETRY_SECONDS) if row.payload.get("summary")]
    redactors = await door.redacting.of_published({row.case_number for row in rows})
    return tuple(
        Disclosed(
            at=row.at,
            ledger=row.ledger,
            category=row.category,
            summary=redactors[row.case_number].text(str(row.payload["summary"])),
        )
        for row in rows
    )
