"""A petition's way by API: filed once, found, handled, seen by whom it concerns and by nobody else."""

from __future__ import annotations

import asyncio
from uuid import uuid4

import httpx
import pytest

from gateway.api.cases.in_flight import InFlight
from schemas.evidence.journal import EntryKind
from tests.api.conftest import Api, petition

pytestmark = pytest.mark.asyncio(loop_scope="session")

OPERATOR, SUPERVISOR, HANDLER, VISITOR, CHIEF = "he-xiaoyun", "cao-jianhua", "gu-feng", "sun-lihua", "wei-guodong"
PETITIONS = "/api/v1/petitions"


def told(answer: httpx.Response, status: int, code: str) -> dict[str, object]:
    """The problem an answer tells."""
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert (answer.status_code, problem["status"], problem["code"]) == (status, status, code), problem
    assert problem["title"] and problem["title_en"] and problem["request_id"] == answer.headers["x-request-id"]
    return problem


async def test_the_same_key_is_the_same_petition_however_often_it_is_sent(api: Api) -> None:
    key = {"Idempotency-Key": uuid4().hex}
    first = await api(OPERATOR).post(PETITIONS, json=petition(), headers=key)
    assert first.status_code == 201
    assert first.headers["location"] == f"{PETITIONS}/{first.json()['number']}"
    assert len(first.json()["tracking_code"]) == 12
    again = await api(OPERATOR).post(PETITIONS, json=petition(), headers=key)
    assert (again.status_code, again.json()) == (201, first.json())
    for other in (petition(text="另一件事。"), petition(ledger="suggestion"), petition(unit="WC/QH/02")):
        answer = await api(OPERATOR).post(PETITIONS, json=other, headers=key)
        told(answer, 422, "source_event_conflict")
    # Another caller's key is another key.
    other = await api("tan-wei").post(PETITIONS, json=petition(), headers=key)
    assert other.json()["number"] != first.json()["number"]


async def test_many_at_once_with_one_key_are_one_case_and_nobody_waits(api: Api) -> None:
    key = {"Idempotency-Key": uuid4().hex}
    answers = await asyncio.gather(*(api(OPERATOR).post(PETITIONS, json=petition(), headers=key) for _ in range(6)))
    done = [answer for answer in answers if answer.status_code == 201]
    assert done
    assert {answer.json()["number"] for answer in done} == {done[0].json()["number"]}
    for answer in answers:
        if answer not in done:
            told(answer, 409, "in_flight")


async def test_a_key_in_work_at_another_door_is_in_flight(api: Api) -> None:
    async with InFlight(api.door.system.database).held(f"api:{OPERATOR}", "busy"):
        answer = await api(OPERATOR).post(PETITIONS, json=petition(), headers={"Idempotency-Key": "busy"})
        told(answer, 409, "in_flight")
    answer = await api(OPERATOR).post(PETITIONS, json=petition(), headers={"Idempotency-Key": "busy"})
    assert answer.status_code == 201


async def test_more_filings_at_once_than_connections_all_end(api: Api) -> None:
    async def file() -> int:
        key = {"Idempotency-Key": uuid4().hex}
        return (await api(OPERATOR).post(PETITIONS, json=petition(), headers=key)).status_code

    assert set(await asyncio.gather(*(file() for _ in range(50)))) == {201}


async def test_what_is_left_out_is_proposed(api: Api) -> None:
    body = {"text": "青禾区一号派出所门口的路灯坏了，建议增加照明。"}
    answer = await api(OPERATOR).post(PETITIONS, json=body, headers={"Idempotency-Key": uuid4().hex})
    filed = answer.json()
    assert {"ledger", "complexity", "unit"} <= filed["proposed"].keys()
    assert filed["proposed"]["ledger"]["value"] == filed["ledger"]


