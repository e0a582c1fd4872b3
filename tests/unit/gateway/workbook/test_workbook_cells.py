from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gateway.workbook.cells import clean_count, clean_id, clean_line, clean_text
from gateway.workbook.times import SHANGHAI, parse_time
from schemas.kernel.errors import UserError

NOW = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
DIRT = st.text(
    st.sampled_from("\n\r\t\x00\x0b\x0c\x85\xa0\u2028\u200b\u200d\ufeff\u3000\ud800 0.１é\u0301，。甲乙A-/:")
)
CELLS: st.SearchStrategy[Any] = st.one_of(
    DIRT,
    st.text(),
    st.integers(),
    st.floats(),
    st.booleans(),
    st.datetimes(),
    st.dates(),
    st.times(),
    st.timedeltas(),
    st.none(),
)


@given(CELLS)
@example("\u3000\u200b\u3000")
@example("\n\u200b\n\u200b\n")
def test_cleaned_text_stays_as_it_is(cell: Any) -> None:
    text = clean_text(cell)
    assert clean_text(text) == text
    assert clean_line(clean_line(cell)) == clean_line(cell)
    assert "\n" not in clean_line(cell)
    text.encode()
    assert "\0" not in text


@given(CELLS)
@example("0.0.0")
@example("A\x85\u0301")
@example("１２.０")
@example(float("nan"))
@example(10**400)
def test_an_id_is_settled_or_refused(cell: Any) -> None:
    try:
        settled = clean_id(cell)
    except UserError as refused:
        assert refused.code in ("id_unreadable", "id_imprecise", "id_oversize")
    else:
        assert clean_id(settled) == settled


@given(CELLS)
def test_a_count_is_settled_or_refused(cell: Any) -> None:
    try:
        settled = clean_count(cell)
    except UserError as refused:
        assert refused.code == "count_unreadable"
    else:
        assert settled is None or clean_count(settled) == settled >= 0


@given(st.one_of(CELLS, st.from_regex(r"\d{4}[-/.年]\d{1,2}[-/.月]\d{1,2}日?[ T]\d{1,2}:\d{1,2}(Z|[+-]\d\d:?\d\d)?")))
@example("9999-12-31T23:59:59-23:59")
@example("0001-01-01T00:00+23:59")
@example(datetime(9999, 12, 31, 23, 59, 59, 999_999))  # noqa: DTZ001
def test_a_time_is_settled_or_refused(cell: Any) -> None:
    try:
        moment = parse_time(cell, now=NOW)
    except UserError as refused:
        assert refused.code.startswith("time_")
        assert refused.zh
        assert refused.en
    else:
        assert moment.utcoffset() is not None
        assert moment.microsecond == 0
        assert parse_time(moment, now=NOW) == moment
        assert parse_time(moment.isoformat(), now=NOW) == moment


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        (188031.0, "188031"),
        ("188031.0", "188031"),
        (" 1880\u200b31\t", "188031"),
        ("１８８０３１", "188031"),
        (188031, "188031"),
        ("A-0012", "A-0012"),
        ("007", "007"),
        ("", ""),
        (None, ""),
    ],
)
def test_ids(cell: Any, expected: str) -> None:
    assert clean_id(cell) == expected


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        (True, "id_unreadable"),
        (1.5, "id_unreadable"),
        (datetime(2019, 1, 1), "id_unreadable"),  # noqa: DTZ001
        (4.2e17, "id_imprecise"),
        ("长" * 129, "id_oversize"),
    ],
)
def test_ids_refused(cell: Any, code: str) -> None:
    with pytest.raises(UserError) as refused:
        clean_id(cell)
    assert refused.value.code == code


