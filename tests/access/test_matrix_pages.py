"""The same matrix through the pages: behind a form stands the same order as behind the API, and the page itself is closed to the same people."""

from __future__ import annotations

import pytest
from pydantic import SecretStr

from gateway.access.callers import SESSION_COOKIE
from tests.access.conftest import City
from tests.access.situations import PEOPLE
from tests.access.test_matrix import MACHINES, MAY, expected

pytestmark = pytest.mark.asyncio(loop_scope="session")

PAGE_KINDS = ("amend", "approve", "assign", "accept", "urge", "reply", "record_revisit", "sign_off", "reopen")
"""A page for each stage; behind the form stands the same order as behind the API."""


@pytest.mark.parametrize("kind", PAGE_KINDS)
async def test_through_the_pages(city: City, kind: str) -> None:
    situation, fields, _ = MAY[kind]
    wrong: dict[tuple[str, bool], tuple[str, int]] = {}
    status = {"done": {303}, "refused": {403, 409}, "case_unknown": {404}, "auditors_change_nothing": {403}}
    for position in PEOPLE.keys() - MACHINES:
        async with city.browser(position) as (web, csrf):
            for accused, numbers in ((False, city.numbers), (True, city.accusing)):
                form = {
                    name: str(value).lower() if isinstance(value, bool) else value for name, value in fields.items()
                }
                answer = await web.post(f"/petitions/{numbers[situation]}/act/{kind}", data=form | {"csrf": csrf})
                must = expected(position, kind, accused=accused)
                if answer.status_code not in status[must]:
                    wrong[position, accused] = (must, answer.status_code)
    assert not wrong


@pytest.mark.parametrize("position", ["auditor", "chief", "other_chief"])
async def test_the_accused_find_no_trace_on_any_page(city: City, position: str) -> None:
    kept = city.numbers["accepted"] if position == "other_chief" else city.accusing["accepted"]
    async with city.browser(position) as (web, _):
        assert (await web.get(f"/petitions/{kept}")).status_code == 404
        for page in ("/ledgers", "/ledgers/claim", "/inbox", "/board"):
            answer = await web.get(page)
            assert answer.status_code in (200, 303, 403)
            assert kept not in answer.text


async def test_a_person_changes_their_own_password(city: City) -> None:
    accounts, person = city.callers.accounts, PEOPLE["other_visitor"]
    await accounts.set_password(person, SecretStr("the first of two passwords"))
    begun = await city.callers.sessions.begin(person, "zh")
    city.sessions["other_visitor"] = begun.secret, begun.session.csrf
    async with city.browser("other_visitor") as (web, csrf):
        assert "更换密码" in (await web.get("/accounts/me")).text
        form = {"csrf": csrf, "password": "the first of two passwords", "wanted": "the second of two", "repeated": "x"}
        for wrong in (
            form,
            form | {"wanted": "short", "repeated": "short"},
            form | {"password": "?", "repeated": form["wanted"]},
        ):
            assert (await web.post("/accounts/me/password", data=wrong)).status_code == 422
            assert await accounts.holds(person, SecretStr("the first of two passwords"))
        assert (await web.post("/accounts/me/password", data=form | {"csrf": ""})).status_code == 403
        done = await web.post("/accounts/me/password", data=form | {"repeated": form["wanted"]})
        assert (done.status_code, done.headers["location"]) == (303, "/accounts/me?done=1")
        assert await accounts.admits(person, SecretStr("the second of two"))
        assert (await web.get("/accounts/me")).status_code == 303, "the session before is over"
    secret = done.cookies[SESSION_COOKIE]
    session = await city.callers.sessions.find(secret)
    assert session is not None
    city.sessions["other_visitor"] = secret, session.csrf
    async with city.browser("auditor") as (web, _):
        assert "统一身份认证" in (await web.get("/accounts/me")).text
