"""API tokens: what a machine shows to act as a person of the organisation. Only a hash of the secret is stored; it is shown once."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Final, NamedTuple, cast

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from activities.access.ending import Note, is_shut_out
from activities.record.case_record import Clock, utc_now
from activities.record.migrate import at_once
from schemas.access import check_scopes
from schemas.kernel.errors import UserError
from schemas.kernel.model import Frozen
from schemas.policy import DoorPolicy
from schemas.record import tables as t

GOOD_FOR: Final = timedelta(days=DoorPolicy().token_days)
"""How long a token is good for where nobody says."""
USED_EVERY: Final = timedelta(minutes=1)
"""How exactly the last use is known; not every request writes."""

_FORM: Final = re.compile(r"szt_([0-9a-f]{16})_([A-Za-z0-9_-]{43})")
"""The prefix lets a scanner of repositories and logs find one that was left there."""


class TokenView(Frozen):
    """A token as the administrator sees it; times are aware, UTC."""

    id: str
    person: str
    label: str
    scopes: tuple[str, ...]
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None
    used_at: datetime | None

    def stands(self, now: datetime) -> bool:
        """Whether it still opens something."""
        return self.revoked_at is None and self.expires_at > now


class Issued(NamedTuple):
    """A new token and its text, which nobody can show again."""

    text: str
    view: TokenView


class Tokens:
    """The tokens of one database. Errors other than ``UserError`` are the database's own."""

    def __init__(self, engine: AsyncEngine, *, clock: Clock = utc_now) -> None:
        self._engine = engine
        self._at_once = at_once(engine)
        self._clock = clock

    async def create(
        self,
        person: str,
        scopes: Collection[str],
        *,
        label: str = "",
        expires_at: datetime | None = None,
        note: Note | None = None,
    ) -> Issued:
        """A token that acts as ``person`` within ``scopes``, until ``expires_at`` or for 90 days. ``UserError`` ``scope_unknown``."""
        name, secret, now = secrets.token_hex(8), secrets.token_urlsafe(32), self._clock()
        view = TokenView(
            id=name,
            person=person,
            label=label,
            scopes=check_scopes(scopes),
            created_at=now,
            expires_at=expires_at or now + GOOD_FOR,
            revoked_at=None,
            used_at=None,
        )
        async with self._engine.begin() as connection:
            await connection.execute(insert(t.tokens), view.model_dump() | {"secret": _hash(secret)})
            if note is not None:
                until = view.expires_at.isoformat()
                await note(connection, {"account": person, "token": name, "scopes": list(view.scopes), "until": until})
        return Issued(f"szt_{name}_{secret}", view)

    async def shown(self, text: str) -> TokenView:
        """The token of that text. ``UserError`` ``token_invalid`` for one that is unknown, revoked, has expired or acts for somebody who is shut out: not said which."""
        form, now = _FORM.fullmatch(text), self._clock()
        row = None
        if form is not None:
            async with self._at_once.connect() as connection:
                query = select(t.tokens).where(t.tokens.c.id == form[1], ~is_shut_out(t.tokens.c.person))
                row = (await connection.execute(query)).mappings().one_or_none()
        if form is None or row is None or not hmac.compare_digest(row["secret"], _hash(form[2])):
            raise _invalid()
        view = _view(dict(row))
        if not view.stands(now):
            raise _invalid()
        if view.used_at is None or now - view.used_at >= USED_EVERY:
            async with self._engine.begin() as connection:
                await connection.execute(update(t.tokens).where(t.tokens.c.id == view.id).values(used_at=now))
        return view

    async def revoke(self, name: str, *, person: str | None = None, note: Note | None = None) -> TokenView:
        """Ends a token for good, and gives it as it was. ``person``: only one that acts as them. ``UserError`` ``token_unknown``; one revoked
        before keeps the moment of that.
        """
        tokens = t.tokens
        query = select(tokens).where(tokens.c.id == name)
        if person is not None:
            query = query.where(tokens.c.person == person)
        async with self._engine.begin() as connection:
            found = (await connection.execute(query)).mappings().one_or_none()
            if found is None:
                raise UserError(
                    "token_unknown",
                    zh=f"没有编号为 {name} 的令牌；sanzhang token list 可查。",
                    en=f"There is no token {name}; see sanzhang token list.",
                    token=name,
                )
            ended = await connection.execute(
                update(tokens)
                .where(tokens.c.id == name, tokens.c.revoked_at.is_(None))
                .values(revoked_at=self._clock())
            )
            if note is not None and ended.rowcount:
                await note(connection, {"account": found["person"], "token": name})
        return _view(dict(found))

    async def revoke_all(self, person: str, *, note: Note | None = None) -> list[str]:
        """Ends every token that acts as that person, for good; gives their ids."""
        tokens = t.tokens
        statement = (
            update(tokens)
            .where(tokens.c.person == person, tokens.c.revoked_at.is_(None))
            .values(revoked_at=self._clock())
            .returning(tokens.c.id)
        )
        async with self._engine.begin() as connection:
            ended = list((await connection.execute(statement)).scalars())
            if note is not None:
                for name in ended:
                    await note(connection, {"account": person, "token": name})
            return ended

    async def listed(self, person: str | None = None) -> list[TokenView]:
        """All tokens, or those that act as ``person``, newest first; those that are over too."""
        query = select(t.tokens).order_by(t.tokens.c.created_at.desc(), t.tokens.c.id)
        if person is not None:
            query = query.where(t.tokens.c.person == person)
        async with self._engine.connect() as connection:
            return [_view(dict(row)) for row in (await connection.execute(query)).mappings()]


def _view(row: dict[str, object]) -> TokenView:
    said = {name: row[name] for name in TokenView.model_fields}
    if said["expires_at"] is None:
        # Made by an earlier release that still ran when the tokens there were got their end.
        said["expires_at"] = cast("datetime", said["created_at"]) + GOOD_FOR
    return TokenView.model_validate(said)


def _hash(secret: str) -> bytes:
    # 256 random bits need no slow hash: nobody can try them all.
    return hashlib.sha256(secret.encode()).digest()


def _invalid() -> UserError:
    return UserError(
        "token_invalid",
        zh="令牌无效、已撤销或已过期，请向管理员索取新的令牌。",
        en="The token is not valid, was revoked or has expired; ask the administrator for a new one.",
    )
