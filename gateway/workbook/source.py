"""The file itself: opened, found sane, and turned into sheets of raw cells."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import python_calamine as calamine

from gateway.workbook.cells import Cell, clean_line
from gateway.workbook.package_check import CELL_LIMIT, TEXT_LIMIT, checked_package, too_large, unreadable
from schemas.kernel.errors import UserError

FILE_LIMIT = 200 * 1024 * 1024
"""Bytes of a file on disk."""

CSV_LIMIT = 64 * 1024 * 1024
"""Bytes of a .csv file, of which each may be four once it is text."""

SHEET_LIMIT = 500

_OLD_OFFICE = bytes.fromhex("d0cf11e0a1b11ae1")
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
_DELIMITERS = (",", "\t", ";")


class Sheet(NamedTuple):
    """A visible sheet that holds something; ``rows[0]`` is row 1 as Excel shows it."""

    name: str
    rows: Sequence[Sequence[Cell]]


def read_sheets(path: Path) -> list[Sheet]:
    """The visible sheets of an .xlsx/.xlsm workbook that hold anything, or the one table of a .csv file
    (UTF-8, UTF-16 or GB18030).

    Refuses, as ``UserError``: ``workbook_missing``, ``workbook_extension``, ``workbook_unreadable``,
    ``workbook_locked`` (password), ``workbook_too_large``, ``workbook_empty``.
    """
    extension = path.suffix.lower()
    if extension not in (".xlsx", ".xlsm", ".csv"):
        raise UserError(
            "workbook_extension",
            zh=f"不支持“{path.name}”的格式；请另存为 .xlsx 或 .csv 后重试。",
            en=f"“{path.name}” is of a kind that is not read; save it as .xlsx or .csv.",
        )
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            start = file.read(len(_OLD_OFFICE))
    except OSError as wrong:
        raise UserError(
            "workbook_missing",
            zh=f"打不开文件“{path}”：{wrong.strerror}；请检查路径和权限。",
            en=f"The file “{path}” cannot be opened: {wrong.strerror}; check the path and the permissions.",
        ) from wrong
    if size == 0:
        raise _empty(path)
    limit = CSV_LIMIT if extension == ".csv" else FILE_LIMIT
    if size > limit:
        raise UserError(
            "workbook_too_large",
            zh=f"“{path.name}”超过上限 {limit // 1024 // 1024} MB；请拆成几个文件分别导入。",
            en=f"“{path.name}” is over the limit of {limit // 1024 // 1024} MB; split the file.",
        )
    sheets = _csv_sheets(path) if extension == ".csv" else _xlsx_sheets(path, start)
    filled = [sheet for sheet in sheets if any(clean_line(cell) for row in sheet.rows for cell in row)]
    if not filled:
        raise _empty(path)
    return filled


def _xlsx_sheets(path: Path, start: bytes) -> list[Sheet]:
    if start == _OLD_OFFICE:
        raise _locked(path) if _ENCRYPTED in path.read_bytes() else _old_format(path)
    package = checked_package(path)
    try:
        with package as file, calamine.CalamineWorkbook.from_filelike(file) as workbook:
            sheets: list[Sheet] = []
            cells = characters = 0
            for about in workbook.sheets_metadata:
                if about.visible != calamine.SheetVisibleEnum.Visible or about.typ != calamine.SheetTypeEnum.WorkSheet:
                    continue
                rows = workbook.get_sheet_by_name(about.name).to_python(skip_empty_area=False)
                sheets.append(Sheet(about.name, rows))
                # Each sheet is within the limits; a thousand that are all the same part are not.
                cells += len(rows) * len(rows[0] if rows else ())
                characters += sum(len(cell) for row in rows for cell in row if isinstance(cell, str))
                if cells > CELL_LIMIT or characters > TEXT_LIMIT or len(sheets) > SHEET_LIMIT:
                    raise too_large(
                        path, f"{CELL_LIMIT:,}", "各表单元格总数或字数", "number of cells or characters of all sheets"
                    )
            return sheets
    except calamine.PasswordError as wrong:
        raise _locked(path) from wrong
    except (calamine.CalamineError, OSError, ValueError) as wrong:
        raise unreadable(path) from wrong
    except BaseException as wrong:
        # the reader is written in Rust; a file that defeats it surfaces as a PanicException, which is no
        # Exception
        if type(wrong).__name__ != "PanicException":
            raise
        raise unreadable(path) from wrong


def _csv_sheets(path: Path) -> list[Sheet]:
    text = _decoded(path)
    head = text[:4096]
    delimiter = max(_DELIMITERS, key=head.count)
    rows: list[list[Cell]] = []
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    # A line of delimiters is laid out whole before anybody can count its cells.
    cells = -CELL_LIMIT if text.count(delimiter) > 4 * CELL_LIMIT else CELL_LIMIT
    try:
        for row in reader if cells > 0 else ():
            rows.append([*row])
            cells -= max(1, len(row))
            if cells < 0:
                break
    except csv.Error as wrong:
        raise UserError(
            "workbook_unreadable",
            zh=(
                f"“{path.name}”第 {reader.line_num} 行附近读不下去（可能少了一个引号）；请在 Excel 或 WPS 中打开检查。"
            ),
            en=(
                f"“{path.name}” cannot be read near line {reader.line_num} (a quotation mark may be "
                "missing); open it and check."
            ),
        ) from wrong
    if cells < 0:
        raise too_large(path, f"{CELL_LIMIT:,}", "单元格数", "number of cells")
    return [Sheet(path.stem, rows)]


def _decoded(path: Path) -> str:
    raw = path.read_bytes()
    byte_order_marked = raw.startswith((b"\xff\xfe", b"\xfe\xff"))
    encodings = ("utf-16",) if byte_order_marked else ("utf-8-sig", "gb18030")
    for encoding in encodings:
        try:
            text = raw.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise UserError(
        "workbook_unreadable",
        zh=f"“{path.name}”不是 UTF-8 或 GB18030 编码的文本；请另存为“CSV UTF-8”后重试。",
        en=f"“{path.name}” is no text in UTF-8 or GB18030; save it as “CSV UTF-8”.",
    )


def _empty(path: Path) -> UserError:
    return UserError(
        "workbook_empty",
        zh=f"“{path.name}”里没有内容；请确认选对了文件，且数据不在隐藏的工作表中。",
        en=(
            f"“{path.name}” holds nothing; check that it is the right file and that the data is not on a hidden sheet."
        ),
    )


def _locked(path: Path) -> UserError:
    return UserError(
        "workbook_locked",
        zh=f"“{path.name}”设有打开密码；请去掉密码另存后重试。",
        en=f"“{path.name}” is protected by a password; save a copy without it.",
    )


def _old_format(path: Path) -> UserError:
    return UserError(
        "workbook_unreadable",
        zh=f"“{path.name}”其实是旧版 Office 文件（.xls）；请在 Excel 或 WPS 中另存为 .xlsx 后重试。",
        en=f"“{path.name}” is really an old Office file (.xls); open it and save it as .xlsx.",
    )
