"""A small file that would become gigabytes: what it would lay out is counted before it is, however it is written."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path

import pytest

from gateway.workbook import package_check
from gateway.workbook.reading import read_workbook
from gateway.workbook.source import read_sheets
from schemas.kernel.errors import UserError

TYPES = (
    '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="xml" ContentType="application/xml"/></Types>'
)
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
MAIN = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
HEADINGS = ("编号", "时间", "内容")
GOOD = ("1", "2026/3/2 9:00", "路灯不亮")


def cell(text: str, place: str = "") -> str:
    return f'<c{f" r={place!r}" if place else ""} t="inlineStr"><is><t>{text}</t></is></c>'


def rows(*contents: str) -> str:
    return "".join(f"<row>{content}</row>" for content in contents)


def table(*more: str) -> str:
    return rows("".join(map(cell, HEADINGS)), "".join(map(cell, GOOD)), *more)


def package(
    path: Path,
    sheet: str,
    *,
    part: str = "worksheets/sheet1.xml",
    names: Iterable[str] = ("Sheet1",),
    more: Mapping[str, str] | None = None,
    before: str = "",
) -> Path:
    """A workbook of one part of cells, which every sheet named shows."""
    sheets = "".join(f'<sheet name="{name}" sheetId="{at}" r:id="rId1"/>' for at, name in enumerate(names, 1))
    parts = {
        "[Content_Types].xml": TYPES,
        "_rels/.rels": f'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="{OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook {MAIN} xmlns:r="{OFFICE}"><sheets>{sheets}</sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="{OFFICE}/worksheet" Target="{part}"/></Relationships>',
        f"xl/{part}": f"{before}<worksheet {MAIN}><sheetData>{sheet}</sheetData></worksheet>",
        **(more or {}),
    }
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in parts.items():
            file.writestr(name, content)
    return path


def shared(*texts: str) -> dict[str, str]:
    return {"xl/sharedStrings.xml": f"<sst {MAIN}>{''.join(f'<si><t>{text}</t></si>' for text in texts)}</sst>"}


FAR = {
    "a row of eight digits": '<row r="10000000"><c r="A10000000"><v>1</v></c></row>',
    "a row of ten digits": '<row r="4000000000"><c r="A4000000000"><v>1</v></c></row>',
    "cells without r": f"<row r='300'>{'<c><v>1</v></c>' * 300}</row><row r='30000'><c><v>1</v></c></row>",
    "a row with r, its cell without": "<row r='1048576'><c r='A1'><v>1</v></c><c><v>1</v></c></row><row><c r='KN2'><v>1</v></c></row>",
    "blanks around equals": '<row><c r = "KN2"><v>1</v></c></row><row r="30000"><c\nr\t=\n\'A30000\' ><v>1</v></c></row>',
    "lower case": '<row><c r="xfd2"><v>1</v></c></row><row><c r="a1048576"><v>1</v></c></row>',
    "a prefix": '<x:row xmlns:x="y"><x:c r="XFD2"><x:v>1</x:v></x:c><x:c r="A1048576"><x:v>1</x:v></x:c></x:row>',
    "an attribute before": '<row><c s="1" cm="2" r="XFD2"><v>1</v></c><c s=">" r="A1048576"><v>1</v></c></row>',
    "a reference": '<row><c r="XFD2"><v>1</v></c><c r="A&#49;048576"><v>1</v></c></row>',
    "beyond the last column": '<row><c r="ZZZZ2"><v>1</v></c></row>',
    "text in its own cell": f"<row>{cell('x', 'XFD1048576')}</row>",
    "a formula": '<row><c r="XFD1048576"><f>1+1</f><v>2</v></c></row>',
}


@pytest.mark.parametrize("far", FAR.values(), ids=FAR)
@pytest.mark.parametrize("part", ["worksheets/sheet1.xml", "worksheets/sheet1.dat", "media/picture.png"])
def test_cells_far_apart_are_not_laid_out(tmp_path: Path, far: str, part: str) -> None:
    refused(package(tmp_path / "a.xlsx", table() + far, part=part), "workbook_too_large")


def test_one_long_text_named_by_many_cells_is_not_written_out(tmp_path: Path) -> None:
    many = rows(*["<c t='s'><v>0</v></c>" * 10] * 500)
    refused(package(tmp_path / "a.xlsx", table(many), more=shared("长" * 30_000)), "workbook_too_large")


def test_a_sheet_shown_a_thousand_times_is_not_laid_out_a_thousand_times(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wide = "<row r='10'><c r='ALL10'><v>1</v></c></row>"
    names = [f"S{number}" for number in range(1_000)]
    refused(package(tmp_path / "a.xlsx", table() + wide, names=names), "workbook_too_large")


def test_shared_texts_are_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(package_check, "CELL_LIMIT", 1_000)
    refused(package(tmp_path / "a.xlsx", table(), more=shared(*[""] * 1_001)), "workbook_too_large")


def test_parts_are_counted(tmp_path: Path) -> None:
    more = {f"xl/media/{number}": "" for number in range(package_check.PART_LIMIT)}
    refused(package(tmp_path / "a.xlsx", table(), more=more), "workbook_too_large")


@pytest.mark.parametrize(
    ("before", "sheet"),
    [
        ('<!DOCTYPE a [<!ENTITY b "ccccccccc">]>', table()),
        ("", "<a>" * 100_000),
        ("", table() + "<row r='0'><c><v>1</v></c></row>"),
        ("", table() + "<row><c r='12'><v>1</v></c></row>"),
        ("", table() + "<row><c r='A١'><v>1</v></c></row>"),
        ("", table() + "<row><c r=A3><v>1</v></c></row>"),
        ("", table() + "<row><c r='A3' r='B3'><v>1</v></c></row>"),
        ("", table() + "<row><c r='A3'><v>1</v></row>"),
    ],
)
def test_what_no_program_writes_is_refused(tmp_path: Path, before: str, sheet: str) -> None:
    refused(package(tmp_path / "a.xlsx", sheet, before=before), "workbook_unreadable")


def test_the_reader_is_given_what_was_counted(tmp_path: Path) -> None:
    """A part of the same name in another spelling, or twice, is a second one for some programs and the first for others."""
    far = f"<worksheet {MAIN}><sheetData>{FAR['a formula']}</sheetData></worksheet>"
    refused(package(tmp_path / "a.xlsx", table(), more={"XL/worksheets\\sheet1.xml": far}), "workbook_unreadable")


def test_a_range_of_many_columns_said_beforehand_takes_nothing(tmp_path: Path, now: datetime) -> None:
    """What the file says of its own size is not believed, nor are merged cells over everything laid out."""
    path = tmp_path / "a.xlsx"
    package(path, table() + '</sheetData><mergeCells><mergeCell ref="A1:XFD1048576"/></mergeCells><sheetData>')
    assert len(read_workbook(path, now=now).messages) == 1


def test_cells_without_places_are_read(tmp_path: Path, now: datetime) -> None:
    path = package(tmp_path / "a.xlsx", table(), more={"xl/media/film.mp4": "no film", "xl/drawings/a.vml": "<br>"})
    assert read_workbook(path, now=now).messages[0].text == "路灯不亮"


@pytest.mark.parametrize("content", ["," * 20_000_000, "\n" * 5_000_000, ('"' * 2 + ",") * 6_000_000])
def test_a_table_of_nothing_but_cells(tmp_path: Path, content: str) -> None:
    (tmp_path / "a.csv").write_text(f"id,time,text\n{content}", "utf-8")
    refused(tmp_path / "a.csv", "workbook_too_large")


def refused(path: Path, code: str) -> None:
    with pytest.raises(UserError) as caught:
        read_sheets(path)
    assert caught.value.code == code, caught.value.en
    assert path.name in caught.value.zh
