"""The notices of a case as the record keeps them: owed, carried, received, read."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import RowMapping, select
from sqlalchemy.ext.asyncio import AsyncEngine

from schemas.evidence.timeline.facts import Carried, NoticeKept, Received
from schemas.record import tables as t


async def notices_kept(engine: AsyncEngine, case_number: str) -> list[NoticeKept]:
    """Every notice of the case with its deliveries, oldest first; each stands as it stands now. Errors are the database's."""
    outbox, deliveries, inbox = t.outbox, t.deliveries, t.inbox
    owed = select(outbox).where(outbox.c.case_number == case_number).order_by(outbox.c.created_at, outbox.c.id)
    async with engine.connect() as connection:
        rows: Sequence[RowMapping] = (await connection.execute(owed)).mappings().all()
        ids = [row["id"] for row in rows]
        tried = select(deliveries).where(deliveries.c.notice_id.in_(ids)).order_by(deliveries.c.transport)
        had = select(inbox).where(inbox.c.notice_id.in_(ids)).order_by(inbox.c.delivered_at, inbox.c.person)
        carried: dict[str, list[Carried]] = {}
        for row in (await connection.execute(tried)).mappings():
            carried.setdefault(row["notice_id"], []).append(
                Carried(
                    transport=row["transport"],
                    attempts=row["attempts"],
                    delivered_at=row["delivered_at"],
                    gave_up_at=row["gave_up_at"],
                    last_error=row["last_error"],
                )
            )
        received: dict[str, list[Received]] = {}
        for row in (await connection.execute(had)).mappings():
            received.setdefault(row["notice_id"], []).append(
                Received(person=row["person"], delivered_at=row["delivered_at"], read_at=row["read_at"])
            )
    return [
        NoticeKept(
            id=row["id"],
            kind=row["kind"],
            unit=row["unit"],
            role=row["role"],
            zh=row["zh"],
            en=row["en"],
            created_at=row["created_at"],
            not_before=row["not_before"],
            attempts=row["attempts"],
            delivered_at=row["delivered_at"],
            gave_up_at=row["gave_up_at"],
            last_error=row["last_error"],
            carried=tuple(carried.get(row["id"], ())),
            received=tuple(received.get(row["id"], ())),
        )
        for row in rows
    ]
