"""Whoever guesses at a password is slowed down; the owner of the account gets in, whatever strangers do meanwhile."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import httpx
import pytest
import pytest_asyncio
from fastapi import FastAPI
from pydantic import SecretStr
from sqlalchemy import text

from activities.access.guessing import Guessing
from activities.record.migrate import migrate, new_engine
from gateway.access.callers import Authenticator
from gateway.access.sign_in import MARK_COOKIE
from schemas.access.guessing import BESIEGED, LONGEST_DELAY, PLACE_TRIES, TRIES
from schemas.sealing.keys import KeyRing
from tests.databases import own_database
from tests.unit.gateway.sign_in_house import browser, house

pytestmark = pytest.mark.asyncio(loop_scope="module")

OWNER, OTHER, CLOSED = "he-xiaoyun", "tan-wei", "qiu-min"
PASSWORD = SecretStr("three ledgers, one promise")
OFFICE, HOME, STRANGER = "192.0.2.10", "198.51.100.20", "203.0.113.30"


class Clock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.now = datetime(2026, 3, 2, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


class House:
    """The doors with three accounts, one of them closed."""

    def __init__(self, callers: Authenticator, app: FastAPI, clock: Clock) -> None:
        self.callers, self.app, self.clock = callers, app, clock

    async def enter(self, web: httpx.AsyncClient, person: str = OWNER, password: str | None = None) -> httpx.Response:
        said = PASSWORD.get_secret_value() if password is None else password
        return await web.post("/sign-in", data={"person": person, "password": said})

    async def guess(self, address: str, person: str = OWNER, times: int = 1) -> list[int]:
        async with browser(self.app, address) as web:
            return [(await self.enter(web, person, f"wrong wrong {n}")).status_code for n in range(times)]

    async def siege(self, times: int, person: str = OWNER) -> None:
        for n in range(times):
            await self.guess(f"10.0.{n // 250}.{n % 250}", person)


@pytest_asyncio.fixture(loop_scope="module")
async def at(database_dsn: str) -> AsyncIterator[House]:
    async with own_database(database_dsn, "guessing") as dsn:
        await migrate(dsn)
        async with house(dsn) as (callers, app):
            clock = Clock()
            for person in (OWNER, OTHER, CLOSED):
                await callers.accounts.set_password(person, PASSWORD)
            await callers.accounts.disable(CLOSED)
            engine = new_engine(dsn, pool_size=4)
            callers.guessing = Guessing(engine, KeyRing([("k1", b"k" * 32)]), clock=clock)
            yield House(callers, app, clock)
            await engine.dispose()


async def test_a_stranger_locks_nobody_out(at: House) -> None:
    async with browser(at.app, OFFICE) as web:
        assert (await at.enter(web)).status_code == 303
    assert await at.guess(STRANGER, times=TRIES + 3) == [403] * TRIES + [429] * 3
    async with browser(at.app, OFFICE) as web:
        assert (await at.enter(web)).status_code == 303, "known by its place alone"
    async with browser(at.app, HOME) as web:
        assert (await at.enter(web)).status_code == 303, "nor is a place nobody has seen yet held up"
    async with browser(at.app, STRANGER) as web:
        refused = await at.enter(web)
        assert (refused.status_code, "秒后再试" in refused.text) == (429, True), (
            "the guesser waits, even with the right one"
        )


async def test_a_known_browser_enters_from_the_very_place_of_the_guesser(at: House) -> None:
    async with browser(at.app, OFFICE) as web:
        await at.enter(web)
        cookie = web.cookies[MARK_COOKIE]
    await at.guess(STRANGER, times=TRIES + 2)
    async with browser(at.app, STRANGER) as web:
        web.cookies.set(MARK_COOKIE, cookie)
        assert (await at.enter(web)).status_code == 303
    # And everybody behind one proxy, guesser and owner: the address says nothing, the browser does.
    await at.guess(OFFICE, times=TRIES + 2)
    await at.guess(OFFICE, OTHER, times=TRIES + 2)
    async with browser(at.app, OFFICE) as web:
        web.cookies.set(MARK_COOKIE, cookie)
        assert (await at.enter(web)).status_code == 303


async def test_the_mark_of_one_account_helps_with_no_other_and_opens_nothing(at: House) -> None:
    async with browser(at.app, STRANGER) as web:
        assert (await at.enter(web, OTHER)).status_code == 303
        mark = web.cookies[MARK_COOKIE]
    statuses: list[int] = []
    async with browser(at.app, STRANGER) as web:
        for n in range(TRIES + 2):
            web.cookies.clear()
            web.cookies.set(MARK_COOKIE, mark)
            statuses.append((await at.enter(web, OWNER, f"wrong wrong {n}")).status_code)
        assert (await web.get("/me")).status_code == 401
    assert statuses == [403] * TRIES + [429] * 2
    async with browser(at.app, STRANGER) as web:
        for n in range(TRIES):
            web.cookies.set(MARK_COOKIE, f"invented-{n}", domain="localhost.local", path="/")
            assert (await at.enter(web, OWNER, "wrong wrong")).status_code == 429, (
                "an invented mark is no origin of its own"
            )


async def test_two_who_share_a_browser_keep_its_mark(at: House) -> None:
    async with browser(at.app, OFFICE) as web:
        await at.enter(web, OWNER)
        mark = web.cookies[MARK_COOKIE]
        await at.enter(web, OTHER)
        assert web.cookies[MARK_COOKIE] == mark
    async with browser(at.app, OFFICE) as web:
        web.cookies.set(MARK_COOKIE, "planted by somebody", domain="localhost.local", path="/")
        await at.enter(web, OWNER)
        assert web.cookies.get(MARK_COOKIE, domain="localhost.local") != "planted by somebody"


async def test_a_network_is_one_place_however_many_addresses_it_has(at: House) -> None:
    told = [(await at.guess(f"2001:db8:1:2::{n:x}"))[0] for n in range(1, TRIES + 3)]
    assert told == [403] * TRIES + [429] * 2
    assert await at.guess("2001:db8:1:3::1") == [403], "the network beside it is another"
    assert await at.guess(f"::ffff:{STRANGER}", times=3) == [403] * 3
    assert await at.guess(STRANGER, times=3) == [403, 403, 429], "the same address, written otherwise"


async def test_one_place_tries_all_accounts_no_faster(at: House) -> None:
    async with browser(at.app, OFFICE) as web:
        await at.enter(web)
    told = [(await at.guess(STRANGER, f"person-{n}"))[0] for n in range(PLACE_TRIES + 5)]
    assert told == [403] * PLACE_TRIES + [429] * 5
    async with browser(at.app, STRANGER) as web:
        at.clock.now += timedelta(minutes=1)
        assert (await at.enter(web, OTHER)).status_code == 303
    assert await at.guess(STRANGER, "one-more") == [429], "an account of one's own buys no guesses at others"
    told = [(await at.guess(OFFICE, f"person-{n}"))[0] for n in range(PLACE_TRIES + 5)]
    assert told[-1] == 429
    async with browser(at.app, OFFICE) as web:
        assert (await at.enter(web)).status_code == 303, "who is known there is not held up by who else guesses there"


async def test_a_siege_from_everywhere_delays_strange_places_and_locks_no_one(at: House) -> None:
    async with browser(at.app, OFFICE) as web:
        await at.enter(web)
    await at.siege(BESIEGED * 8)
    at.app.state.pauses.clear()
    async with browser(at.app, OFFICE) as web:
        assert (await at.enter(web)).status_code == 303
    async with browser(at.app, HOME) as web:
        assert (await at.enter(web)).status_code == 303
    assert at.app.state.pauses == [0.0, LONGEST_DELAY]
    assert await at.guess(STRANGER, times=3) == [403, 403, 429], "and a strange place has fewer tries"
    at.clock.now += timedelta(hours=2)
    assert await at.guess("203.0.113.99", times=TRIES + 1) == [403] * TRIES + [429]


async def test_strangers_closed_accounts_and_wrong_passwords_are_told_the_same_throughout(at: House) -> None:
    """Also when it is too many, and after the same delay: who has an account is nobody's to find out."""
    told: dict[str, list[tuple[int, str]]] = {}
    for n, person in enumerate((OWNER, CLOSED, "nobody")):
        async with browser(at.app, f"203.0.113.{n}") as web:
            for _ in range(TRIES + 2):
                answer = await at.enter(web, person, "wrong wrong wrong")
                said = re.sub(r'value="[^"]*"', "", answer.text)
                told.setdefault(person, []).append((answer.status_code, said))
    assert told[OWNER] == told[CLOSED] == told["nobody"]
    pauses: dict[str, list[float]] = {}
    for person in (OWNER, CLOSED, "nobody"):
        at.app.state.pauses.clear()
        await at.siege(BESIEGED * 2, person)
        pauses[person] = list(at.app.state.pauses)
    assert pauses[OWNER] == pauses[CLOSED] == pauses["nobody"]
    async with browser(at.app, HOME) as web:
        assert (await at.enter(web, CLOSED)).status_code == 403, "closed, though the password is right"


