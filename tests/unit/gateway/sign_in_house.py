"""The sign-in alone, over a real database: for tests that need no cases."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator
from types import SimpleNamespace
from typing import Any, cast

import httpx
from argon2 import PasswordHasher
from fastapi import FastAPI, Request

from activities.access.accounts import Accounts
from activities.defaults import default_policy, demo_organisation
from activities.evidence.journal import Journal
from activities.evidence.trail import Trail
from activities.record.migrate import new_engine
from gateway.access.callers import Authenticator
from gateway.access.provider import Provider
from gateway.access.sign_in import router as sign_in
from gateway.doors import Door
from gateway.web.limits import Limits
from gateway.web.problems import problem_response
from gateway.web.security import Security
from gateway.web.viewer import SignedIn
from schemas.kernel.errors import UserError
from schemas.sealing.keys import KeyRing


@contextlib.asynccontextmanager
async def house(dsn: str, *, provider: Provider | None = None) -> AsyncGenerator[tuple[Authenticator, FastAPI]]:
    """The sign-in alone, with a page that says who is there and something that can be sent."""
    engine = new_engine(dsn, pool_size=4)

    async def organisation() -> object:
        return demo_organisation()

    async def rules() -> object:
        return SimpleNamespace(policy=default_policy())

    async def no_pause(seconds: float) -> None:
        pauses.append(seconds)

    pauses: list[float] = []
    system = SimpleNamespace(database=engine, keyring=KeyRing([("k1", b"k" * 32)]))
    door = cast(
        "Door",
        SimpleNamespace(
            system=system,
            organisation=organisation,
            organisation_now=organisation,
            rules=rules,
            trail=Trail(engine, Journal(engine)),
        ),
    )
    callers = Authenticator(door, limits=Limits(), provider=provider, pause=no_pause)
    callers.accounts = Accounts(engine, hasher=PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    app = FastAPI()
    app.state.door, app.state.access, app.state.pauses = door, callers, pauses
    app.include_router(sign_in)
    app.add_exception_handler(UserError, cast("Any", problem_response))
    app.add_middleware(Security, hosts=("localhost",))

    @app.get("/api/me")
    @app.get("/me")
    async def me(request: Request, viewer: SignedIn) -> dict[str, Any]:  # pyright: ignore[reportUnusedFunction]
        return {"person": viewer.actor.id, "csrf": viewer.csrf, "language": viewer.language}

    @app.post("/api/sent")
    @app.post("/sent")
    async def sent(request: Request, viewer: SignedIn) -> str:  # pyright: ignore[reportUnusedFunction]
        form = await request.form()
        return str(form.get("said", ""))

    yield callers, app
    await callers.trail.close()
    await engine.dispose()


def browser(app: FastAPI, address: str = "127.0.0.1") -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app, client=(address, 123)), base_url="http://localhost")
