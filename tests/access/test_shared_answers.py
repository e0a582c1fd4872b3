"""An answer to merged cases: what tells one petitioner apart is pointed out before it goes, and masked for the others if it goes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, NamedTuple

import pytest
import pytest_asyncio

from schemas.kernel.actor import SYSTEM
from schemas.petition import commands as c
from schemas.petition.rules_version import CURRENT_RULES
from schemas.petition.state import Outcome
from schemas.policy import CasePolicy
from schemas.record import tables as t
from schemas.sealing.personal import PersonalData
from tests.access.conftest import City, keep
from tests.access.situations import CO_OFFICE, LEAD, WHO, reported
from tests.databases import by_owner
from tests.strategies import Case, filing

pytestmark = pytest.mark.asyncio(loop_scope="session")

LEADING, SECOND, THIRD, ALONE = (f"WC-2026-C-00088{place}" for place in range(4))
ANSWERED, FOLLOWING = "WC-2026-C-000891", "WC-2026-C-000892"
CHEN = PersonalData(
    name="陈嘉禾", phone="13812349876", id_number="430102199001014321", address="文昌市青禾区和平路8号2栋301"
)
WU = PersonalData(name="吴海棠", phone="13900002468")
XU = PersonalData(name="徐一", phone="0731-82223333")

GIVES_AWAY = [
    ("陈嘉禾所反映的路灯已修好", "name"),
    ("已电话138 1234 9876告知", "phone"),
    ("已电话１３８１２３４９８７６告知", "phone"),
    ("已联系138****9876", "phone"),
    ("尾号9876的来电人", "phone"),
    ("证件430102199001014321核对无误", "id_number"),
    ("陈先生已知悉", "name"),
    ("老陈已知悉", "name"),
    ("和平路8号2栋301门前", "address"),
    ("吴 海 棠亦已知悉", "name"),
    ("徐一与82223333", "name"),
    ("另一位13911112222", "phone"),
]
HARMLESS = [
    "路灯已修好，如有疑问请致电派出所0731-88889999。",
    "和平路的路灯已修好",
    "2026年3月2日修好，费用1234元",
    "各位群众",
]


class Answer(NamedTuple):
    status: int
    body: dict[str, Any]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def merged(city: City) -> AsyncIterator[str]:
    """A case that waits for its answer, followed by two; one alone; one that was answered, and its follower, which has come apart since."""
    record, keyring = city.door.system.record, city.door.system.keyring
    lead = reported()
    for number in (SECOND, THIRD):
        lead = await admitted(lead, number)
    await keep(record, LEADING, lead, keyring, CHEN)
    for number, who in ((SECOND, WU), (THIRD, XU)):
        await keep(record, number, follower(LEADING), keyring, who)
    await keep(record, ALONE, reported(), keyring, CHEN)
    said = f"{CHEN.name}（{CHEN.phone}，{CHEN.address}）与{WU.name}（{WU.phone}）反映的路灯已修好"
    answered = await admitted(reported(), FOLLOWING)
    answered.do(WHO["handler"], c.Reply(outcome=Outcome.SUPPORTED, text=said, measures=said, acknowledged=True))
    await keep(record, ANSWERED, answered, keyring, CHEN)
    apart = follower(ANSWERED)
    apart.do(SYSTEM, c.FollowReply(outcome=Outcome.SUPPORTED, text=said, unit=LEAD, co_offices=(CO_OFFICE,)))
    apart.do(WHO["operator"], c.Unmerge(reason="群众要求分开办理"))
    await keep(record, FOLLOWING, apart, keyring, WU)
    yield said
    for number in (LEADING, SECOND, THIRD, ALONE, ANSWERED, FOLLOWING):
        of_it = [
            f"DELETE FROM {name} WHERE case_number = :number"
            for name, table in t.METADATA.tables.items()
            if "case_number" in table.c and name != "journal"
        ]
        await by_owner(city.database, *of_it, number=number)


async def admitted(case: Case, number: str) -> Case:
    case.do(SYSTEM, c.AdmitMember(number=number))
    return case


def follower(into: str) -> Case:
    policy = CasePolicy(version=1, no_fault_by_policy=False)
    case = Case(filing(by=WHO["operator"], unit="WC/QH/01", policy=policy, rules=CURRENT_RULES))
    case.do(WHO["operator"], c.Merge(into=into, basis="same_matter"))
    return case


async def reply(city: City, number: str, position: str = "handler", **fields: Any) -> Answer:
    async with city.machine(position) as web:
        given = {"outcome": "supported", "text": "已修好"} | fields
        answer = await web.post(f"/api/v1/petitions/{number}/actions/reply", json=given)
        return Answer(answer.status_code, answer.json())


@pytest.mark.parametrize(("said", "kind"), GIVES_AWAY)
@pytest.mark.parametrize("field", ["text", "measures"])
async def test_it_is_pointed_out_before_it_goes(city: City, merged: str, said: str, kind: str, field: str) -> None:
    city.desk.taken.clear()
    answer = await reply(city, LEADING, **{field: said})
    assert (answer.status, answer.body["code"]) == (409, "shared_answer_names_petitioner")
    assert city.desk.taken == []
    facts = answer.body["facts"]
    assert facts["others"] == 2
    assert {place["field"] for place in facts["places"]} == {field}
    assert facts["places"][0]["kind"] == kind
    assert all(0 <= place["start"] < place["end"] <= len(said) for place in facts["places"])
    for secret in ("9876", "2468", "陈嘉禾", "吴海棠"):
        assert secret not in answer.body["title"] + answer.body["title_en"]
    again = await reply(city, LEADING, **{field: said}, acknowledged=True)
    assert again.status == 200


@pytest.mark.parametrize("said", HARMLESS)
async def test_what_tells_nobody_apart_goes_at_once(city: City, merged: str, said: str) -> None:
    assert (await reply(city, LEADING, text=said)).status == 200


async def test_a_case_that_nobody_follows_is_answered_by_name(city: City, merged: str) -> None:
    assert (await reply(city, ALONE, text=f"{CHEN.name}您好")).status == 200


async def test_the_end_of_a_number_is_not_found_by_trying(city: City, merged: str) -> None:
    """What is pointed out does not depend on what only the sealed number could say."""
    for tried in ("9876", "1357"):
        assert (await reply(city, LEADING, text=f"门牌{tried}已修好")).status == 200
        assert (await reply(city, LEADING, text=f"尾号{tried}已知悉")).status == 409


async def test_who_may_not_answer_is_not_told_whom_it_names(city: City, merged: str) -> None:
    for position in ("operator", "chief", "visitor"):
        assert (await reply(city, LEADING, position, text=GIVES_AWAY[0][0])).body["code"] == "role_wrong"


async def test_on_the_page_it_is_marked_and_nothing_typed_is_lost(city: City, merged: str) -> None:
    async with city.browser("handler") as (web, csrf):
        form = await web.get(f"/petitions/{LEADING}")
        assert "2 件的信访人" in form.text
        typed = {"csrf": csrf, "outcome": "supported", "text": "  路灯，陈嘉禾反映，已修好", "measures": "换灯泡"}
        back = await web.post(f"/petitions/{LEADING}/act/reply", data=typed)
        assert back.status_code == 409
        assert "<mark>陈嘉禾</mark>" in back.text
        assert "换灯泡" in back.text and "路灯，陈嘉禾反映，已修好</textarea>" in back.text
        assert 'name="acknowledged"' in back.text
        sent = await web.post(f"/petitions/{LEADING}/act/reply", data=typed | {"acknowledged": "true"})
        assert sent.status_code == 303
        alone = await web.get(f"/petitions/{ALONE}")
        assert 'name="acknowledged"' not in alone.text


async def test_the_others_see_masks_also_after_they_have_come_apart(city: City, merged: str) -> None:
    theirs = await city.door.redacting.of_petitioner(FOLLOWING)
    told = theirs.text(merged)
    for hidden in (CHEN.name, CHEN.phone, CHEN.phone[-4:] if CHEN.phone else "", "8号2栋301"):
        assert hidden and hidden not in told
    assert WU.name and WU.name in told and WU.phone and WU.phone in told
    own = await city.door.redacting.of_petitioner(ANSWERED)
    assert CHEN.name and CHEN.name in own.text(merged) and CHEN.phone and CHEN.phone in own.text(merged)
    assert WU.name not in own.text(merged) and WU.phone not in own.text(merged)


async def test_nor_do_those_who_work_on_the_other_case(city: City, merged: str) -> None:
    async with city.machine("operator") as web:
        for address in (FOLLOWING, f"{FOLLOWING}/history"):
            said = (await web.get(f"/api/v1/petitions/{address}")).text
            for hidden in (CHEN.name, CHEN.phone, WU.name, WU.phone):
                assert hidden and hidden not in said
