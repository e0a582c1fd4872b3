"""Times as workbooks carry them: Excel dates, serial numbers, and text in the ways people write it.

A time without an offset is meant in Asia/Shanghai; the result is always aware, in Asia/Shanghai, in whole
seconds.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from gateway.workbook.cells import Cell, clean_line
from schemas.kernel.errors import UserError

SHANGHAI = ZoneInfo("Asia/Shanghai")

EARLIEST_YEAR = 1949
"""No message to a people's police bureau is older."""

FUTURE_ALLOWANCE = timedelta(days=1)
"""Clocks of senders run ahead; more than a day ahead is a slip of the pen."""

_EXCEL_EPOCH = datetime(1899, 12, 30)  # noqa: DTZ001 - the origin of Excel's serial numbers, which have no zone
_EXCEL_SERIALS = (10_000.0, 100_000.0)
"""Serials outside (1927 to 2173) are no dates but some other number."""

_WRITTEN = re.compile(
    r"""
    (?P<year>\d{4}) \s? [-/.年] \s? (?P<month>\d{1,2}) \s? [-/.月] \s? (?P<day>\d{1,2}) \s? [日号]?
    (?: [,\s]* (?:星期|周|礼拜) [一二三四五六日天] )?
    (?: [T,\s]* (?P<half>上午|下午|中午|凌晨|晚上|am|pm)? \s?
        (?P<hour>\d{1,2}) \s? [:时点] \s?
        (?: (?P<minute>\d{1,2}) \s?
            (?: [:分] \s? (?: (?P<second>\d{1,2}) (?:[.,]\d{1,9})? \s? 秒? )? )?
        )?
        (?: \s? (?P<half_after>am|pm) )?
        (?: \s? (?P<offset> z | utc | gmt | [+-]\d{2}:?\d{2} ) )?
    )?
    """,
    re.VERBOSE | re.IGNORECASE,
)
_COMPACT = re.compile(
    r"(?P<year>\d{4})(?P<month>\d\d)(?P<day>\d\d)(?:[T ]?(?P<hour>\d\d)(?P<minute>\d\d)(?P<second>\d\d)?)?"
)
_NUMBER = re.compile(r"\d{5}(?:\.\d{1,17})?")


def parse_time(value: Cell, *, now: datetime) -> datetime:
    """The instant a cell means.

    ``now`` (aware) is the moment of reading. Refuses, as ``UserError``: ``time_missing``;
    ``time_unreadable``; ``time_impossible`` (2019/2/30, 25 o'clock); ``time_in_future`` (more than a day
    after ``now``); ``time_too_old`` (before 1949).
    """
    moment = _moment(value)
    if moment.year < EARLIEST_YEAR:
        raise UserError(
            "time_too_old",
            zh=f"时间“{_shown(value)}”早于 {EARLIEST_YEAR} 年；请核对年份。",
            en=f"The time “{_shown(value)}” is before {EARLIEST_YEAR}; check the year.",
        )
    if moment > now + FUTURE_ALLOWANCE:
        raise UserError(
            "time_in_future",
            zh=f"时间“{_shown(value)}”在将来（比现在晚一天以上）；请核对日期。",
            en=f"The time “{_shown(value)}” lies in the future (more than a day from now); check the date.",
        )
    return moment


def _moment(value: Cell) -> datetime:
    if isinstance(value, datetime):
        return _in_shanghai(value, value)
    if isinstance(value, date):
        return datetime.combine(value, time(), SHANGHAI)
    if isinstance(value, (bool, time, timedelta)):
        raise _unreadable(value)
    if isinstance(value, (int, float)):
        if _EXCEL_SERIALS[0] <= value < _EXCEL_SERIALS[1]:
            return _in_shanghai(_EXCEL_EPOCH + timedelta(days=value), value)
        value = str(int(value)) if isinstance(value, int) or value.is_integer() else str(value)
    text = unicodedata.normalize("NFKC", clean_line(value)).strip()
    if not text:
        raise UserError(
            "time_missing",
            zh="时间为空；请补填日期和时间，如 2019/7/19 18:19:54。",
            en="The time is empty; fill in date and time, such as 2019/7/19 18:19:54.",
        )
    if _NUMBER.fullmatch(text):
        return _in_shanghai(_EXCEL_EPOCH + timedelta(days=float(text)), value)
    found = _WRITTEN.fullmatch(text) or _COMPACT.fullmatch(text)
    if found is None:
        raise _unreadable(value)
    return _from_parts(found.groupdict(), value)


def _from_parts(parts: dict[str, str | None], value: Cell) -> datetime:
    hour = _hour(int(parts.get("hour") or 0), ((parts.get("half") or parts.get("half_after")) or "").lower())
    whole_day_later = hour == 24 and not int(parts.get("minute") or 0) and not int(parts.get("second") or 0)
    try:
        moment = datetime(  # noqa: DTZ001 - its zone is known only when the offset has been read
            int(parts["year"] or 0),
            int(parts["month"] or 0),
            int(parts["day"] or 0),
            0 if whole_day_later else hour,
            int(parts.get("minute") or 0),
            int(parts.get("second") or 0),
        )
        moment += timedelta(days=1) if whole_day_later else timedelta()
        offset = (parts.get("offset") or "").lower()
        if offset:
            aware = f"{moment.isoformat()}{'+00:00' if offset in ('z', 'utc', 'gmt') else offset}"
            moment = datetime.fromisoformat(aware)
    except (ValueError, OverflowError) as wrong:
        raise _impossible(value) from wrong
    return _in_shanghai(moment, value)


def _hour(hour: int, half: str) -> int:
    """The hour of 24; the halves of the day as spoken (下午3点, 3 pm, 凌晨12点); an hour that fits no half
    stays as it is."""
    if half in ("下午", "晚上", "pm") and hour < 12:
        return hour + 12
    if half in ("上午", "凌晨", "am") and hour == 12:
        return 0
    if half == "中午" and hour < 3:
        return hour + 12
    return hour


def _in_shanghai(moment: datetime, value: Cell) -> datetime:
    # Excel stores a second as a fraction of a day, which comes back as 53.999999
    try:
        rounded = (moment + timedelta(milliseconds=500)).replace(microsecond=0)
        return rounded.replace(tzinfo=SHANGHAI) if rounded.tzinfo is None else rounded.astimezone(SHANGHAI)
    except (ValueError, OverflowError) as wrong:
        raise _impossible(value) from wrong


def _shown(value: Cell) -> str:
    return clean_line(str(value))[:40]


def _impossible(value: Cell) -> UserError:
    return UserError(
        "time_impossible",
        zh=f"时间“{_shown(value)}”不存在（月、日、时、分或秒超出范围）；请核对。",
        en=(f"The time “{_shown(value)}” does not exist (month, day, hour, minute or second out of range); check it."),
    )


def _unreadable(value: Cell) -> UserError:
    return UserError(
        "time_unreadable",
        zh=f"看不懂时间“{_shown(value)}”；请写成 2019/7/19 18:19:54 的样式。",
        en=f"The time “{_shown(value)}” cannot be read; write it like 2019/7/19 18:19:54.",
    )
