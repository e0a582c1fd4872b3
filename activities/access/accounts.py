"""Local accounts: passwords as Argon2id hashes, and what slows down whoever guesses them."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import VerificationError
from pydantic import SecretStr
from sqlalchemy import case, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncEngine

from activities.record.case_record import Clock, utc_now
from schemas.errors import UserError
from schemas.petition import Frozen
from schemas.record import tables as t

TRIES: Final = 5
"""Wrong passwords in a row after which an account is locked for a while, longer each time."""
FIRST_LOCK: Final = timedelta(minutes=1)
LONGEST_LOCK: Final = timedelta(hours=1)
STEPS: Final = 7
"""How often the time doubles before it is the longest."""

SHORTEST: Final = 12
LONGEST: Final = 256
"""Characters of a password. Length is what counts; a very long one would only keep the hasher busy."""


class AccountView(Frozen):
    """An account as the administrator sees it; times are aware, UTC."""

    person: str
    changed_at: datetime
    failures: int
    locked_until: datetime | None
    disabled_at: datetime | None


class Accounts:
    """The local accounts of one database. Errors other than ``UserError`` are the database's own."""

    def __init__(self, engine: AsyncEngine, *, clock: Clock = utc_now, hasher: PasswordHasher | None = None) -> None:
        self._engine = engine
        self._clock = clock
        # The defaults of argon2-cffi are RFC 9106's second recommendation: Argon2id, 64 MiB.
        self._hasher = hasher or PasswordHasher()
        self._nobodys: str | None = None

    async def set_password(self, person: str, password: SecretStr) -> None:
        """Gives a person a new password, opens a disabled or locked account again, and ends every session of that person.

        ``UserError`` ``password_unfit`` for one that is too short or too long.
        """
        check_password(password)
        secret = await asyncio.to_thread(self._hasher.hash, password.get_secret_value())
        fresh = {
            "secret": secret,
            "failures": 0,
            "locked_until": None,
            "changed_at": self._clock(),
            "disabled_at": None,
        }
        statement = insert(t.accounts).values(person=person, **fresh)
        async with self._engine.begin() as connection:
            await connection.execute(statement.on_conflict_do_update(index_elements=["person"], set_=fresh))
            await connection.execute(delete(t.sessions).where(t.sessions.c.person == person))

    async def disable(self, person: str) -> None:
        """Closes an account and ends its sessions. ``UserError`` ``account_unknown``."""
        statement = update(t.accounts).where(t.accounts.c.person == person).values(disabled_at=self._clock())
        async with self._engine.begin() as connection:
            if not (await connection.execute(statement)).rowcount:
                raise UserError(
                    "account_unknown",
                    zh=f"{person} 没有本地账户；sanzhang account list 可查。",
                    en=f"{person} has no local account; see sanzhang account list.",
                    person=person,
                )
            await connection.execute(delete(t.sessions).where(t.sessions.c.person == person))

    async def listed(self) -> list[AccountView]:
        """All accounts, by person."""
        accounts = t.accounts
        names = list(AccountView.model_fields)
        query = select(*(accounts.c[name] for name in names)).order_by(accounts.c.person)
        async with self._engine.connect() as connection:
            return [AccountView.model_validate(dict(row)) for row in (await connection.execute(query)).mappings()]

    async def admits(self, person: str, password: SecretStr) -> bool:
        """Whether this is the person's password, and the account is open now.

        An unknown person, a wrong password and a locked or disabled account answer alike and take the same time, so that nobody learns from
        outside who has an account.
        """
        secret = await self._try(person)
        known = secret if secret is not None else await self._of_nobody()
        right = await asyncio.to_thread(self._verified, known, password.get_secret_value()[: LONGEST + 1])
        if secret is None or not right:
            return False
        await self._welcome(person, secret, password)
        return True

    async def known(self, person: str) -> bool:
        """Whether that person has a local account that is open."""
        accounts = t.accounts
        query = select(accounts.c.person).where(accounts.c.person == person, accounts.c.disabled_at.is_(None))
        async with self._engine.connect() as connection:
            return (await connection.execute(query)).one_or_none() is not None

    async def holds(self, person: str, password: SecretStr) -> bool:
        """Whether that is the password set for this person, whatever the state of the account. Not for doors: nothing is counted."""
        async with self._engine.connect() as connection:
            query = select(t.accounts.c.secret).where(t.accounts.c.person == person)
            secret = (await connection.execute(query)).scalar_one_or_none()
        return secret is not None and await asyncio.to_thread(self._verified, secret, password.get_secret_value())

    async def _try(self, person: str) -> str | None:
        """The hash to compare with, None where none may be tried. Counted before it is known to be wrong: guesses sent at once count each."""
        accounts, now = t.accounts, self._clock()
        failures = accounts.c.failures + 1
        locks = [(failures == TRIES + step, now + min(FIRST_LOCK * 2**step, LONGEST_LOCK)) for step in range(STEPS)]
        lock = case((failures < TRIES, None), *locks, else_=now + LONGEST_LOCK)
        statement = (
            update(accounts)
            .where(
                accounts.c.person == person,
                accounts.c.disabled_at.is_(None),
                func.coalesce(accounts.c.locked_until, now) <= now,
            )
            .values(failures=failures, locked_until=lock)
            .returning(accounts.c.secret)
        )
        async with self._engine.begin() as connection:
            return (await connection.execute(statement)).scalar_one_or_none()

    async def _welcome(self, person: str, secret: str, password: SecretStr) -> None:
        values: dict[str, object] = {"failures": 0, "locked_until": None}
        if self._hasher.check_needs_rehash(secret):
            values["secret"] = await asyncio.to_thread(self._hasher.hash, password.get_secret_value())
        # Only over the hash that was compared: a password set meanwhile stays.
        statement = update(t.accounts).where(t.accounts.c.person == person, t.accounts.c.secret == secret)
        async with self._engine.begin() as connection:
            await connection.execute(statement.values(**values))

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
