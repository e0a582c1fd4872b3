"""What people wrote is shown as they wrote it, on every page that shows it, and is markup on none."""

from __future__ import annotations

import io
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from typing import Any

import httpx
import pytest
import pytest_asyncio
import uvicorn
from openpyxl import load_workbook
from sqlalchemy import insert, update

from gateway.access.callers import SESSION_COOKIE
from gateway.console.replay import routes as replay
from schemas.evidence.finding import Finding, finding
from schemas.evidence.journal import EntryKind
from schemas.kernel.actor import SYSTEM
from schemas.petition import commands as c
from schemas.petition.commit import CommitOrder, Committed
from schemas.petition.rules_version import CURRENT_RULES
from schemas.petition.state import Outcome
from schemas.policy import CasePolicy
from schemas.record import tables as t
from tests.access.conftest import PHONE, City, keep
from tests.access.situations import CO_OFFICE, COMPLAINTS_OFFICER, LEAD, SATISFIED, WHO
from tests.databases import by_owner
from tests.serving import listening
from tests.strategies import Case, filing

pytestmark = pytest.mark.asyncio(loop_scope="session")

SCRIPT = "<script>alert(1)</script>"
HOSTILE = f"\"'><img src=x onerror=alert(1)>{SCRIPT}{{{{7*7}}}}</title></textarea><svg/onload=alert(1)>&lt;javascript:alert(1)"
FORMULA = "=HYPERLINK(A1)"


