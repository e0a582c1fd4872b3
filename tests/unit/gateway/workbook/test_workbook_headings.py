from __future__ import annotations

from typing import Any

import pytest

from gateway.workbook.headings import FIELDS, find_columns, normalise_heading, parse_map
from schemas.kernel.errors import UserError


def test_no_heading_means_two_fields() -> None:
    names = [normalise_heading(heading) for known in FIELDS.values() for heading in known]
    assert len(names) == len(set(names))
    assert names == [heading for known in FIELDS.values() for heading in known]


@pytest.mark.parametrize(
    ("headings", "columns"),
    [
        (["留言编号", "留言时间", "留言详情"], {"message_id": 0, "submitted_at": 1, "text": 2}),
        ([" 编 号 ", "来信时间：", "*内容（必填）"], {"message_id": 0, "submitted_at": 1, "text": 2}),
        (["ＩＤ", "Received_At", "TEXT", "subject"], {"message_id": 0, "submitted_at": 1, "text": 2, "subject": 3}),
        (["编号", "留言编号", "时间", "留言时间", "内容"], {"message_id": 1, "submitted_at": 3, "text": 4}),
        (
            ["工单编号", "来信时间", "内容", "姓名", "手机", "身份证号"],
            {"message_id": 0, "submitted_at": 1, "text": 2, "name": 3, "phone": 4, "id_number": 5},
        ),
    ],
)
def test_headings_are_recognised(headings: list[str], columns: dict[str, int]) -> None:
    assert find_columns([headings]).columns == columns


def test_titles_above_are_passed_over() -> None:
    above: list[list[Any]] = [["2019年群众留言汇总表", "", ""], ["", "", ""], ["内容", "截至6月", ""]]
    found = find_columns([*above, ["编号", "时间", "内容", "备注"], [1, "2019/1/1", "甲", ""]])
    assert found.row == 3
    assert found.ignored == ("备注",)
    assert found.headings == {"message_id": "编号", "submitted_at": "时间", "text": "内容"}


def test_headings_below_the_tenth_row_are_not_looked_for() -> None:
    with pytest.raises(UserError) as refused:
        find_columns([["说明"]] * 10 + [["编号", "时间", "内容"]])
    assert refused.value.code == "workbook_headings_unknown"


def test_a_map_goes_before_recognition() -> None:
    row = ["编号", "备注", "内容", "时间"]
    found = find_columns([row], {"text": "备注", "subject": "内容"})
    assert found.columns == {"message_id": 0, "text": 1, "subject": 2, "submitted_at": 3}


def test_a_map_takes_a_column_that_another_field_would_have_had() -> None:
    with pytest.raises(UserError) as refused:
        find_columns([["编号", "内容", "时间"]], {"subject": "内容"})
    assert refused.value.code == "workbook_headings_unknown"
    assert refused.value.facts["missing"] == ["text"]


def test_a_mapped_heading_that_is_not_there_is_named_with_those_that_are() -> None:
    with pytest.raises(UserError) as refused:
        find_columns([["编号", "内容", "时间"]], {"reply": "领导批示"})
    assert refused.value.code == "workbook_map_unknown"
    assert "领导批示" in refused.value.zh
    assert refused.value.facts["known"] == ["编号", "内容", "时间"]


@pytest.mark.parametrize("rows", [[], [[]], [["甲", "乙"], ["丙", 1]], [["编号", "内容"]]])
def test_headings_unknown(rows: list[list[Any]]) -> None:
    with pytest.raises(UserError) as refused:
        find_columns(rows)
    assert refused.value.code == "workbook_headings_unknown"
    assert "submitted_at" in refused.value.facts["missing"]


@pytest.mark.parametrize(
    ("text", "mapping"),
    [
        ("text=内容", {"text": "内容"}),
        (" text = 内容 , message_id＝编号", {"text": "内容", "message_id": "编号"}),
        ('text="内容,详情",subject=标题', {"text": "内容,详情", "subject": "标题"}),
        ('"text=内容,详情"', {"text": "内容,详情"}),
        ("TEXT=a=b", {"text": "a=b"}),
    ],
)
def test_maps(text: str, mapping: dict[str, str]) -> None:
    assert parse_map(text) == mapping


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "workbook_map_malformed"),
        ("text", "workbook_map_malformed"),
        ("text=", "workbook_map_malformed"),
        ("=内容", "workbook_map_malformed"),
        ('"text=内容', "workbook_map_malformed"),
        ("texte=内容", "workbook_map_unknown"),
        ("text=内容,text=详情", "workbook_map_twice"),
    ],
)
def test_maps_refused(text: str, code: str) -> None:
    with pytest.raises(UserError) as refused:
        parse_map(text)
    assert refused.value.code == code
