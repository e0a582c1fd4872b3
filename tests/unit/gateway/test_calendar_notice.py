"""Files as people make them: good ones are read to the day, bad ones name the row and the way out."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.calendar_files import LARGEST_FILE
from gateway.calendar_notice import read_notice
from schemas.kernel.calendar import CalendarDay, apply_notice, build_calendar, diff, seed_calendar, seed_days
from schemas.kernel.errors import UserError

DAY = timedelta(days=1)
YEAR = (date(2027, 1, 1), date(2027, 12, 31))
HOLIDAYS = ("2027-01-01", "2027-05-01", "2027-10-01", "2027-10-02", "2027-10-03")
CSV = "日期,类型,文号\n" + "".join(f"{day},休,样号1\n" for day in HOLIDAYS) + "2027-10-09,调休上班,样号1\n"


def write(folder: Path, content: str | bytes, name: str = "notice.csv") -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def refusal(path: Path, covers: tuple[date, date] | None = None) -> UserError:
    with pytest.raises(UserError) as caught:
        read_notice(path, covers)
    error = caught.value
    assert path.name in error.zh
    assert path.name in error.en
    if "row" in error.facts:
        assert f"第 {error.facts['row']} 行" in error.zh
        assert f"row {error.facts['row']}" in error.en
    json.dumps(error.as_dict())
    return error


def listed(path: Path) -> list[tuple[str, str]]:
    return [(entry.day.isoformat(), entry.kind) for entry in read_notice(path, YEAR_PART).days]


YEAR_PART = (date(2027, 9, 1), date(2027, 10, 31))
"""A short range, where a notice need not hold a year's holidays."""


def ics(*events: str) -> str:
    body = "".join(f"BEGIN:VEVENT\r\n{event}\r\nEND:VEVENT\r\n" for event in events)
    return f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//x//EN\r\n{body}END:VCALENDAR\r\n"


# --- read to the day


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_a_csv_in_the_encodings_people_save(tmp_path: Path, encoding: str, newline: str) -> None:
    notice = read_notice(write(tmp_path, CSV.replace("\n", newline).encode(encoding)))
    assert (notice.number, notice.covers, notice.status, notice.complete) == ("样号1", YEAR, "published", False)
    assert notice.days[-1] == CalendarDay(day=date(2027, 10, 9), kind="working", notice="样号1")
    assert [entry.day.isoformat() for entry in notice.days[:-1]] == list(HOLIDAYS)


@pytest.mark.parametrize("delimiter", [";", "\t"])
def test_other_delimiters_blank_lines_and_unknown_columns(tmp_path: Path, delimiter: str) -> None:
    text = "\n\nKind,remark,Date\noff,x,2027-10-01\n,,\nworking\n".replace("working", "working,,2027/10/9,")
    assert listed(write(tmp_path, text.replace(",", delimiter))) == [("2027-10-01", "off"), ("2027-10-09", "working")]


@pytest.mark.parametrize(
    "written", ["2027-10-09", "2027/10/9", "2027.10.09", "2027年10月9日", "20271009", " 2027-10-9 "]
)
def test_the_ways_dates_are_written(tmp_path: Path, written: str) -> None:
    assert listed(write(tmp_path, f"day,kind\n{written},off\n")) == [("2027-10-09", "off")]


@pytest.mark.parametrize(
    ("written", "kind"),
    [
        ("working", "working"),
        ("工作日", "working"),
        ("上班", "working"),
        ("调休上班", "working"),
        ("OFF", "off"),
        ("休", "off"),
        ("休息日", "off"),
        ("节假日", "off"),
    ],
)
def test_the_ways_kinds_are_written(tmp_path: Path, written: str, kind: str) -> None:
    assert listed(write(tmp_path, f"day,kind\n2027-10-09,{written}\n")) == [("2027-10-09", kind)]


def test_the_number_of_a_notice_without_one_is_its_file(tmp_path: Path) -> None:
    notice = read_notice(write(tmp_path, "day,kind\n2027-10-08,off\n"), YEAR_PART)
    assert (notice.number, notice.days[0].notice) == ("notice.csv", "notice.csv")


def test_a_status_per_row(tmp_path: Path) -> None:
    text = "day,kind,status\n2027-10-07,off,暂定\n2027-10-08,off,{}\n"
    mixed = read_notice(write(tmp_path, text.format("已公布")), YEAR_PART)
    assert (mixed.status, [entry.status for entry in mixed.days]) == ("published", ["provisional", "published"])
    assert read_notice(write(tmp_path, text.format("provisional")), YEAR_PART).status == "provisional"


