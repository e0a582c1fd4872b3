"""Words that complain of an officer, by every door they come in: kept from whom they mean before anybody has read them."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import httpx
import pytest

from activities.record.queries import CaseQueries
from activities.record.views import CaseFilter
from schemas.kernel.actor import SYSTEM
from schemas.kernel.errors import UserError
from schemas.petition import commands as c
from schemas.petition.events import FiledContent
from schemas.petition.rules import may_see
from schemas.petition.rules.authority import petitioner_of
from schemas.petition.state import Complexity, Ledger, Petition
from tests.api.conftest import Api
from tests.api.test_events import event, send
from tests.api.test_petitions import OPERATOR, PETITIONS

pytestmark = pytest.mark.asyncio(loop_scope="session")

ABOUT = "青禾路派出所的汤所长收了烧烤店的烟，我们投诉噪音他从来不管。"
MEANT = ("tang-yong", "xia-fang", "gu-feng", "dai-yu")
"""The chief named and the people of his station."""


async def held(api: Api, number: str) -> Petition:
    state = await api.door.system.record.state(number)
    assert state is not None
    assert state.held is not None, state
    assert "tang-yong" in state.held.persons or "WC/QH/02" in state.held.units, state.held
    for person in MEANT:
        assert not may_see(state, await api.door.actor(person)), person
        assert (await api(person).get(f"{PETITIONS}/{number}")).status_code == 404
    return state


async def newest(api: Api, words: str) -> str:
    page = await CaseQueries(api.door.system.database).list(CaseFilter(text=words), SYSTEM)
    return page.cases[0].number


async def form(api: Api, path: str, **fields: str) -> httpx.Response:
    return await api("").post(path, data=fields, headers={"Accept": "text/html"})


async def test_by_the_public_page(api: Api) -> None:
    mark = uuid4().hex[:8]
    answer = await form(api, "/public/submit", text=f"{ABOUT}（{mark}）", name="王小明", phone="13800001234")
    assert answer.status_code == 201, answer.text
    state = await held(api, await newest(api, mark))
    assert (state.unit, state.stage.value) == ("WC/QH", "approve")


async def test_by_an_event_of_the_hotline(api: Api) -> None:
    answer = await send(api, event(data={"text": ABOUT, "channel": "12345", "unit": "WC/QH/02"}))
    state = await held(api, answer.json()["events"][0]["number"])
    assert state.unit == "WC/QH"


@pytest.mark.parametrize(
    "words",
    ["青禾路那个姓汤的所长打人还骂我", "汤所收了钱不办事", "青禾路所的警察吃拿卡要", "顾峰警官态度恶劣，推诿不管"],
)
async def test_by_the_desk_in_the_words_people_use(api: Api, words: str) -> None:
    number = await api.filed(title="投诉", text=words, unit="WC/QH/02")
    state = await api.door.system.record.state(number)
    assert state is not None and state.held is not None
    assert (await api("gu-feng").get(f"{PETITIONS}/{number}")).status_code == 404
    refused = await api.act(number, "fang-zhen", "approve")
    assert refused.json()["code"] == "accused_undecided"


ADDED: tuple[tuple[str, dict[str, Any]], ...] = (
    ("remark", {"text": ABOUT}),
    ("amend", {"reason": "来电更正", "text": ABOUT}),
    ("withdraw", {"reason": ABOUT}),
)


@pytest.mark.parametrize(("command", "fields"), ADDED, ids=[each[0] for each in ADDED])
async def test_by_what_is_added_to_a_case(api: Api, command: str, fields: dict[str, Any]) -> None:
    number = await api.filed(unit="WC/QH/02", complexity="complex")
    assert (await api.act(number, OPERATOR, command, **fields)).status_code == 200
    await held(api, number)


async def test_by_the_name_of_a_file(api: Api) -> None:
    number = await api.filed(unit="WC/QH/02", complexity="complex")
    files = {"file": ("青禾路派出所汤勇所长收钱不办事.pdf", b"%PDF-1.7\n" + b"x" * 50, "application/pdf")}
    assert (await api(OPERATOR).post(f"{PETITIONS}/{number}/attachments", files=files)).status_code == 201
    await held(api, number)


async def test_a_file_that_is_not_taken_hides_nothing(api: Api) -> None:
    """Whoever sees a case could else keep it from an office by the name of a file that nobody ever has."""
    number = await api.filed(unit="WC/QH/02", complexity="complex")
    files = {"file": ("青禾路派出所汤勇所长收钱不办事.exe", b"MZ" + b"x" * 50, "application/x-msdownload")}
    refused = await api(OPERATOR).post(f"{PETITIONS}/{number}/attachments", files=files)
    assert refused.json()["code"] == "attachment_type_wrong"
    state = await api.door.system.record.state(number)
    assert state is not None and state.held is None


async def answered(api: Api) -> str:
    number = await api.filed(unit="WC/QH/02", complexity="complex")
    assert (await api.act(number, "fang-zhen", "approve")).status_code == 200
    assert (await api.act(number, "kang-yi", "assign", lead="WC/QH/02")).status_code == 200
    assert (await api.act(number, "gu-feng", "accept")).status_code == 200
    assert (await api.act(number, "gu-feng", "reply", outcome="explained", text="已说明。")).status_code == 200
    return number


async def test_by_the_answer_to_a_visitor(api: Api) -> None:
    number = await answered(api)
    told = {"reached": True, "solved": False, "satisfied_with_office": True, "comment": ABOUT}
    assert (await api.act(number, "sun-lihua", "record_revisit", **told)).status_code == 200
    await held(api, number)


async def test_by_the_petitioners_own_rating(api: Api) -> None:
    number = await answered(api)
    rating = c.Rate(solved=False, satisfied_with_unit=False, satisfied_with_office=True, remark=ABOUT)
    await api.door.desk.act(number, petitioner_of(number), rating)
    await held(api, number)


async def test_who_is_only_a_place_keeps_nothing(api: Api) -> None:
    number = await api.filed(title="路灯", text="青禾路派出所旁边的路灯坏了，投诉了几次没人修。", unit="WC/QH/02")
    state = await api.door.system.record.state(number)
    assert state is not None and state.held is None


async def test_letting_off_who_was_named_takes_the_order_of_a_second_person(api: Api) -> None:
    number = await api.filed(title="投诉", text=ABOUT, unit="WC/QH/02")
    decision = {"nobody": True, "reason": "另指一座城市"}
    officer = "kang-yi"
    assert (await api.act(number, officer, "decide_accused", **decision)).status_code == 200
    state = await held(api, number)
    assert state.pending is not None
    assert (await api.act(number, officer, "countersign", agreed=True)).json()["code"] == "second_person_same"
    assert (await api.act(number, "cao-jianhua", "countersign", agreed=True)).status_code == 200
    after = await api.door.system.record.state(number)
    assert after is not None and after.held is None
    assert (await api("gu-feng").get(f"{PETITIONS}/{number}")).status_code == 200


async def test_what_was_decided_recuses_and_hides(api: Api) -> None:
    number = await api.filed(title="投诉", text=ABOUT, unit="WC/QH/02")
    named = {"accused_persons": ["tang-yong"], "accused_units": ["WC/QH/02"], "reason": "群众指认"}
    assert (await api.act(number, "kang-yi", "decide_accused", **named)).status_code == 200
    state = await api.door.system.record.state(number)
    assert state is not None
    assert (state.held, state.accused_persons, state.accused_units) == (None, ("tang-yong",), ("WC/QH/02",))
    for person in MEANT:
        assert (await api(person).get(f"{PETITIONS}/{number}")).status_code == 404


async def test_whoever_tries_the_id_of_a_hidden_message_learns_nothing(api: Api) -> None:
    """The accused's operator sends what the hotline sent, or anything else, under the hotline's id: both are new cases of their own."""
    desk, hotline = api.door.desk, await api.door.actor("hotline-12345")
    said = content(f"12345-{uuid4().hex[:8]}", ABOUT)
    hidden = await desk.file(hotline, said)
    await held(api, hidden.number)
    other = content(said.source_event_id, "路灯坏了，晚上行人很不安全。")
    # Of the station complained of, and of one that only does not see it.
    for person, tried in (("xia-fang", said), ("jin-xin", other)):
        guess = await desk.file(await api.door.actor(person), tried)
        assert (guess.number != hidden.number, guess.known) == (True, False)
    # Who filed it, or may know of it, is told.
    assert (await desk.file(hotline, said)).number == hidden.number
    assert (await desk.file(await api.door.actor(OPERATOR), said)).number == hidden.number
    with pytest.raises(UserError, match="source_event_conflict") as refused:
        await desk.file(hotline, said.model_copy(update={"text": "另一件事，路灯坏了。"}))
    assert refused.value.facts["number"] == hidden.number


def content(message: str, text: str) -> FiledContent:
    return FiledContent(
        source="/hotline/12345",
        source_event_id=message,
        channel="12345",
        title="来电",
        text=text,
        ledger=Ledger.CLAIM,
        complexity=Complexity.SIMPLE,
        unit="WC/QH/02",
    )
