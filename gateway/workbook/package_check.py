"""What an .xlsx file would become in memory, found out before it does.

The reader lays a sheet out as one full rectangle up to its last filled cell, and writes out each shared text in every cell that names it: two cells
in opposite corners, or one long text named often, would take hundreds of gigabytes and the process with them. So the parts are unpacked once in
pieces and counted as the reader would count, and the reader is given exactly what was counted: a zip file can be written so that two programs find
different parts in it.
"""

from __future__ import annotations

import io
import zipfile
import zlib
from array import array
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import IO, Final
from xml.parsers import expat

from schemas.kernel.errors import UserError

UNPACKED_LIMIT = 200 * 1024 * 1024
"""Bytes a workbook may unpack to. A year of a city's messages is a tenth of it."""

CELL_LIMIT = 4_000_000
"""Cells of one sheet, counted as last filled row × last filled column (200,000 messages of 20 columns)."""

TEXT_LIMIT = 60_000_000
"""Characters of all cells of one sheet, each shared text as often as a cell names it."""

PART_LIMIT = 5_000
"""Parts of a workbook; those with pictures in every row have some hundreds."""

LAST_ROW, LAST_COLUMN = 1_048_576, 16_384
"""Of a sheet in Excel; a cell beyond is written by no program to be read."""

DEEPEST: Final = 64
"""Elements inside one another."""

_CHUNK = 1 << 20
_ENTRY = b"PK\x01\x02"
_SHARED = "sharedstrings.xml"
_READ = (".xml", ".rels")
"""Everything else, pictures and the like, is left out of what the reader is given, but for sheets by another name."""


def checked_package(path: Path) -> IO[bytes]:
    """The workbook with the parts that are read, and no more. Refuses, as ``UserError``: ``workbook_unreadable`` (no intact zip, no
    well-formed parts), ``workbook_too_large`` (parts, unpacked bytes, cells or characters over the limits).
    """
    try:
        _count_parts(path)
        with zipfile.ZipFile(path) as package:
            return _copied(package, path)
    except (
        zipfile.BadZipFile,
        zlib.error,
        EOFError,
        NotImplementedError,
        RuntimeError,
        ValueError,
        OSError,
        expat.ExpatError,
    ) as wrong:
        # NotImplementedError: a compression no workbook uses; RuntimeError: a part locked with a zip password
        raise unreadable(path) from wrong


def _count_parts(path: Path) -> None:
    """Before the table of contents is read, which takes a hundred times its own length."""
    found, tail = 0, b""
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            piece = tail + chunk
            found += piece.count(_ENTRY)
            tail = piece[-len(_ENTRY) + 1 :]
    if found > PART_LIMIT:
        raise too_large(path, f"{PART_LIMIT:,}", "部件数", "number of parts")


def _copied(package: zipfile.ZipFile, path: Path) -> IO[bytes]:
    parts = package.infolist()
    names = [_plain(part.filename) for part in parts]
    if len(set(names)) < len(names):
        raise ValueError("a part is there twice")
    if len(parts) > PART_LIMIT or sum(part.file_size for part in parts) > UNPACKED_LIMIT:
        raise too_large(path, f"{UNPACKED_LIMIT // 1024 // 1024} MB", "解压后", "unpacked size")
    left, shared = UNPACKED_LIMIT, array("I")
    copy = io.BytesIO()
    # Sheets name shared texts by their number, so these come first.
    order = sorted(range(len(parts)), key=lambda at: PurePosixPath(names[at]).name != _SHARED)
    named_as_sheets = _named_as_sheets(package, parts, names)
    with zipfile.ZipFile(copy, "w", zipfile.ZIP_STORED) as written:
        for at in order:
            name = PurePosixPath(names[at])
            if parts[at].is_dir():
                continue
            is_read = name.name.endswith(_READ) or name.name in named_as_sheets
            layout = _Layout(path, shared) if is_read else None
            content: list[bytes] = []
            with package.open(parts[at]) as file:
                while chunk := file.read(_CHUNK):
                    left -= len(chunk)
                    if left < 0:
                        raise too_large(path, f"{UNPACKED_LIMIT // 1024 // 1024} MB", "解压后", "unpacked size")
                    if layout is not None:
                        layout.feed(chunk)
                        content.append(chunk)
            if layout is not None:
                shared.extend(layout.close())
                written.writestr(parts[at].filename, b"".join(content))
    copy.seek(0)
    return copy


def _plain(name: str) -> str:
    return name.replace("\\", "/").casefold()


def _named_as_sheets(package: zipfile.ZipFile, parts: Sequence[zipfile.ZipInfo], names: Sequence[str]) -> set[str]:
    """The file names that any list of relationships leads to, so that a sheet by any name is looked at."""
    found: set[str] = set()

    def start(_: str, attributes: dict[str, str]) -> None:
        for name, value in attributes.items():
            if name.rpartition(":")[2] == "Target":
                found.add(PurePosixPath(_plain(value)).name)

    for part, name in zip(parts, names, strict=True):
        if name.endswith("workbook.xml.rels"):
            if part.file_size > _CHUNK:
                raise ValueError("a list of relationships without end")
            parser = expat.ParserCreate()
            parser.StartElementHandler = start
            with package.open(part) as file:
                parser.Parse(file.read(_CHUNK), True)
    return found


