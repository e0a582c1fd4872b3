"""The refused rows as a file beside the input, for the person who will mend them."""

from __future__ import annotations

import csv
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from openpyxl import Workbook as Spreadsheet

from gateway.workbook.cells import clean_text
from gateway.workbook.message import RefusedRow
from schemas.kernel.errors import UserError
from schemas.spreadsheet import cell_text, never_a_formula

HEADINGS = ("行号", "编号", "代码", "原因", "reason")
_WIDTHS = (8, 24, 26, 70, 90)


def refused_path(source: Path, *, directory: Path | None = None, kind: Literal["xlsx", "csv"] = "xlsx") -> Path:
    """``FILE.xlsx`` → ``FILE.refused.xlsx``, beside the input or in ``directory``."""
    return (directory or source.parent) / f"{source.stem}.refused.{kind}"


def write_refused(
    source: Path,
    refused: Sequence[RefusedRow],
    *,
    directory: Path | None = None,
    kind: Literal["xlsx", "csv"] = "xlsx",
) -> Path | None:
    """Writes the refused rows (row number, id, code, reason in both languages) and returns the file's path;
    without any, writes nothing.

    An earlier file of the same name is replaced, in one step: a reader never sees half of it. Message texts
    and personal data are not written. Refuses, as ``UserError``: ``refused_file_unwritable``.
    """
    if not refused:
        return None
    target = refused_path(source, directory=directory, kind=kind)
    rows = [
        (row.row, clean_text(row.message_id), clean_text(row.code), clean_text(row.zh), clean_text(row.en))
        for row in refused
    ]
    unfinished: Path | None = None
    try:
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.", suffix=f".{kind}")
        os.close(handle)
        unfinished = Path(name)
        (_write_xlsx if kind == "xlsx" else _write_csv)(unfinished, rows)
        unfinished.chmod(0o644)
        unfinished.replace(target)
    except OSError as wrong:
        if unfinished is not None:
            unfinished.unlink(missing_ok=True)
        raise UserError(
            "refused_file_unwritable",
            zh=f"写不了退回清单“{target}”：{wrong.strerror}；请换一个可写的文件夹，或关闭正打开它的程序。",
            en=(
                f"The list of refused rows “{target}” cannot be written: {wrong.strerror}; choose a folder "
                "that can be written."
            ),
        ) from wrong
    return target


def _write_xlsx(path: Path, rows: Sequence[tuple[int, str, str, str, str]]) -> None:
    book = Spreadsheet()
    sheet = book.active
    assert sheet is not None, "a new workbook has one sheet"  # noqa: S101
    sheet.title = "退回清单"
    sheet.append(HEADINGS)
    for number, *said in rows:
        sheet.append((number, *map(cell_text, said)))
    for column, width in zip("ABCDE", _WIDTHS, strict=True):
        sheet.column_dimensions[column].width = width
    sheet.freeze_panes = "A2"
    book.save(path)


def _write_csv(path: Path, rows: Sequence[tuple[int, str, str, str, str]]) -> None:
    # the byte order mark is what makes Excel read UTF-8
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(HEADINGS)
        writer.writerows((number, *map(never_a_formula, said)) for number, *said in rows)
