"""Who is signed in at a browser. The browser holds a random secret; the database only its hash, so that a copy of it opens nothing."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from sqlalchemy import ColumnElement, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from activities.record.case_record import Clock, utc_now
from schemas.record import tables as t

IDLE: Final = timedelta(hours=2)
"""A session nobody used for so long is over."""
WHOLE: Final = timedelta(hours=12)
"""A session is over after so long however much it was used: about a day's work."""
SEEN_EVERY: Final = timedelta(minutes=1)
"""How exactly the last use is known; not every request writes."""

SECRET_BYTES: Final = 32


class Session(NamedTuple):
    """A session that holds. ``csrf``: what its forms carry."""

    person: str
    csrf: str
    language: str


class Begun(NamedTuple):
    """A new session, and the secret the browser is to keep."""

    secret: str
    session: Session


class Sessions:
    """The sessions of one database. Errors are the database's own."""

    def __init__(self, engine: AsyncEngine, *, clock: Clock = utc_now) -> None:
        self._engine = engine
        self._clock = clock

    async def begin(self, person: str, language: str) -> Begun:
        """A session with an id of its own: whatever the browser held before is of no use to whoever planted it."""
        now, secret = self._clock(), secrets.token_urlsafe(SECRET_BYTES)
        session = Session(person, secrets.token_urlsafe(SECRET_BYTES), language)
        row = {
            "id": _id(secret),
            "person": person,
            "csrf": session.csrf,
            "language": language,
            "created_at": now,
            "seen_at": now,
            "expires_at": now + WHOLE,
        }
        async with self._engine.begin() as connection:
            await connection.execute(delete(t.sessions).where(_over(now)))
            await connection.execute(insert(t.sessions), row)
        return Begun(secret, session)

    async def find(self, secret: str, *, used: bool = True) -> Session | None:
        """The session of that secret, if it is not over. Using it keeps it from going idle; ``used`` False only looks."""
        sessions, now = t.sessions, self._clock()
        query = select(sessions.c.person, sessions.c.csrf, sessions.c.language, sessions.c.seen_at)
        async with self._engine.connect() as connection:
            row = (await connection.execute(query.where(sessions.c.id == _id(secret), ~_over(now)))).one_or_none()
        if row is None:
            return None
        if used and now - row.seen_at >= SEEN_EVERY:
            async with self._engine.begin() as connection:
                await connection.execute(update(sessions).where(sessions.c.id == _id(secret)).values(seen_at=now))
        return Session(row.person, row.csrf, row.language)

    async def end(self, secret: str) -> None:
        """Ends a session; one that is over already stays so."""
        async with self._engine.begin() as connection:
            await connection.execute(delete(t.sessions).where(t.sessions.c.id == _id(secret)))

    async def end_all(self, person: str) -> None:
        """Ends every session of a person."""
        async with self._engine.begin() as connection:
            await connection.execute(delete(t.sessions).where(t.sessions.c.person == person))


def _id(secret: str) -> bytes:
    # 256 random bits need no slow hash: nobody can try them all.
    return hashlib.sha256(secret.encode()).digest()


def _over(now: datetime) -> ColumnElement[bool]:
    return (t.sessions.c.expires_at <= now) | (t.sessions.c.seen_at <= now - IDLE)
