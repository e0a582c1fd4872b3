"""Masks show what an officer needs and hide the rest; normal forms make one number one number."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from schemas.sealing.personal import (
    PersonalData,
    mask_address,
    mask_id,
    mask_name,
    mask_phone,
    normal_id,
    normal_phone,
)


@pytest.mark.parametrize(
    ("name", "masked"),
    [
        ("", ""),
        ("张", "*"),
        ("张三", "张*"),
        ("张三丰", "张*丰"),
        ("欧阳修", "欧阳*"),
        ("欧阳娜娜", "欧阳**"),
        ("欧阳", "欧*"),
        ("王李小明", "王**明"),
        ("阿不都·热合曼", "阿**"),
        ("John Smith", "J**"),
        ("某某单位全体职工", "某**"),
    ],
)
def test_names(name: str, masked: str) -> None:
    assert mask_name(name) == masked


@pytest.mark.parametrize(
    ("phone", "masked"),
    [
        ("", ""),
        ("13800001234", "138********"),
        ("+86 138 0000 1234", "138********"),
        ("008613800001234", "138********"),
        ("１３８００００１２３４", "138********"),
        ("138-0000-1234转801", "138********"),
        ("010-60005678", "010-********"),
        ("0731-8000567", "0731-*******"),
        ("60005678", "********"),
        ("86-731-80005678", "***"),
        ("110", "***"),
        ("没有电话", "***"),
    ],
)
def test_phones(phone: str, masked: str) -> None:
    assert mask_phone(phone) == masked


@pytest.mark.parametrize(
    ("id_number", "masked"),
    [
        ("", ""),
        ("11010119000101001x", "110***************"),
        ("110101000101001", "110************"),
        ("E12345678", "***"),
        ("?", "***"),
    ],
)
def test_id_numbers(id_number: str, masked: str) -> None:
    assert mask_id(id_number) == masked


@pytest.mark.parametrize(
    ("address", "masked"),
    [
        ("", ""),
        ("湖南省长沙市岳麓区麓山南路1号", "湖南省长沙市岳麓区***"),
        ("西地省A市A3区五一大道12号A区", "西地省A市A3区***"),
        ("长沙县星沙街道", "长沙县***"),
        ("上海市浦东新区世纪大道", "上海市浦东新区***"),
        ("内蒙古自治区鄂尔多斯市准格尔旗", "内蒙古自治区鄂尔多斯市准格尔旗***"),
        ("幸福小区5栋3单元", "***"),
        ("五一大道12号A区", "***"),
        ("张三住岳麓区", "***"),
    ],
)
def test_addresses_keep_the_district_only(address: str, masked: str) -> None:
    assert mask_address(address) == masked


@given(st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True), st.sampled_from(["", "+86", "0086", "86 ", "+86-"]))
def test_one_mobile_has_one_normal_form(mobile: str, country: str) -> None:
    written = f"{country}{mobile[:3]} {mobile[3:7]}-{mobile[7:]}"
    assert normal_phone(written) == mobile
    assert mask_phone(written) == mobile[:3] + "*" * 8


@given(st.text(max_size=40))
def test_masks_take_any_text(text: str) -> None:
    for mask in (mask_name, mask_phone, mask_id, mask_address):
        assert mask(text) == "" if not text else "*" in mask(text)


def test_short_numbers_identify_nobody() -> None:
    assert normal_phone("12345") == ""
    assert normal_id("12-3") == ""
    assert normal_id(" 1101 0119 0001 0100 1x ") == "11010119000101001X"


def test_dirt_is_taken_off_and_empty_cells_are_nothing() -> None:
    data = PersonalData(name=" 张\x00三\u200b ", phone="  ", id_number=None, address="Ａ市")
    assert data.name == "张三"
    assert data.phone is None
    assert data.address == "A市"


def test_neither_the_value_nor_its_refusal_shows_the_person() -> None:
    data = PersonalData(name="张三丰", phone="13800001234")
    assert "张三丰" not in f"{data!r} {data} {[data]}"
    with pytest.raises(ValidationError) as refused:
        PersonalData.model_validate({"name": ["张三丰"], "phone": "1" * 51})
    assert "张三丰" not in str(refused.value)