def test_a_json_object_speaks_for_its_days(tmp_path: Path) -> None:
    days: list[dict[str, Any]] = [{"date": day, "type": "off"} for day in HOLIDAYS]
    days.append({"day": 20271009, "kind": "working", "notice": "N-8", "status": "published"})
    found = {"notice": "N-7", "year": 2027, "status": "provisional", "days": days}
    notice = read_notice(write(tmp_path, json.dumps(found), "notice.JSON"))
    assert (notice.number, notice.covers, notice.status) == ("N-7", YEAR, "published")
    assert notice.days[0] == CalendarDay(day=YEAR[0], kind="off", notice="N-7", status="provisional")
    assert notice.days[-1] == CalendarDay(day=date(2027, 10, 9), kind="working", notice="N-8")


def test_a_json_list_and_a_json_range(tmp_path: Path) -> None:
    day = {"day": "2027-10-08", "kind": "off"}
    assert listed(write(tmp_path, json.dumps([day]), "list.json")) == [("2027-10-08", "off")]
    short = {"covers": ["2027-10-08", "2027-10-08"], "days": [day]}
    assert read_notice(write(tmp_path, json.dumps(short), "n.json")).covers == (date(2027, 10, 8),) * 2


def test_an_icalendar_with_ranges_whose_end_is_exclusive(tmp_path: Path) -> None:
    text = ics(
        "UID:1\r\nDTSTART;VALUE=DATE:20271001\r\nDTEND;VALUE=DATE:20271004\r\nSUMMARY:国庆节(休)",
        "UID:2\r\nDTSTART;VALUE=DATE:20271009\r\nSUMMARY:国庆节 调休上班",
        "UID:3\r\nDTSTART:20271009T160000Z\r\nDTEND:20271010T160000Z\r\nSUMMARY:补班",
        "UID:4\r\nDTSTART:20270919T000000\r\nDURATION:P1D\r\nSUMMARY:National Day\r\nCATEGORIES:China,Workday",
        "UID:5\r\nDTSTART;VALUE=DATE:20270915\r\nSUMMARY:中秋节假期\r\nCATEGORIES:节日",
    )
    assert listed(write(tmp_path, text, "notice.ics")) == [
        ("2027-09-15", "off"),
        ("2027-09-19", "working"),
        ("2027-10-01", "off"),
        ("2027-10-02", "off"),
        ("2027-10-03", "off"),
        ("2027-10-09", "working"),
        ("2027-10-10", "working"),
    ]


def full_year(skip: date | None = None) -> str:
    lines = ["day,kind"]
    day = YEAR[0]
    while day <= YEAR[1]:
        off = day.weekday() >= 5 or day.isoformat() in HOLIDAYS
        lines += [f"{day},{'off' if off else 'working'}"] if day != skip else []
        day += DAY
    return "\n".join(lines)


def test_a_day_by_day_list_of_a_year(tmp_path: Path) -> None:
    notice = read_notice(write(tmp_path, full_year()))
    assert (notice.complete, len(notice.days), notice.covers) == (True, 365, YEAR)
    calendar, _ = apply_notice(seed_calendar(), seed_days(), notice)
    assert [day.isoformat() for day in calendar.off if day.year == 2027] == ["2027-01-01", "2027-10-01"]


@pytest.mark.parametrize("suffix", ["csv", "json", "ics"])
def test_every_seeded_year_survives_the_way_through_a_file(tmp_path: Path, suffix: str) -> None:
    seed, days = seed_calendar(), seed_days()
    for year in (2004, 2005, 2012, 2020, 2026):
        entries = [entry for entry in days if entry.day.year == year]
        match suffix:
            case "csv":
                text = "day,kind,notice\n" + "".join(f"{e.day},{e.kind},{e.notice}\n" for e in entries)
            case "json":
                text = json.dumps([entry.model_dump(mode="json") for entry in entries])
            case _:
                text = ics(
                    *(
                        f"DTSTART;VALUE=DATE:{entry.day:%Y%m%d}\r\nSUMMARY:{'班' if entry.kind == 'working' else '休'}"
                        for entry in entries
                    )
                )
        notice = read_notice(write(tmp_path, text, f"{year}.{suffix}"))
        calendar, _ = apply_notice(seed, days, notice)
        assert diff(seed, calendar, date(2000, 1, 1), date(2030, 1, 1)) == []
        assert build_calendar(2, notice.days, *notice.covers).off == seed.slice(*notice.covers).off


# --- refused


def test_a_day_by_day_list_that_skips_a_day(tmp_path: Path) -> None:
    error = refusal(write(tmp_path, full_year(skip=date(2027, 6, 15))))
    assert (error.code, error.facts["day"]) == ("calendar_gap", "2027-06-15")


def test_two_rows_that_contradict_each_other(tmp_path: Path) -> None:
    error = refusal(write(tmp_path, CSV + "2027-10-01,上班,样号1\n"))
    assert (error.code, error.facts["row"], error.facts["other_row"]) == ("calendar_contradiction", 8, 4)


