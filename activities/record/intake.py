"""Giving out case numbers: once per message of a source, without gaps that nobody can see."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from asyncpg.exceptions import UniqueViolationError
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from activities.record.case_record import Clock, utc_now
from activities.record.driver.direct import Direct
from schemas.errors import UserError
from schemas.events import FiledContent
from schemas.petition import Frozen, Ledger
from schemas.proposals.similarity import bands, signature
from schemas.record import tables as t
from schemas.worktime import local_day

LEDGER_LETTERS = {Ledger.SUGGESTION: "S", Ledger.CLAIM: "C", Ledger.COMPLAINT: "P"}

TRACKING_ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
"""Without the characters people confuse when they read a code aloud."""

TRACKING_LENGTH = 12


class Reservation(Frozen):
    """The number a message has. ``known``: it had it before; ``filed``: its case is in the record already."""

    number: str
    tracking_code: str
    known: bool = False
    filed: bool = False


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
        self._direct = Direct(engine)
        self._clock = clock

    async def reserve(
        self, content: FiledContent, city: str, received_at: datetime, *, tracking_code: str | None = None
    ) -> Reservation:
        """The number of this message: the one it has, or the next of its series (``XA-2026-S-000123``).

        A caller that repeats the call, not knowing whether the first was written, gives the same ``tracking_code`` (:func:`new_tracking_code`)
        each time: a number it reserved itself is then not called known. ``UserError`` ``source_event_conflict`` if the source has sent other
        content under the same id before.
        """
        code = tracking_code or new_tracking_code()
        minima = signature(content.title, content.text)
        year, letter = local_day(received_at).year, LEDGER_LETTERS[content.ledger]
        digest = content_hash(content)
        given = (content.source, content.source_event_id, city, year, letter, f"{city}-{year}-{letter}-")
        signed = (self._clock(), list(minima), list(bands(minima)))
        try:
            (row,) = await self._direct.rows(_RESERVE, *given, digest, code, *signed)
        except UniqueViolationError:
            # Another door was faster with the same message: the number went back with the statement, and that door's is there now.
            (row,) = await self._direct.rows(_RESERVE, *given, digest, code, *signed)
        return _same(row, digest, content, code)

    async def given(self, source: str, ids: Iterable[str]) -> dict[str, tuple[str, bytes]]:
        """The numbers and content hashes of those messages of a source that have one, by their id there; reserves nothing."""
        intake = t.intake
        query = select(intake.c.source_event_id, intake.c.case_number, intake.c.content_hash).where(
            intake.c.source == source, intake.c.source_event_id.in_(list(ids))
        )
        async with self._engine.connect() as connection:
            rows = (await connection.execute(query)).all()
        return {row.source_event_id: (row.case_number, row.content_hash) for row in rows}


_RESERVE = (
    "WITH known AS (SELECT content_hash, case_number, tracking_code, filed_at FROM intake"
    " WHERE source = $1 AND source_event_id = $2),"
    " next AS (INSERT INTO series AS old (city, year, ledger, last)"
    " SELECT $3, $4, $5, 1 WHERE NOT EXISTS (SELECT FROM known)"
    " ON CONFLICT (city, year, ledger) DO UPDATE SET last = old.last + 1 RETURNING last),"
    " claimed AS (INSERT INTO intake (source, source_event_id, content_hash, case_number, tracking_code, reserved_at)"
    " SELECT $1, $2, CAST($7 AS bytea),"
    " CAST($6 AS text) || lpad(CAST(last AS text), greatest(6, length(CAST(last AS text))), '0'),"
    " CAST($8 AS text), CAST($9 AS timestamptz) FROM next"
    " RETURNING content_hash, case_number, tracking_code, filed_at),"
    " signed AS (INSERT INTO resemblances (case_number, signature)"
    " SELECT case_number, CAST($10 AS bigint[]) FROM claimed),"
    " banded AS (INSERT INTO resemblance_bands (band, case_number)"
    " SELECT DISTINCT band, case_number FROM claimed, unnest(CAST($11 AS bigint[])) AS band)"
    " SELECT * FROM known UNION ALL SELECT * FROM claimed"
)
"""The message's number: the one it has, or else the next of the series, its message and its signature, in one step: while it lasts every other
door waits for the series.
"""


def _same(row: Mapping[str, Any], digest: bytes, content: FiledContent, code: str) -> Reservation:
    number: str = row["case_number"]
    if row["content_hash"] != digest:
        raise UserError(
            "source_event_conflict",
            zh=f"来源 {content.source} 的编号 {content.source_event_id} 已登记为 {number}，"
            "但内容不同；更正请用“补正”，新件请用新编号。",
            en=f"Source {content.source} has sent id {content.source_event_id} before with other content"
            f" (case {number}); amend that case, or send a new message under a new id.",
            source=content.source,
            source_event_id=content.source_event_id,
            number=number,
        )
    return Reservation(
        number=number,
        tracking_code=row["tracking_code"],
        known=row["tracking_code"] != code,
        filed=row["filed_at"] is not None,
    )


def new_tracking_code() -> str:
    """A random code by which the public asks for a case."""
    return "".join(secrets.choice(TRACKING_ALPHABET) for _ in range(TRACKING_LENGTH))
