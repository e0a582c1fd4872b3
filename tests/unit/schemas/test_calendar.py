"""How one version of the calendar follows from another, what the seed holds, and which notices are refused."""

from __future__ import annotations

import subprocess
import sys
from datetime import date, timedelta

import chinese_calendar
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from schemas.kernel.calendar import (
    SEED_FROM,
    SEED_THROUGH,
    CalendarDay,
    Kind,
    Notice,
    Status,
    apply_notice,
    build_calendar,
    check_notice,
    diff,
    missing_years,
    notice_warnings,
    seed_calendar,
    seed_days,
)

DAY = timedelta(days=1)
SEED = seed_calendar()
SEED_DAYS = seed_days()


def every_day(first: date, last: date) -> list[date]:
    return [first + DAY * i for i in range((last - first).days + 1)]


def entry(day: str, kind: Kind = "off", status: Status = "published", notice: str = "N-1") -> CalendarDay:
    return CalendarDay(day=date.fromisoformat(day), kind=kind, notice=notice, status=status)


def year_notice(year: int, *more: CalendarDay, status: Status = "published") -> Notice:
    """The least a notice of a year must say, and ``more``, whose days take precedence."""
    days = {
        date.fromisoformat(f"{year}-{day}"): entry(f"{year}-{day}", status=status)
        for day in ("01-01", "05-01", "10-01", "10-02", "10-03")
    }
    days |= {extra.day: extra for extra in more}
    return Notice(
        number="N-1",
        covers=(date(year, 1, 1), date(year, 12, 31)),
        status=status,
        days=tuple(days[day] for day in sorted(days)),
    )


def part_notice(first: str, last: str, *days: CalendarDay, complete: bool = False) -> Notice:
    return Notice(
        number="N-2", covers=(date.fromisoformat(first), date.fromisoformat(last)), days=days, complete=complete
    )


def codes(notice: Notice, existing: bool = False) -> list[tuple[str, str | None]]:
    return [(problem.code, problem.facts.get("day")) for problem in check_notice(notice, SEED if existing else None)]


# --- the seed


def test_the_seed_differs_from_its_package_on_the_one_day_the_package_has_wrong() -> None:
    different = [
        day for day in every_day(SEED_FROM, SEED_THROUGH) if SEED.is_working(day) != chinese_calendar.is_workday(day)
    ]
    assert different == [date(2005, 12, 31)]
    assert SEED.is_working(date(2005, 12, 31))


def test_the_seed_lists_only_exceptions_in_order_and_says_where_each_is_from() -> None:
    assert all(day.is_exception for day in SEED_DAYS)
    assert [day.day for day in SEED_DAYS] == sorted({day.day for day in SEED_DAYS})
    assert {day.status for day in SEED_DAYS} == {"published"}
    sources = {day.notice for day in SEED_DAYS if day.day.year == 2020}
    assert len(sources) == 1
    assert sources.pop().startswith("chinesecalendar ")


def test_importing_the_calendar_does_not_load_the_package_behind_the_seed() -> None:
    code = "import sys, schemas.kernel.calendar, schemas.kernel.worktime; sys.exit('chinese_calendar' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_notices_of_every_seeded_year_pass_the_checks() -> None:
    for year in range(SEED_FROM.year, SEED_THROUGH.year + 1):
        days = tuple(day for day in SEED_DAYS if day.day.year == year)
        notice = Notice(number="seed", covers=(date(year, 1, 1), date(year, 12, 31)), days=days)
        assert check_notice(notice, SEED) == []
        assert [warning.code for warning in notice_warnings(notice, SEED)] == ["calendar_no_change"]


# --- versions


def test_days_that_repeat_monday_to_friday_fall_away() -> None:
    plain = [entry("2026-06-01", "working"), entry("2026-06-06", "off")]
    calendar = build_calendar(3, [*plain, entry("2026-06-02"), entry("2026-06-07", "working")], SEED_FROM, SEED_THROUGH)
    assert calendar.version == 3
    assert calendar.off == (date(2026, 6, 2),)
    assert calendar.made_up == (date(2026, 6, 7),)
    assert calendar.provisional == ()