@pytest.mark.parametrize(
    "written", ["2027-02-29", "2027-13-01", "2027-10-32", "0000-01-01", "", "soon", "46296", "10-01", "2027-10/01"]
)
def test_dates_that_are_none(tmp_path: Path, written: str) -> None:
    error = refusal(write(tmp_path, f"day,kind\n2027-10-02,off\n{written},off\n"))
    assert (error.code, error.facts["row"], error.facts["found"]) == ("calendar_impossible_date", 3, written)


def test_a_date_of_an_absurd_year_names_its_row(tmp_path: Path) -> None:
    error = refusal(write(tmp_path, CSV + "0001-01-01,休,\n"))
    assert (error.code, error.facts["row"]) == ("calendar_impossible_date", 8)


@pytest.mark.parametrize("written", ["", "调休", "maybe", "放假(班)"])
def test_kinds_that_say_neither(tmp_path: Path, written: str) -> None:
    error = refusal(write(tmp_path, f"day,kind\n2027-10-02,{written}\n"))
    assert (error.code, error.facts["row"], error.facts["found"]) == ("calendar_unclear_kind", 2, written)


def test_a_row_that_ends_before_its_kind(tmp_path: Path) -> None:
    assert refusal(write(tmp_path, "day,kind\n2027-10-02\n")).code == "calendar_unclear_kind"


def test_an_unknown_status_and_a_number_without_end(tmp_path: Path) -> None:
    assert refusal(write(tmp_path, "day,kind,status\n2027-10-02,off,maybe\n")).code == "calendar_unclear_status"
    long = refusal(write(tmp_path, f"day,kind,notice\n2027-10-02,off,{'文' * 201}\n"))
    assert (long.code, long.facts["row"]) == ("calendar_unreadable", 2)


def test_a_single_day_is_not_taken_for_a_year(tmp_path: Path) -> None:
    path = write(tmp_path, "day,kind\n2027-10-08,off\n")
    error = refusal(path)
    assert (error.code, error.facts["day"]) == ("calendar_gap", "2027-01-01")
    assert "state the first and last day" in error.en
    assert read_notice(path, YEAR_PART).covers == YEAR_PART


def test_several_years_in_one_file(tmp_path: Path) -> None:
    error = refusal(write(tmp_path, CSV + "2029-10-01,休,\n"))
    assert (error.code, error.facts["row"]) == ("calendar_several_years", 8)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("notice.csv", ""),
        ("notice.csv", "\ufeff"),
        ("notice.csv", " \n\n ,,\n"),
        ("notice.csv", "day,kind\n"),
        ("notice.json", "[]"),
        ("notice.json", '{"days": []}'),
        ("notice.ics", ics()),
    ],
)
def test_files_without_a_day(tmp_path: Path, name: str, content: str) -> None:
    assert refusal(write(tmp_path, content, name)).code == "calendar_empty"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("notice.xlsx", b"PK\x03\x04"),
        ("notice", b"day,kind\n"),
        ("notice.csv", b"\xff\xfe\x00\x01"),
        ("notice.csv", b"\x81"),
        ("notice.csv", b"day,kind\n2027-10-01,\x00off\n"),
        ("notice.csv", b"day,type of day\n2027-10-01,off\n"),
        ("notice.csv", b'day,kind\n"2027-10-01,off\n'),
        ("notice.csv", b"day,kind\n2027-10-01,off,x,y\n"),
        ("notice.csv", b"x" * (LARGEST_FILE + 1)),
        ("notice.json", b""),
        ("notice.json", b"{"),
        ("notice.json", b"[" * 100_000),
        ("notice.json", b"7"),
        ("notice.json", b"[7]"),
        ("notice.json", b'{"days": {"day": "2027-10-01"}}'),
        ("notice.json", b'[{"day": ' + b"9" * 10_000 + b"}]"),
        ("notice.json", b'{"covers": "2027", "days": [{"day": "2027-10-01", "kind": "off"}]}'),
        ("notice.ics", b""),
        ("notice.ics", b"hello"),
        ("notice.ics", b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\n"),
        ("notice.ics", b"BEGIN:VEVENT\r\nDTSTART;VALUE=DATE:20271001\r\nSUMMARY:off\r\nEND:VEVENT\r\n"),
        ("notice.ics", b"BEGIN:NOTE\r\nEND:NOTE\r\n"),
        ("notice.ics", ics("DTSTART;TZID=Asia:20271001T000000\r\nSUMMARY:off").encode()),
        ("notice.ics", ics("DTSTART;VALUE=DATE:20271001\r\nRRULE:FREQ=YEARLY\r\nSUMMARY:休").encode()),
    ],
)
def test_files_that_are_something_else(tmp_path: Path, name: str, content: bytes) -> None:
    assert refusal(write(tmp_path, content, name)).code == "calendar_unreadable"


