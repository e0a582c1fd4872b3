"""What ends when somebody may no longer come in: every session, every token, and every origin that was known."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, delete, exists, func, literal, or_, select, union_all, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from activities.record.case_record import Clock, utc_now
from schemas.kernel.actor import Actor
from schemas.organisation import Organisation
from schemas.record import tables as t

Note = Callable[[AsyncConnection, Mapping[str, Any]], Awaitable[None]]
"""Writes down what is done, in the transaction in which it is done; the second is what only then is known."""


async def end_all_of(connection: AsyncConnection, person: str, now: datetime) -> dict[str, int]:
    """Ends all of it for that person, in the caller's transaction; gives how much. What ended so comes back by nothing; it is given anew."""
    tokens = t.tokens
    sessions = await connection.execute(delete(t.sessions).where(t.sessions.c.person == person))
    still = (tokens.c.person == person, tokens.c.revoked_at.is_(None))
    revoked = await connection.execute(update(tokens).where(*still).values(revoked_at=now))
    await connection.execute(delete(t.known_origins).where(t.known_origins.c.person == person))
    return {"sessions": sessions.rowcount, "tokens": revoked.rowcount}


async def end_those_who_left(
    engine: AsyncEngine, organisation: Organisation, *, clock: Clock = utc_now, note: Note | None = None
) -> list[str]:
    """Ends all of it for everybody who is not of this organisation; gives who had something to end."""
    sessions, tokens = t.sessions, t.tokens
    query = union_all(select(sessions.c.person), select(tokens.c.person).where(tokens.c.revoked_at.is_(None)))
    async with engine.begin() as connection:
        holding = set((await connection.execute(query)).scalars())
        left = sorted(person for person in holding if not organisation.knows(person))
        for person in left:
            ended = await end_all_of(connection, person, clock())
            if note is not None:
                await note(connection, {"account": person, "left": True, **ended})
    return left


async def holds_something(engine: AsyncEngine, person: str) -> bool:
    """Whether a person has a session, or a token that was not revoked."""
    sessions, tokens = t.sessions, t.tokens
    query = union_all(
        select(sessions.c.person).where(sessions.c.person == person),
        select(tokens.c.person).where(tokens.c.person == person, tokens.c.revoked_at.is_(None)),
    )
    async with engine.connect() as connection:
        return (await connection.execute(query)).first() is not None


async def standing(engine: AsyncEngine, actors: Collection[Actor], now: datetime, idle: timedelta) -> set[str]:
    """The sessions and tokens these came in by, by name, as far as they are not over."""
    sessions, tokens = t.sessions, t.tokens
    people, credentials = {each.id for each in actors}, {each.credential for each in actors}
    query = union_all(
        select(SESSION_NAME).where(
            sessions.c.person.in_(people),
            SESSION_NAME.in_(credentials),
            ~over(now, idle),
            ~is_shut_out(sessions.c.person),
        ),
        select(TOKEN_NAME).where(
            TOKEN_NAME.in_(credentials),
            tokens.c.revoked_at.is_(None),
            or_(tokens.c.expires_at.is_(None), tokens.c.expires_at > now),
            ~is_shut_out(tokens.c.person),
        ),
    )
    async with engine.connect() as connection:
        return set((await connection.execute(query)).scalars())


SESSION_NAME: ColumnElement[str] = literal("s-") + func.substr(func.encode(func.sha256(t.sessions.c.id), "hex"), 1, 16)
"""By what events name a session: tells nothing of what the browser holds."""

TOKEN_NAME: ColumnElement[str] = literal("t-") + t.tokens.c.id
"""By what events name a token."""


def over(now: datetime, idle: timedelta) -> ColumnElement[bool]:
    """Whether a session is over."""
    return (t.sessions.c.expires_at <= now) | (t.sessions.c.seen_at <= now - idle)


def is_shut_out(person: ColumnElement[str]) -> ColumnElement[bool]:
    """Whether that person was disabled: asked with every look at a session or token, so that none begun in the same moment is left over."""
    return exists().where(t.accounts.c.person == person, t.accounts.c.disabled_at.is_not(None))
