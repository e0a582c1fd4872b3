"""What an .xlsx file would become in memory, found out before it does.

The reader lays a sheet out as one full rectangle up to its last filled cell: two cells in opposite corners
would take hundreds of gigabytes and the process with them. So the parts are unpacked once in pieces, counted,
and never kept.
"""

from __future__ import annotations

import re
import zipfile
import zlib
from pathlib import Path
from typing import IO

from schemas.errors import UserError

UNPACKED_LIMIT = 200 * 1024 * 1024
"""Bytes a workbook may unpack to. A year of a city's messages is a tenth of it."""

CELL_LIMIT = 4_000_000
"""Cells of one sheet, counted as last filled row × last filled column (200,000 messages of 20 columns)."""

_CHUNK = 1 << 20
_LONGEST_CELL_TAG = 1024
_CELL = re.compile(rb"""<(?:\w+:)?c\s(?:[^<>]*?\s)?r=["']([A-Za-z]{1,3})(\d{1,7})["'](?:[^<>]*[^<>/])?(/?)>""")


def check_package(path: Path) -> None:
    """Refuses, as ``UserError``: ``workbook_unreadable`` (no intact zip), ``workbook_too_large`` (unpacked
    bytes or cells over the limits)."""
    left = UNPACKED_LIMIT
    try:
        with zipfile.ZipFile(path) as package:
            if sum(part.file_size for part in package.infolist()) > UNPACKED_LIMIT:
                raise _too_large(path, unpacked=True)
            for part in package.infolist():
                with package.open(part) as content:
                    left -= _measure(content, left, path, holds_cells=part.filename.lower().endswith(".xml"))
    except (
        zipfile.BadZipFile,
        zlib.error,
        EOFError,
        NotImplementedError,
        RuntimeError,
        ValueError,
        OSError,
    ) as wrong:
        # NotImplementedError: a compression no workbook uses; RuntimeError: a part locked with a zip password
        raise unreadable(path) from wrong


def _measure(content: IO[bytes], left: int, path: Path, *, holds_cells: bool) -> int:
    """The part's bytes. A filled cell's tag may straddle two chunks, so the end of each is looked at again."""
    size = rows = columns = 0
    tail = b""
    while chunk := content.read(_CHUNK):
        size += len(chunk)
        if size > left:
            raise _too_large(path, unpacked=True)
        if not holds_cells:
            continue
        piece = tail + chunk
        for letters, digits, empty in _CELL.findall(piece):
            if not empty:
                rows, columns = max(rows, int(digits)), max(columns, _column_number(letters))
        if rows * columns > CELL_LIMIT:
            raise _too_large(path, unpacked=False)
        tail = piece[-_LONGEST_CELL_TAG:]
    return size


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters.upper():
        number = number * 26 + letter - 64
    return number


def unreadable(path: Path) -> UserError:
    return UserError(
        "workbook_unreadable",
        zh=(
            f"“{path.name}”不是完整的 .xlsx 工作簿（可能损坏或未下载完）；请在 Excel 或 WPS 中打开并另存为 "
            ".xlsx 后重试。"
        ),
        en=(
            f"“{path.name}” is not an intact .xlsx workbook (damaged, or not fully downloaded); open it and "
            "save it again as .xlsx."
        ),
    )


def _too_large(path: Path, *, unpacked: bool) -> UserError:
    limit = f"{UNPACKED_LIMIT // 1024 // 1024} MB" if unpacked else f"{CELL_LIMIT:,}"
    what_zh, what_en = ("解压后", "unpacked size") if unpacked else ("单元格数", "number of cells")
    return UserError(
        "workbook_too_large",
        zh=f"“{path.name}”的{what_zh}超过上限 {limit}；请删去远处的多余单元格，或拆成几个文件分别导入。",
        en=(
            f"“{path.name}”: the {what_en} is over the limit of {limit}; delete stray cells far away, or "
            "split the file."
        ),
    )
