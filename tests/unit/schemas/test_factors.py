"""What proves somebody to be the petitioner: the end of whatever number they gave, however it was written."""

from __future__ import annotations

import contextlib
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.kernel.errors import UserError
from schemas.sealing.factors import Factor, factor_of, proven
from schemas.sealing.personal import PersonalData, end_hidden, mask_id, mask_phone
from schemas.sealing.telephones import Telephone, rounded, telephones
from schemas.sealing.tracking import ALPHABET, LENGTH, folded

WRITTEN = [
    ("+852 9123 4567", ["4567"]),
    ("00886-912-345-678", ["5678"]),
    ("+853 6612 3456", ["3456"]),
    ("400-800-8820", ["8820"]),
    ("013800006666", ["6666"]),
    ("8610-62345678", ["5678"]),
    ("0731-84731234转8012", ["1234", "8012"]),
    ("0731-84731234-801", ["1234"]),
    ("12345", ["2345"]),
    ("(0731)84731234", ["1234"]),
    ("1.3800001111E+10", ["1111"]),
    ("13800001111\n13900002222", ["1111", "2222"]),
    ("13800001111 13900002222", ["1111", "2222"]),
    ("13800001111（本人）13900002222（儿子）", ["1111", "2222"]),
    ("13800001111/13900002222", ["1111", "2222"]),
    ("0731-84731234 13800001111", ["1234", "1111"]),
    ("1380000111113900002222", ["1111", "2222"]),
    ("62345678 62345679", ["5678", "5679"]),
    ("+852 9123 4567 +852 9876 5432", ["4567", "5432"]),
    ("１３８００００１２３４", ["1234"]),
    ('="13800001111"', ["1111"]),
]


@pytest.mark.parametrize(("written", "ends"), WRITTEN)
def test_the_end_of_whatever_was_given_is_asked_for(written: str, ends: list[str]) -> None:
    people = [PersonalData(name="张三", phone=written)]
    assert factor_of(people) is (
        Factor.EXTENDED if any(each.extension for each in telephones(written)) else Factor.PHONE
    )
    for end in ends:
        assert proven(people, end) is Factor.PHONE
        assert proven(people, "".join(chr(ord(digit) + 0xFEE0) for digit in end)) is Factor.PHONE, "full width"
        assert proven(people, f" {end[:2]}-{end[2:]} ") is Factor.PHONE
    for wrong in ("", "0000", "9999", ends[0][1:], ends[0][::-1] + "7", written[:3]):
        assert proven(people, wrong) is None
    shown = mask_phone(written)
    for end in ends:
        assert end not in shown
    assert all(each.digits[-2:] not in shown for each in telephones(written))


@pytest.mark.parametrize("written", ["1.38001E+10", "1.38E+10", "1.3800E10", "110", "没有", "一三八", "-", ""])
def test_where_no_number_serves_there_is_a_pin(written: str) -> None:
    people = [PersonalData(name="张三", phone=written or None)]
    assert factor_of(people) is Factor.PIN
    for said in ("", written, "0110", "1380", "E+10"):
        assert proven(people, said) is None


def test_what_a_spreadsheet_rounded_is_no_number() -> None:
    assert rounded("1.38001E+10")
    assert not rounded("1.3800001111E+10")
    assert not rounded("13800001111")
    assert telephones("1.38001E+10") == ()
    assert telephones("1.3800001111E+10") == (Telephone("13800001111"),)


def test_a_whole_number_is_as_good_as_its_end() -> None:
    people = [PersonalData(phone="+86 138 0000 1234"), PersonalData(id_number="11010119000101001x")]
    for said in ("13800001234", "138-0000-1234", "＋８６１３８００００１２３４", "1234", "001X", "11010119000101001X"):
        assert proven(people, said) is not None
    for said in ("13900001234", "8001234", "01x", "110101190001010011"):
        assert proven(people, said) is None
    assert factor_of(people) is Factor.PHONE
    assert factor_of(people[1:]) is Factor.ID_NUMBER


@given(
    st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True), st.sampled_from(["/", " ", "\n", "、", ";", "（妻）", ", ", "或"])
)
def test_of_two_numbers_either_serves_and_neither_end_is_shown(first: str, between: str) -> None:
    second = "139" + first[3:][::-1]
    both = [PersonalData(phone=f"{first}{between}{second}")]
    assert proven(both, first[-4:]) is Factor.PHONE
    assert proven(both, second[-4:]) is Factor.PHONE
    assert mask_phone(both[0].phone or "").replace("、", "").count("*") == (16 if first != second else 8)


@given(st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True), st.from_regex(r"[0-9]{17}[0-9X]", fullmatch=True))
def test_masks_made_before_lose_their_ends_too(phone: str, paper: str) -> None:
    assert end_hidden(f"{phone[:3]}****{phone[7:]}") == f"{phone[:3]}********"
    assert end_hidden(f"{paper[:3]}*************{paper[-2:]}") == mask_id(paper)
    for mask in (mask_phone(phone), mask_id(paper), "", "***", "张*丰"):
        assert end_hidden(mask) == mask


@given(st.text(max_size=60))
def test_any_text_is_read(text: str) -> None:
    people = [PersonalData(phone=text[:50])]
    assert (factor_of(people) is Factor.PIN) == (not any(len(each.digits) >= 4 for each in telephones(text[:50])))
    proven(people, text)


@pytest.mark.parametrize(
    "hostile", ["1" * 20_000, "1 " * 10_000, "1-" * 10_000, "(1" * 10_000, "13" * 9_000, "1E" * 9_000]
)
def test_hostile_numbers_take_no_time(hostile: str) -> None:
    began = time.perf_counter()
    telephones(hostile)
    proven([PersonalData(phone="13800001234")], hostile)
    with contextlib.suppress(UserError):
        folded(hostile)
    assert time.perf_counter() - began < 0.05


@pytest.mark.parametrize(
    "typed",
    [
        "ABCD2345EFGH",
        " abcd2345efgh ",
        "ＡＢＣＤ２３４５ＥＦＧＨ",
        "\u200bABCD2345EFGH",
        "\ufeffABCD2345EFGH\n",
        "查询码：ABCD2345EFGH。",
        "ABCD-2345-EFGH",
        "ABCD 2345 EFGH",
        "ABCD—2345—EFGH",
        "Tracking code: abcd2345efgh",
        "Your tracking code is ABCD-2345-EFGH.",
        "您的查询码是 ABCD2345EFGH，请妥善保管",
        "查询码：ABCD2345EFGH，编号：XA-2026-C-000123",
        "“ABCD2345EFGH”",
    ],
)
def test_a_code_is_read_as_people_type_it(typed: str) -> None:
    assert folded(typed) == "ABCD2345EFGH"


@pytest.mark.parametrize("character", list("01ILOl"))
def test_a_character_no_code_has_is_told(character: str) -> None:
    with pytest.raises(UserError, match="tracking_code_characters") as told:
        folded(f"ABCD{character}345EFGH")
    assert character.upper() in told.value.zh


@given(st.text(max_size=300))
def test_any_text_is_no_code(text: str) -> None:
    try:
        code = folded(text)
    except UserError:
        return
    assert code.isascii()
    assert not code or code.isalnum()


@given(st.text(alphabet=ALPHABET, min_size=LENGTH, max_size=LENGTH))
def test_a_code_is_compared_exactly(code: str) -> None:
    assert folded(code) == code == folded(code.lower()) == folded(f"{code[:4]}-{code[4:8]}-{code[8:]}")
