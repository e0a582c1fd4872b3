"""Reading a holiday notice from a file that a person made.

Whatever is wrong comes back as a ``UserError`` naming the row and the way out; a ``Notice`` that is
returned has passed ``check_notice`` as far as that can be judged without the calendar in force.
"""

from __future__ import annotations

import re
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any, cast

from gateway.calendar_files import Row, Sheet, read_sheet
from schemas.kernel.calendar import CalendarDay, Kind, Notice, Status, check_notice
from schemas.kernel.errors import UserError

PLAIN_DAYS_OF_A_FULL_LIST = 60
"""From so many ordinary days on, a file is a day-by-day calendar and must not skip any; lists of exceptions
have far fewer."""

LONGEST_NUMBER = 200
"""Characters of a notice number."""

LONGEST_QUOTE = 60
"""Characters of a cell that a refusal repeats."""

_WORKING = frozenset(("working", "work", "workday", "班", "上班", "工作日", "调休上班", "补班", "调班"))
_OFF = frozenset(
    (
        "off",
        "holiday",
        "rest",
        "weekend",
        "休",
        "休息",
        "休息日",
        "公休",
        "公休日",
        "补休",
        "周末",
        "假",
        "放假",
        "节日",
        "节假日",
        "法定节假日",
    )
)
_STATUSES: dict[str, Status] = {
    **dict.fromkeys(("published", "公布", "已公布", "正式"), "published"),
    **dict.fromkeys(("provisional", "暂定", "未公布", "预估"), "provisional"),
}
_DATES = (
    re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})"),
    re.compile(r"(\d{4})/(\d{1,2})/(\d{1,2})"),
    re.compile(r"(\d{4})\.(\d{1,2})\.(\d{1,2})"),
    re.compile(r"(\d{4})年(\d{1,2})月(\d{1,2})日"),
    re.compile(r"(\d{4})(\d{2})(\d{2})"),
)
_WORKING_WORDS = re.compile(r"班|\bwork", re.IGNORECASE)
_OFF_WORDS = re.compile(r"休|假|\b(?:off|holiday|rest)\b", re.IGNORECASE)


def read_notice(path: Path, covers: tuple[date, date] | None = None) -> Notice:
    """The notice in ``path`` (``.csv``, ``.json``, ``.ics``; UTF-8 or GB18030).

    ``covers`` is the first and last day it settles; without it, what the file says (JSON: ``covers`` or
    ``year``), else the whole year most of its days lie in. Raises ``UserError``: ``calendar_unreadable``,
    ``calendar_empty``, ``calendar_impossible_date``, ``calendar_unclear_kind``,
    ``calendar_unclear_status``, ``calendar_contradiction``, ``calendar_gap`` and the other codes of
    ``check_notice``.
    """
    sheet = read_sheet(path)
    if not sheet.rows:
        raise sheet.error(
            "calendar_empty",
            "里面一天也没有;请列出放假和调休上班的日期",
            "lists no day; list the days off and the make-up days",
        )
    number = _label(sheet, sheet.head.get("notice"), None) or _most_common_number(sheet) or sheet.name
    status = _status(sheet, sheet.head.get("status"), None)
    days: dict[date, tuple[CalendarDay, Row]] = {}
    for row in sheet.rows:
        entry = _entry(sheet, row, number, status)
        before, first_row = days.setdefault(entry.day, (entry, row))
        if (before.kind, before.status) != (entry.kind, entry.status):
            raise sheet.error(
                "calendar_contradiction",
                f"{entry.day} 与第 {first_row.number} 行说法不一;请只保留正确的一行",
                f"{entry.day} contradicts row {first_row.number}; keep only the line that is right",
                row.number,
                day=entry.day.isoformat(),
                other_row=first_row.number,
            )
    entries = tuple(days[day][0] for day in sorted(days))
    notice = Notice(
        number=number[:LONGEST_NUMBER],
        covers=covers or _covers(sheet, entries),
        status="published" if any(entry.status == "published" for entry in entries) else "provisional",
        days=entries,
        complete=sum(not entry.is_exception for entry in entries) >= PLAIN_DAYS_OF_A_FULL_LIST,
    )
    problems = check_notice(notice)
    if problems:
        raise _located(sheet, problems[0], {day.isoformat(): row for day, (_, row) in days.items()})
    return notice


def _entry(sheet: Sheet, row: Row, number: str, status: Status | None) -> CalendarDay:
    return CalendarDay(
        day=_date(sheet, row.cells.get("day"), row.number),
        kind=_kind(sheet, row),
        notice=_label(sheet, row.cells.get("notice"), row.number) or number[:LONGEST_NUMBER],
        status=_status(sheet, row.cells.get("status"), row.number) or status or "published",
    )


