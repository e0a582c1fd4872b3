"""Whoever has a case on their screen has nothing to rate it with: neither code nor the end of a number, at any door."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import httpx
import pytest
from fastapi import FastAPI

from gateway.web.limits import Limits
from tests.api.conftest import Api, petition

pytestmark = pytest.mark.asyncio(loop_scope="session")

OPERATOR = "he-xiaoyun"
STAFF = (OPERATOR, "cao-jianhua", "gu-feng", "sun-lihua", "wei-guodong", "fu-zhiyuan")
PETITIONS = "/api/v1/petitions"


async def filed(api: Api, key: str = "", **person: str) -> dict[str, Any]:
    """What whoever files is answered."""
    body = petition(text=f"路口的路灯坏了一个月，编号{uuid4().hex}。", petitioners=[person] if person else [])
    answer = await api(OPERATOR).post(PETITIONS, json=body, headers={"Idempotency-Key": key or uuid4().hex})
    assert answer.status_code == 201, answer.text
    return answer.json()


async def tracked(api: Api, code: str, answer: str) -> httpx.Response:
    """The public's page, by somebody who has not asked before."""
    api.app.state.limits = Limits()
    return await api("").post("/public/track", data={"code": code, "last_four": answer})


def opened(page: httpx.Response, number: str) -> bool:
    return page.status_code == 200 and number in page.text


@pytest.mark.parametrize(
    ("phone", "ends"),
    [
        ("+852 9123 4567", ["4567"]),
        ("00886-912-345-678", ["5678"]),
        ("400-800-8820", ["8820"]),
        ("013800006666", ["6666", "013800006666"]),
        ("8610-62345678", ["5678"]),
        ("0731-84731234转8012", ["1234", "8012"]),
        ("12345", ["2345"]),
        ("13800001111/13900002222", ["1111", "2222", "２２２２", "13900002222"]),
        ("13800001111 13900002222", ["1111", "2222"]),
    ],
)
async def test_the_code_alone_opens_nothing(api: Api, phone: str, ends: list[str]) -> None:
    case = await filed(api, name="吴一", phone=phone)
    assert case["second_factor"] == ("phone_with_extension" if "转" in phone else "phone")
    assert case["pin"] is None
    for wrong in ("", "0000", ends[0][:-1], case["tracking_code"]):
        page = await tracked(api, case["tracking_code"], wrong)
        assert page.status_code == 422
        assert case["number"] not in page.text
    for end in ends:
        assert opened(await tracked(api, case["tracking_code"], end), case["number"]), end


@pytest.mark.parametrize(
    "person", [{}, {"name": "吴二"}, {"phone": "1.38001E+10"}, {"phone": "110"}, {"address": "某路1号"}]
)
async def test_where_no_number_serves_a_pin_is_given_with_the_code(api: Api, person: dict[str, str]) -> None:
    case = await filed(api, **person)
    assert case["second_factor"] == "pin"
    for wrong in ("", "0110", "E+10", "000000", case["pin"][:-1]):
        assert not opened(await tracked(api, case["tracking_code"], wrong), case["number"])
    assert opened(await tracked(api, case["tracking_code"], case["pin"]), case["number"])


async def test_without_a_telephone_the_identity_number_serves(api: Api) -> None:
    case = await filed(api, name="吴三", id_number="11010119000101427x")
    assert case["second_factor"] == "id_number"
    assert opened(await tracked(api, case["tracking_code"], "427X"), case["number"])
    assert opened(await tracked(api, case["tracking_code"], "４２７ｘ"), case["number"])


async def test_a_code_is_taken_as_people_type_it(api: Api) -> None:
    case = await filed(api, phone="13800001234")
    code: str = case["tracking_code"]
    wide = "".join(chr(ord(each) + 0xFEE0) for each in code)
    for typed in (
        wide,
        f"{code[:4]}-{code[4:8]}-{code[8:]}",
        f"{code[:4]} {code[4:8]} {code[8:]}",
        f"查询码：{code}。",
        f"\u200b{code}",
        code.lower(),
    ):
        assert opened(await tracked(api, typed, "1234"), case["number"]), typed
    page = await tracked(api, "O" + code[1:], "1234")
    assert page.status_code == 422
    assert "不用数字 0、1 和字母 I、L、O" in page.text


async def test_a_code_is_shown_once(api: Api) -> None:
    key = uuid4().hex
    body = petition(petitioners=[])
    first = (await api(OPERATOR).post(PETITIONS, json=body, headers={"Idempotency-Key": key})).json()
    again = (await api(OPERATOR).post(PETITIONS, json=body, headers={"Idempotency-Key": key})).json()
    assert again == first, "the first answer may have been lost on the way"
    assert opened(await tracked(api, first["tracking_code"], first["pin"]), first["number"])
    again = (await api(OPERATOR).post(PETITIONS, json=body, headers={"Idempotency-Key": key})).json()
    assert (again["number"], again["tracking_code"], again["pin"]) == (first["number"], None, None), (
        "the petitioner has it"
    )


