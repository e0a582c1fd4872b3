"""Tracking codes and PINs: made here, shown once, kept as keyed hashes.

Whoever has the database but not the key can neither read nor try codes; whoever has a case on the desk's screen has nothing to rate it with.
"""

from __future__ import annotations

import hmac
import json
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncEngine

from activities.keys import seal, unseal
from activities.personal import open_
from activities.record.case_record import Clock, utc_now
from schemas.kernel.errors import UserError
from schemas.record import tables as t
from schemas.sealing import tracking
from schemas.sealing.factors import PIN_LENGTH, Factor, factor_of, plain_answer, proven
from schemas.sealing.keys import KeyRing, Purpose, SealBrokenError
from schemas.sealing.personal import PersonalData, SealedPersonal

REPEATED_WITHIN: Final = timedelta(days=1)
"""For how long a filing that is repeated under its own key is shown its code again: its first answer may have been lost on the way."""

IN_CLEAR_FOR: Final = timedelta(days=1)
"""How long codes of before stay readable for gateways of the release before, once they have been taken over."""

STEP: Final = 500


@dataclass(frozen=True)
class NewCode:
    """A code and a PIN that were just made. Neither is shown by ``repr``."""

    code: str = field(repr=False)
    pin: str = field(repr=False)


def new_code() -> NewCode:
    """Random ones; the PIN is for cases where no number that was given serves."""
    return NewCode(
        code="".join(secrets.choice(tracking.ALPHABET) for _ in range(tracking.LENGTH)),
        pin="".join(secrets.choice("0123456789") for _ in range(PIN_LENGTH)),
    )


@dataclass(frozen=True)
class Kept:
    """What is kept of a case's code; ``people``: whose numbers prove somebody to be the petitioner."""

    number: str
    code: str = field(repr=False)
    issue: int
    taken_over: bool
    key_id: str
    pin_hash: bytes | None
    people: tuple[PersonalData, ...] = field(repr=False)


class TrackingCodes:
    """The codes of one database."""

    def __init__(self, engine: AsyncEngine, keyring: KeyRing, *, clock: Clock = utc_now) -> None:
        self._engine = engine
        self._keyring = keyring
        self._clock = clock

    def hash(self, code: str, *, key_id: str | None = None) -> bytes:
        """By which a code is found, under the current key unless told."""
        return self._keyed(key_id or self._keyring.current, f"code:{code}")

    def pin_hash(self, new: NewCode, *, key_id: str | None = None) -> bytes:
        """By which a PIN is compared; bound to its code, without which nobody can try PINs."""
        return self._keyed(key_id or self._keyring.current, f"pin:{new.code}:{new.pin}")

    def row(self, new: NewCode, *, with_pin: bool) -> tuple[str, bytes, bytes | None, bytes]:
        """What is kept of a new code: the key's id, the hashes of code and PIN, and both sealed under that key."""
        said = {"code": new.code} | ({"pin": new.pin} if with_pin else {})
        key_id, sealed = seal(self._keyring, Purpose.TRACKING, json.dumps(said).encode())
        return key_id, self.hash(new.code), self.pin_hash(new) if with_pin else None, sealed

    def opened(self, key_id: str, sealed: bytes) -> NewCode:
        """What was sealed; the PIN is empty where there is none."""
        said: dict[str, str] = json.loads(unseal(self._keyring, Purpose.TRACKING, key_id, sealed))
        return NewCode(code=said["code"], pin=said.get("pin", ""))

    def people(self, sealed: Iterable[SealedPersonal | None]) -> tuple[PersonalData, ...]:
        """Who they are. Data that does not open serves nobody as a proof."""
        found: list[PersonalData] = []
        for each in sealed:
            try:
                found += [open_(self._keyring, each)] if each is not None else []
            except (SealBrokenError, UserError):
                continue
        return tuple(found)

    async def number(self, said: str) -> str | None:
        """The case with that code, as people type it; None where no case that is in the record has it."""
        try:
            code = tracking.folded(said)
        except UserError:
            return None
        found = await self._found(code) if code else None
        return found["case_number"] if found is not None else None

    async def find(self, code: str) -> Kept | None:
        """What is kept of the case with that code (:func:`tracking.folded`), a code that was re-issued since included."""
        row = await self._found(code)
        if row is None:
            return None
        return Kept(
            number=row["case_number"],
            code=code,
            issue=row["issue"],
            taken_over=row["taken_over"],
            key_id=row["key_id"],
            pin_hash=row["pin_hash"],
            people=await self._people(row["case_number"]),
        )

    async def factor(self, number: str) -> Factor:
        """What is asked for besides the code of that case, by what its petitioners have given."""
        return factor_of(await self._people(number))

    async def _people(self, number: str) -> tuple[PersonalData, ...]:
        people = select(t.petitioners.c.sealed).where(t.petitioners.c.case_number == number)
        async with self._engine.connect() as connection:
            sealed = (await connection.execute(people.order_by(t.petitioners.c.position))).scalars().all()
        return self.people(SealedPersonal.model_validate(each) if each else None for each in sealed)

    def proven(self, kept: Kept, said: str) -> Factor | None:
        """By what the answer proves that it comes from a petitioner of the case; None where it proves nothing."""
        found = proven(kept.people, said)
        if kept.pin_hash is not None:
            own = self.pin_hash(NewCode(kept.code, plain_answer(said)), key_id=kept.key_id)
            if hmac.compare_digest(own, kept.pin_hash):
                found = found or Factor.PIN
        return found

    async def used(self, number: str) -> None:
        """The petitioner has it: nobody is shown it again, however a filing is repeated."""
        async with self._engine.begin() as connection:
            await connection.execute(_FORGET, {"number": number})

    async def reissue(self, number: str, issue: int, new: NewCode, *, with_pin: bool, unseen: bool = False) -> bool:
        """Puts a new code in the place of the one before; False where that issue, or a later one, is there already. ``unseen``: nobody can have
        been shown that one.
        """
        row = {
            "unseen": unseen,
            "number": number,
            "issue": issue,
            "key_id": self._keyring.current,
            "code_hash": self.hash(new.code),
            "pin_hash": self.pin_hash(new) if with_pin else None,
            "at": self._clock(),
        }
        async with self._engine.begin() as connection:
            return (await connection.execute(_REISSUE, row)).first() is not None

    async def tidy(self) -> int:
        """Takes over codes that stand in clear, empties them a day later, and forgets what was kept for repeated filings; how many were taken
        over. Safe to repeat, to interrupt, and from several processes at once.
        """
        now, taken = self._clock(), 0
        while True:
            async with self._engine.begin() as connection:
                rows = (await connection.execute(_IN_CLEAR, {"step": STEP})).all()
                found = [
                    {
                        "number": row.case_number,
                        "key_id": self._keyring.current,
                        "code_hash": self.hash(row.tracking_code),
                        "at": now,
                    }
                    for row in rows
                ]
                if found:
                    await connection.execute(_TAKE_OVER, found)
            taken += len(rows)
            if len(rows) < STEP:
                break
        for statement, age in ((_EMPTY, IN_CLEAR_FOR), (_FORGET_OLD, REPEATED_WITHIN)):
            while True:
                async with self._engine.begin() as connection:
                    done = await connection.execute(statement, {"until": now - age, "step": STEP})
                if done.rowcount < STEP:
                    break
        return taken

    async def _found(self, code: str) -> Any:
        hashes = [self.hash(code, key_id=key_id) for key_id in self._keyring.ids]
        async with self._engine.connect() as connection:
            row = (await connection.execute(_FIND, {"hashes": hashes})).mappings().first()
            if row is not None:
                return row
            # Given out a moment ago by a gateway of the release before, which still runs beside this one.
            return (await connection.execute(_FIND_IN_CLEAR, {"code": code})).mappings().first()

    def _keyed(self, key_id: str, said: str) -> bytes:
        return hmac.digest(self._keyring.derived(key_id, Purpose.TRACKING), said.encode(), "sha256")


