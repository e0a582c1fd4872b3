"""What people wrote is shown as they wrote it, on every page that shows it, and is markup on none."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator
from html.parser import HTMLParser

import httpx
import pytest
import pytest_asyncio
from openpyxl import load_workbook
from sqlalchemy import update

from schemas.record import tables as t
from tests.access.conftest import City

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
        self.acting += [value for value in said.values() if (value or "").strip().lower().startswith("javascript:")]
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


async def test_on_the_pages_that_show_a_petition(city: City, written: str) -> None:
    async with city.browser("operator") as (web, csrf):
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


async def test_in_the_workbook_of_a_ledger(city: City, written: str) -> None:
    async with city.database.begin() as connection:
        await connection.execute(update(t.cases).where(t.cases.c.case_number == written).values(title=FORMULA))
    async with city.browser("operator") as (web, _):
        answer = await web.get("/ledgers/claim/export.xlsx")
    assert answer.status_code == 200, answer.text
    sheet = load_workbook(io.BytesIO(answer.content)).active
    assert sheet is not None
    cells = [cell for row in sheet.iter_rows() for cell in row]
    assert all(cell.data_type != "f" for cell in cells)
    assert f"'{FORMULA}" in {cell.value for cell in cells}