async def test_nobody_files_a_public_form_again_to_be_shown_its_code(api: Api) -> None:
    """What the desk sees of a public filing (words, telephone, id of the message) is not enough to repeat it."""
    api.app.state.limits = Limits()
    text = f"楼下的井盖坏了，编号{uuid4().hex}。"
    form = {"text": text, "phone": "13800001234", "message": uuid4().hex}
    page = await api("").post("/public/submit", data=form)
    code = found(r'class="code">([2-9A-Z]{12})<', page.text)
    number = found(r"[A-Z]{2}-\d{4}-[A-Z]-\d{6}", page.text)
    seen = (await api(OPERATOR).get(f"{PETITIONS}/{number}")).json()
    assert seen["text"] == text
    assert form["message"] not in str(seen)
    repeated = await api("").post("/public/submit", data=form | {"message": seen["source_event_id"]})
    assert code not in repeated.text
    assert code in (await api("").post("/public/submit", data=form)).text, "whoever holds the form is shown it again"


async def answered(api: Api, case: dict[str, Any]) -> None:
    """As far as the revisit."""
    number = case["number"]
    for person, command, fields in (
        ("cao-jianhua", "assign", {"lead": "WC/QH/02"}),
        ("gu-feng", "accept", {}),
        ("gu-feng", "reply", {"outcome": "supported", "text": "已修复。"}),
    ):
        answer = await api.act(number, person, command, **fields)
        assert answer.status_code == 200, answer.text


SATISFIED = {"reached": True, "solved": True, "satisfied_with_office": True, "satisfied_with_unit": True}
RATED = {"solved": "true", "satisfied_with_unit": "true", "satisfied_with_office": "true"}


async def events(api: Api, number: str, kind: str) -> list[dict[str, Any]]:
    history = (await api(OPERATOR).get(f"{PETITIONS}/{number}/history")).json()["events"]
    return [each["event"] | {"zh": each["zh"]} for each in history if each["kind"] == kind]


async def test_a_code_is_issued_anew_on_record_and_a_rating_by_it_says_so(api: Api) -> None:
    case = await filed(api, name="吴五", phone="13800001234")
    number, old = case["number"], case["tracking_code"]
    await answered(api, case)
    for person, status in (("gu-feng", 409), ("wei-guodong", 409), ("sun-lihua", 409), ("cao-jianhua", 409)):
        refused = await api.act(number, person, "reissue_code", reason="遗失")
        assert refused.status_code in (status, 403), refused.text
        assert "tracking_code" not in refused.json()
    key = {"Idempotency-Key": uuid4().hex}
    path = f"{PETITIONS}/{number}/actions/reissue_code"
    first = await api(OPERATOR).post(path, json={"reason": "来电称遗失"}, headers=key)
    assert first.status_code == 200, first.text
    new: str = first.json()["tracking_code"]
    assert (first.json()["second_factor"], first.json()["pin"], new == old) == ("phone", None, False)
    assert (await api(OPERATOR).post(path, json={"reason": "来电称遗失"}, headers=key)).json().get(
        "tracking_code"
    ) != new
    assert not opened(await tracked(api, old, "1234"), number), "the old one is over"
    page = await tracked(api, new, "1234")
    assert opened(page, number)
    assert "您的查询码已补发" in page.text
    api.app.state.limits = Limits()
    rated = await api("").post("/public/rate", data=RATED | {"code": new, "last_four": "1234"})
    assert rated.status_code == 200
    (reissued,), (rating,) = await events(api, number, "code_reissued"), await events(api, number, "rated")
    assert (reissued["issue"], reissued["by"], reissued["reason"]) == (1, OPERATOR, "来电称遗失")
    assert (rating["door"], rating["factor"], rating["code_by"], rating["code_at"]) == (
        "public_page",
        "phone",
        OPERATOR,
        reissued["at"],
    )
    assert OPERATOR in rating["zh"]
    for person in STAFF:
        for path in (
            f"{PETITIONS}/{number}",
            f"{PETITIONS}/{number}/history",
            f"/petitions/{number}",
            f"/replay/{number}",
        ):
            said = (await api(person).get(path)).text
            assert new not in said
            assert old not in said


