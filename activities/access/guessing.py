"""Counting failed sign-ins, so that guessing is slow and the owner of an account still gets in."""

from __future__ import annotations

import hashlib
import hmac
import math
import secrets
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from sqlalchemy import case, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from activities.record.case_record import Clock, utc_now
from schemas.access import guessing as rule
from schemas.kernel.errors import UserError
from schemas.record import tables as t
from schemas.sealing.keys import KeyRing, Purpose

MARK_BYTES: Final = 32


class Origin(NamedTuple):
    """Where an attempt comes from. ``mark``: what the browser keeps of earlier sign-ins, empty where it has nothing."""

    place: str
    mark: str = ""


class Knock(NamedTuple):
    """An attempt that may be made. ``delay``: seconds after which it is looked at. ``known``: the account was signed in to from there lately."""

    person: str
    origin: Origin
    known: bool
    delay: float
    here: bytes
    besides: tuple[bytes, ...]


class Guessing:
    """The counts of one database, kept as keyed hashes: who reads them learns neither names nor places."""

    def __init__(self, engine: AsyncEngine, keyring: KeyRing, *, clock: Clock = utc_now) -> None:
        self._engine = engine
        # The oldest key, as for people: with a new one in front every count would begin anew.
        self._key = keyring.derived(keyring.oldest, Purpose.ORIGIN)
        self._clock = clock

    async def knock(self, person: str, origin: Origin) -> Knock:
        """Counts an attempt before it is known to be wrong, so that guesses sent at once count each.

        ``UserError`` ``too_many``, which is the same for accounts there are and for others; then nothing is looked at and nothing counted.
        """
        now = self._clock()
        async with self._engine.begin() as connection:
            known, marked = await self._known(connection, person, origin, now)
            here = self._hash("here", person, origin.mark if marked else origin.place)
            account, place = self._hash("account", person), self._hash("place", origin.place)
            siege = 0 if known else await self._count(connection, account, now)
            besieged = rule.is_besieged(siege)
            waits = [rule.wait_here(n, known=known, besieged=besieged) for n in range(1, _STEPS)]
            await self._counted(connection, here, now, waits, rule.FORGOTTEN, since_last=True)
            besides: tuple[bytes, ...] = ()
            if not known:
                waits = [rule.wait_at_place(n) for n in range(1, rule.PLACE_TRIES + 1)]
                await self._counted(connection, place, now, waits, rule.WINDOW)
                await self._counted(connection, account, now, [timedelta()], rule.WINDOW)
                besides = (place, account)
        return Knock(person, origin, known, rule.delay(siege), here, besides)

    async def welcome(self, knock: Knock) -> str:
        """It was the right password: what was counted for it is taken back, and the origin is known from now on. Gives the mark to keep.

        Several people may share a browser and its mark; one that we never gave is not taken for a mark.
        """
        now = self._clock()
        knocks, known = t.knocks, t.known_origins
        async with self._engine.begin() as connection:
            given = select(known.c.person).where(known.c.origin == self._hash("mark", knock.origin.mark)).limit(1)
            ours = (await connection.execute(given)).one_or_none() is not None
            mark = knock.origin.mark if ours else secrets.token_urlsafe(MARK_BYTES)
            origins = [self._hash("place", knock.origin.place), self._hash("mark", mark)]
            rows = [{"person": knock.person, "origin": each, "seen_at": now} for each in origins]
            seen = insert(known).values(rows)
            await connection.execute(delete(knocks).where(knocks.c.key == knock.here))
            for key in knock.besides:
                # When the place is free again stays as it is: whoever has an account of their own gets no more guesses at others by it.
                less = func.greatest(knocks.c.failures - 1, 0)
                await connection.execute(update(knocks).where(knocks.c.key == key).values(failures=less))
            await connection.execute(
                seen.on_conflict_do_update(index_elements=["person", "origin"], set_={"seen_at": seen.excluded.seen_at})
            )
            await connection.execute(delete(known).where(known.c.seen_at <= now - rule.KNOWN_FOR))
            await connection.execute(
                delete(knocks).where(knocks.c.last_at <= now - rule.FORGOTTEN, knocks.c.free_at <= now)
            )
        return mark

    async def _known(
        self, connection: AsyncConnection, person: str, origin: Origin, now: datetime
    ) -> tuple[bool, bool]:
        """Whether the origin is known to that account, and whether by its mark."""
        known, mark = t.known_origins, self._hash("mark", origin.mark)
        query = select(known.c.origin).where(
            known.c.person == person,
            known.c.origin.in_([self._hash("place", origin.place), mark]),
            known.c.seen_at > now - rule.KNOWN_FOR,
        )
        found = set((await connection.execute(query)).scalars())
        return bool(found), mark in found

    async def _count(self, connection: AsyncConnection, key: bytes, now: datetime) -> int:
        knocks = t.knocks
        query = select(knocks.c.failures).where(knocks.c.key == key, knocks.c.since > now - rule.WINDOW)
        return (await connection.execute(query)).scalar_one_or_none() or 0

    async def _counted(
        self,
        connection: AsyncConnection,
        key: bytes,
        now: datetime,
        waits: list[timedelta],
        window: timedelta,
        *,
        since_last: bool = False,
    ) -> None:
        """Counts one more, if it is free; ``waits``: after the first, the second, … and, for all beyond, the last."""
        knocks = t.knocks
        over = (knocks.c.last_at if since_last else knocks.c.since) <= now - window
        count = case((over, 1), else_=knocks.c.failures + 1)
        steps = [(count == n, now + wait) for n, wait in enumerate(waits, start=1)]
        until = case(*steps, else_=now + waits[-1])
        first = {"key": key, "failures": 1, "since": now, "last_at": now, "free_at": now + waits[0]}
        changed = {
            "failures": count,
            "since": case((over, now), else_=knocks.c.since),
            "last_at": now,
            "free_at": until,
        }
        statement = insert(knocks).values(first)
        counted = statement.on_conflict_do_update(
            index_elements=["key"], set_=changed, where=knocks.c.free_at <= now
        ).returning(knocks.c.failures)
        if (await connection.execute(counted)).scalar_one_or_none() is None:
            free = (await connection.execute(select(knocks.c.free_at).where(knocks.c.key == key))).scalar_one()
            raise too_many(free - now)

    def _hash(self, kind: str, *named: str) -> bytes:
        said = "\0".join((kind, *named)).encode()
        return hmac.new(self._key, said, hashlib.sha256).digest()


_STEPS: Final = rule.TRIES + 12
"""Failures after which waits grow no more."""


def too_many(wait: timedelta) -> UserError:
    """What is told to whoever has to wait."""
    seconds = max(1, math.ceil(wait.total_seconds()))
    return UserError(
        "too_many",
        zh=f"尝试过于频繁，请在 {seconds} 秒后再试；在登录过的浏览器或地点登录不受他人影响。",
        en=f"Too many attempts; try again in {seconds} seconds. Where you have signed in before nobody else slows you down.",
        retry_after=seconds,
    )
