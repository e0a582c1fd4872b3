"""Small workbooks made on the spot."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import openpyxl
import pytest

HEADINGS = ("留言编号", "留言用户", "留言主题", "留言时间", "留言详情", "答复意见", "答复时间")

WriteWorkbook = Callable[..., Path]


@pytest.fixture
def now() -> datetime:
    return datetime(2026, 3, 2, 10, 0, tzinfo=ZoneInfo("Asia/Shanghai"))


@pytest.fixture
def write_workbook(tmp_path: Path) -> WriteWorkbook:
    def write(
        *rows: Sequence[Any],
        headings: Sequence[Any] = HEADINGS,
        above: Sequence[Sequence[Any]] = (),
        name: str = "messages.xlsx",
        sheets_before: Sequence[str] = (),
    ) -> Path:
        book = openpyxl.Workbook()
        sheet = book.active
        assert sheet is not None
        sheet.title = "留言"
        for row in (*above, headings, *rows):
            sheet.append(list(row))
        for index, title in enumerate(sheets_before):
            book.create_sheet(title, index)["A1"] = "说明"
        book.save(tmp_path / name)
        return tmp_path / name

    return write