async def test_the_wait_grows_and_what_is_kept_names_nobody(at: House) -> None:
    waits: list[int] = []
    async with browser(at.app, STRANGER) as web:
        for _ in range(TRIES):
            await at.enter(web, OWNER, "wrong")
        for _ in range(8):
            refused = await at.enter(web, OWNER, "wrong")
            found = re.search(r"请在 (\d+) 秒后再试", refused.text)
            assert refused.status_code == 429 and found
            waits.append(int(found[1]))
            at.clock.now += timedelta(seconds=waits[-1])
            assert (await at.enter(web, OWNER, "wrong")).status_code == 403
    assert waits == [60, 120, 240, 480, 960, 1920, 3600, 3600]
    async with at.callers.accounts._engine.connect() as connection:  # pyright: ignore[reportPrivateUsage]
        kept = str((await connection.execute(text("SELECT k::text FROM knocks k"))).all())
        kept += str((await connection.execute(text("SELECT origin::text FROM known_origins"))).all())
    assert STRANGER not in kept and OWNER not in kept


async def test_guesses_sent_at_once_count_each(at: House) -> None:
    import asyncio

    async with browser(at.app, STRANGER) as web:
        told = await asyncio.gather(*(at.enter(web, OWNER, f"wrong {n}") for n in range(30)))
    assert sorted(each.status_code for each in told) == [403] * TRIES + [429] * (30 - TRIES)
