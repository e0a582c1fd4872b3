"""Giving out case numbers: once per message of a source, without gaps that nobody can see."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from asyncpg.exceptions import UniqueViolationError
from pydantic import Field
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from activities.record.case_record import Clock, utc_now
from activities.record.codes import REPEATED_WITHIN, NewCode, TrackingCodes, new_code
from activities.record.driver.direct import RawExecutor
from schemas.kernel.errors import UserError
from schemas.kernel.model import Frozen
from schemas.kernel.worktime import local_day
from schemas.petition.events import FiledContent
from schemas.petition.state import Ledger
from schemas.proposals.similarity import bands, signature
from schemas.record import tables as t
from schemas.sealing.factors import Factor, factor_of
from schemas.sealing.keys import KeyRing

LEDGER_LETTERS = {Ledger.SUGGESTION: "S", Ledger.CLAIM: "C", Ledger.COMPLAINT: "P"}


class Reservation(Frozen):
    """The number a message has. ``known``: it had it before; ``filed``: its case is in the record already.

    ``tracking_code`` and ``pin`` are empty where they are shown no more, the latter also where ``factor`` is another.
    """

    number: str
    tracking_code: str = Field(default="", repr=False)
    pin: str = Field(default="", repr=False)
    factor: Factor = Factor.PIN
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


class CaseNumberAllocator:
    """Reserves numbers in one database, and makes the codes by which the public asks for them."""

    def __init__(self, engine: AsyncEngine, keyring: KeyRing, *, clock: Clock = utc_now) -> None:
        self._codes = TrackingCodes(engine, keyring, clock=clock)
        self._direct = RawExecutor(engine)
        self._clock = clock

    async def reserve(
        self,
        content: FiledContent,
        city: str,
        received_at: datetime,
        *,
        code: NewCode | None = None,
        minima: Sequence[int] | None = None,
    ) -> Reservation:
        """The number of this message: the one it has, or the next of its series (``XA-2026-S-000123``).

        A caller that repeats the call, not knowing whether the first was written, gives the same ``code``
        (:func:`activities.record.codes.new_code`) each time: a number it reserved itself is then not called known. ``UserError``
        ``source_event_conflict`` if the source has sent other content under the same id before. ``minima``: the signature of its words, where
        that was taken elsewhere.
        """
        new = code or new_code()
        minima = signature(content.title, content.text) if minima is None else minima
        factor = factor_of(self._codes.people(each.sealed for each in content.petitioners))
        year, letter = local_day(received_at).year, LEDGER_LETTERS[content.ledger]
        digest = content_hash(content)
        given = (content.source, content.source_event_id, city, year, letter, f"{city}-{year}-{letter}-", digest)
        signed = (self._clock(), list(minima), list(bands(minima)))
        kept = self._codes.row(new, with_pin=factor is Factor.PIN)
        try:
            (row,) = await self._direct.rows(_RESERVE, *given, *signed, *kept)
        except UniqueViolationError:
            # Another door was faster with the same message: the number went back with the statement, and that door's is there now.
            (row,) = await self._direct.rows(_RESERVE, *given, *signed, *kept)
        return await self._same(row, digest, content, new, factor)

    async def _same(
        self, row: Mapping[str, Any], digest: bytes, content: FiledContent, new: NewCode, factor: Factor
    ) -> Reservation:
        number: str = row["case_number"]
        if row["content_hash"] != digest:
            raise _conflict(content, number)
        reservation = Reservation(
            number=number,
            factor=factor,
            known=row["code_hash"] != self._codes.hash(new.code),
            filed=row["filed_at"] is not None,
        )
        shown = await self._shown(row, new, reservation)
        if shown is None:
            return reservation
        return reservation.model_copy(update={"tracking_code": shown.code, "pin": shown.pin})

    async def _shown(self, row: Mapping[str, Any], new: NewCode, reservation: Reservation) -> NewCode | None:
        """The code the caller is shown: their own, or again that of the filing they repeat, as long as it is remembered."""
        with_pin = reservation.factor is Factor.PIN
        if not reservation.known:
            return new if with_pin else NewCode(new.code, "")
        if not reservation.filed and row["sealed"] is None:
            # Reserved by the release before, or remembered no more: nobody has seen a code of it that could be lost.
            replaced = await self._codes.reissue(reservation.number, 0, new, with_pin=with_pin, unseen=True)
            return NewCode(new.code, new.pin if with_pin else "") if replaced else None
        lately = row["issued_at"] is not None and self._clock() - row["issued_at"] < REPEATED_WITHIN
        if row["sealed"] is None or (reservation.filed and not lately):
            return None
        return self._codes.opened(row["key_id"], row["sealed"])


async def given_numbers(engine: AsyncEngine, source: str, ids: Iterable[str]) -> dict[str, tuple[str, bytes]]:
    """The numbers and content hashes of those messages of a source that have one, by their id there; reserves nothing."""
    intake = t.intake
    query = select(intake.c.source_event_id, intake.c.case_number, intake.c.content_hash).where(
        intake.c.source == source, intake.c.source_event_id.in_(list(ids))
    )
    async with engine.connect() as connection:
        rows = (await connection.execute(query)).all()
    return {row.source_event_id: (row.case_number, row.content_hash) for row in rows}


_RESERVE = (
    "WITH known AS (SELECT content_hash, intake.case_number, filed_at, code_hash, key_id, sealed, issued_at FROM intake"
    " LEFT JOIN tracking_codes codes ON codes.case_number = intake.case_number"
    " WHERE source = $1 AND source_event_id = $2),"
    " next AS (INSERT INTO series AS old (city, year, ledger, last)"
    " SELECT $3, $4, $5, 1 WHERE NOT EXISTS (SELECT FROM known)"
    " ON CONFLICT (city, year, ledger) DO UPDATE SET last = old.last + 1 RETURNING last),"
    " numbered AS (SELECT CAST($6 AS text)"
    " || lpad(CAST(last AS text), greatest(6, length(CAST(last AS text))), '0') AS case_number FROM next),"
    " claimed AS (INSERT INTO intake (source, source_event_id, content_hash, case_number, tracking_code, reserved_at)"
    " SELECT $1, $2, CAST($7 AS bytea), case_number, '#' || case_number, CAST($8 AS timestamptz) FROM numbered"
    " RETURNING content_hash, case_number, filed_at),"
    " signed AS (INSERT INTO resemblances (case_number, signature)"
    " SELECT case_number, CAST($9 AS bigint[]) FROM claimed),"
    " banded AS (INSERT INTO resemblance_bands (band, case_number)"
    " SELECT DISTINCT band, case_number FROM claimed, unnest(CAST($10 AS bigint[])) AS band),"
    " coded AS (INSERT INTO tracking_codes (case_number, issue, key_id, code_hash, pin_hash, sealed, issued_at)"
    " SELECT case_number, 0, CAST($11 AS text), CAST($12 AS bytea), CAST($13 AS bytea), CAST($14 AS bytea),"
    " CAST($8 AS timestamptz) FROM claimed"
    # What was left by a number that was given out and is given out again belongs to nobody.
    " ON CONFLICT (case_number) DO UPDATE SET issue = 0, key_id = excluded.key_id, code_hash = excluded.code_hash,"
    " pin_hash = excluded.pin_hash, sealed = excluded.sealed, issued_at = excluded.issued_at, taken_over = false"
    " RETURNING code_hash, key_id, sealed, issued_at)"
    " SELECT * FROM known UNION ALL SELECT claimed.*, coded.* FROM claimed, coded"
)
"""The message's number: the one it has, or else the next of the series, its message, its signature and its code, in one step: while it lasts
every other door waits for the series.
"""


def _conflict(content: FiledContent, number: str) -> UserError:
    return UserError(
        "source_event_conflict",
        zh=f"来源 {content.source} 的编号 {content.source_event_id} 已登记为 {number}，"
        "但内容不同；更正请用“补正”，新件请用新编号。",
        en=f"Source {content.source} has sent id {content.source_event_id} before with other content"
        f" (case {number}); amend that case, or send a new message under a new id.",
        source=content.source,
        source_event_id=content.source_event_id,
        number=number,
    )
