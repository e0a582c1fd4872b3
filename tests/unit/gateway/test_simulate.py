"""The simulation against a recomputation that shares no code with it: another reader, another calendar package, another way of counting."""

from __future__ import annotations

import contextlib
import csv
import json
from datetime import date, datetime, time, timedelta, timezone
from pathlib import Path
from typing import Any

import chinese_calendar
import openpyxl
import pytest
from dateutil.parser import parse

from activities.defaults import default_policy
from gateway.simulate import simulate
from schemas.petition.simulation import SimulationOptions
from schemas.petition.state import Complexity, Ledger
from schemas.policy import Policy

CHINA = timezone(timedelta(hours=8))
DAY = timedelta(days=1)
NOW = datetime(2028, 1, 1, tzinfo=CHINA)
HEADINGS = ("留言编号", "留言用户", "留言主题", "留言时间", "留言详情", "答复意见", "答复时间")


def as_written(cell: Any) -> datetime:
    moment = cell if isinstance(cell, datetime) else parse(str(cell).strip())
    return (moment + timedelta(milliseconds=500)).replace(microsecond=0)


def nth_working_day(after: date, n: int) -> date:
    day = after
    while n:
        day += DAY
        n -= chinese_calendar.is_workday(day)
    return day


def recomputed(received: datetime, replied: datetime) -> dict[str, Any]:
    """Wall-clock times of China, without zones."""
    last = nth_working_day(received.date(), 7)
    days, day = 0, last
    while day < replied.date():
        day += DAY
        days += chinese_calendar.is_workday(day)
    on_time = replied <= datetime.combine(last + DAY, time())
    return {
        "received_at": f"{received.isoformat()}+08:00",
        "assign_due": f"{nth_working_day(received.date(), 1) + DAY}T00:00:00+08:00",
        "finish_due": f"{last + DAY}T00:00:00+08:00",
        "replied_at": f"{replied.isoformat()}+08:00",
        "on_time": on_time,
        "yellow": replied > datetime.combine(last, time(9)),
        "overdue_working_days": 0 if on_time else days,
    }


def test_every_due_date_verdict_and_card_of_the_real_workbook_agrees_with_a_recomputation(shared_data: Path) -> None:
    workbook = shared_data / "留言与答复.xlsx"
    with contextlib.closing(openpyxl.load_workbook(workbook, read_only=True)) as book:
        headings, *rows = book.worksheets[0].iter_rows(values_only=True)
    columns = [str(heading).strip() for heading in headings]
    where = {name: columns.index(name) for name in ("留言编号", "留言时间", "答复时间")}
    expected: list[dict[str, Any]] = [
        {"message_id": str(row[where["留言编号"]]).strip()}
        | recomputed(as_written(row[where["留言时间"]]), as_written(row[where["答复时间"]]))
        for row in rows
        if row[where["留言编号"]] is not None
    ]
    calls: list[tuple[int, int]] = []
    result = simulate(workbook, default_policy(), progress=lambda done, of: calls.append((done, of)), now=NOW)
    told = json.loads(result.model_dump_json())

    assert set(told) == {"cases", "refused", "measures"}
    assert len(expected) == 1463
    assert told["refused"] == []
    assert told["cases"] == expected
    assert calls[-1] == (1463, 1463)

    total = result.measures.total
    late = [case for case in expected if not case["on_time"]]
    assert total.rates["on_time_finish"].numerator == len(expected) - len(late)
    assert total.rates["on_time_finish"].denominator == len(expected)
    assert (total.yellow_cards, total.red_cards) == (sum(case["yellow"] for case in expected), len(late))
    assert sum(band.answered for band in total.overdue) == len(late)
    assert total.rates["satisfaction"].ratio == 1
    assert sum(ledger.received for ledger in result.measures.ledgers.values()) == total.received == 1463


def workbook(tmp_path: Path, *rows: tuple[str, str, str]) -> Path:
    """Rows of id, time of the message, time of the reply (without one: no reply)."""
    path = tmp_path / "cases.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(HEADINGS)
        for number, received, replied in rows:
            writer.writerow([number, "甲", "路灯", received, f"路灯不亮 {number}", "已修" if replied else "", replied])
    return path


def one(tmp_path: Path, received: str, replied: str, policy: Policy | None = None, **options: Any) -> dict[str, Any]:
    path = workbook(tmp_path, ("W1", received, replied))
    result = simulate(path, policy or default_policy(), SimulationOptions(**options), now=NOW)
    assert not result.refused
    return json.loads(result.model_dump_json())["cases"][0]


