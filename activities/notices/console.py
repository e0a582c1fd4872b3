"""The console inbox: a notice as it reaches each person, written in the transaction that records its delivery. So it is written once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from activities.notices.transports import OutgoingNotification
from schemas.record import tables as t

CONSOLE: Final = "console"


async def put_in_inboxes(connection: AsyncConnection, parcels: Sequence[OutgoingNotification], now: datetime) -> None:
    """One row for each person; a person who has the notice keeps it as it is."""
    rows = [
        {
            "notice_id": parcel.id,
            "person": person,
            "case_number": parcel.case_number,
            "unit": parcel.unit,
            "zh": parcel.zh,
            "en": parcel.en,
            "delivered_at": now,
        }
        for parcel in parcels
        for person in parcel.people
    ]
    if rows:
        await connection.execute(insert(t.inbox).on_conflict_do_nothing(), rows)
