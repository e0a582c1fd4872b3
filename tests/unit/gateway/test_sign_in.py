"""Signing in at a browser, against a real database: what lets somebody in, what does not, and what a foreign page can't do."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import httpx
import pytest
import pytest_asyncio
from argon2 import PasswordHasher
from fastapi import FastAPI
from pydantic import SecretStr
from sqlalchemy import text

from activities.access.accounts import Accounts
from activities.access.sessions import IDLE, WHOLE, Sessions
from activities.record.migrate import migrate, new_engine
from activities.record.seed import seed
from gateway.access.callers import SESSION_COOKIE, Authenticator
from gateway.demo.accounts import CAST, SHORT, people, provide_accounts
from gateway.demo.accounts import PASSWORD as DEMO_PASSWORD
from schemas.kernel.errors import UserError
from tests.databases import own_database
from tests.unit.gateway.sign_in_house import browser, house

pytestmark = pytest.mark.asyncio(loop_scope="module")

OPERATOR, AUDITOR = "he-xiaoyun", "fu-zhiyuan"
PASSWORD = SecretStr("three ledgers, one promise")
CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
ELSEWHERE = {"Sec-Fetch-Site": "cross-site"}
TABLES = ("accounts", "sessions", "tokens")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def dsn(database_dsn: str) -> AsyncIterator[str]:
    async with own_database(database_dsn, "sign_in") as own:
        await migrate(own)
        yield own


@pytest_asyncio.fixture(loop_scope="module")
async def callers(dsn: str) -> AsyncIterator[tuple[Authenticator, FastAPI]]:
    async with house(dsn) as (callers, app):
        await callers.accounts.set_password(OPERATOR, PASSWORD)
        await callers.accounts.set_password(AUDITOR, PASSWORD)
        yield callers, app


async def enter(web: httpx.AsyncClient, person: str = OPERATOR, password: str = "", **more: str) -> httpx.Response:
    form = {"person": person, "password": password or PASSWORD.get_secret_value(), **more}
    return await web.post("/sign-in", data=form)


async def test_a_person_signs_in_works_and_signs_out(callers: tuple[Authenticator, FastAPI]) -> None:
    async with browser(callers[1]) as web:
        assert (await web.get("/me")).json()["code"] == "sign_in_needed"
        entered = await enter(web, next="/ledgers?stage=assign")
        assert (entered.status_code, entered.headers["location"]) == (303, "/ledgers?stage=assign")
        cookie = entered.headers["set-cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=lax" in cookie
        me = (await web.get("/me")).json()
        assert me["person"] == OPERATOR
        held = web.cookies[SESSION_COOKIE]
        assert (await web.post("/sign-out", data={"csrf": me["csrf"]})).headers["location"] == "/sign-in"
        web.cookies.set(SESSION_COOKIE, held)
        assert (await web.get("/me")).status_code == 401


async def test_every_answer_is_guarded(callers: tuple[Authenticator, FastAPI]) -> None:
    async with browser(callers[1]) as web:
        page = await web.get("/sign-in")
        assert "'unsafe" not in page.headers["content-security-policy"]
        assert "frame-ancestors 'none'" in page.headers["content-security-policy"]
        assert page.headers["x-content-type-options"] == "nosniff"
        assert page.headers["cache-control"] == "no-store"
        assert "strict-transport-security" not in page.headers
        secure = await web.get("https://localhost/sign-in")
        assert secure.headers["strict-transport-security"]
        assert (await web.get("http://evil.example/sign-in")).json()["code"] == "host_unknown"
        assert not re.search(r"<script>|<style|style=|\son\w+=", page.text)


async def test_a_session_planted_before_is_of_no_use(callers: tuple[Authenticator, FastAPI]) -> None:
    begun = await callers[0].sessions.begin(AUDITOR, "zh")
    async with browser(callers[1]) as web:
        web.cookies.set(SESSION_COOKIE, begun.secret, domain="localhost.local", path="/")
        await enter(web)
        assert web.cookies[SESSION_COOKIE] != begun.secret
        assert await callers[0].sessions.find(begun.secret) is None


async def test_what_is_sent_must_bear_the_mark_of_the_session(callers: tuple[Authenticator, FastAPI]) -> None:
    async with browser(callers[1]) as web:
        await enter(web)
        csrf = (await web.get("/me")).json()["csrf"]
        other = (await callers[0].sessions.begin(OPERATOR, "zh")).session.csrf
        for refused in (
            await web.post("/sent", data={"said": "x"}),
            await web.post("/sent", data={"said": "x", "csrf": other}),
            await web.post("/sent", json={"csrf": csrf}),
            await web.post("/sent", headers={"X-CSRF": ""}),
        ):
            assert (refused.status_code, refused.json()["code"]) == (403, "csrf_missing")
        assert (await web.post("/sent", data={"said": "x", "csrf": csrf})).json() == "x"
        assert (await web.post("/sent", files={"said": (None, "y")}, data={"csrf": csrf})).json() == "y"
        assert (await web.post("/sent", headers={"X-CSRF": csrf})).status_code == 200


async def test_a_foreign_page_sends_nothing_not_even_a_sign_in(callers: tuple[Authenticator, FastAPI]) -> None:
    async with browser(callers[1]) as web:
        form = {"person": OPERATOR, "password": PASSWORD.get_secret_value()}
        for headers in (
            ELSEWHERE,
            {"Sec-Fetch-Site": "same-site"},
            {"Origin": "https://evil.example"},
            {"Origin": "null"},
        ):
            refused = await web.post("/sign-in", data=form, headers=headers)
            assert (refused.status_code, refused.json()["code"]) == (403, "sent_from_elsewhere")
        assert (await web.post("/sign-in", data=form, headers={"Origin": "http://localhost"})).status_code == 303


async def test_auditors_send_nothing_but_what_is_theirs(callers: tuple[Authenticator, FastAPI]) -> None:
    async with browser(callers[1]) as web:
        await enter(web, AUDITOR)
        csrf = (await web.get("/me")).json()["csrf"]
        refused = await web.post("/sent", data={"csrf": csrf})
        assert (refused.status_code, refused.json()["code"]) == (403, "auditors_change_nothing")
        token = await callers[0].tokens.create(AUDITOR, ["petitions:write"])
        web.cookies.clear()
        refused = await web.post("/api/sent", headers={"Authorization": f"Bearer {token.text}"})
        assert refused.json()["code"] == "auditors_change_nothing"


async def test_strangers_and_wrong_passwords_are_told_the_same(callers: tuple[Authenticator, FastAPI]) -> None:
    async with browser(callers[1]) as web:
        told = {
            re.sub(r'value="[^"]*"', "", (await enter(web, person, password)).text)
            for person, password in ((OPERATOR, "wrong wrong wrong"), ("nobody", "wrong wrong wrong"), ("", "x"))
        }
        assert len(told) == 1
        assert "密码不对" in told.pop()


async def test_a_new_password_ends_every_session_and_so_does_a_closed_account(
    callers: tuple[Authenticator, FastAPI],
) -> None:
    async with browser(callers[1]) as web:
        for change in (
            lambda: callers[0].accounts.set_password(OPERATOR, PASSWORD),
            lambda: callers[0].accounts.disable(OPERATOR),
        ):
            await enter(web)
            assert (await web.get("/me")).status_code == 200
            await change()
            assert (await web.get("/me")).status_code == 401
        assert (await enter(web)).status_code == 403


async def test_people_of_no_organisation_stay_outside(callers: tuple[Authenticator, FastAPI]) -> None:
    for person in ("who-left", "hotline-12345"):
        await callers[0].accounts.set_password(person, PASSWORD)
    begun = await callers[0].sessions.begin("who-left", "zh")
    async with browser(callers[1]) as web:
        for person in ("who-left", "hotline-12345"):
            assert "不在本系统的组织机构中" in (await enter(web, person)).text
        web.cookies.set(SESSION_COOKIE, begun.secret)
        assert (await web.get("/me")).status_code == 401


async def test_a_machine_shows_its_token(callers: tuple[Authenticator, FastAPI]) -> None:
    issued = await callers[0].tokens.create("hotline-12345", ["events:write"], label="热线")
    async with browser(callers[1]) as web:
        shown = {"Authorization": f"Bearer {issued.text}"}
        assert (await web.get("/api/me", headers=shown)).json()["person"] == "hotline-12345"
        assert (await web.post("/api/sent", headers=shown)).status_code == 200, "a token needs no mark of a session"
        assert (await web.get("/me", headers=shown)).json()["code"] == "token_invalid", "pages are for people"
        for wrong in (issued.text[:-1] + "x", "szt_0000000000000000_" + "x" * 43, "", "Basic eDp5"):
            refused = await web.get("/api/me", headers={"Authorization": wrong if " " in wrong else f"Bearer {wrong}"})
            assert (refused.status_code, refused.json()["code"]) == (401, "token_invalid")
        await callers[0].tokens.revoke(issued.view.id)
        assert (await web.get("/api/me", headers=shown)).status_code == 401
        assert (await callers[0].tokens.listed())[0].used_at is not None


async def test_nothing_in_the_database_opens_a_door(dsn: str, callers: tuple[Authenticator, FastAPI]) -> None:
    begun = await callers[0].sessions.begin(OPERATOR, "zh")
    issued = await callers[0].tokens.create(OPERATOR, ["petitions:read"])
    engine = new_engine(dsn, pool_size=1)
    async with engine.connect() as connection:
        rows = [await connection.execute(text(f"SELECT x::text FROM {each} x")) for each in TABLES]
        kept = "".join(row for found in rows for row in found.scalars())
    await engine.dispose()
    for secret in (PASSWORD.get_secret_value(), begun.secret, issued.text.rpartition("_")[2]):
        assert secret not in kept
        assert secret.encode().hex() not in kept


async def test_a_link_leads_nowhere_else(callers: tuple[Authenticator, FastAPI]) -> None:
    async with browser(callers[1]) as web:
        for elsewhere in (
            "https://evil.example",
            "//evil.example",
            "/\\evil.example",
            "/\t/evil",
            "javascript:alert(1)",
        ):
            assert (await enter(web, next=elsewhere)).headers["location"] == "/"
            assert (await web.get("/sign-in", params={"next": elsewhere})).headers["location"] == "/"


async def test_a_session_goes_idle_and_ends_with_the_day(dsn: str) -> None:
    now = datetime(2026, 3, 2, 0, tzinfo=UTC)
    engine = new_engine(dsn, pool_size=1)
    sessions = Sessions(engine, clock=lambda: now)
    idle, used = await sessions.begin(OPERATOR, "zh"), await sessions.begin(OPERATOR, "zh")
    started = now
    while now - started < WHOLE - IDLE:
        now += IDLE - timedelta(minutes=1)
        assert await sessions.find(used.secret) is not None
    assert await sessions.find(idle.secret) is None
    now = started + WHOLE
    assert await sessions.find(used.secret) is None
    await engine.dispose()


async def test_a_page_left_open_does_not_keep_its_session(dsn: str, callers: tuple[Authenticator, FastAPI]) -> None:
    now = datetime(2026, 3, 2, 0, tzinfo=UTC)
    engine = new_engine(dsn, pool_size=1)
    known = callers[0]
    known.sessions = Sessions(engine, clock=lambda: now)
    by_itself: tuple[dict[str, str], ...] = ({"X-By-Itself": "true"}, {"Accept": "text/event-stream"})
    for headers, held in ((by_itself[0], False), (by_itself[1], False), ({"Accept": "text/html"}, True)):
        begun = await known.sessions.begin(OPERATOR, "zh")
        async with browser(callers[1]) as web:
            web.cookies.set(SESSION_COOKIE, begun.secret)
            now += IDLE - timedelta(minutes=1)
            assert (await web.get("/me", headers=headers)).status_code == 200
            now += timedelta(minutes=2)
            assert (await web.get("/me")).status_code == (200 if held else 401), headers
    await engine.dispose()


async def test_a_password_is_hashed_anew_when_the_cost_has_risen(dsn: str) -> None:
    engine = new_engine(dsn, pool_size=1)
    for cost in (1, 2):
        accounts = Accounts(engine, hasher=PasswordHasher(time_cost=cost, memory_cost=8, parallelism=1))
        if cost == 1:
            await accounts.set_password("pei-na", PASSWORD)
        assert await accounts.admits("pei-na", PASSWORD)
    async with engine.connect() as connection:
        kept = (await connection.execute(text("SELECT secret FROM accounts WHERE person = 'pei-na'"))).scalar_one()
    assert kept.startswith("$argon2id$")
    assert "t=2" in kept
    for unfit in ("short", "x" * 257):
        with pytest.raises(UserError, match="password_unfit"):
            await accounts.set_password("pei-na", SecretStr(unfit))
    await engine.dispose()


async def test_the_demonstration_opens_its_accounts_and_closes_them_again(database_dsn: str) -> None:
    async with own_database(database_dsn, "demo_accounts") as dsn:
        await migrate(dsn)
        await seed(dsn, demo=True)
        engine = new_engine(dsn, pool_size=1)
        accounts = Accounts(engine, hasher=CHEAP)

        async def open_ones() -> set[str]:
            return {each.person for each in await accounts.listed() if each.disabled_at is None}

        await provide_accounts(dsn, demo=True, hasher=CHEAP)
        assert await open_ones() == set(CAST)
        assert {person.role for person in people()} == set(SHORT)
        assert await accounts.admits(CAST[0], SecretStr(DEMO_PASSWORD))
        await accounts.set_password(CAST[1], PASSWORD)
        await provide_accounts(dsn, demo=False, hasher=CHEAP)
        assert await open_ones() == {CAST[1]}, "a password of one's own is nobody's to close"
        await provide_accounts(dsn, demo=True, hasher=CHEAP)
        assert await open_ones() == set(CAST)
        assert not await accounts.holds(CAST[1], SecretStr(DEMO_PASSWORD))
        await engine.dispose()
    async with own_database(database_dsn, "demo_accounts") as dsn:
        await migrate(dsn)
        await seed(dsn, demo=False)
        engine = new_engine(dsn, pool_size=1)
        await provide_accounts(dsn, demo=True)
        assert await Accounts(engine).listed() == [], "no such people, no such accounts"
        await engine.dispose()


async def test_a_demonstration_offers_its_open_accounts_and_nothing_else_does(
    callers: tuple[Authenticator, FastAPI],
) -> None:
    known, app = callers
    async with browser(app) as web:
        assert DEMO_PASSWORD not in (await web.get("/sign-in")).text
        app.state.demo_accounts = people()
        chief = next(each for each in people() if each.id not in (OPERATOR, AUDITOR))
        await known.accounts.set_password(chief.id, SecretStr(DEMO_PASSWORD))
        shown = (await web.get("/sign-in")).text
        assert f'name="person" value="{chief.id}"' in shown
        await known.accounts.disable(chief.id)
        assert f'name="person" value="{chief.id}"' not in (await web.get("/sign-in")).text
