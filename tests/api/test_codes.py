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
