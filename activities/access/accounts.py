"""Local accounts: passwords as Argon2id hashes. What slows down whoever guesses them is in :mod:`activities.access.guessing`."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import VerificationError
from pydantic import SecretStr
from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncEngine

from activities.access.ending import Note, end_all_of
from activities.record.case_record import Clock, utc_now
from schemas.kernel.errors import UserError
from schemas.kernel.model import Frozen
from schemas.record import tables as t

NO_PASSWORD: Final = ""
"""The hash of somebody who has no password here; no password matches it."""

SHORTEST: Final = 12
LONGEST: Final = 256
"""Characters of a password. Length is what counts; a very long one would only keep the hasher busy."""


class AccountView(Frozen):
    """An account as the administrator sees it; times are aware, UTC."""

    person: str
    changed_at: datetime
    disabled_at: datetime | None
    has_password: bool


class Accounts:
    """The local accounts of one database. Errors other than ``UserError`` are the database's own."""

    def __init__(self, engine: AsyncEngine, *, clock: Clock = utc_now, hasher: PasswordHasher | None = None) -> None:
        self._engine = engine
        self._clock = clock
        # The defaults of argon2-cffi are RFC 9106's second recommendation: Argon2id, 64 MiB.
        self._hasher = hasher or PasswordHasher()
        self._nobodys: str | None = None

    async def set_password(self, person: str, password: SecretStr, *, note: Note | None = None) -> None:
        """Gives a person a new password, opens a disabled account again, and ends every session of that person.

        ``UserError`` ``password_unfit`` for one that is too short or too long.
        """
        check_password(password)
        secret = await asyncio.to_thread(self._hasher.hash, password.get_secret_value())
        fresh = {"secret": secret, "changed_at": self._clock(), "disabled_at": None}
        statement = insert(t.accounts).values(person=person, **fresh)
        async with self._engine.begin() as connection:
            await connection.execute(statement.on_conflict_do_update(index_elements=["person"], set_=fresh))
            await connection.execute(delete(t.sessions).where(t.sessions.c.person == person))
            if note is not None:
                await note(connection, {"account": person})

    async def disable(self, person: str, *, note: Note | None = None) -> None:
        """Shuts a person out, whatever they come in by: sessions and tokens end for good, and the identity provider's word counts no more.

        Somebody who has no local account gets one without a password, which says that they are shut out.
        """
        now = self._clock()
        row = {"person": person, "secret": NO_PASSWORD, "changed_at": now, "disabled_at": now}
        statement = insert(t.accounts).values(row)
        async with self._engine.begin() as connection:
            await connection.execute(
                statement.on_conflict_do_update(index_elements=["person"], set_={"disabled_at": now})
            )
            ended = await end_all_of(connection, person, now)
            if note is not None:
                await note(connection, {"account": person, **ended})

    async def enable(self, person: str, *, note: Note | None = None) -> None:
        """Lets a person in again as before, with the password there was; sessions and tokens that ended stay ended. ``UserError`` ``account_unknown``."""
        accounts = t.accounts
        here = accounts.c.person == person
        async with self._engine.begin() as connection:
            bare = await connection.execute(delete(accounts).where(here, accounts.c.secret == NO_PASSWORD))
            opened = await connection.execute(update(accounts).where(here).values(disabled_at=None))
            if note is not None and (bare.rowcount or opened.rowcount):
                await note(connection, {"account": person})
        if not bare.rowcount and not opened.rowcount:
            raise UserError(
                "account_unknown",
                zh=f"{person} 没有本地账户；sanzhang account list 可查。",
                en=f"{person} has no local account; see sanzhang account list.",
                person=person,
            )

    async def shut_out(self, person: str) -> bool:
        """Whether that person was disabled."""
        accounts = t.accounts
        query = select(accounts.c.person).where(accounts.c.person == person, accounts.c.disabled_at.is_not(None))
        async with self._engine.connect() as connection:
            return (await connection.execute(query)).one_or_none() is not None

    async def listed(self) -> list[AccountView]:
        """All accounts, by person."""
        accounts = t.accounts
        has = (accounts.c.secret != NO_PASSWORD).label("has_password")
        query = select(accounts.c.person, accounts.c.changed_at, accounts.c.disabled_at, has).order_by(
            accounts.c.person
        )
        async with self._engine.connect() as connection:
            return [AccountView.model_validate(dict(row)) for row in (await connection.execute(query)).mappings()]

    async def admits(self, person: str, password: SecretStr) -> bool:
        """Whether this is the person's password, and the account is open now.

        An unknown person, a wrong password and a disabled account answer alike and take the same time, so that nobody learns from
        outside who has an account.
        """
        secret = await self._secret(person)
        known = secret if secret is not None else await self._of_nobody()
        right = await asyncio.to_thread(self._verified, known, password.get_secret_value()[: LONGEST + 1])
        if secret is None or not right:
            return False
        await self._rehash(person, secret, password)
        return True

    async def known(self, person: str) -> bool:
        """Whether that person has a local account that is open."""
        return await self._secret(person) is not None

    async def holds(self, person: str, password: SecretStr) -> bool:
        """Whether that is the password set for this person, whatever the state of the account. Not for doors: nothing is counted."""
        async with self._engine.connect() as connection:
            query = select(t.accounts.c.secret).where(t.accounts.c.person == person)
            secret = (await connection.execute(query)).scalar_one_or_none()
        return bool(secret) and await asyncio.to_thread(self._verified, secret, password.get_secret_value())

    async def _secret(self, person: str) -> str | None:
        """The hash to compare with, None where there is none or the account is closed."""
        accounts = t.accounts
        query = select(accounts.c.secret).where(
            accounts.c.person == person, accounts.c.disabled_at.is_(None), accounts.c.secret != NO_PASSWORD
        )
        async with self._engine.connect() as connection:
            return (await connection.execute(query)).scalar_one_or_none()

    async def _rehash(self, person: str, secret: str, password: SecretStr) -> None:
        if not self._hasher.check_needs_rehash(secret):
            return
        fresh = await asyncio.to_thread(self._hasher.hash, password.get_secret_value())
        # Only over the hash that was compared: a password set meanwhile stays.
        statement = update(t.accounts).where(t.accounts.c.person == person, t.accounts.c.secret == secret)
        async with self._engine.begin() as connection:
            await connection.execute(statement.values(secret=fresh))

    async def _of_nobody(self) -> str:
        if self._nobodys is None:
            self._nobodys = await asyncio.to_thread(self._hasher.hash, "nobody's")
        return self._nobodys

    def _verified(self, secret: str, password: str) -> bool:
        try:
            return self._hasher.verify(secret, password)
        except VerificationError:
            return False


def check_password(password: SecretStr) -> None:
    """``UserError`` ``password_unfit`` unless it is ``SHORTEST`` to ``LONGEST`` characters long."""
    if not SHORTEST <= len(password.get_secret_value()) <= LONGEST:
        raise UserError(
            "password_unfit",
            zh=f"密码须为 {SHORTEST} 至 {LONGEST} 个字符；可用一句好记的话。",
            en=f"A password has {SHORTEST} to {LONGEST} characters; a sentence easy to remember will do.",
            shortest=SHORTEST,
            longest=LONGEST,
        )