async def test_a_case_from_filing_to_its_answer(api: Api) -> None:
    number = await api.filed()
    seen = (await api(SUPERVISOR).get(f"{PETITIONS}/{number}")).json()
    assert seen["state"]["stage"] == "assign"
    assert seen["actions"]["assign"] is None
    assert seen["actions"]["reply"]["code"] == "role_wrong"
    assert seen["petitioners"][0]["phone"] == "138********", "no mask shows what proves somebody to be the petitioner"
    assert "13800001234" not in str(seen)
    assert seen["tracking_code"] is None
    key = {"Idempotency-Key": uuid4().hex}
    assigned = [
        await api(SUPERVISOR).post(f"{PETITIONS}/{number}/actions/assign", json={"lead": "WC/QH/02"}, headers=key)
        for _ in range(2)
    ]
    assert assigned[0].status_code == 200, assigned[0].text
    assert assigned[0].json() == assigned[1].json()
    assert (await api.act(number, HANDLER, "accept")).json()["stage"] == "supervise"
    replied = await api.act(number, HANDLER, "reply", outcome="supported", text="灯已修好。")
    assert replied.json() == {"number": number, "command": "reply", "seq": replied.json()["seq"], "stage": "revisit"}
    told(await api.act(number, HANDLER, "reply", outcome="supported", text="再答。"), 409, "stage_wrong")
    history = (await api(OPERATOR).get(f"{PETITIONS}/{number}/history")).json()
    assert [event["kind"] for event in history["events"]][:2] == ["filed", "approved"]
    assert "ciphertext" not in str(history) and '"key_id"' not in str(history)
    clocks = (await api(OPERATOR).get(f"{PETITIONS}/{number}/clocks")).json()
    assert {clock["clock"] for clock in clocks["clocks"]} >= {"assign", "finish", "statute_finish"}
    assert clocks["clocks"][0]["counted"]


async def test_fields_that_cannot_be_are_named_and_never_quoted(api: Api) -> None:
    number = await api.filed()
    told(await api.act(number, SUPERVISOR, "assign"), 422, "field_missing")
    told(await api.act(number, SUPERVISOR, "assign", lead="无此单位"), 422, "unit_unknown")
    told(await api.act(number, SUPERVISOR, "assign", lead="WC/QH/02", colour="red"), 422, "field_unknown")
    told(await api.act(number, SUPERVISOR, "dance"), 404, "command_unknown")
    told(await api.act(number, SUPERVISOR, "urge", text="x" * 20_001), 422, "text_too_long")
    told(await api.act(number, SUPERVISOR, "urge", text="\0"), 422, "text_unstorable")
    personal = petition(petitioners=[{"name": "x" * 101, "phone": "13800009999"}])
    answer = await api(OPERATOR).post(PETITIONS, json=personal, headers={"Idempotency-Key": uuid4().hex})
    told(answer, 422, "text_too_long")
    assert "13800009999" not in answer.text and "xxx" not in answer.text


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"text": "x" * 20_001}, "text_too_long"),
        ({"title": "x" * 501, "text": "x"}, "text_too_long"),
        ({"text": "好\0的"}, "text_unstorable"),
        ({"text": ""}, "body_invalid"),
        ({"text": "x", "channel": "不存在"}, "channel_unknown"),
        ({"text": "x", "unit": "不存在"}, "unit_unknown"),
        ({"text": "x", "accused_persons": ["不存在"]}, "person_unknown"),
        ({"text": "x", "received_at": "2020-01-01T00:00:00"}, "body_invalid"),
        ({"text": "x", "received_at": "0001-01-01T00:00:00+14:00"}, "body_invalid"),
        ({"text": "x", "unknown": 1}, "body_invalid"),
        ({}, "body_invalid"),
    ],
)
async def test_a_petition_that_cannot_be_filed_says_why(api: Api, body: dict[str, object], code: str) -> None:
    answer = await api(OPERATOR).post(PETITIONS, json=body, headers={"Idempotency-Key": uuid4().hex})
    told(answer, 422, code)


@pytest.mark.parametrize(
    ("raw", "media_type", "status", "code"),
    [
        (b'{"text": "\\ud800"}', "application/json", 422, "text_unstorable"),
        (b"{", "application/json", 422, "body_invalid"),
        (b"[" * 1_900, "application/json", 422, "body_invalid"),
        (b"[" * 100_000, "application/json", 413, "body_too_many_fields"),
        (b'{"petitioners": [' + b"{}," * 100_000 + b"{}]}", "application/json", 413, "body_too_many_fields"),
        (b'{"text": 1e999999}', "application/json", 422, "body_invalid"),
        (b'{"text": "\xff"}', "application/json", 422, "body_invalid"),
        (b"text=x", "application/x-www-form-urlencoded", 415, "media_type_unsupported"),
        (b'{"text": "' + b"x" * 1_000_001 + b'"}', "application/json", 413, "body_too_large"),
    ],
)
async def test_a_body_that_is_none(api: Api, raw: bytes, media_type: str, status: int, code: str) -> None:
    headers = {"Idempotency-Key": uuid4().hex, "Content-Type": media_type}
    told(await api(OPERATOR).post(PETITIONS, content=raw, headers=headers), status, code)


