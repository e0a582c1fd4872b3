"""Giving out case numbers: once per message of a source, without gaps that nobody can see."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import RowMapping, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from activities.record.case_record import Clock, utc_now
from activities.record.resemblance import Resemblances
from schemas import tables as t
from schemas.errors import UserError
from schemas.events import FiledContent
from schemas.petition import Frozen, Ledger
from schemas.proposals.similarity import signature
from schemas.worktime import local_day

LEDGER_LETTERS = {Ledger.SUGGESTION: "S", Ledger.CLAIM: "C", Ledger.COMPLAINT: "P"}

TRACKING_ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
"""Without the characters people confuse when they read a code aloud."""

TRACKING_LENGTH = 12


class Reservation(Frozen):
    """The number a message has. ``known``: it had it before; ``filed``: its case is in the record already.

    ``likely_duplicates``: numbers of messages like it, looked up only while its case is not in the record.
    """

    number: str
    tracking_code: str
    known: bool = False
    filed: bool = False
    likely_duplicates: tuple[str, ...] = ()


def content_hash(content: FiledContent) -> bytes:
    """SHA-256 over what the source itself said; proposals made from it (unit, ledger, category) may differ when it is sent again."""
    said = {
        "title": content.title,
        "text": content.text,
        "submitted_at": content.submitted_at.isoformat() if content.submitted_at else None,
        "petitioners": [
            [petitioner.alias, petitioner.sealed.person if petitioner.sealed else ""]
            for petitioner in content.petitioners
        ],
    }
    return hashlib.sha256(json.dumps(said, ensure_ascii=False, sort_keys=True).encode()).digest()


class NumberOffice:
    """Reserves numbers in one database."""

    def __init__(self, engine: AsyncEngine, *, clock: Clock = utc_now) -> None:
        self._engine = engine
        self._clock = clock
        self._resemblances = Resemblances(engine)

    async def reserve(
        self, content: FiledContent, city: str, received_at: datetime, *, tracking_code: str | None = None
    ) -> Reservation:
        """The number of this message: the one it has, or the next of its series (``XA-2026-S-000123``).

        A caller that repeats the call, not knowing whether the first was written, gives the same ``tracking_code`` (:func:`new_tracking_code`)
        each time: a number it reserved itself is then not called known. ``UserError`` ``source_event_conflict`` if the source has sent other
        content under the same id before.
        """
        code = tracking_code or new_tracking_code()
        reservation = await self._reserved(content, city, local_day(received_at).year, code)
        if reservation.filed:
            return reservation
        minima = signature(content.title, content.text)
        alike = await self._resemblances.likely(minima, besides=reservation.number)
        return reservation.model_copy(update={"likely_duplicates": tuple(one.number for one in alike)})

    async def given(self, source: str, ids: Iterable[str]) -> dict[str, tuple[str, bytes]]:
        """The numbers and content hashes of those messages of a source that have one, by their id there; reserves nothing."""
        intake = t.intake
        query = select(intake.c.source_event_id, intake.c.case_number, intake.c.content_hash).where(
            intake.c.source == source, intake.c.source_event_id.in_(list(ids))
        )
        async with self._engine.connect() as connection:
            rows = (await connection.execute(query)).all()
        return {row.source_event_id: (row.case_number, row.content_hash) for row in rows}

    async def _reserved(self, content: FiledContent, city: str, year: int, code: str) -> Reservation:
        digest = content_hash(content)
        while True:
            async with self._engine.begin() as connection:
                row = await self._known(connection, content)
                if row is not None:
                    return _same(row, digest, content, code)
                # Worked out before the row of the series is taken, for which every other door then waits.
                minima = signature(content.title, content.text)
                number = await self._next(connection, city, year, content.ledger)
                reservation = Reservation(number=number, tracking_code=code)
                if await self._claim(connection, content, digest, reservation):
                    await self._resemblances.remember(connection, number, minima)
                    return reservation
                # Another door was faster with the same message: give the number back with this transaction.
                await connection.rollback()

    async def _known(self, connection: AsyncConnection, content: FiledContent) -> RowMapping | None:
        query = select(t.intake).where(
            t.intake.c.source == content.source, t.intake.c.source_event_id == content.source_event_id
        )
        return (await connection.execute(query)).mappings().one_or_none()

    async def _next(self, connection: AsyncConnection, city: str, year: int, ledger: Ledger) -> str:
        letter = LEDGER_LETTERS[ledger]
        statement = (
            insert(t.series)
            .values(city=city, year=year, ledger=letter, last=1)
            .on_conflict_do_update(index_elements=["city", "year", "ledger"], set_={"last": t.series.c.last + 1})
            .returning(t.series.c.last)
        )
        last = (await connection.execute(statement)).scalar_one()
        return f"{city}-{year}-{letter}-{last:06d}"

    async def _claim(
        self, connection: AsyncConnection, content: FiledContent, digest: bytes, reservation: Reservation
    ) -> bool:
        statement = (
            insert(t.intake)
            .values(
                source=content.source,
                source_event_id=content.source_event_id,
                content_hash=digest,
                case_number=reservation.number,
                tracking_code=reservation.tracking_code,
                reserved_at=self._clock(),
            )
            .on_conflict_do_nothing(index_elements=["source", "source_event_id"])
            .returning(t.intake.c.case_number)
        )
        return (await connection.execute(statement)).scalar_one_or_none() is not None


def _same(row: RowMapping, digest: bytes, content: FiledContent, code: str) -> Reservation:
    if row["content_hash"] != digest:
        raise UserError(
            "source_event_conflict",
            zh=f"来源 {content.source} 的编号 {content.source_event_id} 已登记为 {row['case_number']}，"
            "但内容不同；更正请用“补正”，新件请用新编号。",
            en=f"Source {content.source} has sent id {content.source_event_id} before with other content"
            f" (case {row['case_number']}); amend that case, or send a new message under a new id.",
            source=content.source,
            source_event_id=content.source_event_id,
            number=row["case_number"],
        )
    return Reservation(
        number=row["case_number"],
        tracking_code=row["tracking_code"],
        known=row["tracking_code"] != code,
        filed=row["filed_at"] is not None,
    )


def new_tracking_code() -> str:
    """A random code by which the public asks for a case."""
    return "".join(secrets.choice(TRACKING_ALPHABET) for _ in range(TRACKING_LENGTH))
