"""A table as a workbook. Whatever people wrote stands in it as text: no cell is ever a formula."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from io import BytesIO
from typing import Any, cast

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import Cell
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter
from openpyxl.worksheet._write_only import WriteOnlyWorksheet

from schemas.spreadsheet import cell_text

WIDEST = 48


def workbook(title: str, headings: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    """The bytes of an .xlsx with one sheet."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet(title)
    if not isinstance(sheet, WriteOnlyWorksheet):
        raise TypeError("a workbook that is only written gives sheets that are only written")
    sheet.freeze_panes = "B2"
    for place, heading in enumerate(headings, start=1):
        cast("Any", sheet).column_dimensions[get_column_letter(place)].width = min(WIDEST, 12 + 2 * len(heading))
    sheet.append([_cell(sheet, heading, bold=True) for heading in headings])
    for row in rows:
        sheet.append([_cell(sheet, value) for value in row])
    made = BytesIO()
    book.save(made)
    return made.getvalue()


def _cell(sheet: WriteOnlyWorksheet, text: str, *, bold: bool = False) -> Cell:
    cell = WriteOnlyCell(sheet, value=cell_text(text))
    cell.data_type = "s"
    if bold:
        cell.font = Font(bold=True)
    return cell
