"""What leaves in a table is text to every spreadsheet, and comes back as it was written."""

from __future__ import annotations

import csv
import re
import zipfile
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path

import pytest

from gateway.console.ledgers.excel import workbook
from gateway.workbook.message import RefusedRow
from gateway.workbook.refused_file import write_refused
from schemas.spreadsheet import LONGEST_CELL, cell_text, never_a_formula

PLAIN = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1"]
WIDE = ["＝cmd|'/C calc'!A0", "＋1", "－1", "＠SUM(1,1)", "﹦1"]
BEHIND_BLANKS = [" =1+1", "\u3000＝1", "\u200b=1", "\ufeff=1"]
ORDINARY = ["路灯不亮", "a\n=1+1", "1+1=2", "照片_x0041_x0042_.jpg 打不开", "'=1", "_x41_", "—— 不要再拖", ""]


@pytest.mark.parametrize("text", [*PLAIN, *WIDE, *BEHIND_BLANKS])
def test_what_may_be_a_formula_is_marked_as_text(text: str) -> None:
    assert never_a_formula(text) == f"'{text}"


@pytest.mark.parametrize("text", ORDINARY)
def test_what_is_none_stays_as_it_was_written(text: str) -> None:
    assert never_a_formula(text) == text
    assert _as_excel_reads(cell_text(text)) == text


def test_a_cell_holds_no_more_than_excel_allows_and_nothing_xml_forbids() -> None:
    assert len(cell_text("=" + "长" * LONGEST_CELL)) == LONGEST_CELL
    assert cell_text("\x00坏\x1b了\x0b\uffff") == "坏了"


def _exported(text: str, folder: Path) -> Iterator[str]:
    yield _sheet(BytesIO(workbook("账", ["标题"], [[text]])))
    row = RefusedRow(row=2, message_id=text, code="time_missing", zh=text, en=text)
    listed = write_refused(folder / "a.xlsx", [row])
    assert listed is not None
    yield _sheet(listed)


def _sheet(file: BytesIO | Path) -> str:
    with zipfile.ZipFile(file) as packed:
        return "".join(packed.read(name).decode() for name in packed.namelist() if name.startswith("xl/"))


def _as_excel_reads(stored: str) -> str:
    """ST_Xstring of ECMA-376: ``_xHHHH_`` is that character."""
    return re.sub("_x([0-9A-Fa-f]{4})_", lambda found: chr(int(found[1], 16)), stored)


@pytest.mark.parametrize("text", ["＝1+1", "＋1", "－1", "＠SUM(1,1)"])
def test_every_workbook_that_leaves_keeps_wide_formulas_harmless(text: str, tmp_path: Path) -> None:
    for stored in _exported(text, tmp_path):
        assert f">'{text}<" in stored
        assert f">{text}<" not in stored


def test_every_workbook_that_leaves_keeps_what_only_looks_like_an_escape(tmp_path: Path) -> None:
    for stored in _exported("照片_x0041_x0042_.jpg", tmp_path):
        assert ">照片_x005F_x0041_x005F_x0042_.jpg<" in stored


@pytest.mark.parametrize("text", ["＝1+1", "=1+1", "照片_x0041_.jpg"])
def test_a_csv_knows_no_escapes(text: str, tmp_path: Path) -> None:
    row = RefusedRow(row=2, message_id=text, code="time_missing", zh="时间为空。", en="Empty.")
    listed = write_refused(tmp_path / "a.csv", [row], kind="csv")
    assert listed is not None
    with listed.open(encoding="utf-8-sig", newline="") as file:
        assert list(csv.reader(file))[1][1] == never_a_formula(text)


@pytest.mark.parametrize("written", [never_a_formula, cell_text])
def test_a_text_twice_guarded_is_guarded_once(written: Callable[[str], str]) -> None:
    assert written(written("=1")) == "'=1"
