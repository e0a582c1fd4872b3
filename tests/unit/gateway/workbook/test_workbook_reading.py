from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from gateway.workbook.message import Message
from gateway.workbook.reading import TEXT_LIMIT, read_workbook, reply_refusal
from gateway.workbook.times import SHANGHAI
from schemas.kernel.errors import UserError

WriteWorkbook = Callable[..., Path]
GOOD = (101, "网友甲", "路灯不亮", "2019/7/19 18:19:54", "楼下路灯坏了三天。", "已修好。", "2019/7/22 9:00:00")


def changed(**cells: object) -> tuple[object, ...]:
    names = ("message_id", "user", "subject", "submitted_at", "text", "reply", "replied_at")
    return tuple(cells.get(name, value) for name, value in zip(names, GOOD, strict=True))


@pytest.mark.parametrize(("name", "count", "replied"), [("留言.xlsx", 2142, 0), ("留言与答复.xlsx", 1463, 1463)])
def test_the_real_workbooks_are_read_whole(
    shared_data: Path, now: datetime, name: str, count: int, replied: int
) -> None:
    book = read_workbook(shared_data / name, now=now, require_reply=replied > 0)
    assert len(book.rows) == len(book.messages) == count
    assert not book.refused
    assert not book.ignored_headings
    assert [message.row for message in book.messages] == list(range(2, count + 2))
    assert len({message.message_id for message in book.messages}) == count
    assert all(message.message_id.isdecimal() for message in book.messages)
    assert all(message.text and message.subject and not message.notes for message in book.messages)
    assert all(2011 <= message.submitted_at.year <= 2020 for message in book.messages)
    assert sum(reply_refusal(message) is None for message in book.messages) == replied


def test_the_real_workbooks_have_a_known_first_row(shared_data: Path, now: datetime) -> None:
    first = read_workbook(shared_data / "留言.xlsx", now=now).messages[0]
    assert (first.message_id, first.user) == ("188031", "A00040066")
    assert first.submitted_at == datetime(2019, 7, 19, 18, 19, 54, tzinfo=SHANGHAI)
    assert (first.likes, first.dislikes) == (1, 0)


def test_a_row_becomes_a_message(write_workbook: WriteWorkbook, now: datetime) -> None:
    above = [["群众留言汇总"], []]
    (message,) = read_workbook(write_workbook(GOOD, above=above), now=now).messages
    assert message == Message(
        row=4,
        message_id="101",
        user="网友甲",
        subject="路灯不亮",
        submitted_at=datetime(2019, 7, 19, 18, 19, 54, tzinfo=SHANGHAI),
        text="楼下路灯坏了三天。",
        reply="已修好。",
        replied_at=datetime(2019, 7, 22, 9, tzinfo=SHANGHAI),
    )


def test_people_and_channels_are_read_when_there(write_workbook: WriteWorkbook, now: datetime) -> None:
    path = write_workbook(
        ["W1", date(2019, 7, 19), "甲", "张三", 13800000000, "11010119900101001X", "和平路 1 号", "12345"],
        ["W2", 43665.5, "乙", "李四", "138-0000-0000", 4.30102199001011e17, "", ""],
        headings=["工单编号", "来信时间", "内容", "姓名", "手机", "身份证号", "地址", "渠道"],
    )
    first, second = read_workbook(path, now=now).messages
    assert (first.name, first.phone, first.id_number) == ("张三", "13800000000", "11010119900101001X")
    assert (first.address, first.channel) == ("和平路 1 号", "12345")
    assert second.submitted_at == datetime(2019, 7, 19, 12, tzinfo=SHANGHAI)
    # a number that Excel has rounded is somebody else's id number
    assert second.id_number == ""
    assert [(note.field, note.code) for note in second.notes] == [("id_number", "id_imprecise")]


@pytest.mark.parametrize(
    ("cells", "code"),
    [
        ({"message_id": None}, "id_missing"),
        ({"message_id": " \t"}, "id_missing"),
        ({"message_id": 1.5}, "id_unreadable"),
        ({"text": "\n\t\u3000"}, "text_missing"),
        ({"text": "长" * (TEXT_LIMIT + 1)}, "text_oversize"),
        ({"reply": "长" * (TEXT_LIMIT + 1)}, "reply_oversize"),
        ({"subject": "长" * 501}, "cell_oversize"),
        ({"submitted_at": None}, "time_missing"),
        ({"submitted_at": "2019/2/30"}, "time_impossible"),
        ({"submitted_at": "去年"}, "time_unreadable"),
        ({"submitted_at": "2062/7/19"}, "time_in_future"),
        ({"submitted_at": "1919/7/19"}, "time_too_old"),
    ],
)
def test_a_row_is_refused_and_its_neighbours_are_not(
    write_workbook: WriteWorkbook, now: datetime, cells: dict[str, object], code: str
) -> None:
    path = write_workbook(GOOD, changed(**{"message_id": 102, **cells}), changed(message_id=103))
    book = read_workbook(path, now=now)
    (refused,) = book.refused
    assert (refused.row, refused.code) == (3, code)
    assert refused.zh
    assert refused.en
    assert [message.message_id for message in book.messages] == ["101", "103"]