class _Layout:
    """One part of XML, read as the reader reads it: cells by their ``r``, or one after the other where they have none."""

    def __init__(self, path: Path, shared: array[int]) -> None:
        self._path = path
        self._shared = shared
        self._own_shared = array("I")
        self._row = self._column = 0
        self._last_row = self._last_column = 0
        self._characters = 0
        self._depth = 0
        self._at = (0, 0)
        self._names_shared = self._in_cell = self._in_value = self._in_shared = False
        self._number = ""
        self._text = 0
        self._begun = False
        self._parser = expat.ParserCreate()
        self._parser.buffer_text = True
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._said
        self._parser.StartDoctypeDeclHandler = self._doctype

    def feed(self, chunk: bytes) -> None:
        """The next bytes of the part."""
        self._begun = True
        self._parser.Parse(chunk, False)

    def close(self) -> array[int]:
        """The lengths of the shared texts it holds, in their order."""
        if self._begun:
            self._parser.Parse(b"", True)
        return self._own_shared

    def _doctype(self, *_: object) -> None:
        raise ValueError("no part of a workbook declares a document type")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth > DEEPEST:
            raise ValueError("elements without end inside one another")
        match name.rpartition(":")[2]:
            case "row":
                self._row = _number(attributes["r"]) - 1 if "r" in attributes else self._row
            case "c":
                if "r" in attributes:
                    self._at = _place(attributes["r"])
                    self._column = self._at[1]
                else:
                    self._at = (self._row, self._column)
                self._in_cell, self._names_shared = True, attributes.get("t") == "s"
            case "si":
                self._in_shared, self._text = True, 0
            case "v" | "is" | "f" if self._in_cell:
                self._fill()
                self._in_value, self._number = name.rpartition(":")[2] == "v", ""
            case _:
                pass

    def _end(self, name: str) -> None:
        self._depth -= 1
        match name.rpartition(":")[2]:
            case "row":
                self._row, self._column = self._row + 1, 0
            case "c":
                self._in_cell = False
                self._column += 1
            case "si":
                self._in_shared = False
                self._own_shared.append(min(self._text, UNPACKED_LIMIT))
                if len(self._own_shared) > CELL_LIMIT:
                    raise too_large(self._path, f"{CELL_LIMIT:,}", "共享文本数", "number of shared texts")
            case "v":
                self._in_value = False
                if self._names_shared and self._number.isdecimal() and int(self._number[:12]) < len(self._shared):
                    self._count(self._shared[int(self._number[:12])])
            case _:
                pass

    def _said(self, text: str) -> None:
        if self._in_shared:
            self._text += len(text)
        elif self._in_cell:
            self._count(len(text))
            if self._in_value and len(self._number) < 12:
                self._number += text[:12]

    def _count(self, characters: int) -> None:
        self._characters += characters
        if self._characters > TEXT_LIMIT:
            raise too_large(self._path, f"{TEXT_LIMIT:,}", "字数", "number of characters")

    def _fill(self) -> None:
        row, column = self._at
        self._last_row, self._last_column = max(self._last_row, row + 1), max(self._last_column, column + 1)
        beyond = self._last_row > LAST_ROW or self._last_column > LAST_COLUMN
        if beyond or self._last_row * self._last_column > CELL_LIMIT:
            raise too_large(self._path, f"{CELL_LIMIT:,}", "单元格数", "number of cells")


def _number(written: str) -> int:
    if not written.isascii() or not written.isdecimal() or len(written) > 18 or int(written) < 1:
        raise ValueError("no number of a row")
    return int(written)


def _place(written: str) -> tuple[int, int]:
    """Row and column, from 0, of ``AB12``."""
    letters = written.rstrip("0123456789")
    if not letters.isascii() or not letters.isalpha() or len(letters) > 6:
        raise ValueError("no place of a cell")
    column = 0
    for letter in letters.upper():
        column = column * 26 + ord(letter) - 64
    return _number(written[len(letters) :]) - 1, column - 1


def unreadable(path: Path) -> UserError:
    """A workbook that is not whole."""
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


def too_large(path: Path, limit: str, what_zh: str, what_en: str) -> UserError:
    """A file that would take more than this process has."""
    return UserError(
        "workbook_too_large",
        zh=f"“{path.name}”的{what_zh}超过上限 {limit}；请删去远处的多余单元格，或拆成几个文件分别导入。",
        en=(
            f"“{path.name}”: the {what_en} is over the limit of {limit}; delete stray cells far away, or "
            "split the file."
        ),
    )