def test_the_same_day_twice_is_taken_once_and_refused_if_it_disagrees() -> None:
    twice = [entry("2026-06-02"), entry("2026-06-02", notice="N-9")]
    assert build_calendar(1, twice, SEED_FROM, SEED_THROUGH).off == (date(2026, 6, 2),)
    with pytest.raises(ValueError, match=r"2026-06-02 is off .* by N-1 and working .* by N-9"):
        build_calendar(1, [twice[0], entry("2026-06-02", "working", notice="N-9")], SEED_FROM, SEED_THROUGH)


def test_a_published_notice_extends_what_is_published() -> None:
    calendar, days = apply_notice(SEED, SEED_DAYS, year_notice(2027))
    assert (calendar.version, calendar.published_through) == (2, date(2027, 12, 31))
    assert not calendar.is_provisional(date(2027, 6, 1))
    assert not calendar.is_working(date(2027, 10, 1))
    assert build_calendar(2, days, calendar.published_from, calendar.published_through) == calendar
    assert diff(SEED, calendar, date(2027, 1, 1), date(2027, 12, 31)) == [
        (date(2027, 1, 1), "working", "off"),
        (date(2027, 10, 1), "working", "off"),
    ]


def test_a_provisional_notice_is_counted_by_and_stays_provisional() -> None:
    calendar, _ = apply_notice(SEED, SEED_DAYS, year_notice(2027, status="provisional"))
    assert calendar.published_through == SEED_THROUGH
    assert not calendar.is_working(date(2027, 10, 1))
    assert calendar.is_provisional(date(2027, 10, 1))
    assert calendar.provisional == ()


def test_an_unsettled_day_of_a_published_notice_stays_provisional() -> None:
    unsure = entry("2027-02-05", status="provisional")
    calendar, _ = apply_notice(SEED, SEED_DAYS, year_notice(2027, unsure))
    assert calendar.provisional == (date(2027, 2, 5),)
    assert calendar.is_provisional(date(2027, 2, 5))
    assert not calendar.is_provisional(date(2027, 2, 4))


def test_a_notice_replaces_what_it_covers_and_only_touches_its_days_elsewhere() -> None:
    notice = year_notice(2026, entry("2025-12-31"))
    calendar, _ = apply_notice(SEED, SEED_DAYS, notice)
    assert calendar.is_working(date(2026, 2, 17)), "Spring Festival was not in the new notice"
    assert diff(SEED, calendar, date(2004, 1, 1), date(2025, 12, 31)) == [(date(2025, 12, 31), "working", "off")]


def test_a_short_correction_leaves_the_rest_of_the_year_alone() -> None:
    notice = part_notice("2026-10-08", "2026-10-08", entry("2026-10-08"))
    assert check_notice(notice, SEED) == []
    calendar, _ = apply_notice(SEED, SEED_DAYS, notice)
    assert diff(SEED, calendar, date(2000, 1, 1), date(2030, 1, 1)) == [(date(2026, 10, 8), "working", "off")]


def test_a_notice_that_does_not_adjoin_never_makes_a_hole_published() -> None:
    calendar, _ = apply_notice(SEED, SEED_DAYS, year_notice(2028))
    assert calendar.published_through == SEED_THROUGH
    before, _ = apply_notice(SEED, SEED_DAYS, year_notice(2003))
    assert before.published_from == date(2003, 1, 1)


@given(st.data())
def test_diff_names_exactly_the_days_that_differ(data: st.DataObject) -> None:
    def version(number: int) -> dict[date, Kind]:
        days = st.dates(date(2026, 1, 1), date(2026, 2, 28))
        kinds: dict[date, Kind] = data.draw(st.dictionaries(days, st.sampled_from(("working", "off")), max_size=30))
        return kinds

    old, new = (
        build_calendar(
            number,
            [CalendarDay(day=day, kind=kind, notice="N") for day, kind in version(number).items()],
            SEED_FROM,
            SEED_THROUGH,
        )
        for number in (1, 2)
    )
    first, last = date(2026, 1, 10), date(2026, 2, 10)
    name = {True: "working", False: "off"}
    assert diff(old, new, first, last) == [
        (day, name[old.is_working(day)], name[new.is_working(day)])
        for day in every_day(first, last)
        if old.is_working(day) != new.is_working(day)
    ]


