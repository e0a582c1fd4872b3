"""Who is shut out, has left, or has ended a session is out at once, whatever they came in by; tokens end; sessions are seen by their owner."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

import httpx
import pytest
import pytest_asyncio
from fastapi import FastAPI
from pydantic import SecretStr
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from activities.access.ending import end_those_who_left
from activities.access.sessions import IDLE, Sessions
from activities.access.tokens import GOOD_FOR, Tokens
from activities.defaults import default_policy, demo_organisation
from activities.record.migrate import migrate, new_engine
from gateway.access.callers import SESSION_COOKIE, Authenticator
from gateway.api import stream as live
from gateway.pulse import Pulse
from gateway.web.viewer import Principal
from schemas.kernel.errors import UserError
from schemas.policy import DoorPolicy, Policy
from tests.databases import own_database
from tests.unit.gateway.sign_in_house import browser, house
from tests.unit.gateway.test_provider import ISSUER, Office, gone

pytestmark = pytest.mark.asyncio(loop_scope="module")

PERSON, OTHER = "he-xiaoyun", "tan-wei"
PASSWORD = SecretStr("three ledgers, one promise")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def dsn(database_dsn: str) -> AsyncIterator[str]:
    async with own_database(database_dsn, "shut_out") as own:
        await migrate(own)
        yield own


@pytest_asyncio.fixture(loop_scope="module")
async def engine(dsn: str) -> AsyncIterator[AsyncEngine]:
    engine = new_engine(dsn, pool_size=2)
    yield engine
    await engine.dispose()


@pytest_asyncio.fixture(loop_scope="module")
async def at(dsn: str) -> AsyncIterator[tuple[Authenticator, FastAPI]]:
    async with house(dsn) as (callers, app):
        await callers.accounts.set_password(PERSON, PASSWORD)
        yield callers, app


async def enter(web: httpx.AsyncClient) -> httpx.Response:
    return await web.post("/sign-in", data={"person": PERSON, "password": PASSWORD.get_secret_value()})


async def test_whoever_is_disabled_is_out_by_every_way_at_once(
    at: tuple[Authenticator, FastAPI], engine: AsyncEngine
) -> None:
    callers, app = at
    token = await callers.tokens.create(PERSON, ["petitions:read"])
    others = await callers.tokens.create(OTHER, ["petitions:read"])
    shown = {"Authorization": f"Bearer {token.text}"}
    async with browser(app) as web:
        await enter(web)
        assert (await web.get("/me")).status_code == 200
        assert (await web.get("/api/me", headers=shown)).status_code == 200
        await callers.accounts.disable(PERSON)
        assert (await web.get("/me")).status_code == 401
        assert (await web.get("/api/me", headers=shown)).status_code == 401
        assert (await enter(web)).status_code == 403
        # Begun in the very moment: not even that holds.
        begun = await callers.sessions.begin(PERSON, "zh")
        web.cookies.set(SESSION_COOKIE, begun.secret)
        assert (await web.get("/me")).status_code == 401
        late = await callers.tokens.create(PERSON, ["petitions:read"])
        assert (await web.get("/api/me", headers={"Authorization": f"Bearer {late.text}"})).status_code == 401
        web.cookies.clear()
        await callers.accounts.enable(PERSON)
        assert (await enter(web)).status_code == 303, "let in again with the password there was"
        assert (await web.get("/api/me", headers=shown)).status_code == 401, "what ended stays ended"
        ok = await web.get("/api/me", headers={"Authorization": f"Bearer {others.text}"})
        assert ok.status_code == 200


async def test_the_providers_word_counts_no_more(dsn: str) -> None:
    office = Office()
    from gateway.access.provider import Provider

    async with httpx.AsyncClient(transport=httpx.ASGITransport(office.app)) as http:
        provider = Provider(
            http, issuer=ISSUER, client_id="sanzhang", client_secret=SecretStr("x"), claim="preferred_username"
        )
        async with house(dsn, provider=provider) as (callers, app), browser(app) as web:
            assert (await web.get(await gone(web, office))).status_code == 303
            async with callers.accounts._engine.begin() as connection:  # pyright: ignore[reportPrivateUsage]
                await connection.execute(text("DELETE FROM accounts"))
            # Known to the provider alone: no account of their own to close.
            await callers.accounts.disable(PERSON)
            assert (await web.get("/me")).status_code == 401
            back = await gone(web, office)
            answer = await web.get(back)
            assert answer.status_code == 403 and "已停用" in answer.text
            assert not await callers.accounts.known(PERSON)
            assert not await callers.accounts.admits(PERSON, SecretStr(""))
            assert [each.has_password for each in await callers.accounts.listed()] == [False]
            await callers.accounts.enable(PERSON)
            assert (await web.get(await gone(web, office))).status_code == 303


async def test_whoever_leaves_the_organisation_is_out_and_comes_back_by_nothing_old(
    at: tuple[Authenticator, FastAPI], engine: AsyncEngine
) -> None:
    callers, app = at
    token = await callers.tokens.create(PERSON, ["petitions:read"])
    whole = demo_organisation()
    without = whole.model_copy(update={"people": tuple(each for each in whole.people if each.id != PERSON)})
    without = type(whole).model_validate(without.model_dump(mode="json"))

    async def gone_now() -> object:
        return without

    async with browser(app) as web:
        await enter(web)
        assert await end_those_who_left(engine, without) == [PERSON]
        assert (await web.get("/me")).status_code == 401
        # The organisation the door still holds is a few seconds old; who signs in is asked of the newest.
        cast("Any", callers)._door.organisation_now = gone_now
        assert "不在本系统的组织机构中" in (await enter(web)).text
        assert (await web.get("/api/me", headers={"Authorization": f"Bearer {token.text}"})).status_code == 401
        with pytest.raises(UserError, match="token_invalid"):
            await callers.tokens.shown(token.text)


async def test_an_open_stream_ends_with_the_session_or_token_it_came_by(
    at: tuple[Authenticator, FastAPI], engine: AsyncEngine
) -> None:
    callers, app = at
    pulse = Pulse(engine, every=0.02, standing=callers.standing)
    app.state.pulse, app.state.stopping = pulse, asyncio.Event()
    actor = demo_organisation().actor(PERSON)
    token = await callers.tokens.create(PERSON, ["petitions:read"])
    first, kept = [await callers.sessions.begin(PERSON, "zh") for _ in range(2)]

    async def opened(credential: str) -> Any:
        viewer = Principal(actor.model_copy(update={"credential": credential}), "")
        request = live.Request({"type": "http", "app": app, "headers": [], "method": "GET", "path": "/"})
        told = await live.stream(request, viewer)
        body = aiter(cast("Any", told.body_iterator))
        await anext(body)
        return body

    streams = [await opened(each) for each in (first.session.name, kept.session.name, f"t-{token.view.id}")]
    try:
        async with asyncio.timeout(20):
            waiting = asyncio.create_task(anext(streams[1], None))
            await callers.sessions.end_named(PERSON, first.session.name)
            assert [each async for each in streams[0]] == []
            await callers.tokens.revoke(token.view.id)
            assert [each async for each in streams[2]] == []
            assert not waiting.done(), "another session of the same person goes on"
            await callers.accounts.disable(PERSON)
            assert await waiting is None
    finally:
        await pulse.close()


async def test_a_token_ends_by_itself_also_one_that_had_no_end(dsn: str, engine: AsyncEngine) -> None:
    now = datetime(2026, 3, 2, tzinfo=UTC)
    tokens = Tokens(engine, clock=lambda: now)
    made = await tokens.create(OTHER, ["petitions:read"])
    assert made.view.expires_at == now + timedelta(days=90) == now + GOOD_FOR
    async with engine.begin() as connection:
        await connection.execute(text("UPDATE tokens SET expires_at = NULL WHERE id = :id"), {"id": made.view.id})
    now += timedelta(days=89)
    assert (await tokens.shown(made.text)).expires_at == made.view.expires_at
    now += timedelta(days=1)
    with pytest.raises(UserError, match="token_invalid"):
        await tokens.shown(made.text)


async def test_how_long_a_session_idles_is_policy(at: tuple[Authenticator, FastAPI], engine: AsyncEngine) -> None:
    callers, app = at
    now = datetime.now(UTC)
    callers.sessions = Sessions(engine, clock=lambda: now)
    short = default_policy().model_copy(update={"doors": DoorPolicy(session_idle_minutes=10)})

    async def rules() -> object:
        return SimpleNamespace(policy=short)

    async with browser(app) as web:
        await enter(web)
        now += timedelta(minutes=11)
        assert (await web.get("/me")).status_code == 200, "two hours where the policy says nothing"
        assert timedelta(hours=2) == IDLE
        cast("Any", callers)._door.rules = rules
        now += timedelta(minutes=11)
        assert (await web.get("/me")).status_code == 401
    with pytest.raises(ValueError, match="token_days_most"):
        DoorPolicy(token_days=200, token_days_most=100)
    old = default_policy().model_dump(mode="json")
    del old["doors"]
    assert Policy.model_validate(old).doors == DoorPolicy(), "a policy of an earlier release says nothing of it"


async def test_one_sees_and_ends_ones_own_sessions_and_nobody_elses(at: tuple[Authenticator, FastAPI]) -> None:
    callers, app = at
    async with browser(app, "2001:db8::7") as here, browser(app, "198.51.100.9") as there:
        await enter(here)
        await enter(there)
        seen = {each.place: each for each in await callers.sessions.of(PERSON)}
        assert {"2001:db8::/64", "198.51.100.9"} <= set(seen)
        mine = await callers.sessions.find(here.cookies[SESSION_COOKIE])
        assert mine is not None and mine.name == seen["2001:db8::/64"].name
        assert mine.name.removeprefix("s-") not in here.cookies[SESSION_COOKIE]
        foreign = await callers.sessions.begin(OTHER, "zh")
        with pytest.raises(UserError, match="session_unknown"):
            await callers.sessions.end_named(PERSON, foreign.session.name)
        await callers.sessions.end_all(PERSON, but=mine.name)
        assert (await there.get("/me")).status_code == 401
        assert (await here.get("/me")).status_code == 200
        token = await callers.tokens.create(OTHER, ["petitions:read"])
        with pytest.raises(UserError, match="token_unknown"):
            await callers.tokens.revoke(token.view.id, person=PERSON)
