"""Every event names the session or token by which its order came, and says so to auditors only."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import text

from gateway.access.callers import SESSION_COOKIE, Authenticator
from gateway.web.app import create_app
from gateway.web.limits import Limits
from tests.api.conftest import Api, petition

pytestmark = pytest.mark.asyncio(loop_scope="session")

OPERATOR, AUDITOR = "he-xiaoyun", "fu-zhiyuan"


async def test_an_order_bears_the_session_or_token_it_came_by(api: Api) -> None:
    callers = Authenticator(api.door, limits=Limits())

    @asynccontextmanager
    async def opening() -> AsyncGenerator[tuple[object, Authenticator]]:
        yield api.door, callers

    app = create_app(opening, api.door.system.settings)  # pyright: ignore[reportArgumentType]
    token = await callers.tokens.create(OPERATOR, ["petitions:write", "petitions:read"])
    begun = await callers.sessions.begin(OPERATOR, "zh")
    auditor = await callers.sessions.begin(AUDITOR, "zh")
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as web,
    ):
        bearer = {"Authorization": f"Bearer {token.text}", "Idempotency-Key": uuid4().hex}
        filed = await web.post("/api/v1/petitions", json=petition(ledger="complaint"), headers=bearer)
        assert filed.status_code == 201, filed.text
        number = filed.json()["number"]
        cookie = {"Cookie": f"{SESSION_COOKIE}={begun.secret}", "X-CSRF": begun.session.csrf}
        urged = await web.post(f"/api/v1/petitions/{number}/actions/assign", json={"lead": "WC/QH/01"}, headers=cookie)
        assert urged.status_code == 200, urged.text
        async with api.door.system.database.connect() as connection:
            rows = await connection.execute(
                text("SELECT actor_id, credential FROM events WHERE case_number = :n ORDER BY seq"), {"n": number}
            )
            found = {(row.actor_id, row.credential) for row in rows}
        assert found == {(OPERATOR, f"t-{token.view.id}"), (OPERATOR, begun.session.name)}
        told = await web.get(f"/api/v1/petitions/{number}/history", headers=cookie)
        assert told.status_code == 200 and begun.session.name not in told.text and token.view.id not in told.text
        timeline = await web.get(
            f"/api/v1/audit/cases/{number}/timeline", headers={"Cookie": f"{SESSION_COOKIE}={auditor.secret}"}
        )
        assert begun.session.name in timeline.text and f"t-{token.view.id}" in timeline.text, timeline.text[:300]
    history = await api.door.system.record.history(number)
    assert history[0].actor.credential == f"t-{token.view.id}"