@pytest.mark.parametrize(
    ("today", "missing"),
    [
        ("2026-10-31", []),
        ("2026-11-01", [2027]),
        ("2027-03-01", [2027]),
        ("2028-12-01", [2027, 2028, 2029]),
    ],
)
def test_the_next_year_is_missing_from_november_on(today: str, missing: list[int]) -> None:
    assert missing_years(SEED, date.fromisoformat(today)) == missing


def test_a_year_that_is_published_in_part_is_missing() -> None:
    calendar = build_calendar(1, [], date(2025, 3, 1), date(2026, 6, 30))
    assert missing_years(calendar, date(2026, 7, 1)) == [2025, 2026]


# --- notices that are refused


def test_a_sound_notice_has_neither_problems_nor_warnings() -> None:
    notice = year_notice(2027, entry("2026-12-31"), entry("2027-01-03", "working"))
    assert check_notice(notice) == check_notice(notice, SEED) == []
    assert notice_warnings(notice) == notice_warnings(notice, SEED) == []


def test_a_notice_without_days() -> None:
    assert codes(part_notice("2027-01-01", "2027-12-31")) == [("calendar_empty", None)]


def test_a_notice_that_contradicts_itself() -> None:
    days = (entry("2027-10-01"), entry("2027-10-01", "working"), entry("2027-10-02"), entry("2027-10-02"))
    assert codes(part_notice("2027-10-01", "2027-10-03", *days)) == [("calendar_contradiction", "2027-10-01")]
    unsure = (entry("2027-10-01"), entry("2027-10-01", status="provisional"))
    assert codes(part_notice("2027-10-01", "2027-10-03", *unsure)) == [("calendar_contradiction", "2027-10-01")]


def test_days_and_ranges_of_absurd_years() -> None:
    assert codes(part_notice("2027-10-01", "2027-10-03", entry("0001-01-01"))) == [
        ("calendar_impossible_date", "0001-01-01")
    ]
    assert codes(part_notice("2027-10-01", "9999-12-31", entry("2027-10-01"))) == [
        ("calendar_impossible_date", "9999-12-31")
    ]


def test_a_day_far_outside_is_taken_for_a_mistyped_year() -> None:
    assert codes(year_notice(2027, entry("2017-10-04"))) == [("calendar_several_years", "2017-10-04")]
    assert codes(year_notice(2027, entry("2028-02-01"))) == [("calendar_several_years", "2028-02-01")]


def test_too_many_days_in_the_neighbouring_years() -> None:
    outside = [
        CalendarDay(day=day, kind="off" if day.weekday() > 4 else "working", notice="N-1")
        for first, last in ((date(2026, 12, 1), date(2026, 12, 31)), (date(2028, 1, 1), date(2028, 1, 10)))
        for day in every_day(first, last)
    ]
    assert codes(year_notice(2027, *outside)) == [("calendar_several_years", "2026-12-01")]
    assert codes(year_notice(2027, *outside[1:])) == []


def test_a_day_by_day_list_that_skips_a_day() -> None:
    days = [
        CalendarDay(day=day, kind="off" if day.weekday() > 4 else "working", notice="N-1")
        for day in every_day(date(2027, 3, 1), date(2027, 3, 31))
    ]
    assert codes(part_notice("2027-03-01", "2027-03-31", *days, complete=True)) == []
    skipping = [day for day in days if day.day.day not in (9, 10)]
    assert codes(part_notice("2027-03-01", "2027-03-31", *skipping, complete=True)) == [("calendar_gap", "2027-03-09")]


def test_a_working_day_left_out_amid_a_holiday() -> None:
    amid = (entry("2027-10-05"), entry("2027-10-07"))
    assert codes(part_notice("2027-10-01", "2027-10-10", *amid)) == [("calendar_gap", "2027-10-06")]
    stated = (*amid, entry("2027-10-06", "working"))
    assert codes(part_notice("2027-10-01", "2027-10-10", *stated)) == []