def test_the_longest_text_is_taken(write_workbook: WriteWorkbook, now: datetime) -> None:
    (message,) = read_workbook(write_workbook(changed(text="长" * TEXT_LIMIT)), now=now).messages
    assert len(message.text) == TEXT_LIMIT


def test_repeated_ids(write_workbook: WriteWorkbook, now: datetime) -> None:
    path = write_workbook(
        changed(submitted_at="2019/2/30"),
        GOOD,
        changed(message_id="101.0", text="\t楼下路灯坏了三天。\n"),
        changed(text="另一件事"),
        [],
        changed(message_id="102"),
    )
    book = read_workbook(path, now=now)
    assert [message.row for message in book.messages] == [3, 7]
    assert [(row.row, row.first_row) for row in book.duplicates] == [(4, 3)]
    assert [(row.row, row.code) for row in book.refused] == [(2, "time_impossible"), (5, "id_reused")]


@pytest.mark.parametrize(
    ("cells", "code"),
    [
        ({"reply": ""}, "reply_missing"),
        ({"replied_at": ""}, "reply_time_missing"),
        ({"replied_at": "2019/2/30"}, "time_impossible"),
        ({"replied_at": "2019/7/19 18:19:53"}, "replied_before_received"),
    ],
)
def test_a_reply_is_judged_only_where_it_is_asked_for(
    write_workbook: WriteWorkbook, now: datetime, cells: dict[str, object], code: str
) -> None:
    path = write_workbook(changed(**cells))
    (message,) = read_workbook(path, now=now).messages
    refusal = reply_refusal(message)
    assert refusal is not None
    assert refusal.code == code
    assert read_workbook(path, now=now, require_reply=True).rows == (refusal,)


def test_a_reply_in_the_same_second_stands(write_workbook: WriteWorkbook, now: datetime) -> None:
    (message,) = read_workbook(write_workbook(changed(replied_at="2019/7/19 18:19:54")), now=now).messages
    assert reply_refusal(message) is None


def test_an_unreadable_count_costs_only_itself(write_workbook: WriteWorkbook, now: datetime) -> None:
    path = write_workbook([1, "2019/7/19", "甲", "很多", 3], headings=["编号", "时间", "内容", "点赞数", "反对数"])
    (message,) = read_workbook(path, now=now).messages
    assert (message.likes, message.dislikes) == (None, 3)
    assert [note.field for note in message.notes] == ["likes"]


def test_the_sheet_with_the_headings_is_read_and_the_others_named(write_workbook: WriteWorkbook, now: datetime) -> None:
    book = read_workbook(write_workbook(GOOD, sheets_before=["封面", "填表说明"]), now=now)
    assert book.sheet == "留言"
    assert book.unread_sheets == ("封面", "填表说明")


def test_a_mapping_reaches_the_sheet(write_workbook: WriteWorkbook, now: datetime) -> None:
    path = write_workbook(["甲1", "2019/7/19", "正文在此"], headings=["件号", "日子", "说了什么"])
    with pytest.raises(UserError) as refused:
        read_workbook(path, now=now)
    assert refused.value.code == "workbook_headings_unknown"
    mapping = {"message_id": "件号", "submitted_at": "日子", "text": "说了什么"}
    (message,) = read_workbook(path, mapping, now=now).messages
    assert (message.message_id, message.text) == ("甲1", "正文在此")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", "\t", ";"])
def test_csv(tmp_path: Path, now: datetime, encoding: str, delimiter: str) -> None:
    path = tmp_path / "留言.CSV"
    rows = [
        ["编号", "标题", "时间", "内容"],
        ["1", "路灯", "2019/7/19 18:19", '"第一行\r\n第二行，""引"""'],
        [],
        ["2"],
        ["3", "噪音", "2019.7.20", "夜里吵"],
    ]
    path.write_bytes("\r\n".join(delimiter.join(row) for row in rows).encode(encoding))
    book = read_workbook(path, now=now)
    assert [(message.row, message.message_id) for message in book.messages] == [(2, "1"), (5, "3")]
    assert book.messages[0].text == '第一行\n第二行，"引"'
    assert [(row.row, row.code) for row in book.refused] == [(4, "text_missing")]


def test_the_future_starts_a_day_after_the_moment_of_reading(write_workbook: WriteWorkbook, now: datetime) -> None:
    path = write_workbook(changed(submitted_at="2026-03-03 10:00:01"))
    assert not read_workbook(path, now=now).messages
    assert read_workbook(path, now=now + timedelta(seconds=1)).messages
