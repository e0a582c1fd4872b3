from __future__ import annotations

import csv
from pathlib import Path
from typing import Literal

import openpyxl
import pytest

from gateway.workbook.message import RefusedRow
from gateway.workbook.refused_file import HEADINGS, write_refused
from schemas.kernel.errors import UserError

ROWS = [
    RefusedRow(row=3, message_id="=1+1", code="time_missing", zh="时间为空。", en="The time is empty."),
    RefusedRow(row=9, message_id="\x0b-5\x00", code="id_reused", zh="@编号\n重复", en="+again"),
]
EXPECTED = [
    ["3", "'=1+1", "time_missing", "时间为空。", "The time is empty."],
    ["9", "'-5", "id_reused", "'@编号\n重复", "'+again"],
]


def test_xlsx_beside_the_input(tmp_path: Path) -> None:
    source = tmp_path / "留言 2019.xlsx"
    path = tmp_path / "留言 2019.refused.xlsx"
    for _ in range(2):
        assert write_refused(source, ROWS) == path
    sheet = openpyxl.load_workbook(path).active
    assert sheet is not None
    read = [[str(cell.value) for cell in row] for row in sheet.iter_rows()]
    assert read == [list(HEADINGS), *EXPECTED]
    assert {cell.data_type for row in sheet.iter_rows() for cell in row} == {"s", "n"}
    assert [found.name for found in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize("kind", ["csv"])
def test_csv_elsewhere(tmp_path: Path, kind: Literal["csv"]) -> None:
    path = write_refused(Path("/nowhere/a.csv"), ROWS, directory=tmp_path, kind=kind)
    assert path is not None
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")
    with path.open(encoding="utf-8-sig", newline="") as file:
        assert list(csv.reader(file)) == [list(HEADINGS), *EXPECTED]


def test_nothing_refused_nothing_written(tmp_path: Path) -> None:
    assert write_refused(tmp_path / "a.xlsx", []) is None
    assert not list(tmp_path.iterdir())


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(UserError) as refused:
        write_refused(tmp_path / "missing" / "a.xlsx", ROWS)
    assert refused.value.code == "refused_file_unwritable"
    (tmp_path / "a.refused.xlsx").mkdir()
    with pytest.raises(UserError):
        write_refused(tmp_path / "a.xlsx", ROWS)
    assert [found.name for found in tmp_path.iterdir()] == ["a.refused.xlsx"]
