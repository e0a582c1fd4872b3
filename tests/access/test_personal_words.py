"""What a petitioner is called and can be reached by, written into every text of a case, leaves by no door to who has not revealed it."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from io import BytesIO
from typing import Any
from zipfile import ZipFile

import httpx
import pytest
import pytest_asyncio

from gateway.dossier.evidence import Evidence
from schemas.access.redaction import Redactor
from schemas.petition import commands as c
from schemas.petition.rules_version import CURRENT_RULES
from schemas.petition.state import Outcome
from schemas.policy import CasePolicy
from schemas.record import tables as t
from tests.access.conftest import PHONE, City, keep
from tests.access.situations import CO_OFFICE, COMPLAINTS_OFFICER, LEAD, SATISFIED, WHO, archive_stage
from tests.access.test_every_route import STREAM, VALUES, routes
from tests.databases import by_owner
from tests.strategies import Case, filing

pytestmark = pytest.mark.asyncio(loop_scope="session")

NAME = "王小明"
OTHER_PHONE = "13955557777"
ID_NUMBER = "430102199001011234"
OFFICER = "魏国栋"
"""The chief of the station: somebody of the organisation, named by the petitioner."""

WRITTEN = f"我叫{NAME}，电话１３８ ００００－１２３４，另一个{OTHER_PHONE}，身份证{ID_NUMBER}"
CANARIES = (NAME, PHONE, "１３８ ００００－１２３４", OTHER_PHONE, ID_NUMBER, PHONE[-4:], ID_NUMBER[-4:])
NUMBER = "WC-2026-C-000777"
READERS = ("operator", "supervisor", "chief", "handler", "auditor", "upstream", "other_operator")
"""One of each kind; the rest sees no more."""


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def told_of(city: City) -> AsyncIterator[str]:
    """A case at its sign-off in which everybody wrote it; gone afterwards."""
    policy = CasePolicy(version=1, no_fault_by_policy=False)
    words: dict[str, Any] = {
        "title": f"{WRITTEN} {OFFICER}",
        "text": f"{WRITTEN} {OFFICER}推诿",
        "rules": CURRENT_RULES,
    }
    case = Case(filing(by=WHO["operator"], policy=policy, unit="WC/QH/01", **words))
    case.do(WHO["operator"], c.Remark(text=f"{WRITTEN} {OFFICER}还骂人"))
    case.do(WHO["chief"], c.Approve(note=WRITTEN))
    case.do(WHO["supervisor"], c.Assign(lead=LEAD, co_offices=(CO_OFFICE,), note=WRITTEN))
    case.do(WHO["handler"], c.Accept())
    case.do(WHO["handler"], c.ReportProgress(text=WRITTEN))
    case.do(WHO["co_handler"], c.CoReport(text=WRITTEN))
    case.do(WHO["handler"], c.Reply(outcome=Outcome.SUPPORTED, text=WRITTEN, measures=WRITTEN))
    case.do(WHO["visitor"], SATISFIED.model_copy(update={"comment": WRITTEN}))
    await keep(city.door.system.record, NUMBER, case, city.door.system.keyring)
    async with city.browser("auditor") as (web, csrf):
        # A reading whose words name somebody.
        data = {"csrf": csrf, "reason": "other", "words": f"核对{NAME}所留电话{OTHER_PHONE}"}
        assert (await web.post(f"/petitions/{NUMBER}/reveal", data=data)).status_code == 200
    yield NUMBER
    await gone(city, NUMBER)


async def gone(city: City, number: str) -> None:
    of_it = [
        f"DELETE FROM {name} WHERE case_number = :number"
        for name, table in t.METADATA.tables.items()
        if "case_number" in table.c and name != "journal"
    ]
    await by_owner(city.database, *of_it, number=number)


def found_in(said: str) -> list[str]:
    return [each for each in CANARIES if re.search(rf"(?<![0-9A-Za-z]){re.escape(each)}(?![0-9A-Za-z])", said)]


def text_of(answer: Any) -> str:
    if "spreadsheetml" in answer.headers.get("content-type", ""):
        with ZipFile(BytesIO(answer.content)) as book:
            return "\n".join(book.read(name).decode() for name in book.namelist() if name.endswith(".xml"))
    return answer.text


async def test_no_address_tells_it_to_anybody(city: City, told_of: str) -> None:
    """Every address that can be read, for everybody, by browser and by token."""
    leaking: dict[tuple[str, str], list[str]] = {}
    shown = 0
    for position in READERS:
        async with city.machine(position) as machine:
            for method, path in routes(city.app):
                if method != "GET" or path.startswith(("/static", STREAM, "/api/v1/openapi.json")):
                    continue
                address = path.replace(VALUES["number"], told_of)
                answers = [await machine.get(address)]
                if not address.startswith("/api/") and position not in ("upstream", "other_upstream"):
                    async with city.browser(position) as (web, _):
                        answers.append(await web.get(address))
                for answer in answers:
                    shown += "王*明" in answer.text
                    if leaks := found_in(text_of(answer)):
                        leaking[position, address] = leaks
    assert not leaking
    assert shown > 15, "the case was to be seen at many doors"


@pytest.mark.parametrize(
    "words", ["13955557777", "1395555", "95555", "王小明", "小明", "4301021990", OFFICER, "推诿 1234"]
)
async def test_what_is_masked_is_not_found_by_trying(city: City, told_of: str, words: str) -> None:
    async def found(position: str, asked: str) -> set[str]:
        async with city.machine(position) as machine:
            by_api = await machine.get("/api/v1/petitions", params={"text": asked, "limit": 200})
        async with city.browser(position) as (web, _):
            by_page = await web.get("/ledgers/all", params={"text": asked})
            as_table = await web.get("/ledgers/all/export.xlsx", params={"text": asked})
        listed = {each["number"] for each in by_api.json()["cases"]}
        assert (told_of in listed) is (f'/petitions/{told_of}"' in by_page.text) is (told_of in text_of(as_table))
        return listed

    assert told_of not in await found("operator", words)
    assert told_of in await found("operator", "推诿")
    assert told_of in await found("operator", "电话 推诿")


async def test_searching_and_exporting_tell_no_more(city: City, told_of: str) -> None:
    async with city.browser("operator") as (web, _):
        for address in ("/ledgers/all/export", "/ledgers/claim/export", "/ledgers/all", f"/petitions/{told_of}"):
            assert not found_in(text_of(await web.get(address))), address


async def test_the_names_of_officers_are_for_those_who_decide_on_them(city: City, told_of: str) -> None:
    async with city.machine("operator") as web:
        seen = (await web.get(f"/api/v1/petitions/{told_of}")).json()
        assert OFFICER not in seen["text"] and "魏*栋" in seen["text"]
    async with city.machine("supervisor") as web:
        decides = WHO["supervisor"].complaints
        seen = (await web.get(f"/api/v1/petitions/{told_of}")).json()
        assert (OFFICER in seen["text"]) is decides
        assert NAME not in seen["text"]


async def test_who_reveals_reads_the_words_as_they_were_written(city: City, told_of: str) -> None:
    async with city.machine("chief") as web:
        answer = await web.post(f"/api/v1/petitions/{told_of}/reveal", json={"reason": "verify_identity"})
        assert WRITTEN in answer.json()["text"] and OFFICER in answer.json()["title"]
        again = await web.get(f"/api/v1/petitions/{told_of}")
        assert not found_in(again.text)
    async with city.browser("chief") as (web, csrf):
        shown = await web.post(f"/petitions/{told_of}/reveal", data={"csrf": csrf, "reason": "verify_identity"})
        assert WRITTEN in shown.text and PHONE in shown.text
        assert not found_in((await web.get(f"/petitions/{told_of}")).text)


async def test_a_masked_dossier_has_such_events_by_their_links(city: City, told_of: str) -> None:
    door = city.door
    redactor: Redactor = await door.redacting.of_case(told_of, WHO["auditor"])
    history = await door.system.record.history(told_of)
    rows = tuple(
        {
            "body": {"case": told_of, "seq": each.seq, "recorded_at": "", "event": each.event.model_dump(mode="json")},
            "algorithm": "sha256",
            "link": "",
        }
        for each in history
    )
    whole = Evidence(rows, b"history", True, (), None, ("", ""), ())
    masked = whole.masked(redactor)
    by_link = {line["withheld"]["kind"] for line in masked.events if "withheld" in line}
    assert {"filed", "remarked", "approved", "assigned", "progress_reported", "co_reported", "replied"} <= by_link
    assert "accepted" not in by_link
    assert (masked.history, masked.withheld) == (b"", True)
    assert not found_in(masked.events_file.decode())
    assert json.loads(masked.events_file.splitlines()[0])["withheld"]["seq"] == 1


async def test_what_has_been_published_tells_the_public_nothing_of_it(city: City) -> None:
    """Two people have read it, and still it may name somebody: nobody is shown that."""
    number = "WC-2026-C-000778"
    case = archive_stage()
    case.do(
        WHO["supervisor"], c.Disclose(published=True, summary=f"{WRITTEN}，见 {number} 及 WC-2026-C-000001，路灯已修")
    )
    case.do(COMPLAINTS_OFFICER, c.Countersign(agreed=True))
    await keep(city.door.system.record, number, case, city.door.system.keyring)
    try:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(city.app), base_url="http://localhost") as web:
            page = (await web.get("/public/disclosed")).text
        assert "王*明" in page and "路灯已修" in page
        assert not found_in(page)
        assert number not in page and "WC-2026-C-000001" not in page
    finally:
        await gone(city, number)