async def test_who_may_not_is_told_so_and_who_may_not_see_is_told_nothing(api: Api) -> None:
    key = {"Idempotency-Key": uuid4().hex}
    told(await api("").post(PETITIONS, json=petition(), headers=key), 401, "sign_in_needed")
    told(await api(HANDLER).post(PETITIONS, json=petition(), headers=key), 403, "door_closed")
    read_only = key | {"X-Test-Scopes": "petitions:read"}
    told(await api(OPERATOR).post(PETITIONS, json=petition(), headers=read_only), 403, "token_scope_missing")
    number = await api.filed(accused_units=["WC/QH/02"])
    for person in (HANDLER, "tang-yong", "bao-jie"):
        for path in ("", "/history", "/clocks", "/attachments"):
            told(await api(person).get(f"{PETITIONS}/{number}{path}"), 404, "case_unknown")
        told(await api.act(number, person, "accept"), 404, "case_unknown")
        listed = (await api(person).get(PETITIONS, params={"limit": 200})).json()["cases"]
        assert number not in {case["number"] for case in listed}


async def test_lists_are_filtered_and_turned_page_by_page(api: Api) -> None:
    mark = f"甲{uuid4().hex[:6]}"
    numbers = [await api.filed(text=f"{mark} 第{count}件：路灯不亮。") for count in range(5)]
    query = {"text": mark, "limit": 2}
    found: list[str] = []
    while True:
        page = (await api(OPERATOR).get(PETITIONS, params=query)).json()
        found += [case["number"] for case in page["cases"]]
        if page["cursor"] is None:
            break
        query["cursor"] = page["cursor"]
    assert found == numbers[::-1]
    assert (await api(OPERATOR).get(PETITIONS, params={"text": mark, "unit": "WC/LQ"})).json()["cases"] == []
    both = {"text": mark, "unit": "WC/QH", "stage": ["assign", "approve"], "ledger": "claim", "open": True}
    assert len((await api(OPERATOR).get(PETITIONS, params=both)).json()["cases"]) == 5
    told(await api(OPERATOR).get(PETITIONS, params={"cursor": "x"}), 422, "cursor_invalid")
    told(await api(OPERATOR).get(PETITIONS, params={"unit": "nowhere"}), 422, "unit_unknown")
    told(await api(OPERATOR).get(PETITIONS, params={"text": "a\0b"}), 422, "text_unstorable")
    told(await api(OPERATOR).get(PETITIONS, params={"limit": 0}), 422, "body_invalid")


async def test_what_is_not_there_and_what_is_not_done_that_way(api: Api) -> None:
    told(await api(OPERATOR).get("/api/v1/nothing"), 404, "page_unknown")
    told(await api(OPERATOR).get(f"{PETITIONS}/XA-2026-C-999999"), 404, "case_unknown")
    told(await api(OPERATOR).get(f"{PETITIONS}/%00"), 422, "text_unstorable")
    answer = await api(OPERATOR).delete(PETITIONS)
    told(answer, 405, "method_wrong")
    assert "GET" in answer.headers["allow"] or "POST" in answer.headers["allow"]


async def test_personal_data_is_shown_for_a_reason_that_is_recorded(api: Api) -> None:
    number = await api.filed()
    answer = await api(OPERATOR).post(f"{PETITIONS}/{number}/reveal", json={"reason": "call_back"})
    assert answer.json()["petitioners"][0]["phone"] == "13800001234"
    journal = api.door.system.journal
    entries = [entry async for entry in journal.entries(case_number=number, kinds=[EntryKind.REVEALED])]
    assert [(entry.actor.id, entry.reason) for entry in entries] == [(OPERATOR, "回电联系")]
    told(await api(OPERATOR).post(f"{PETITIONS}/{number}/reveal", json={"reason": ""}), 422, "body_invalid")
    told(await api("bao-jie").post(f"{PETITIONS}/{number}/reveal", json={"reason": "好奇"}), 404, "case_unknown")