async def test_nobody_says_of_themselves_by_which_door_an_answer_came(api: Api) -> None:
    case = await filed(api, phone="13800001234")
    await answered(api, case)
    given = {"solved": True, "satisfied_with_office": True, "satisfied_with_unit": True}
    for forged in ({"door": "public_page"}, {"factor": "phone"}, {"accusation": {"unit": "WC"}}):
        refused = await api.act(case["number"], OPERATOR, "rate", **given, **forged)
        assert (refused.status_code, refused.json()["code"]) == (422, "field_unknown")
    assert (await api.act(case["number"], OPERATOR, "rate", **given)).status_code == 200
    (rating,) = await events(api, case["number"], "rated")
    assert (rating["door"], rating["taken_down"], rating.get("factor")) == ("api", True, None)


async def test_a_code_is_issued_anew_with_a_pin_where_no_number_serves(api: Api) -> None:
    case = await filed(api)
    issued = (await api.act(case["number"], OPERATOR, "reissue_code", reason="遗失")).json()
    assert issued["second_factor"] == "pin"
    assert not opened(await tracked(api, issued["tracking_code"], case["pin"]), case["number"])
    assert opened(await tracked(api, issued["tracking_code"], issued["pin"]), case["number"])


async def test_after_each_revisit_the_petitioner_reads_what_was_recorded_and_contradicts_it(api: Api) -> None:
    case = await filed(api, phone="13800001234")
    number, code = case["number"], case["tracking_code"]
    await answered(api, case)
    assert "次回访的记录" not in (await tracked(api, code, "1234")).text
    visit = await api.act(number, "sun-lihua", "record_revisit", **SATISFIED, comment="群众表示已经修好")
    assert visit.status_code == 200, visit.text
    page = await tracked(api, code, "1234")
    for said in ("第 1 次回访的记录", "群众表示已经修好", "不是这样"):
        assert said in page.text
    form = {"code": code, "revisit": "1", "words": "没有人问过我，灯还是黑的。", "once": uuid4().hex}
    api.app.state.limits = Limits()
    assert (await api("").post("/public/contradict", data=form | {"last_four": "0000"})).status_code == 422
    for _ in range(2):
        done = await api("").post("/public/contradict", data=form | {"last_four": "1234"})
        assert done.status_code == 200, "sent twice, it is one"
        assert "已收到您的异议" in done.text
    again = await api("").post("/public/contradict", data=form | {"last_four": "1234", "once": uuid4().hex})
    assert again.status_code in (409, 422)
    assert "每次回访提一次" in again.text
    state = (await api(OPERATOR).get(f"{PETITIONS}/{number}")).json()["state"]
    assert (state["stage"], state["rating"]) == ("revisit", None)
    (contradicted,) = await events(api, number, "revisit_contradicted")
    assert (contradicted["overrules"], contradicted["words"]) == (True, "没有人问过我，灯还是黑的。")
    assert "没有人问过我" in (await api("cao-jianhua").get(f"/petitions/{number}")).text
    refused = await api.act(number, "wei-guodong", "sign_off")
    assert refused.status_code == 409


async def test_neither_code_nor_factor_stands_in_any_answer_to_staff(api: Api) -> None:
    key = uuid4().hex
    case = await filed(api, key, name="吴四", phone="13987650472", id_number="11010119000101427x")
    anonymous = await filed(api)
    secrets = [each for one in (case, anonymous) for each in (one["tracking_code"], one["pin"]) if each]
    assert len(secrets) == 3
    paths = {
        path.replace("{number}", one["number"])
        for one in (case, anonymous)
        for path in addresses(api.app)
        if "stream" not in path
    }
    looked = 0
    for person in STAFF:
        for path in sorted(each for each in paths if "{" not in each):
            answer = await api(person).get(path)
            looked += answer.status_code == 200
            said = unpacked(answer) + str(answer.headers)
            for secret in secrets:
                assert secret not in said, f"{person} {path}"
            if path != "/api/v1/openapi.json":
                assert not re.search(r"\*\s*(?:0472|427X|2X|7X|X\b)", said), (
                    f"{person} {path} shows the end of a number"
                )
                assert "427X" not in said.upper()
    assert looked > 60


def addresses(app: FastAPI) -> Iterator[str]:
    """Where something can be looked at."""
    for route in app.routes:
        held: Any = route
        for each in held.effective_route_contexts() if hasattr(held, "effective_route_contexts") else (held,):
            if "GET" in (each.methods or ()):
                yield each.path


def unpacked(answer: httpx.Response) -> str:
    """What an answer says, also where it is packed."""
    if not zipfile.is_zipfile(io.BytesIO(answer.content)):
        return answer.text
    with zipfile.ZipFile(io.BytesIO(answer.content)) as packed:
        return "\n".join(packed.read(name).decode("utf-8", "replace") for name in packed.namelist())


def found(pattern: str, text: str) -> str:
    """What matches."""
    match = re.search(pattern, text)
    assert match is not None, pattern
    return match[1] if match.groups() else match[0]
