"""The same matrix through the pages: behind a form stands the same order as behind the API, and the page itself is closed to the same people."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from gateway.access.callers import SESSION_COOKIE
from gateway.console.case import facts
from gateway.console.inbox.facts import TOGETHER
from gateway.orders.codes import REISSUE
from gateway.orders.fields import HUMAN
from schemas.kernel.actor import Actor
from schemas.kernel.refusal import Refusal
from schemas.petition.rules.awaited import possible
from schemas.petition.state import Petition
from tests.access.conftest import City
from tests.access.situations import LATER, PEOPLE, SITUATIONS, WHO
from tests.access.test_matrix import MACHINES, MAY, REFUSED, expected, unseen

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest.fixture(autouse=True)
def at_later(monkeypatch: pytest.MonkeyPatch) -> None:
    """The pages judge at the moment when everybody tries; no term has ended."""

    def possible_later(state: Petition, kind: str, actor: Actor, _at: datetime) -> Refusal | None:
        return possible(state, kind, actor, LATER)

    monkeypatch.setattr(facts, "possible", possible_later)


def as_form(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: str(value).lower() if isinstance(value, bool) else value for name, value in fields.items()}


def offered(page: str, number: str) -> set[str]:
    """The commands of which a page holds a form."""
    return set(re.findall(rf'action="/petitions/{number}/act/(\w+)"', page))


def code_of(answer: httpx.Response) -> str:
    """What was refused, as the page bears it."""
    found = re.search(r'data-code="(\w+)"|<span class="number">(\w+)</span>', answer.text)
    assert found is not None, answer.text
    return found[1] or found[2]


@pytest.mark.parametrize("situation", SITUATIONS)
async def test_a_page_offers_what_the_lifecycle_allows_and_nothing_else(city: City, situation: str) -> None:
    number, wrong = city.numbers[situation], {}
    state = SITUATIONS[situation]().state
    for position in PEOPLE.keys() - MACHINES:
        async with city.browser(position) as (web, _):
            answer = await web.get(f"/petitions/{number}")
        if unseen(position, situation):
            must, came = {404}, {answer.status_code}
        else:
            must = {kind for kind in HUMAN if possible(state, kind, WHO[position], LATER) is None}
            came = offered(answer.text, number)
            written_out = {
                kind for kind, (where, _, people) in MAY.items() if where == situation and position in people
            }
            assert written_out <= came, position
        if came != must:
            wrong[position] = (must, came)
    assert not wrong


async def test_every_command_of_a_person_has_its_form(city: City) -> None:
    missing: set[str] = set()
    for kind, (situation, _, people) in MAY.items():
        for position in sorted(people - MACHINES)[:1]:
            async with city.browser(position) as (web, _):
                page = (await web.get(f"/petitions/{city.numbers[situation]}")).text
            if kind not in offered(page, city.numbers[situation]):
                missing.add(kind)
    assert not missing


@pytest.mark.parametrize("kind", MAY)
async def test_through_the_pages(city: City, kind: str) -> None:
    situation, fields, _ = MAY[kind]
    state = SITUATIONS[situation]().state
    wrong: dict[tuple[str, bool], tuple[str, str]] = {}
    done: list[tuple[str, str, str]] = []
    before = await city.kept()
    city.desk.taken.clear()
    for position in PEOPLE.keys() - MACHINES:
        async with city.browser(position) as (web, csrf):
            for accused, numbers in ((False, city.numbers), (True, city.accusing)):
                number = numbers[situation]
                form = as_form(fields) | {"csrf": csrf}
                answer = await web.post(f"/petitions/{number}/act/{kind}", data=form)
                # A code issued anew stands in the answer itself, and in no address.
                came = "done" if answer.status_code == (200 if kind == REISSUE else 303) else code_of(answer)
                must = expected(position, kind, accused=accused)
                if must == "done":
                    done.append((number, kind, PEOPLE[position]))
                if must == "refused":
                    refusal = possible(state, kind, WHO[position], LATER)
                    assert refusal is not None
                    assert refusal.code in REFUSED
                    must = refusal.code
                if came != must:
                    wrong[position, accused] = (must, f"{answer.status_code} {came}")
    assert not wrong
    assert city.desk.taken == done, "nothing else came as far as to be decided for"
    assert await city.kept() == before


@pytest.mark.parametrize("kind", TOGETHER)
async def test_several_at_once_are_judged_one_by_one(city: City, kind: str) -> None:
    situation, fields, _ = MAY[kind]
    before = await city.kept()
    for position in PEOPLE.keys() - MACHINES:
        city.desk.taken.clear()
        async with city.browser(position) as (web, csrf):
            numbers = [city.accusing[situation], city.numbers[situation], "WC-2026-C-777777"]
            form = as_form(fields) | {"csrf": csrf, "number": numbers}
            answer = await web.post(f"/inbox/act/{kind}", data=form)
        may = expected(position, kind, accused=False) == "done"
        assert city.desk.taken == ([(numbers[1], kind, PEOPLE[position])] if may else []), position
        assert answer.status_code == 200 if may else answer.status_code in (200, 403, 404, 409), position
    assert await city.kept() == before


REVEALED_TO: dict[str, dict[str, str]] = {
    "approve_stage": {"operator": "call_back"},
    "held": {},
    "let_off": {},
    "assign_stage": {"operator": "hand_over"},
    "assigned": {},
    "accepted": {"handler": "visit", "co_handler": "call_back"},
    "revisit_stage": {"visitor": "call_back"},
    "sign_off_stage": {"chief": "verify_identity"},
    "archive_stage": {},
    "sealed": {},
}
"""By situation: whose work needs personal data, and one of their reasons. Besides, auditors, but for what is not decided yet. Nobody else."""


@pytest.mark.parametrize("situation", REVEALED_TO)
async def test_personal_data_opens_to_whose_work_needs_it(city: City, situation: str) -> None:
    held = SITUATIONS[situation]().state.held is not None
    wanted = REVEALED_TO[situation] | ({} if held else {"auditor": "sample"})
    for position in PEOPLE.keys() - MACHINES:
        async with city.browser(position) as (web, csrf):
            page = f"/petitions/{city.numbers[situation]}"
            before = await city.kept()
            answer = await web.post(f"{page}/reveal", data={"csrf": csrf, "reason": wanted.get(position, "call_back")})
            offered_it = f'action="{page}/reveal"' in (await web.get(page)).text
            may = position in wanted
            must = 200 if may else 404 if unseen(position, situation) else 403
            assert (answer.status_code, offered_it) == (must, may), (position, code_of(answer))
            if must == 403:
                assert code_of(answer) == ("reveal_before_decision" if held else "reveal_not_needed")
            assert ("journal" in {name for name, told in (await city.kept()).items() if told != before[name]}) is may


async def test_personal_data_and_files_follow_the_case(city: City) -> None:
    """Reveal and attachment are no commands of the lifecycle, and are closed to the accused."""
    for position in PEOPLE.keys() - MACHINES:
        async with city.browser(position) as (web, csrf):
            for accused, numbers in ((False, city.numbers), (True, city.accusing)):
                shut = accused or unseen(position, "accepted")
                page = f"/petitions/{numbers['accepted']}"
                before = await city.kept()
                reason = "sample" if position == "auditor" else "visit"
                revealed = await web.post(f"{page}/reveal", data={"csrf": csrf, "reason": reason})
                attached = await web.post(
                    f"{page}/attachments", data={"csrf": csrf}, files={"file": ("a.txt", b"a", "text/plain")}
                )
                needed = position in ("auditor", *REVEALED_TO["accepted"])
                must = 404 if shut else 200 if needed else 403
                assert revealed.status_code == must, (position, code_of(revealed))
                assert attached.status_code == (403 if position == "auditor" else 404 if shut else 303), position
                changed = {name for name, told in (await city.kept()).items() if told != before[name]}
                assert changed <= (set() if shut else {"journal", "attachments", "outbox"}), position
                assert ("journal" in changed) is (needed and not shut), position


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
