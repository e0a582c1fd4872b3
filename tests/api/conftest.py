"""The API before a real system: engine, database, a worker; callers are named by a header of the tests'."""

from __future__ import annotations

import base64
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest_asyncio
import uvicorn
from fastapi import FastAPI, Request

from activities.record.queries import CaseQueries
from gateway.access.callers import Authenticator
from gateway.doors import Door
from gateway.web.app import create_app
from gateway.web.connections import BoundedConnection
from gateway.web.limits import Limits
from gateway.web.viewer import Principal
from schemas.kernel.actor import Actor
from tests import serving
from tests.databases import own_database
from tests.machine_fixtures import running_engine
from tests.pages.city import running_city

SECRET = "whsec_" + base64.b64encode(b"signed by upstream, as agreed").decode()
OLD_SECRET = "whsec_" + base64.b64encode(b"the secret of the year before").decode()


class ByHeader:
    """Whoever the header names, calls: ``X-Test-Person``, and as a token with ``X-Test-Scopes``."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self._callers = Authenticator(door, limits=Limits())

    async def viewer(self, request: Request) -> Principal | None:
        person = request.headers.get("x-test-person")
        if not person:
            return None
        scopes = request.headers.get("x-test-scopes")
        actor = await self._door.actor(person)
        return Principal(actor, person, scopes=None if scopes is None else frozenset(scopes.split()))

    def queries(self, actor: Actor) -> CaseQueries:
        """As in production: through row-level security."""
        return self._callers.queries(actor)


@dataclass
class Api:
    """The application, and clients of it by person."""

    app: FastAPI
    door: Door
    clients: dict[str, httpx.AsyncClient] = field(default_factory=dict[str, httpx.AsyncClient])

    def __call__(self, person: str) -> httpx.AsyncClient:
        if person not in self.clients:
            headers = {"X-Test-Person": person} if person else {}
            transport = httpx.ASGITransport(self.app)
            self.clients[person] = httpx.AsyncClient(transport=transport, base_url="http://localhost", headers=headers)
        return self.clients[person]

    async def filed(self, person: str = "he-xiaoyun", **changes: Any) -> str:
        """The number of a case filed by API."""
        answer = await self(person).post(
            "/api/v1/petitions", json=petition(**changes), headers={"Idempotency-Key": uuid4().hex}
        )
        assert answer.status_code == 201, answer.text
        return answer.json()["number"]

    async def act(self, number: str, person: str, command: str, **fields: Any) -> httpx.Response:
        return await self(person).post(f"/api/v1/petitions/{number}/actions/{command}", json=fields)


def petition(**changes: Any) -> dict[str, Any]:
    """A petition as a machine sends it."""
    return {
        "title": "路灯不亮",
        "text": "路口的路灯坏了一个月，晚上行人很不安全。",
        "channel": "12345",
        "ledger": "claim",
        "complexity": "simple",
        "unit": "WC/QH/01",
        "petitioners": [{"name": "王小明", "phone": "13800001234"}],
    } | changes


@asynccontextmanager
async def served(door: Door) -> AsyncGenerator[Api]:
    """The application over that door."""

    @asynccontextmanager
    async def opening() -> AsyncGenerator[tuple[Door, ByHeader]]:
        yield door, ByHeader(door)

    app = create_app(opening, door.system.settings)
    async with app.router.lifespan_context(app):
        api = Api(app, door)
        yield api
        for client in api.clients.values():
            await client.aclose()


@asynccontextmanager
async def listening(app: FastAPI, connection: type[BoundedConnection] = BoundedConnection) -> AsyncGenerator[int]:
    """The application behind a real socket; its port."""
    config = uvicorn.Config(app, port=0, lifespan="off", log_config=None, http=connection, ws="none")
    async with serving.listening(config) as port:
        yield port


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def api(database_dsn: str, tmp_path_factory: Any) -> AsyncIterator[Api]:
    folder: Path = tmp_path_factory.mktemp("api")
    secrets = f"{SECRET} {OLD_SECRET}"
    async with (
        own_database(database_dsn, "api") as dsn,
        # Two records behind one engine would take each other's cases.
        running_engine() as engine,
        running_city(
            engine,
            dsn,
            folder,
            SANZHANG_EVENTS_SECRET=secrets,
            SANZHANG_EVENTS_SOURCES="*",
            SANZHANG_ATTACHMENT_LIMIT="50000",
        ) as door,
        served(door) as api,
    ):
        yield api