def test_a_year_without_its_statutory_holidays() -> None:
    notice = part_notice("2027-01-01", "2027-12-31", entry("2027-02-08"))
    assert codes(notice) == [("calendar_gap", "2027-01-01"), ("calendar_gap", "2027-10-01")]
    worked = year_notice(2027, entry("2027-10-02", "working"))
    assert codes(worked) == [("calendar_gap", "2027-10-02")]


def test_a_year_off() -> None:
    off = [CalendarDay(day=day, kind="off", notice="N") for day in every_day(date(2027, 1, 1), date(2027, 12, 31))]
    assert [code for code, _ in codes(year_notice(2027, *off))] == ["calendar_too_many_off"] * 2
    fridays = [day for day in off if day.day.weekday() in (0, 4)]
    assert codes(year_notice(2027, *fridays)) == [("calendar_too_many_off", None)]


def test_a_rest_of_three_weeks() -> None:
    off = [CalendarDay(day=day, kind="off", notice="N") for day in every_day(date(2027, 3, 1), date(2027, 3, 21))]
    assert codes(part_notice("2027-03-01", "2027-03-31", *off)) == [("calendar_too_many_off", "2027-03-01")]
    assert codes(part_notice("2027-03-01", "2027-03-31", *off[:19])) == []


def test_weekends_worked_all_year() -> None:
    sundays = [
        CalendarDay(day=day, kind="working", notice="N")
        for day in every_day(date(2027, 3, 1), date(2027, 8, 31))
        if day.weekday() == 6
    ]
    assert codes(year_notice(2027, *sundays[:20])) == []
    assert codes(year_notice(2027, *sundays[:21])) == [("calendar_too_many_made_up", "2027-03-07")]


def test_what_is_published_does_not_become_a_guess_again() -> None:
    unsure = part_notice("2026-10-08", "2026-10-08", entry("2026-10-08", status="provisional"))
    assert codes(unsure, existing=True) == [("calendar_already_published", "2026-10-08")]
    assert codes(year_notice(2027, status="provisional"), existing=True) == []


def test_a_year_that_would_leave_a_hole() -> None:
    assert codes(year_notice(2028), existing=True) == [("calendar_gap", "2028-01-01")]
    assert codes(year_notice(2002), existing=True) == [("calendar_gap", "2002-01-01")]
    assert codes(year_notice(2003), existing=True) == []


def test_every_refusal_speaks_both_languages_and_names_the_day() -> None:
    problems = check_notice(year_notice(2028, entry("2028-10-02", "working"), entry("2017-10-04")), SEED)
    assert len(problems) == 3
    for problem in problems:
        assert str(problem.facts["day"]) in problem.zh
        assert str(problem.facts["day"]) in problem.en


def test_lines_without_effect_are_pointed_out() -> None:
    notice = year_notice(2027, entry("2027-06-01", "working"), entry("2027-06-02", "working"))
    assert check_notice(notice, SEED) == []
    for existing in (None, SEED):
        (warning,) = notice_warnings(notice, existing)
        assert (warning.code, warning.facts) == ("calendar_plain_day", {"day": "2027-06-01", "days": 2})
    back_to_work = part_notice("2026-10-07", "2026-10-07", entry("2026-10-07", "working"))
    assert notice_warnings(back_to_work, SEED) == [], "this line takes a holiday back: it has an effect"


def test_a_provisional_notice_repeated_changes_nothing() -> None:
    guess = year_notice(2027, status="provisional")
    calendar, _ = apply_notice(SEED, SEED_DAYS, guess)
    assert [warning.code for warning in notice_warnings(guess, calendar)] == ["calendar_no_change"]
    assert notice_warnings(year_notice(2027), calendar) == [], "publishing what was guessed settles it"


def test_a_notice_covers_at_least_a_day() -> None:
    with pytest.raises(ValidationError, match="range is empty"):
        part_notice("2027-01-02", "2027-01-01")
