"""The whole web application over a real database, where orders are decided and not carried: a cell of the matrix leaves no trace."""

from __future__ import annotations

import base64
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import httpx
import pytest_asyncio
from argon2 import PasswordHasher
from fastapi import FastAPI
from sqlalchemy import insert, text
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.client import Client

from activities.access.accounts import Accounts
from activities.keys import load_keyring
from activities.personal import seal
from activities.record.case_record import CaseRecord
from activities.record.intake import CaseNumberAllocator
from activities.record.migrate import migrate, new_engine
from activities.record.reference import ReferenceStore
from activities.record.rows import case_row
from activities.record.seed import seed
from activities.settings import Settings
from gateway.access.callers import SESSION_COOKIE, Authenticator
from gateway.case_service import CaseService, refusal_error
from gateway.doors import Door
from gateway.web.app import create_app
from gateway.web.limits import Limits
from gateway.web.viewer import Access
from schemas.access import TokenScope
from schemas.kernel.actor import SYSTEM
from schemas.kernel.refusal import Refusal
from schemas.petition.commands import Order
from schemas.petition.commit import CommitOrder
from schemas.petition.events import Filed, Petitioner
from schemas.petition.rules import decide, fold
from schemas.record import tables as t
from schemas.sealing.keys import KeyRing
from schemas.sealing.personal import PersonalData
from tests.access.situations import INTO, LATER, ORGANISATION, PEOPLE, SITUATIONS, accusing_all, approve_stage
from tests.databases import own_database
from tests.strategies import MONDAY, Case
from workers.composition import System
from workflows.contract import Answer

PHONE = "13800001234"
"""Of whoever brought a case."""


class DecidingDesk(CaseService):
    """Decides as the workflow does, at one moment, and carries nothing out; ``taken``: what would have been, by case, command and person."""

    taken: list[tuple[str, str, str]]

    async def _update(self, number: str, order: Order, command_id: str) -> Answer:
        state = await self._record.state(number)
        decided = decide(state, order, LATER)
        if isinstance(decided, Refusal):
            raise refusal_error(decided)
        after = fold(decided, state)
        assert after is not None
        self.taken.append((number, order.command.kind, order.actor.id))
        return Answer(number=number, seq=after.seq, stage=after.stage)


@dataclass
class City:
    """The application, the numbers of the cases by situation, and how each person comes in."""

    app: FastAPI
    door: Door
    callers: Authenticator
    desk: DecidingDesk
    database: AsyncEngine
    numbers: dict[str, str]
    accusing: dict[str, str]
    tokens: dict[str, str]
    sessions: dict[str, tuple[str, str]]

    async def kept(self) -> dict[str, str]:
        """Of every table a digest of all its rows; without when a session or a token was last used, and what is counted of attempts."""
        asked = " UNION ALL ".join(
            f"SELECT '{name}', count(*) || ':' || coalesce(sum(hashtextextended(x::text, 0)), 0) FROM \"{name}\" x"
            for name in t.METADATA.tables
            if name not in ("sessions", "tokens", "trail_counts")
        )
        async with self.database.connect() as connection:
            return {row[0]: row[1] for row in await connection.execute(text(asked))}

    @contextlib.asynccontextmanager
    async def machine(self, position: str) -> AsyncGenerator[httpx.AsyncClient]:
        """With a token that may be used for everything."""
        headers = {"Authorization": f"Bearer {self.tokens[position]}"}
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(self.app), base_url="http://localhost", headers=headers
        ) as client:
            yield client

    @contextlib.asynccontextmanager
    async def browser(self, position: str) -> AsyncGenerator[tuple[httpx.AsyncClient, str]]:
        """Signed in; and the mark its forms bear."""
        secret, csrf = self.sessions[position]
        headers = {"Cookie": f"{SESSION_COOKIE}={secret}", "Accept": "text/html"}
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(self.app), base_url="http://localhost", headers=headers
        ) as client:
            yield client, csrf


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def city(database_dsn: str, tmp_path_factory: Any) -> AsyncIterator[City]:
    folder: Path = tmp_path_factory.mktemp("access")
    async with own_database(database_dsn, "access_matrix") as dsn:
        await migrate(dsn)
        await seed(dsn, demo=True)
        engine = new_engine(dsn, pool_size=4)
        await ReferenceStore(engine).add_organisation(ORGANISATION)
        key = base64.b64encode(b"k" * 32).decode()
        settings = Settings.from_environment({"SANZHANG_DATA_DIR": str(folder), "SANZHANG_KEYS": f"k1:{key}"})
        record = CaseRecord(engine)
        system = System(
            settings=settings,
            keyring=load_keyring(settings),
            database=engine,
            client=cast("Client", None),
            record=record,
            reference=ReferenceStore(engine),
        )
        door = Door(system)
        desk = DecidingDesk(
            system.client,
            record,
            CaseNumberAllocator(engine, system.keyring),
            door.rules,
            door.hearing,
            patience=5,
            clock=lambda: LATER,
        )
        desk.taken = []
        door.desk = desk

        async def issued(*_: object, **__: object) -> bool:
            # The desk only decides: each order is the first of its kind.
            return True

        cast("Any", door.codes).reissue = issued
        numbers = {name: f"WC-2026-C-{index:06}" for index, name in enumerate(SITUATIONS, start=1)}
        accusing = {name: f"WC-2026-C-{index:06}" for index, name in enumerate(SITUATIONS, start=101)}
        for name, make in SITUATIONS.items():
            await keep(record, numbers[name], make(), system.keyring)
            async with engine.begin() as connection:
                await connection.execute(insert(t.cases), _accusing_row(accusing[name], make()))
        await keep(record, INTO, approve_stage(), system.keyring)
        callers = Authenticator(door, limits=Limits())
        callers.accounts = Accounts(engine, hasher=PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
        tokens = {
            position: (await callers.tokens.create(person, [scope.value for scope in TokenScope])).text
            for position, person in PEOPLE.items()
        }
        begun = {position: await callers.sessions.begin(person, "zh") for position, person in PEOPLE.items()}
        sessions = {position: (each.secret, each.session.csrf) for position, each in begun.items()}

        @contextlib.asynccontextmanager
        async def opening() -> AsyncGenerator[tuple[Door, Access]]:
            yield door, callers

        app = create_app(opening, settings)
        async with app.router.lifespan_context(app):
            yield City(app, door, callers, desk, engine, numbers, accusing, tokens, sessions)
        await engine.dispose()


def _accusing_row(number: str, case: Case) -> dict[str, Any]:
    state = accusing_all(case.state).model_copy(update={"number": number})
    return case_row(state, case.events, MONDAY) | {"link": b"1"}


async def keep(record: CaseRecord, number: str, case: Case, keyring: KeyRing, who: PersonalData | None = None) -> None:
    """Writes a lived case into the record, under that number and with a petitioner."""
    first, *rest = case.events
    assert isinstance(first, Filed)
    petitioner = Petitioner(sealed=seal(keyring, who or PersonalData(name="王小明", phone=PHONE)))
    content = first.content.model_copy(update={"petitioners": (petitioner,)})
    events = (first.model_copy(update={"number": number, "content": content}), *rest)
    await record.commit(CommitOrder(number=number, command_id="file", actor=SYSTEM, events=events))
