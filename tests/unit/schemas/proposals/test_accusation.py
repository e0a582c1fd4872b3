"""Whom a text complains of: in the words of people, by every way of naming somebody, and on the real messages."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from python_calamine import CalamineWorkbook

from activities.defaults import default_organisation, demo_organisation, police_words
from schemas.kernel.actor import Role
from schemas.organisation import Organisation, Person
from schemas.proposals.accusation import READ_CHARACTERS, AccusationReader
from schemas.proposals.officers import MENTIONS

CITY = demo_organisation()
WRITTEN = [
    json.loads(line) for line in (Path(__file__).parent / "texts_about_officers.jsonl").read_text("utf-8").splitlines()
]
"""Written for this by somebody who had not seen the reader: who is meant, as a careful reader would say."""


@cache
def reader() -> AccusationReader:
    return AccusationReader(CITY, police_words())


def meant(text: str, title: str = "", here: str = "") -> tuple[set[str], set[str]] | None:
    found = reader().read(title, text, here=here)
    return None if found is None else (set(found.units), set(found.persons))


@pytest.mark.parametrize(
    ("text", "units", "persons"),
    [
        ("魏国栋收了对面烧烤店的烟，我们投诉噪音他从来不管。", set[str](), {"wei-guodong"}),
        ("河沿街派出所态度恶劣，报案不给回执。", {"WC/QH/01"}, set[str]()),
        ("河沿所的人喝了酒来出警", {"WC/QH/01"}, set[str]()),
        ("城关所那个姓薛的，当着我孩子的面骂人", {"WC/CY/01"}, {"xue-hailong"}),
        ("王法何在！魏所天天在我饭馆白吃", set[str](), {"wei-guodong"}),
        ("河沿街的所长从来不在所里，找他签个字找了八天", {"WC/QH/01"}, {"wei-guodong"}),
        ("县局局长家里装修的钱是谁出的，你们敢查吗", {"WC/CY"}, {"duan-wenbo"}),
        ("桥北那边的民警看人下菜碟，张口就骂", {"WC/LQ/01"}, set[str]()),
        ("交警支队门口收黄牛钱的跟里头的人是一伙的", {"WC/traffic"}, set[str]()),
        ("廖彬这个人手黑，货站路一条街都怕他", set[str](), {"liao-bin"}),
        ("侯建國同志，你收的那幅字畫是誰送的？桥北所没人敢问", {"WC/LQ/01"}, {"hou-jianguo"}),
        ("苏　婉 办 我 老 公 的 案 子 ，要 我 买 保 险", set[str](), {"su-wan"}),
        ("魏\u200b国\u200b栋打人", set[str](), {"wei-guodong"}),
    ],
)
def test_who_is_meant(text: str, units: set[str], persons: set[str]) -> None:
    found = meant(text)
    assert found is not None
    assert units <= found[0] and persons <= found[1], found


def test_of_several_people_of_one_name_all_are_meant() -> None:
    twins = Organisation.model_validate(
        CITY.model_dump()
        | {
            "people": (
                *CITY.people,
                Person(id="wei-2", name="魏国栋", role=Role.HANDLER, unit="WC/LQ/01"),
                Person(id="wei-3", name="魏来", role=Role.HANDLER, unit="WC/CY"),
            )
        }
    )
    found = AccusationReader(twins, police_words()).read("", "魏国栋打了我")
    assert found is not None and set(found.persons) == {"wei-guodong", "wei-2"}
    called = AccusationReader(twins, police_words()).read("", "那个魏警官打了我")
    assert called is not None and {"wei-guodong", "wei-2", "wei-3"} <= set(called.persons)


def test_a_nickname_of_the_organisation_names_its_bearer() -> None:
    known = Organisation.model_validate(
        CITY.model_dump()
        | {
            "people": (
                *CITY.people,
                Person(id="x", name="万俟青", role=Role.HANDLER, unit="WC/CY", aliases=("万大炮",)),
            )
        }
    )
    found = AccusationReader(known, police_words()).read("", "万大炮又来收钱了")
    assert found is not None and found.persons == ("x",)


def test_a_station_is_meant_where_only_its_branch_is_named() -> None:
    found = meant("青禾区这边的派出所报案一直不给立案")
    assert found is not None and found[0] == {"WC/QH/01", "WC/QH/02", "WC/QH/03"}
    branch = meant("青禾区的民警骂人，态度恶劣")
    assert branch is not None and branch[0] == {"WC/QH"}


def test_the_police_of_no_place_are_those_of_the_desk_it_is_brought_to() -> None:
    assert meant("那天来的民警打我，态度恶劣") == (set(), set())
    assert meant("那天来的民警打我，态度恶劣", here="WC/QH/02") == ({"WC/QH/02"}, set())
    assert meant("那天来的民警打我，态度恶劣", here="WC") == (set(), set())


@pytest.mark.parametrize(
    "text",
    [
        "河沿街文化广场每晚跳舞，扰民严重，投诉多次无人管。",
        "举报桥北一家洗浴城卖淫嫖娼",
        "大学城一家奶茶店态度恶劣，投诉！",
        "石桥镇的河被化工厂污染，强烈举报，不作为的是环保局。",
        "青禾路小学门口太乱，希望加强管理",
        "望川市公安局领导：您好！建议在校门口设护学岗。",
        "感谢魏国栋所长帮我找回孩子，青禾分局的好警察！",
        "请河沿街派出所查处棋牌室赌博",
        "还居民一个宁静的夜晚，楼下广场舞太吵",
        "",
    ],
)
def test_a_place_is_no_accusation_nor_are_thanks_and_requests(text: str) -> None:
    assert meant(text) is None


def test_the_words_it_was_read_from_are_told() -> None:
    found = reader().read("投诉河沿街派出所", "民警态度恶劣，推诿。")
    assert found is not None
    assert found.words[:2] == ("河沿街派出所", "投诉")


def test_what_is_written_of_officers_of_the_demonstration_is_found() -> None:
    complaints = [each for each in WRITTEN if each["label"] == "complaint"]
    found = {each["id"]: reader().read(each["title"], each["text"]) for each in complaints}
    missed = [each["text"] for each in complaints if found[each["id"]] is None]
    assert len(missed) <= 0.07 * len(complaints), missed
    # Whoever is meant does not see it: they, or the office they serve in, or the office itself.
    seen: list[tuple[str, str]] = []
    for each in complaints:
        reading = found[each["id"]]
        if reading is not None:
            seen += [(each["text"], whom) for whom in each["means"] if not reading.hides(whom, CITY)]
    assert len(seen) <= 0.1 * sum(len(each["means"]) for each in complaints), seen


def test_of_the_police_in_general_half_is_found_and_of_what_is_innocent_a_fifth() -> None:
    """The line is drawn where at most one real message in twenty is held; the rest of the general ones go the ordinary way."""
    general = [reader().read(each["title"], each["text"]) for each in WRITTEN if each["label"] == "unmatched"]
    assert sum(one is not None for one in general) >= 0.5 * len(general)
    innocent = [reader().read(each["title"], each["text"]) for each in WRITTEN if each["label"] == "innocent"]
    assert sum(one is not None for one in innocent) <= 0.21 * len(innocent)


@pytest.mark.parametrize("organisation", [default_organisation(), CITY], ids=["default", "demo"])
@pytest.mark.parametrize("workbook", ["留言.xlsx", "留言与答复.xlsx"])
def test_of_the_real_messages_at_most_one_in_twenty_is_held_and_none_for_a_place(
    shared_data: Path, organisation: Organisation, workbook: str
) -> None:
    sheet = CalamineWorkbook.from_path(shared_data / workbook).get_sheet_by_index(0).to_python()
    heading: list[Any] = sheet[0]
    title, text = heading.index("留言主题"), heading.index("留言详情")
    own = AccusationReader(organisation, police_words())
    held = [found for row in sheet[1:] if (found := own.read(str(row[title]), str(row[text]))) is not None]
    assert 0 < len(held) <= 0.05 * len(sheet[1:])
    places = {alias for unit in organisation.units for alias in unit.aliases}
    assert all(set(found.words) - places for found in held)


@pytest.mark.parametrize(
    "piece",
    [
        "1",
        "骂",
        "民警",
        "民警骂",
        "魏所",
        "姓江的骂。",
        "河沿街民警骂。",
        "魏国东",
        "江",
        "请民警",
        "ﷺ",
        "老魏警",
        "e\u0301",
        "\u200b民警",
    ],
)
def test_a_hostile_text_is_read_within_its_bounds(piece: str) -> None:
    """Twice as much of it takes at most a few times as long, and no more is looked at than a text may hold."""
    whole = piece * (READ_CHARACTERS // len(piece))
    found = reader().read("", whole)
    assert found is None or len(found.persons) + len(found.units) <= 2 * MENTIONS