@pytest.mark.parametrize("complexity", Complexity)
@pytest.mark.parametrize(
    ("replied", "on_time", "yellow", "days"),
    [
        ("2026-03-02 10:00:01", True, False, 0),  # within the four hours before anything is assigned
        ("2026-03-02 10:00:00", True, False, 0),  # the same second
        ("2026-03-11 09:00:00", True, False, 0),  # the yellow card's own instant
        ("2026-03-11 09:00:01", True, True, 0),
        ("2026-03-12 00:00:00", True, True, 0),  # the due instant itself
        ("2026-03-12 00:00:01", False, True, 1),
        ("2026-03-14 12:00:00", False, True, 2),  # a Saturday after the due day
        ("2029-03-14 12:00:00", False, True, 785),  # beyond every published notice
    ],
)
def test_the_edges_of_the_term(
    tmp_path: Path, complexity: Complexity, replied: str, *, on_time: bool, yellow: bool, days: int
) -> None:
    path = workbook(tmp_path, ("W1", "2026-03-02 10:00:00", replied))
    options = SimulationOptions(complexity=complexity)
    [case] = simulate(path, default_policy(), options, now=datetime(2030, 1, 1, tzinfo=CHINA)).cases
    assert case.finish_due.astimezone(CHINA) == datetime(2026, 3, 12, tzinfo=CHINA)
    assert (case.on_time, case.yellow) == (on_time, yellow)
    if days < 700:
        assert case.overdue_working_days == days
    else:  # without notices for 2027 on, the count is Monday to Friday
        assert abs(case.overdue_working_days - days) < 15


def test_rows_that_cannot_be_simulated_are_refused_with_row_and_reason(tmp_path: Path) -> None:
    path = workbook(
        tmp_path,
        ("W1", "2026-03-02 10:00", "2026-03-01 10:00"),
        ("W2", "2026-03-02 10:00", ""),
        ("W3", "二月三十", "2026-03-05 10:00"),
        ("W4", "2026-03-02 10:00", "2026-03-05 10:00"),
        ("W4", "2026-03-02 10:00", "2026-03-05 10:00"),
    )
    result = simulate(path, default_policy(), now=NOW)
    assert [case.message_id for case in result.cases] == ["W4"]
    assert [(one.row, one.message_id, one.reason.split(":")[0]) for one in result.refused] == [
        (2, "W1", "replied_before_received"),
        (3, "W2", "reply_missing"),
        (4, "W3", "time_unreadable"),
        (6, "W4", "duplicate_row"),
    ]
    assert all(" / " in one.reason for one in result.refused)


def test_another_policy_gives_other_dates(tmp_path: Path) -> None:
    given = default_policy().model_dump(mode="json")
    for by_complexity in given["ledgers"].values():
        for figures in by_complexity.values():
            figures["finish_days"] = 3
    case = one(tmp_path, "2026-02-13 10:00", "2026-02-27 10:00", Policy.model_validate(given))
    # 14 February is a make-up Saturday; 15 to 23 the Spring Festival
    assert case["finish_due"] == "2026-02-26T00:00:00+08:00"
    assert (case["on_time"], case["overdue_working_days"]) == (False, 2)


def test_a_dissatisfied_petitioner_leaves_every_case_open(tmp_path: Path) -> None:
    path = workbook(tmp_path, ("W1", "2026-03-02 10:00", "2026-03-04 10:00"))
    options = SimulationOptions(satisfied=False, ledger=Ledger.COMPLAINT, complexity=Complexity.COMPLEX)
    measures = simulate(path, default_policy(), options, now=NOW).measures
    complaint = measures.ledgers[Ledger.COMPLAINT]
    assert (complaint.received, complaint.open, complaint.satisfied) == (1, 1, 0)
    assert complaint.rates["satisfaction"].ratio == 0
    assert complaint.rates["on_time_finish"].ratio == 1
    assert measures.ledgers[Ledger.CLAIM].rates["satisfaction"].ratio is None


def test_a_late_approval_and_assignment_show_in_the_measures(tmp_path: Path) -> None:
    path = workbook(tmp_path, ("W1", "2026-03-02 10:00", "2026-03-06 10:00"))
    options = SimulationOptions(
        approve_after=timedelta(days=2), assign_after=timedelta(hours=1), complexity=Complexity.COMPLEX
    )
    total = simulate(path, default_policy(), options, now=NOW).measures.total
    assert total.rates["on_time_assignment"].numerator == 0
    assert total.yellow_cards == total.red_cards == 1