def _date(sheet: Sheet, cell: Any, row: int | None) -> date:
    written = _words(cell)
    for form in _DATES:
        if found := form.fullmatch(written):
            try:
                return date(*map(int, found.groups()))
            except ValueError:
                break
    written = written[:LONGEST_QUOTE]
    raise sheet.error(
        "calendar_impossible_date",
        f"“{written}”不是日历上的日期;请写成 2027-10-01 这样",
        f'"{written}" is not a date of the calendar; write it like 2027-10-01',
        row,
        found=written,
    )


def _kind(sheet: Sheet, row: Row) -> Kind:
    written = _words(row.cells.get("kind")) or " / ".join(row.labels)
    if written.lower() in _WORKING:
        return "working"
    if written.lower() in _OFF:
        return "off"
    for label in row.labels:
        if kind := _kind_by_words(label):
            return kind
    written = written[:LONGEST_QUOTE]
    raise sheet.error(
        "calendar_unclear_kind",
        f"“{written}”看不出是放假还是上班;请写“休”或“班”",
        f'"{written}" does not say whether people work; write "off" or "working"',
        row.number,
        found=written,
    )


def _kind_by_words(label: str) -> Kind | None:
    # 调休 alone names the exchange, not the side of it; 调休上班 is work, so it must not be read as rest.
    label = label.replace("调休", "")
    works, rests = bool(_WORKING_WORDS.search(label)), bool(_OFF_WORDS.search(label))
    if works == rests:
        return None
    return "working" if works else "off"


def _status(sheet: Sheet, cell: Any, row: int | None) -> Status | None:
    written = _words(cell).lower()
    if not written:
        return None
    if written not in _STATUSES:
        written = written[:LONGEST_QUOTE]
        raise sheet.error(
            "calendar_unclear_status",
            f"状态“{written}”不认识;请写“已公布”或“暂定”",
            f'unknown status "{written}"; write "published" or "provisional"',
            row,
            found=written,
        )
    return _STATUSES[written]


def _label(sheet: Sheet, cell: Any, row: int | None) -> str:
    label = _words(cell)
    if len(label) > LONGEST_NUMBER:
        raise sheet.unreadable(
            f"文号超过 {LONGEST_NUMBER} 字", f"the notice number is longer than {LONGEST_NUMBER} characters", row
        )
    return label


def _most_common_number(sheet: Sheet) -> str:
    numbers = Counter(_label(sheet, row.cells.get("notice"), row.number) for row in sheet.rows)
    return numbers.most_common(1)[0][0]


def _covers(sheet: Sheet, entries: tuple[CalendarDay, ...]) -> tuple[date, date]:
    stated: object = sheet.head.get("covers")
    if stated is not None:
        ends = cast("list[object]", stated) if isinstance(stated, list) else []
        if len(ends) != 2:
            raise sheet.unreadable(
                '"covers" 应是起止两个日期', '"covers" must be a list of two dates, the first and the last day'
            )
        first, last = (_date(sheet, end, None) for end in ends)
        if first > last:
            raise sheet.error(
                "calendar_impossible_date",
                f"所管范围的开始 {first} 晚于结束 {last}",
                f"the covered range starts on {first}, after its end {last}",
            )
        return first, last
    year = sheet.head.get("year")
    if year is None:
        year = Counter(entry.day.year for entry in entries).most_common(1)[0][0]
    written = _words(year)
    if not re.fullmatch(r"\d{4}", written) or written == "0000":
        written = written[:LONGEST_QUOTE]
        raise sheet.error(
            "calendar_impossible_date",
            f"年份“{written}”不对;请写四位年份",
            f'"{written}" is not a year; write four digits',
            found=written,
        )
    return date(int(written), 1, 1), date(int(written), 12, 31)


def _words(cell: Any) -> str:
    """A cell as text. JSON may bring a number (20271001); of a list or object only the type is told, in the
    refusal."""
    if cell is None:
        return ""
    text = "list or object" if isinstance(cell, (list, dict)) else str(cell).strip()
    # JSON can spell half a surrogate pair, which no door could print or store.
    return text.encode("utf-8", "replace").decode("utf-8")


def _located(sheet: Sheet, problem: UserError, rows: dict[str, Row]) -> UserError:
    row = rows.get(problem.facts.get("day", ""))
    return sheet.error(problem.code, problem.zh, problem.en, row.number if row else None, **problem.facts)