_FIND: Final = text(
    "SELECT codes.case_number, issue, key_id, pin_hash, taken_over FROM tracking_codes codes"
    " JOIN intake ON intake.case_number = codes.case_number AND intake.filed_at IS NOT NULL"
    " WHERE code_hash = ANY(:hashes)"
)

_FIND_IN_CLEAR: Final = text(
    "SELECT case_number, 0 AS issue, '' AS key_id, CAST(NULL AS bytea) AS pin_hash, true AS taken_over FROM intake"
    " WHERE tracking_code = :code AND filed_at IS NOT NULL"
    " AND NOT EXISTS (SELECT FROM tracking_codes codes WHERE codes.case_number = intake.case_number)"
)

_IN_CLEAR: Final = text(
    "SELECT case_number, tracking_code FROM intake WHERE left(tracking_code, 1) <> '#' AND filed_at IS NOT NULL"
    " AND NOT EXISTS (SELECT FROM tracking_codes codes WHERE codes.case_number = intake.case_number)"
    " ORDER BY case_number LIMIT :step"
)

_TAKE_OVER: Final = text(
    "INSERT INTO tracking_codes (case_number, issue, key_id, code_hash, issued_at, taken_over)"
    " VALUES (:number, 0, :key_id, :code_hash, :at, true) ON CONFLICT (case_number) DO NOTHING"
)

_EMPTY: Final = text(
    "UPDATE intake SET tracking_code = '#' || case_number WHERE case_number IN (SELECT intake.case_number FROM intake"
    " JOIN tracking_codes codes ON codes.case_number = intake.case_number AND codes.issued_at < :until"
    " WHERE left(intake.tracking_code, 1) <> '#' LIMIT :step FOR UPDATE OF intake SKIP LOCKED)"
)

_FORGET: Final = text("UPDATE tracking_codes SET sealed = NULL WHERE case_number = :number AND sealed IS NOT NULL")

_FORGET_OLD: Final = text(
    "UPDATE tracking_codes SET sealed = NULL WHERE case_number IN (SELECT codes.case_number FROM tracking_codes codes"
    " JOIN intake ON intake.case_number = codes.case_number AND intake.filed_at IS NOT NULL"
    " WHERE codes.sealed IS NOT NULL AND codes.issued_at < :until LIMIT :step FOR UPDATE OF codes SKIP LOCKED)"
)
"""Of a number whose filing never arrived nobody has seen the code yet."""

_REISSUE: Final = text(
    "INSERT INTO tracking_codes AS old (case_number, issue, key_id, code_hash, pin_hash, issued_at)"
    " VALUES (:number, :issue, :key_id, :code_hash, :pin_hash, :at)"
    " ON CONFLICT (case_number) DO UPDATE SET issue = excluded.issue, key_id = excluded.key_id, code_hash = excluded.code_hash,"
    " pin_hash = excluded.pin_hash, sealed = NULL, issued_at = excluded.issued_at, taken_over = false"
    " WHERE old.issue < excluded.issue OR CAST(:unseen AS boolean) OR old.code_hash = excluded.code_hash RETURNING case_number"
)
