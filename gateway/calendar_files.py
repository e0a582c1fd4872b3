"""Files that may hold a holiday notice, taken apart into rows: CSV, JSON, iCalendar. What the cells mean is
judged elsewhere."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, cast

from icalendar import Calendar as ICalendar
from icalendar import Event

from schemas.kernel.errors import UserError
from schemas.kernel.worktime import SHANGHAI

LARGEST_FILE = 2_000_000
"""Bytes. A notice is a few kilobytes; anything near this is another file picked by mistake."""

LONGEST_EVENT = timedelta(days=366)

MOST_DAYS = 8_000
"""Days one file may list: twenty years, each of them."""

_COLUMNS = {
    "day": {"day", "date", "日期"},
    "kind": {"kind", "type", "类型", "性质"},
    "notice": {"notice", "文号", "通知"},
    "status": {"status", "状态"},
}


@dataclass(frozen=True)
class Row:
    """A line (CSV), item (JSON) or event (iCalendar): its number, for the person to go to, and its cells."""

    number: int
    cells: Mapping[str, Any]
    """By ``day``, ``kind``, ``notice``, ``status``; absent where the file has none."""
    labels: tuple[str, ...] = ()
    """iCalendar, which has no field for the kind: the texts that may tell it, the surest first."""


@dataclass(frozen=True)
class Sheet:
    """A file as found: its rows, and what it says about itself as a whole (JSON only)."""

    name: str
    rows: list[Row] = field(default_factory=list[Row])
    head: Mapping[str, Any] = field(default_factory=dict[str, Any])

    def error(self, code: str, zh: str, en: str, row: int | None = None, **facts: Any) -> UserError:
        """The error, with the file and, where there is one, the row put in front of both sentences."""
        if row is None:
            return UserError(code, zh=f"{self.name}:{zh}", en=f"{self.name}: {en}", file=self.name, **facts)
        zh, en = f"{self.name} 第 {row} 行:{zh}", f"{self.name} row {row}: {en}"
        return UserError(code, zh=zh, en=en, file=self.name, row=row, **facts)

    def unreadable(self, zh: str, en: str, row: int | None = None) -> UserError:
        """The file, or this row of it, has not the form of a notice."""
        return self.error("calendar_unreadable", zh, en, row)


def read_sheet(path: Path) -> Sheet:
    """The rows of ``path`` (``.csv``, ``.json`` or ``.ics``; UTF-8 with or without byte order mark, or
    GB18030).

    Raises ``UserError``: ``calendar_unreadable``, ``calendar_impossible_date`` (iCalendar only).
    """
    sheet = Sheet(path.name)
    readers = {".csv": _from_csv, ".json": _from_json, ".ics": _from_ics}
    suffix = path.suffix.lower()
    if suffix not in readers:
        raise sheet.unreadable(
            f"不认识的文件类型“{suffix}”;请用 .csv、.json 或 .ics",
            f'unknown file type "{suffix}"; use .csv, .json or .ics',
        )
    return readers[suffix](sheet, _text(sheet, path))


def _text(sheet: Sheet, path: Path) -> str:
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST_FILE + 1)
    except OSError as error:
        raise sheet.unreadable(
            f"读不了文件({error.strerror});请核对路径", f"cannot be read ({error.strerror}); check the path"
        ) from error
    if len(data) > LARGEST_FILE:
        raise sheet.unreadable("文件太大,不像是放假通知;请核对文件", "too large for a holiday notice; check the file")
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise sheet.unreadable(
        "不是 UTF-8 或 GB18030 文本;请另存为 UTF-8", "not text in UTF-8 or GB18030; save it as UTF-8"
    )


def _from_csv(sheet: Sheet, text: str) -> Sheet:
    head_line = next((line for line in text.splitlines() if line.strip()), "")
    delimiter = max(",;\t", key=head_line.count)
    try:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
        lines = [(reader.line_num, [cell.strip() for cell in cells]) for cells in reader]
    except csv.Error as error:
        raise sheet.unreadable(f"不是规整的 CSV({error})", f"not well-formed CSV ({error})") from error
    lines = [(number, cells) for number, cells in lines if any(cells)]
    if not lines:
        return sheet
    (head_number, head), *body = lines
    columns = [_column(cell) for cell in head]
    if not {"day", "kind"} <= set(columns):
        raise sheet.unreadable(
            f"首行应有“日期”和“类型”两列,现在是:{'、'.join(head)}",
            f'the first line must name the columns "day" and "kind"; found: {", ".join(head)}',
            head_number,
        )
    for number, cells in body:
        if any(cells[len(columns) :]):
            raise sheet.unreadable(
                "这一行的列数比首行多", "this line has more cells than the first line has columns", number
            )
    return Sheet(sheet.name, [Row(number, dict(zip(columns, cells, strict=False))) for number, cells in body])


def _from_json(sheet: Sheet, text: str) -> Sheet:
    try:
        found: object = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise sheet.unreadable(f"不是规整的 JSON({error})", f"not well-formed JSON ({error})") from error
    head: dict[str, Any] = {}
    if isinstance(found, dict):
        head = cast("dict[str, Any]", found)
        found = head.get("days")
    if not isinstance(found, list):
        raise sheet.unreadable(
            '应是日期列表,或含 "days" 列表的对象', 'expected a list of days, or an object with a list "days"'
        )
    rows: list[Row] = []
    for number, item in enumerate(cast("list[object]", found), start=1):
        if not isinstance(item, dict):
            raise sheet.unreadable("每一天应是一个对象", "each day must be an object", number)
        cells = cast("dict[str, Any]", item)
        rows.append(Row(number, {_column(key): value for key, value in cells.items()}))
    return Sheet(sheet.name, rows, head)


def _from_ics(sheet: Sheet, text: str) -> Sheet:
    try:
        found = ICalendar.from_ical(text)
    except (ValueError, OSError) as error:  # OSError: a time zone is looked up by name among the system's files
        raise sheet.unreadable(f"不是规整的 iCalendar({error})", f"not well-formed iCalendar ({error})") from error
    # Whatever stands after the first BEGIN is accepted by the parser, at run time of another class than it declares.
    if found.name != "VCALENDAR":
        raise sheet.unreadable("不是 iCalendar 日历(VCALENDAR)", "not an iCalendar calendar (VCALENDAR)")
    rows: list[Row] = []
    for number, event in enumerate(found.events, start=1):
        if "RRULE" in event or "RDATE" in event:
            raise sheet.unreadable(
                "不接受重复事件;请逐年写明日期", "recurring events are not accepted; state each year", number
            )
        labels = (*event.categories, str(event.get("SUMMARY", "")))
        rows += [Row(number, {"day": day.isoformat()}, labels) for day in _ics_days(sheet, number, event)]
        # An event of two lines may stand for a year of days.
        if len(rows) > MOST_DAYS:
            raise sheet.unreadable(f"超过 {MOST_DAYS:,} 天", f"it lists more than {MOST_DAYS:,} days", number)
    return Sheet(sheet.name, rows)


def _ics_days(sheet: Sheet, number: int, event: Event) -> list[date]:
    try:
        start, end = event.start, event.end
        # The end is exclusive: the day, or the instant, that it names belongs no longer to the event.
        smallest = timedelta(microseconds=1) if isinstance(end, datetime) else timedelta(days=1)
        first, last = _shanghai_day(start), _shanghai_day(end - smallest)
    except (ValueError, OverflowError) as error:
        raise sheet.error(
            "calendar_impossible_date",
            f"起止日期不对({error})",
            f"its start or end is not a date ({error})",
            number,
        ) from error
    if not timedelta(0) <= last - first < LONGEST_EVENT:
        raise sheet.error(
            "calendar_impossible_date",
            f"结束 {end} 与开始 {start} 不相配(结束日不含在内)",
            f"the end {end}, which is exclusive, does not fit the start {start}",
            number,
        )
    return [first + timedelta(days=offset) for offset in range((last - first).days + 1)]


def _shanghai_day(moment: date) -> date:
    # A floating time is meant where it is read, and this calendar is read in China.
    if isinstance(moment, datetime):
        return moment.date() if moment.tzinfo is None else moment.astimezone(SHANGHAI).date()
    return moment


def _column(name: str) -> str:
    plain = name.strip().lower()
    return next((column for column, names in _COLUMNS.items() if plain in names), plain)
