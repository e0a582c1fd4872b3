"""Who is signed in at a browser. The browser holds a random secret; the database only its hash, so that a copy of it opens nothing."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from activities.access.ending import SESSION_NAME, Note, is_shut_out, over
from activities.record.case_record import Clock, utc_now
from schemas.kernel.errors import UserError
from schemas.kernel.model import Frozen
from schemas.policy import DoorPolicy
from schemas.record import tables as t

IDLE: Final = timedelta(minutes=DoorPolicy().session_idle_minutes)
"""A session nobody used for so long is over, unless the policy says otherwise."""
WHOLE: Final = timedelta(hours=DoorPolicy().session_hours)
"""A session is over after so long however much it was used, unless the policy says otherwise: about a day's work."""
SEEN_EVERY: Final = timedelta(minutes=1)
"""How exactly the last use is known; not every request writes."""

SECRET_BYTES: Final = 32


class Session(NamedTuple):
    """A session that holds. ``csrf``: what its forms carry. ``name``: what may be told of it, ``s-…``."""

    person: str
    csrf: str
    language: str
    name: str


class SessionView(Frozen):
    """A session as its owner sees it; times are aware, UTC. ``place``: where it was begun, empty where an earlier release did not note it."""

    name: str
    person: str
    place: str
    created_at: datetime
    seen_at: datetime
    expires_at: datetime


class Begun(NamedTuple):
    """A new session, and the secret the browser is to keep."""

    secret: str
    session: Session


class Sessions:
    """The sessions of one database. Errors are the database's own."""

    def __init__(self, engine: AsyncEngine, *, clock: Clock = utc_now) -> None:
        self._engine = engine
        self._clock = clock

    def now(self) -> datetime:
        """The moment by which sessions are over or not."""
        return self._clock()

    async def begin(
        self, person: str, language: str, *, place: str = "", idle: timedelta = IDLE, whole: timedelta = WHOLE
    ) -> Begun:
        """A session with an id of its own: whatever the browser held before is of no use to whoever planted it."""
        now, secret, csrf = self._clock(), secrets.token_urlsafe(SECRET_BYTES), secrets.token_urlsafe(SECRET_BYTES)
        row = {
            "id": _id(secret),
            "person": person,
            "csrf": csrf,
            "language": language,
            "created_at": now,
            "seen_at": now,
            "expires_at": now + whole,
            "place": place,
        }
        async with self._engine.begin() as connection:
            await connection.execute(delete(t.sessions).where(over(now, idle)))
            name = await connection.execute(insert(t.sessions).values(row).returning(SESSION_NAME))
            return Begun(secret, Session(person, csrf, language, name.scalar_one()))

    async def find(self, secret: str, *, used: bool = True, idle: timedelta = IDLE) -> Session | None:
        """The session of that secret, if it is not over and its person not shut out. Using it keeps it from going idle; ``used`` False only looks."""
        sessions, now = t.sessions, self._clock()
        columns = (
            sessions.c.person,
            sessions.c.csrf,
            sessions.c.language,
            SESSION_NAME.label("name"),
            sessions.c.seen_at,
        )
        query = select(*columns).where(sessions.c.id == _id(secret), ~over(now, idle), ~is_shut_out(sessions.c.person))
        async with self._engine.connect() as connection:
            row = (await connection.execute(query)).one_or_none()
        if row is None:
            return None
        if used and now - row.seen_at >= SEEN_EVERY:
            async with self._engine.begin() as connection:
                await connection.execute(update(sessions).where(sessions.c.id == _id(secret)).values(seen_at=now))
        return Session(row.person, row.csrf, row.language, row.name)

    async def end(self, secret: str, *, note: Note | None = None) -> None:
        """Ends a session; one that is over already stays so."""
        async with self._engine.begin() as connection:
            ended = await connection.execute(delete(t.sessions).where(t.sessions.c.id == _id(secret)))
            if note is not None and ended.rowcount:
                await note(connection, {})

    async def end_all(self, person: str, *, but: str = "", note: Note | None = None) -> list[str]:
        """Ends every session of a person, but the one of that name; gives the names of those that ended."""
        sessions = t.sessions
        statement = delete(sessions).where(sessions.c.person == person, SESSION_NAME.is_distinct_from(but))
        async with self._engine.begin() as connection:
            ended = list((await connection.execute(statement.returning(SESSION_NAME))).scalars())
            if note is not None:
                for name in ended:
                    await note(connection, {"account": person, "session": name})
            return ended

    async def end_named(self, person: str, name: str, *, note: Note | None = None) -> None:
        """Ends that session of that person. ``UserError`` ``session_unknown``, also for somebody else's."""
        sessions = t.sessions
        async with self._engine.begin() as connection:
            ended = await connection.execute(
                delete(sessions).where(sessions.c.person == person, SESSION_NAME.in_([name]))
            )
            if note is not None and ended.rowcount:
                await note(connection, {"account": person, "session": name})
        if not ended.rowcount:
            raise UserError(
                "session_unknown",
                zh=f"没有编号为 {name} 的登录，可能已经退出；请刷新列表。",
                en=f"There is no session {name}; it may be over already. Look at the list again.",
                session=name,
            )

    async def of(self, person: str, *, idle: timedelta = IDLE) -> list[SessionView]:
        """The sessions of a person that are not over, the one used last first."""
        sessions = t.sessions
        query = (
            select(
                *(sessions.c[each] for each in SessionView.model_fields if each != "name"), SESSION_NAME.label("name")
            )
            .where(sessions.c.person == person, ~over(self._clock(), idle))
            .order_by(sessions.c.seen_at.desc(), sessions.c.id)
        )
        async with self._engine.connect() as connection:
            return [SessionView.model_validate(dict(row)) for row in (await connection.execute(query)).mappings()]


def _id(secret: str) -> bytes:
    # 256 random bits need no slow hash: nobody can try them all.
    return hashlib.sha256(secret.encode()).digest()
