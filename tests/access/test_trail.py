"""What is looked for and taken along at the doors is told to auditors, and tells the accused nothing."""

from __future__ import annotations

import pytest

from gateway.trail import trail_for
from schemas.evidence.journal import EntryKind
from tests.access.conftest import City
from tests.access.situations import PEOPLE

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_attempts_on_hidden_and_unknown_cases_are_counted_alike_and_told_apart_to_the_administrator(
    city: City,
) -> None:
    hidden, unknown = city.accusing["accepted"], "WC-2026-C-777777"
    async with city.machine("handler") as web, city.browser("handler") as (pages, _):
        for _ in range(3):
            answers = [(await web.get(f"/api/v1/petitions/{number}")) for number in (hidden, unknown)]
            assert [each.status_code for each in answers] == [404, 404]
            assert answers[0].json()["code"] == answers[1].json()["code"] == "case_unknown"
        assert (await pages.get(f"/petitions/{hidden}")).status_code == 404
        assert (await web.get("/api/v1/petitions/13800001234")).status_code == 404
    person = PEOPLE["handler"]
    found = [entry async for entry in trail_for(city.door, None, kinds=[EntryKind.CASE_SOUGHT], person=person)]
    by_case: dict[str, int] = {}
    for entry in found:
        by_case[entry.case_number] = by_case.get(entry.case_number, 0) + entry.body["count"]
    assert by_case[hidden] >= 4
    assert by_case[""] >= 4
    assert set(by_case) <= {"", *city.accusing.values(), *city.numbers.values()}, "what is no case is not repeated"
    assert {entry.actor.credential[:2] for entry in found} == {"s-", "t-"}
    async with city.machine("auditor") as web:
        told = (await web.get("/api/v1/audit/security", params={"kind": "case_sought", "person": person})).json()
        assert told["entries"] and hidden not in str(told), "the auditor is accused there, and learns of no such case"


async def test_a_table_taken_along_is_told_and_the_page_is_the_auditors(city: City) -> None:
    async with city.browser("supervisor") as (web, _):
        assert (await web.get("/ledgers/claim/export.xlsx")).status_code == 200
        closed = await web.get("/audit/security")
        assert closed.status_code == 403 and "table_exported" not in closed.text
    async with city.browser("auditor") as (web, _):
        page = await web.get("/audit/security", params={"kind": "table_exported"})
        assert page.status_code == 200 and "ledger=claim" in page.text
        for wrong in ({"kind": "x"}, {"since": "soon"}, {"until": "9999-99-99"}):
            assert (await web.get("/audit/security", params=wrong)).status_code == 422
        nobody = await web.get("/audit/security", params={"person": "nobody-at-all"})
        assert "没有符合条件的记录" in nobody.text
        assert 'href="/audit/security"' in page.text
    async with city.machine("auditor") as web:
        told = (await web.get("/api/v1/audit/security", params={"kind": "table_exported"})).json()
        assert told["entries"][-1]["facts"]["ledger"] == "claim"
        assert (await web.get("/api/v1/audit/security", params={"kind": "x"})).json()["code"] == "kind_unknown"


async def test_a_trace_that_cannot_be_written_stops_the_taking_along(
    city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*args: object, **more: object) -> None:
        raise ConnectionError("the database is away")

    monkeypatch.setattr(city.door.trail, "record", broken)
    async with city.browser("supervisor") as (web, _):
        answer = await web.get("/ledgers/claim/export.xlsx")
        assert answer.status_code >= 500 and b"PK" not in answer.content
