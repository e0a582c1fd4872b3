"""What happens at the doors leaves a trace: sign-ins and attempts, accounts and tokens; never a secret, and never what a stranger typed."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from fastapi import FastAPI
from pydantic import SecretStr

from activities.record.migrate import migrate
from gateway.access.callers import SESSION_COOKIE, Authenticator
from schemas.access.guessing import TRIES
from schemas.evidence.journal import Entry, EntryKind
from schemas.evidence.trail import TRAIL
from tests.databases import own_database
from tests.unit.gateway.sign_in_house import browser, house

pytestmark = pytest.mark.asyncio(loop_scope="module")

PERSON = "he-xiaoyun"
PASSWORD = SecretStr("three ledgers, one promise")


@pytest_asyncio.fixture(loop_scope="module")
async def at(database_dsn: str) -> AsyncIterator[tuple[Authenticator, FastAPI]]:
    async with own_database(database_dsn, "trail_doors") as dsn:
        await migrate(dsn)
        async with house(dsn) as (callers, app):
            await callers.accounts.set_password(PERSON, PASSWORD)
            yield callers, app


async def told(callers: Authenticator) -> list[Entry]:
    await callers.trail.settled()
    return [entry async for entry in callers.trail.entries(TRAIL)]


async def test_coming_in_and_going_out_is_told(at: tuple[Authenticator, FastAPI]) -> None:
    callers, app = at
    async with browser(app, "2001:db8::1") as web:
        await web.post("/sign-in", data={"person": PERSON, "password": PASSWORD.get_secret_value()})
        session = await callers.sessions.find(web.cookies[SESSION_COOKIE])
        csrf = (await web.get("/me")).json()["csrf"]
        await web.post("/sign-out", data={"csrf": csrf})
    first, last = await told(callers)
    assert session is not None
    assert (first.kind, last.kind) == (EntryKind.SIGNED_IN, EntryKind.SIGNED_OUT)
    assert {each.actor.credential for each in (first, last)} == {session.name}
    assert first.body == {"by": "password", "place": "2001:db8::/64"}


async def test_attempts_are_counted_and_nothing_typed_is_kept(at: tuple[Authenticator, FastAPI]) -> None:
    callers, app = at
    secret = "my-password-in-the-wrong-field"
    async with browser(app, "203.0.113.5") as web:
        for _ in range(TRIES + 3):
            await web.post("/sign-in", data={"person": PERSON, "password": secret})
        for _ in range(2):
            await web.post("/sign-in", data={"person": secret, "password": "x"})
    entries = await told(callers)
    assert secret not in str(entries)
    found = {(each.kind, each.body["account"]): each.body["count"] for each in entries}
    assert found == {
        (EntryKind.SIGN_IN_FAILED, PERSON): TRIES,
        (EntryKind.SIGN_IN_SLOWED, PERSON): 3,
        (EntryKind.SIGN_IN_FAILED, ""): 2,
    }
    assert {each.body["place"] for each in entries} == {"203.0.113.5"}


async def test_a_sign_in_that_leaves_no_trace_is_none(
    at: tuple[Authenticator, FastAPI], monkeypatch: pytest.MonkeyPatch
) -> None:
    callers, app = at

    async def broken(*args: object, **more: object) -> None:
        raise ConnectionError("the database is away")

    monkeypatch.setattr(callers.trail, "record", broken)
    async with browser(app) as web:
        with pytest.raises(ConnectionError):
            await web.post("/sign-in", data={"person": PERSON, "password": PASSWORD.get_secret_value()})
        assert SESSION_COOKIE not in web.cookies