class Read(HTMLParser):
    """What a browser makes of a page: elements, the attributes that act, and the text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.acting: list[str] = []
        self.words = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = dict(attrs)
        self.acting += [name for name in said if name.startswith("on") or name in ("style", "srcdoc")]
        self.acting += [value for value in said.values() if value and value.strip().lower().startswith("javascript:")]
        self.acting += [tag] if tag in ("img", "iframe", "object", "embed", "base") else []
        self.acting += ["script"] if tag == "script" and not (said.get("src") or "").startswith("/static/") else []
        self.words += " ".join(value or "" for value in said.values())

    def handle_data(self, data: str) -> None:
        self.words += data


def harmless(answer: httpx.Response) -> None:
    """Shows the text, and does nothing that the text says."""
    assert answer.status_code < 500
    read = Read(answer.text)
    assert not read.acting, (str(answer.request.url), read.acting)
    assert SCRIPT in read.words, f"{answer.request.url} does not show it"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def written(city: City) -> AsyncIterator[str]:
    """The case whose petitioner wrote it, in title and text."""
    number = city.numbers["approve_stage"]
    async with city.database.begin() as connection:
        row = (await connection.execute(t.cases.select().where(t.cases.c.case_number == number))).mappings().one()
        await connection.execute(
            update(t.cases).where(t.cases.c.case_number == number).values(title=HOSTILE, text=HOSTILE)
        )
    yield number
    async with city.database.begin() as connection:
        before = {"title": row["title"], "text": row["text"]}
        await connection.execute(update(t.cases).where(t.cases.c.case_number == number).values(**before))


def wrote(place: str) -> str:
    """What is written at that place of a case: a formula to a workbook, markup to a page."""
    return f"=1+1 {place} {HOSTILE}"


CODE = "HTMLHTML"
"""By which whoever brought that case follows it."""

EVERYWHERE = (
    "title",
    "approval",
    "assignment",
    "progress",
    "co-report",
    "reply",
    "measures",
    "revisit",
    "sign-off",
    "summary",
)
"""The places at which the people of a case write what is told of it."""


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def lived(city: City) -> AsyncIterator[str]:
    """A published case in which everybody wrote it, and an auditor too who looked; gone afterwards."""
    number = "WC-2026-C-000666"
    policy = CasePolicy(version=1, no_fault_by_policy=False)
    words: dict[str, Any] = {"title": wrote("title"), "text": wrote("text"), "rules": CURRENT_RULES}
    case = Case(filing(by=WHO["operator"], policy=policy, unit="WC/QH/01", **words))
    case.do(WHO["chief"], c.Approve(note=wrote("approval")))
    case.do(WHO["supervisor"], c.Assign(lead=LEAD, co_offices=(CO_OFFICE,), note=wrote("assignment")))
    case.do(WHO["handler"], c.Accept())
    case.do(WHO["handler"], c.ReportProgress(text=wrote("progress")))
    case.do(WHO["co_handler"], c.CoReport(text=wrote("co-report")))
    answer = c.Reply(outcome=Outcome.SUPPORTED, text=wrote("reply"), measures=wrote("measures"))
    case.do(WHO["handler"], answer)
    case.do(WHO["visitor"], SATISFIED.model_copy(update={"comment": wrote("revisit")}))
    case.do(WHO["chief"], c.SignOff(note=wrote("sign-off")))
    record = city.door.system.record
    await keep(record, number, case, city.door.system.keyring)
    await city.door.system.journal.append(
        EntryKind.REVEALED, WHO["auditor"], case_number=number, reason=wrote("reading"), body={"fields": ["phone"]}
    )
    before = len(case.events)
    case.do(WHO["supervisor"], c.Disclose(published=True, summary=wrote("summary")))
    case.do(COMPLAINTS_OFFICER, c.Countersign(agreed=True))
    told = tuple(case.events[before:])
    order = CommitOrder(number=number, command_id="show", expected_seq=before, actor=SYSTEM, events=told)
    assert await record.commit(order) == Committed()
    known = {"source": "test", "source_event_id": number, "content_hash": b"", "case_number": number}
    known |= {"tracking_code": CODE, "reserved_at": case.now, "filed_at": case.now}
    async with city.database.begin() as connection:
        await connection.execute(insert(t.intake), known)
    yield number
    of_it = [
        f"DELETE FROM {name} WHERE case_number = :number"
        for name, table in t.METADATA.tables.items()
        if "case_number" in table.c and name != "journal"
    ]
    await by_owner(city.database, *of_it, number=number)


async def test_on_the_pages_that_show_a_petition(city: City, written: str, lived: str) -> None:
    async with city.browser("operator") as (web, csrf):
        talk = await web.get(f"/petitions/{lived}")
        harmless(talk)
        assert wrote("reply") in Read(talk.text).words
        harmless(await web.get(f"/petitions/{written}"))
        harmless(await web.get("/ledgers/claim"))
        # A refused order comes back with what was typed, in the boxes it was typed into.
        typed = {"csrf": csrf, "reason": HOSTILE, "unit": HOSTILE}
        harmless(await web.post(f"/petitions/{written}/act/amend", data=typed))
        intake = {"csrf": csrf, "do": "look", "title": HOSTILE, "text": HOSTILE, "petitioners.name": HOSTILE}
        harmless(await web.post("/petitions/new", data=intake))
        harmless(await web.get("/petitions/new"))
        await web.post("/petitions/new", data={"csrf": csrf, "do": "drop"})
        for page in ("/ledgers/claim?text=", "/petitions/", "/inbox?number=x&did=approve&kind="):
            assert not Read((await web.get(f"{page}{HOSTILE}")).text).acting
    async with city.browser("chief") as (web, _):
        harmless(await web.get("/inbox"))


async def test_on_the_pages_of_the_public(city: City) -> None:
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(city.app), base_url="http://localhost", headers={"Accept": "text/html"}
    ) as web:
        harmless(await web.post("/public/submit", data={"text": "", "title": HOSTILE, "name": HOSTILE}))
        harmless(await web.post("/public/track", data={"code": HOSTILE, "last_four": HOSTILE}))
        harmless(await web.post("/sign-in", data={"person": HOSTILE[:80], "password": "x", "next": HOSTILE}))


async def test_on_every_step_of_a_replay(city: City, lived: str, monkeypatch: pytest.MonkeyPatch) -> None:
    told = ""
    async with city.browser("auditor") as (web, csrf):
        for step in (1, 2):
            for headers in ({}, {"HX-Request": "true", "HX-Target": "moment"}):
                page = await web.get(f"/replay/{lived}?step={step}", headers=headers)
                harmless(page)
                told += Read(page.text).words
        assert [place for place in (*EVERYWHERE, "reading") if wrote(place) not in told] == []
        harmless(await web.get("/replay", params={"number": HOSTILE}))
        # What was altered is shown beside what it had been.
        altered = finding("event_altered", lived, 1, field="payload.text", found=HOSTILE, expected="路灯不亮")

        async def verified(*_: object) -> tuple[Finding, ...]:
            return (altered,)

        monkeypatch.setattr(replay, "verified", verified)
        checked = await web.post(f"/replay/{lived}/verify?step=1", data={"csrf": csrf})
        harmless(checked)
        assert altered.zh in Read(checked.text).words


async def test_on_what_the_public_is_shown(city: City, lived: str) -> None:
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(city.app), base_url="http://localhost", headers={"Accept": "text/html"}
    ) as web:
        disclosed = await web.get("/public/disclosed")
        harmless(disclosed)
        assert wrote("summary") in Read(disclosed.text).words
        followed = await web.post("/public/track", data={"code": CODE, "last_four": PHONE[-4:]})
        harmless(followed)
        assert wrote("reply") in Read(followed.text).words


async def test_in_what_a_live_page_is_told_and_then_fetches(city: City, lived: str, written: str) -> None:
    """The stream says which case changed and nothing that anybody wrote; what is drawn anew is fetched as a part of a page."""
    config = uvicorn.Config(city.app, port=0, lifespan="off", log_config=None, ws="none")
    asked = {
        "Cookie": f"{SESSION_COOKIE}={city.sessions['auditor'][0]}",
        "Last-Event-ID": (datetime.now(UTC) - timedelta(hours=1)).isoformat(),
    }
    waited, told = {lived, written}, list[str]()
    async with (
        listening(config) as port,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as web,
        web.stream("GET", "/api/v1/stream", headers=asked) as answer,
    ):
        lines = answer.aiter_lines()
        while waited:
            told.append(await anext(lines))
            if told[-1].startswith("data: "):
                waited.discard(json.loads(told[-1].removeprefix("data: "))["number"])
    assert not [line for line in told if "alert" in line or "=1+1" in line]
    async with city.browser("chief") as (web, _):
        harmless(await web.get("/inbox", headers={"HX-Request": "true", "X-By-Itself": "true"}))


async def test_in_the_workbook_of_a_ledger(city: City, written: str, lived: str) -> None:
    async with city.database.begin() as connection:
        await connection.execute(update(t.cases).where(t.cases.c.case_number == written).values(title=FORMULA))
    async with city.browser("operator") as (web, _):
        answer = await web.get("/ledgers/claim/export.xlsx")
    assert answer.status_code == 200, answer.text
    sheet = load_workbook(io.BytesIO(answer.content)).active
    assert sheet is not None
    cells = [cell for row in sheet.iter_rows() for cell in row]
    assert all(cell.data_type != "f" for cell in cells)
    shown = [cell.value for cell in cells]
    assert f"'{FORMULA}" in shown
    assert f"'{wrote('title')}" in shown, f"{lived} is not in it"
