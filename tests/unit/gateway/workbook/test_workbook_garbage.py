from __future__ import annotations

import zipfile
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.workbook.package_check import CELL_LIMIT, UNPACKED_LIMIT
from gateway.workbook.reading import read_workbook
from schemas.kernel.errors import UserError

WriteWorkbook = Callable[..., Path]
ROW = (1, "甲", "题", "2019/7/19", "文", "复", "2019/7/20")
PLACES = st.integers(0, 10_000)
OLD_OFFICE = bytes.fromhex("d0cf11e0a1b11ae1")


def as_csv(rows: str) -> bytes:
    return f"id,time,text\n{rows}".encode("utf-8", "replace")


def refusal(path: Path, now: datetime) -> UserError:
    with pytest.raises(UserError) as refused:
        read_workbook(path, now=now)
    assert path.name in refused.value.zh or refused.value.code == "workbook_headings_unknown"
    return refused.value


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("a.xlsx", b"", "workbook_empty"),
        ("a.csv", b"", "workbook_empty"),
        ("a.csv", b"\r\n,,\r\n", "workbook_empty"),
        ("a.xlsx", b"hello", "workbook_unreadable"),
        ("a.xlsx", b"PK\x03\x04" + b"\0" * 100, "workbook_unreadable"),
        ("a.xlsx", OLD_OFFICE + b"\0" * 2000, "workbook_unreadable"),
        ("a.xlsx", OLD_OFFICE + "EncryptedPackage".encode("utf-16-le"), "workbook_locked"),
        ("a.csv", b"\x81\xff\xff\xff", "workbook_unreadable"),
        ("a.csv", "编号,内容\0".encode(), "workbook_unreadable"),
        ("a.csv", b'id,time,text\n1,2019-01-01,"' + b"x" * 200_000, "workbook_unreadable"),
        ("a.csv", b"one,two\n1,2\n", "workbook_headings_unknown"),
        ("a.csv", b"id,time,text\n", "workbook_empty"),
        ("a.xls", b"x", "workbook_extension"),
        ("a", b"x", "workbook_extension"),
        ("a.docx", b"x", "workbook_extension"),
    ],
)
def test_garbage_is_refused_by_name(tmp_path: Path, now: datetime, name: str, content: bytes, code: str) -> None:
    (tmp_path / name).write_bytes(content)
    assert refusal(tmp_path / name, now).code == code


def test_a_file_that_is_not_there(tmp_path: Path, now: datetime) -> None:
    assert refusal(tmp_path / "a.xlsx", now).code == "workbook_missing"
    (tmp_path / "b.xlsx").mkdir()
    assert refusal(tmp_path / "b.xlsx", now).code == "workbook_missing"


def test_empty_sheets(tmp_path: Path, write_workbook: WriteWorkbook, now: datetime) -> None:
    openpyxl.Workbook().save(tmp_path / "empty.xlsx")
    assert refusal(tmp_path / "empty.xlsx", now).code == "workbook_empty"
    assert refusal(write_workbook(), now).code == "workbook_empty"


def test_a_hidden_sheet_is_not_read(tmp_path: Path, write_workbook: WriteWorkbook, now: datetime) -> None:
    path = write_workbook(ROW, sheets_before=["空"])
    book = openpyxl.load_workbook(path)
    book["留言"].sheet_state = "hidden"
    book.save(path)
    assert refusal(path, now).code == "workbook_headings_unknown"


def test_a_zip_of_something_else(tmp_path: Path, now: datetime) -> None:
    with zipfile.ZipFile(tmp_path / "a.xlsx", "w") as package:
        package.writestr("readme.txt", "hello")
    assert refusal(tmp_path / "a.xlsx", now).code == "workbook_unreadable"


def test_a_bomb_is_not_unpacked(tmp_path: Path, write_workbook: WriteWorkbook, now: datetime) -> None:
    path = write_workbook(ROW)
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as package, package.open("xl/media/a.bin", "w") as part:
        for _ in range(UNPACKED_LIMIT // (1 << 20) + 1):
            part.write(bytes(1 << 20))
    assert path.stat().st_size < 1 << 20
    assert refusal(path, now).code == "workbook_too_large"


def test_a_stray_cell_far_away_is_named_and_not_laid_out(tmp_path: Path, now: datetime) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet["A1"] = "编号"
    sheet["XFD1048576"] = "x"
    book.save(tmp_path / "a.xlsx")
    refused = refusal(tmp_path / "a.xlsx", now)
    assert refused.code == "workbook_too_large"
    assert f"{CELL_LIMIT:,}" in refused.zh


def test_formatted_empty_cells_far_away_do_no_harm(write_workbook: WriteWorkbook, now: datetime) -> None:
    path = write_workbook(ROW)
    book = openpyxl.load_workbook(path)
    book["留言"]["XFD1048576"].number_format = "0.00"
    book.save(path)
    assert len(read_workbook(path, now=now).messages) == 1


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cut=st.none() | PLACES, flips=st.lists(st.tuples(PLACES, st.integers(1, 255)), min_size=1, max_size=8))
def test_a_damaged_workbook_is_read_or_refused(
    write_workbook: WriteWorkbook, now: datetime, cut: int | None, flips: list[tuple[int, int]]
) -> None:
    path = write_workbook(ROW)
    content = bytearray(path.read_bytes())
    if cut is not None:
        del content[1 + cut % len(content) :]
    for place, bits in flips:
        content[place % len(content)] ^= bits
    path.write_bytes(content)
    try:
        read_workbook(path, now=now)
    except UserError as refused:
        assert refused.code.startswith("workbook_")


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.one_of(st.binary(max_size=300), st.text(max_size=300).map(as_csv)))
def test_any_bytes_as_csv_are_read_or_refused(tmp_path: Path, now: datetime, content: bytes) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(content)
    try:
        read_workbook(path, now=now)
    except UserError as refused:
        assert refused.code.startswith("workbook_")