def test_text_keeps_its_lines() -> None:
    assert clean_text("\n\t\t\n\t您好：\r\n\r\n\r\n\t甲\xa0\u3000乙\u200b丙\x07\u2028丁 \n") == "您好：\n\n甲 乙丙\n丁"


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("2019/7/19 18:19:54", (2019, 7, 19, 18, 19, 54)),
        ("2019-07-19 18:19", (2019, 7, 19, 18, 19, 0)),
        ("2019年7月19日 18时19分", (2019, 7, 19, 18, 19, 0)),
        ("2019年7月19日18时19分54秒", (2019, 7, 19, 18, 19, 54)),
        ("2019年7月19日 星期五 下午6点", (2019, 7, 19, 18, 0, 0)),
        ("2019.7.19", (2019, 7, 19, 0, 0, 0)),
        ("２０１９／７／１９　１８：１９", (2019, 7, 19, 18, 19, 0)),
        ("2019-07-19 6:19:54 PM", (2019, 7, 19, 18, 19, 54)),
        ("2019/7/19 12:05 am", (2019, 7, 19, 0, 5, 0)),
        ("2019/7/19 24:00", (2019, 7, 20, 0, 0, 0)),
        ("2019-07-19T10:19:54Z", (2019, 7, 19, 18, 19, 54)),
        ("2019-07-19T10:19:54.123+00:00", (2019, 7, 19, 18, 19, 54)),
        ("2019-07-19T18:19:54+0800", (2019, 7, 19, 18, 19, 54)),
        ("20190719", (2019, 7, 19, 0, 0, 0)),
        ("20190719181954", (2019, 7, 19, 18, 19, 54)),
        (20190719, (2019, 7, 19, 0, 0, 0)),
        (43665, (2019, 7, 19, 0, 0, 0)),
        (43665.763819444446, (2019, 7, 19, 18, 19, 54)),
        ("43665.763819444446", (2019, 7, 19, 18, 19, 54)),
        (date(2019, 7, 19), (2019, 7, 19, 0, 0, 0)),
        (datetime(2019, 7, 19, 18, 19, 53, 999_999), (2019, 7, 19, 18, 19, 54)),  # noqa: DTZ001
        (datetime(2019, 7, 19, 10, 19, 54, tzinfo=UTC), (2019, 7, 19, 18, 19, 54)),
    ],
)
def test_times(cell: Any, expected: tuple[int, int, int, int, int, int]) -> None:
    moment = parse_time(cell, now=NOW)
    assert moment == datetime(*expected, tzinfo=SHANGHAI)
    assert moment.tzinfo is SHANGHAI


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        ("", "time_missing"),
        (" \u200b", "time_missing"),
        (None, "time_missing"),
        ("2019/2/30", "time_impossible"),
        ("2019/13/1 10:00", "time_impossible"),
        ("2019/7/19 25:00", "time_impossible"),
        ("2019/7/19 18:60", "time_impossible"),
        ("昨天", "time_unreadable"),
        ("7/19/2019", "time_unreadable"),
        ("19-07-19", "time_unreadable"),
        (True, "time_unreadable"),
        (time(18, 19), "time_unreadable"),
        (timedelta(hours=30), "time_unreadable"),
        (12, "time_unreadable"),
        ("1948/12/31", "time_too_old"),
        ("2026-03-03 10:00:01", "time_in_future"),
        ("2062-03-02", "time_in_future"),
    ],
)
def test_times_refused(cell: Any, code: str) -> None:
    with pytest.raises(UserError) as refused:
        parse_time(cell, now=NOW)
    assert refused.value.code == code


def test_a_day_ahead_is_still_a_clock_that_runs_fast() -> None:
    assert parse_time("2026-03-03 10:00:00", now=NOW) == NOW + timedelta(days=1)


@pytest.mark.parametrize(("cell", "expected"), [(0.0, 0), ("1,204", 1204), ("３", 3), ("", None), ("12.0", 12)])
def test_counts(cell: Any, expected: int | None) -> None:
    assert clean_count(cell) == expected


@pytest.mark.parametrize("cell", [-1, 1.5, "很多", True, "1" * 10, "½"])
def test_counts_refused(cell: Any) -> None:
    with pytest.raises(UserError):
        clean_count(cell)
