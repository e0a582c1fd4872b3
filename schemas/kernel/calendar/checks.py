"""What makes a holiday notice unfit to be counted by.

A wrong calendar moves every due date of a city at once and nobody sees it, so a notice is judged as a whole
before it becomes a version. The limits are this project's own, set wide of every notice from 2004 to 2026;
each refusal names the day and the way out.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from schemas.kernel.calendar.versions import CalendarDay, Notice, leaves_hole, plain_kind
from schemas.kernel.errors import UserError
from schemas.kernel.worktime import EARLIEST_DAY, LATEST_DAY, Calendar

MOST_DAYS_OUTSIDE = 40
"""Days a notice may list outside what it covers."""

FARTHEST_OUTSIDE = timedelta(days=31)
"""How far outside they may lie: the neighbouring December or January. Farther is a mistyped year."""

FEWEST_WORKING_DAYS = 200
"""Of a whole year; real years have 248 to 252."""

MOST_MADE_UP_DAYS = 20
"""Of any notice; real notices have at most 11."""

LONGEST_REST = 20
"""Days in a row without work; the longest so far, in 2020, was 10."""

_STATUTORY = ((1, 1), (5, 1), (10, 1), (10, 2))
"""(month, day) of holidays that the law fixes by the solar calendar, in force in every year since 2004
(全国年节及纪念日放假办法)."""

_ONE_DAY = timedelta(days=1)
_WHOLE_YEAR = timedelta(days=359)


def check_notice(notice: Notice, existing: Calendar | None = None) -> list[UserError]:
    """Why ``notice`` must not become part of the calendar; empty if it may. ``existing`` is the version in
    force, if there is one.

    Each problem carries in ``facts["day"]`` the ISO day it speaks of, where there is one.
    """
    if not notice.days:
        return [_empty(notice)]
    impossible = [_impossible(entry.day) for entry in notice.days if not _countable(entry.day)]
    impossible += [_impossible(day) for day in notice.covers if not _countable(day)]
    contradictions = list(_contradictions(notice))
    if impossible or contradictions:
        # The other rules count days; on such days they would only produce noise.
        return impossible + contradictions
    problems = [*_strays(notice), *_gaps(notice), *_amounts(notice)]
    if existing is not None:
        problems += _against(notice, existing)
    return problems


def notice_warnings(notice: Notice, existing: Calendar | None = None) -> list[UserError]:
    """What a person should look at although ``notice`` may be taken: lines without effect, a notice that
    changes nothing."""
    warnings: list[UserError] = []
    plain = [entry.day for entry in notice.days if entry.kind == "working" and entry.day.weekday() < 5]
    if plain and not notice.complete and existing is not None:
        plain = [day for day in plain if existing.is_working(day)]
    if plain and not notice.complete:
        warnings.append(
            UserError(
                "calendar_plain_day",
                zh=f"{plain[0]} 等 {len(plain)} 天本来就是工作日,写成上班不起作用;请核对是否写错了日期",
                en=f"{plain[0]} and in all {len(plain)} listed days are ordinary working days anyway; "
                "the lines have no effect, check the dates",
                day=plain[0].isoformat(),
                days=len(plain),
            )
        )
    if existing is not None and _changes_nothing(notice, existing):
        warnings.append(
            UserError(
                "calendar_no_change",
                zh=f"通知“{notice.number}”与现行日历完全一致,不会产生变化",
                en=f'the notice "{notice.number}" agrees with the calendar in force; it changes nothing',
                version=existing.version,
            )
        )
    return warnings


def _countable(day: date) -> bool:
    return EARLIEST_DAY <= day <= LATEST_DAY


def _empty(notice: Notice) -> UserError:
    return UserError(
        "calendar_empty",
        zh=f"通知“{notice.number}”里一天也没有;请列出放假和调休上班的日期",
        en=f'the notice "{notice.number}" lists no day; list the days off and the make-up days',
    )


def _impossible(day: date) -> UserError:
    return UserError(
        "calendar_impossible_date",
        zh=f"{day} 不在可用的年份内({EARLIEST_DAY.year} 至 {LATEST_DAY.year} 年);请改正日期",
        en=f"{day} is outside the years {EARLIEST_DAY.year} to {LATEST_DAY.year}; correct the date",
        day=day.isoformat(),
    )


def _contradictions(notice: Notice) -> Iterator[UserError]:
    seen: dict[date, CalendarDay] = {}
    for entry in notice.days:
        before = seen.setdefault(entry.day, entry)
        if (before.kind, before.status) != (entry.kind, entry.status):
            yield UserError(
                "calendar_contradiction",
                zh=f"{entry.day} 出现了两次,说法不一;请只保留正确的一行",
                en=f"{entry.day} is listed twice with different meanings; keep only the line that is right",
                day=entry.day.isoformat(),
            )


def _strays(notice: Notice) -> Iterator[UserError]:
    first, last = notice.covers
    outside = [entry.day for entry in notice.days if not first <= entry.day <= last]
    for day in outside:
        if day < first - FARTHEST_OUTSIDE or day > last + FARTHEST_OUTSIDE:
            yield UserError(
                "calendar_several_years",
                zh=f"{day} 离本通知所管的 {first} 至 {last} 太远;年份可能写错了,否则请分年度导入",
                en=f"{day} is far from the days this notice covers, {first} to {last}; "
                "perhaps the year is mistyped, otherwise import one notice per year",
                day=day.isoformat(),
            )
            return
    if len(outside) > MOST_DAYS_OUTSIDE:
        yield UserError(
            "calendar_several_years",
            zh=f"有 {len(outside)} 天在本通知所管的 {first} 至 {last} 之外(最多 {MOST_DAYS_OUTSIDE} 天);请分年度导入",
            en=f"{len(outside)} days lie outside what this notice covers, {first} to {last} "
            f"(at most {MOST_DAYS_OUTSIDE}); import one notice per year",
            day=outside[0].isoformat(),
        )


def _gaps(notice: Notice) -> Iterator[UserError]:
    kinds = {entry.day: entry.kind for entry in notice.days}
    if notice.complete:
        skipped = [day for day in _days(*notice.covers) if day not in kinds]
        if skipped:
            yield _gap(
                skipped[0],
                zh=f"这是一份逐日日历,却缺了 {skipped[0]} 等 {len(skipped)} 天;请补齐",
                en=f"this is a day-by-day calendar, yet it skips {skipped[0]} and {len(skipped)} days in all; add them",
            )
        return
    for day, kind in sorted(kinds.items()):
        hole, beyond = day + _ONE_DAY, day + 2 * _ONE_DAY
        if kind == "off" and kinds.get(beyond) == "off" and hole not in kinds and plain_kind(hole) == "working":
            yield _gap(
                hole,
                zh=f"{day} 和 {beyond} 都放假,中间的 {hole} 却没有写;请补上这一天(确实上班就写“工作日”)",
                en=f"{day} and {beyond} are off but {hole} between them is not listed; "
                'add it (as "working" if people do work)',
            )
    if _is_year(notice):
        for month, number in _STATUTORY:
            day = date(notice.covers[0].year, month, number)
            if notice.covers[0] <= day <= notice.covers[1] and kinds.get(day, plain_kind(day)) == "working":
                yield _gap(
                    day,
                    zh=f"通知管全年,但 {day} 是法定节日却没有放假;请补上,如只是更正几天,请写明所管的起止日期",
                    en=f"the notice covers a whole year, yet {day}, a statutory holiday, is not off; add it, "
                    "or, if it corrects only a few days, state the first and last day it covers",
                )


def _gap(day: date, *, zh: str, en: str) -> UserError:
    return UserError("calendar_gap", zh=zh, en=en, day=day.isoformat())


def _amounts(notice: Notice) -> Iterator[UserError]:
    kinds = {entry.day: entry.kind for entry in notice.days}
    working = sum(kinds.get(day, plain_kind(day)) == "working" for day in _days(*notice.covers))
    if _is_year(notice) and working < FEWEST_WORKING_DAYS:
        yield UserError(
            "calendar_too_many_off",
            zh=f"照此通知全年只有 {working} 个工作日(至少应有 {FEWEST_WORKING_DAYS} 天);请核对",
            en=f"by this notice the year has only {working} working days (at least {FEWEST_WORKING_DAYS}); check it",
            working_days=working,
        )
    made_up = [day for day, kind in sorted(kinds.items()) if kind == "working" and plain_kind(day) == "off"]
    if len(made_up) > MOST_MADE_UP_DAYS:
        yield UserError(
            "calendar_too_many_made_up",
            zh=f"有 {len(made_up)} 个周末写成上班(最多 {MOST_MADE_UP_DAYS} 天);请核对",
            en=f"{len(made_up)} weekend days are listed as working (at most {MOST_MADE_UP_DAYS}); check them",
            day=made_up[0].isoformat(),
        )
    run = 0
    for day in _days(min(kinds), max(kinds)):
        run = 0 if kinds.get(day, plain_kind(day)) == "working" else run + 1
        if run > LONGEST_REST:
            start = day - LONGEST_REST * _ONE_DAY
            yield UserError(
                "calendar_too_many_off",
                zh=f"从 {start} 起连续 {LONGEST_REST} 天以上不上班;请核对",
                en=f"from {start} on nobody works for more than {LONGEST_REST} days; check it",
                day=start.isoformat(),
            )
            return


def _against(notice: Notice, existing: Calendar) -> Iterator[UserError]:
    for entry in sorted(notice.days, key=lambda entry: entry.day):
        if (
            entry.status == "provisional"
            and existing.published_from <= entry.day <= existing.published_through
            and not existing.is_provisional(entry.day)
        ):
            yield UserError(
                "calendar_already_published",
                zh=f"{entry.day} 已由正式通知公布,不能改回暂定;更正请用正式通知(status=published)",
                en=f"{entry.day} is settled by a published notice and cannot become provisional again; "
                "correct it by a published notice (status=published)",
                day=entry.day.isoformat(),
            )
            break
    if notice.status == "published" and leaves_hole(existing, notice):
        yield _gap(
            notice.covers[0],
            zh=f"现行日历公布范围是 {existing.published_from} 至 {existing.published_through},"
            f"与本通知所管的 {notice.covers[0]} 至 {notice.covers[1]} 不相连;请先导入中间的通知",
            en=f"the calendar is published for {existing.published_from} to {existing.published_through}, "
            f"this notice covers {notice.covers[0]} to {notice.covers[1]}; import what lies between first",
        )


def _changes_nothing(notice: Notice, existing: Calendar) -> bool:
    kinds = {entry.day: entry.kind for entry in notice.days}
    touched = {*_days(*notice.covers), *kinds}
    settles = notice.status == "published"
    return all(
        existing.is_working(day) == (kinds.get(day, plain_kind(day)) == "working")
        and not (settles and existing.is_provisional(day))
        for day in touched
    )


def _is_year(notice: Notice) -> bool:
    return notice.covers[1] - notice.covers[0] >= _WHOLE_YEAR


def _days(first: date, last: date) -> Iterator[date]:
    return (first + _ONE_DAY * i for i in range((last - first).days + 1))
