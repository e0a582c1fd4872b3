"""Personal data in the words of a text: found however it is written, in a time that grows with the text alone, and nothing else."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.access.personal_words import Known, PersonalWords, staff_names
from schemas.access.redaction import Redactor
from schemas.kernel.actor import Role
from schemas.organisation import Organisation, Person, Unit
from schemas.petition.events import Remarked, Replied
from schemas.petition.state import Outcome
from schemas.sealing.personal import PersonalData
from tests.strategies import MONDAY

ZHANG = PersonalData(
    name="张三丰", phone="13812341234", id_number="430102199001011234", address="湖南省长沙市岳麓区麓山南路12号3栋501"
)
GAO = PersonalData(name="高峰", phone="0731-82345678")
LATIN = PersonalData(name="Ann Lee")
UYGUR = PersonalData(name="买买提·艾力")
ORGANISATION = Organisation(
    version=1,
    city_code="XA",
    units=(Unit(path="XA", name="市局", kind="bureau"),),
    people=(
        Person(id="chief", name="卫国强", role=Role.CHIEF, unit="XA", aliases=("王所", "卫老虎")),
        Person(id="plain", name="方正", role=Role.HANDLER, unit="XA"),
        Person(id="hotline", name="12345 热线", role=Role.UPSTREAM, unit="XA"),
    ),
)
STAFF = staff_names(ORGANISATION)
REDACTOR = Redactor(Known.of((ZHANG, GAO, LATIN, UYGUR)), staff=STAFF)


@pytest.mark.parametrize(
    ("written", "wanted"),
    [
        ("电话13812341234。", "电话138********。"),
        ("１３８１２３４１２３４", "138********"),
        ("138-1234-1234", "138********"),
        ("138 1234 1234", "138********"),
        ("1 3 8 1 2 3 4 1 2 3 4", "138********"),
        ("138\u200b1234\u200b1234", "138********"),
        ("138.1234.1234", "138********"),
        ("+86 138 1234 1234", "138********"),
        ("008613812341234", "138********"),
        ("一三九零零零零一二三四", "139********"),
        ("幺三九零零零零幺二三四", "139********"),
        ("别人的13999990000也一样", "别人的139********也一样"),
        ("13812341234、13999990000", "138********、139********"),
        ("138****1234", "138********"),
        ("尾号1234", "尾号****"),
        ("座机0731-82345678", "座机0731-********"),
        ("（0731）88889999", "0731-********"),
        ("07318888 9999", "0731-********"),
        ("电话：8888 9999", "电话：********"),
        ("82345678", "********"),
        ("430102199001011234", "430***************"),
        ("43010219900101123X，", "430***************，"),
        ("430102 19900101 123x", "430***************"),
        ("４３０１０２１９９００１０１１２３４", "430***************"),
        ("430102900101123", "430************"),
        ("卡号6222 0212 3456 7890 123", "卡号622****************"),
        ("我叫张三丰", "我叫张*丰"),
        ("张 三 丰", "张*丰"),
        ("张三丰先生", "张*丰先生"),
        ("我是高峰", "我是高*"),
        ("高峰同志来访", "高*同志来访"),
        ("ann lee came", "a** came"),
        ("买买提·艾力说", "买**说"),
        ("买买提艾力说", "买**说"),
        ("卫国强所长骂人", "卫*强所长骂人"),
        ("绰号卫老虎", "绰号卫*虎"),
        ("方正警官", "方*警官"),
    ],
)
def test_what_is_personal_is_masked(written: str, wanted: str) -> None:
    assert REDACTOR.text(written) == wanted
    assert REDACTOR.text(wanted) == wanted, "masks stay as they are"


@pytest.mark.parametrize(
    "plain",
    [
        "",
        "路灯坏了",
        "早高峰堵车",
        "字迹方正",
        "王所态度差",
        "拨打110或12345",
        "2026-03-02 09:30",
        "2026-03-02T09:30:00+08:00",
        "第20260302001号",
        "共12000000元",
        "XA-2026-C-000123",
        "XA/A3/01",
        "张三",
        "Anna Leeds",
        "麓山南路12号",
        "1.5、2.5、13.5",
        "1234567890123456789012345",
    ],
)
def test_what_is_not_stays(plain: str) -> None:
    assert REDACTOR.text(plain) is plain


class Written(NamedTuple):
    text: str
    digits: str


def spelt(number: str) -> st.SearchStrategy[Written]:
    """A number as people may write it."""
    gap = st.sampled_from(("", "", "", " ", "-", "  ", "\u200b", " -"))
    wide = st.booleans()

    def made(gaps: list[str], full: bool, country: str) -> Written:
        shown = [chr(ord(each) + 0xFEE0) if full and each.isdigit() else each for each in number]
        return Written(country + "".join(each + gap for each, gap in zip(shown, [*gaps, ""], strict=True)), number)

    gaps = st.lists(gap, min_size=len(number) - 1, max_size=len(number) - 1)
    return st.builds(made, gaps, wide, st.sampled_from(("", "+86 ", "86", "0086-")))


def mobile(head: int, rest: int) -> str:
    return f"1{head}{rest:09}"


MOBILES = st.builds(mobile, st.integers(3, 9), st.integers(0, 10**9 - 1)).flatmap(spelt)
AROUND = st.text(alphabet="路灯坏了，。电话是找人 \n（）abc", max_size=12)


@given(AROUND, MOBILES, AROUND)
@settings(max_examples=300, deadline=None)
def test_a_mobile_number_leaves_no_end_however_it_is_written(before: str, mobile: Written, after: str) -> None:
    told = REDACTOR.text(before + mobile.text + after)
    left = re.sub(r"[^0-9]", "", "".join(chr(ord(each) - 0xFEE0) if "０" <= each <= "９" else each for each in told))
    assert mobile.digits[-4:] not in left
    assert len(left) <= 3


@given(st.text(alphabet="13800001234张三丰高峰卫国强 -０１一幺+xX*电话我叫：\n\u200b", max_size=60))
@settings(max_examples=400, deadline=None)
def test_a_masked_text_is_masked(said: str) -> None:
    once = REDACTOR.text(said)
    assert "张三丰" not in once and "卫国强" not in once
    assert REDACTOR.text(once) == once


@given(st.text(max_size=80))
@settings(max_examples=300, deadline=None)
def test_what_is_found_lies_in_the_text_one_after_the_other(said: str) -> None:
    words = PersonalWords(Known.of((ZHANG, GAO)), pieces=True, staff=STAFF)
    at = 0
    for span in words.find(said):
        assert at <= span.start < span.end <= len(said)
        at = span.end


@pytest.mark.parametrize(
    "hostile",
    [
        "1",
        "1 3",
        "138-",
        "张三",
        "张三丰",
        "电话",
        "0731-",
        "62 ",
        "一三",
        "老张",
        "我叫高峰",
        "12号3栋5",
        "卫国强",
        "*",
        "4301",
        "\u200b1",
    ],
)
def test_no_text_holds_anybody_up(hostile: str) -> None:
    text = (hostile * 20_000)[:20_000]
    for redactor in (REDACTOR, Redactor(Known.of((ZHANG, GAO)), shapes=False, pieces=True)):
        begun = time.process_time()
        redactor.text(text)
        assert time.process_time() - begun < 0.5


OTHERS = Redactor(
    Known.of((ZHANG,)), shapes=False, pieces=True, own=Known.of((PersonalData(name="李四", phone="13800005678"),))
)


@pytest.mark.parametrize(
    ("written", "wanted"),
    [
        ("张三丰（13812341234）", "张*丰（138********）"),
        ("张先生尾号1234", "*先生尾号****"),
        ("张某某同志", "*某某同志"),
        ("老张反映", "*反映"),
        ("手机1381234开头", "手机*******开头"),
        ("住麓山南路12号3栋501室", "住***室"),
        ("证件430102199001011234", "证件430***************"),
        ("李四您好，您的电话13800005678", "李四您好，您的电话13800005678"),
        ("李先生您好", "李先生您好"),
        ("请联系派出所0731-88889999", "请联系派出所0731-88889999"),
        ("预计1234年1234元", "预计1234年1234元"),
        ("麓山南路的路灯", "麓山南路的路灯"),
    ],
)
def test_a_petitioner_is_not_told_of_another(written: str, wanted: str) -> None:
    assert OTHERS.text(written) == wanted


def test_of_two_of_one_surname_and_street_each_keeps_their_own() -> None:
    own = Known.of((PersonalData(name="张四", phone="13800001234", address="麓山南路12号3栋502"),))
    both = Redactor(Known.of((ZHANG,)).without(own), shapes=False, pieces=True, own=own)
    assert both.text("张先生，尾号1234，麓山南路12号3栋50") == "张先生，尾号1234，麓山南路12号3栋50"
    assert both.text("张三丰13812341234") == "张*丰138********"


def test_known_is_never_shown() -> None:
    assert "张三丰" not in repr(Known.of((ZHANG,)))
    assert Known.of(()).nobody and not Known.of((ZHANG,)).nobody


@dataclass(frozen=True)
class Fact:
    text: str
    number: str


class Pair(NamedTuple):
    said: str
    times: int


def test_facts_of_every_shape_are_masked_and_untouched_ones_are_the_same() -> None:
    fact, pair = Fact("13812341234", "13812341234"), Pair("张三丰", 1)
    assert REDACTOR.model(fact) == Fact("138********", "13812341234")
    assert REDACTOR.model(pair) == Pair("张*丰", 1)
    told = {"title": "张三丰", "number": "13812341234", "deep": [("13812341234", 2)], "none": None}
    assert REDACTOR.model(told) == {
        "title": "张*丰",
        "number": "13812341234",
        "deep": [("138********", 2)],
        "none": None,
    }
    for same in (Fact("灯", "1"), Pair("灯", 1), {"title": "灯"}, ["灯"], ("灯",), 3, None, MONDAY, Role.CHIEF):
        assert REDACTOR.model(same) is same


def test_officers_are_masked_in_what_petitioners_said_and_not_in_what_offices_wrote() -> None:
    remark = Remarked(at=MONDAY, text="卫国强骂张三丰")
    assert REDACTOR.model(remark).text == "卫*强骂张*丰"
    reply = Replied(
        at=MONDAY, unit="XA", round=1, outcome=Outcome.EXPLAINED, text="卫国强已联系张三丰", due=MONDAY, on_time=True
    )
    assert REDACTOR.model(reply).text == "卫国强已联系张*丰"
    assert REDACTOR.withheld(remark) and REDACTOR.withheld(reply)
    assert not REDACTOR.withheld(Remarked(at=MONDAY, text="灯还没修"))
    assert not REDACTOR.withheld({"kind": "remarked", "text": "灯还没修"})