def test_files_that_are_not_there(tmp_path: Path) -> None:
    assert refusal(tmp_path / "missing.csv").code == "calendar_unreadable"
    (tmp_path / "folder.csv").mkdir()
    assert refusal(tmp_path / "folder.csv").code == "calendar_unreadable"


@pytest.mark.parametrize(
    "event",
    [
        "SUMMARY:休",
        "DTSTART;VALUE=DATE:20270230\r\nSUMMARY:休",
        "DTSTART;VALUE=DATE:20271001\r\nDTEND;VALUE=DATE:20271001\r\nSUMMARY:休",
        "DTSTART;VALUE=DATE:20271003\r\nDTEND;VALUE=DATE:20271001\r\nSUMMARY:休",
        "DTSTART;VALUE=DATE:20271003\r\nDTEND;VALUE=DATE:20301001\r\nSUMMARY:休",
        "DTSTART;VALUE=DATE:20271003\r\nDTEND:20271001T000000Z\r\nSUMMARY:休",
        "DTSTART:00010101T000000\r\nDURATION:-P1D\r\nSUMMARY:休",
        "DTSTART;VALUE=DATE:00010101\r\nDTEND;VALUE=DATE:00010101\r\nSUMMARY:休",
        "DTSTART;VALUE=DATE:99991231\r\nSUMMARY:休",
        "DTSTART:99991231T235959Z\r\nDTEND:99991231T235959Z\r\nSUMMARY:休",
    ],
)
def test_events_without_a_sound_range(tmp_path: Path, event: str) -> None:
    error = refusal(write(tmp_path, ics("DTSTART;VALUE=DATE:20271005\r\nSUMMARY:休", event), "notice.ics"))
    assert (error.code, error.facts["row"]) == ("calendar_impossible_date", 2)


@pytest.mark.parametrize("summary", ["SUMMARY:国庆节", "SUMMARY:国庆节放假(10月9日上班)", "SUMMARY:调休", "UID:1"])
def test_events_that_do_not_say_whether_people_work(tmp_path: Path, summary: str) -> None:
    error = refusal(write(tmp_path, ics(f"DTSTART;VALUE=DATE:20271001\r\n{summary}"), "notice.ics"))
    assert (error.code, error.facts["row"]) == ("calendar_unclear_kind", 1)


@pytest.mark.parametrize(
    ("head", "code"),
    [
        ({"year": 27}, "calendar_impossible_date"),
        ({"year": "0000"}, "calendar_impossible_date"),
        ({"year": [2027]}, "calendar_impossible_date"),
        ({"covers": ["2027-10-09", "2027-10-01"]}, "calendar_impossible_date"),
        ({"covers": ["2027-10-09", None]}, "calendar_impossible_date"),
        ({"covers": ["2027-10-09"]}, "calendar_unreadable"),
        ({"status": "maybe"}, "calendar_unclear_status"),
        ({"year": 2029}, "calendar_several_years"),
    ],
)
def test_json_heads_that_are_wrong(tmp_path: Path, head: dict[str, Any], code: str) -> None:
    found = {**head, "days": [{"day": "2027-10-01", "kind": "off"}]}
    assert refusal(write(tmp_path, json.dumps(found), "notice.json")).code == code


# --- whatever it is, it is a notice or a refusal

cells = st.one_of(
    st.none(),
    st.integers(),
    st.text(max_size=12),
    st.sampled_from((*HOLIDAYS, "off", "working", "休", "\ud800", "2027-12-31", "9999-12-31", "0001-01-01")),
    st.lists(st.integers(), max_size=2),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150, deadline=None)
@given(
    st.sampled_from(("csv", "json", "ics")),
    st.one_of(
        st.binary(max_size=200),
        st.text(max_size=200).map(lambda text: text.encode("utf-8", "replace")),
        st.text(st.sampled_from("2027-10,\n\"'休班day;kindoff\r\t"), max_size=80).map(
            lambda t: f"day,kind\n{t}".encode()
        ),
        st.lists(st.dictionaries(st.sampled_from(("day", "kind", "notice", "status")), cells), max_size=4).map(
            lambda days: json.dumps(days).encode()
        ),
        st.text(st.sampled_from("0129TZ:;=\r\nDSTARENVLUMY-P休"), max_size=80).map(
            lambda text: ics("DTSTART;VALUE=DATE:20271001\r\n" + text).encode()
        ),
    ),
)
def test_garbage_is_always_a_user_error(tmp_path: Path, suffix: str, content: bytes) -> None:
    path = write(tmp_path, content, f"garbage.{suffix}")
    try:
        notice = read_notice(path, YEAR_PART)
    except UserError as error:
        assert error.code.startswith("calendar_")
        assert json.dumps(error.as_dict(), ensure_ascii=False).encode()
    else:
        assert notice.days
