"""Imports on a real system: twice, interrupted, killed in the middle, raced, and fed garbage. What was acknowledged is there, and there once."""

from __future__ import annotations

import asyncio
import csv
import json
import os
import signal
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil
import pytest
import pytest_asyncio
from sqlalchemy import text
from typer.testing import CliRunner

from activities.record.resemblance import Resemblances
from activities.record.seed import seed
from activities.runtime import find_system
from gateway.cli.main import application
from gateway.doors import Door
from gateway.workbook.reading import read_workbook
from schemas.kernel.actor import SYSTEM, Role
from schemas.petition import commands as c
from schemas.petition.state import ClockName, Stage
from tests.system.importing import (
    SANZHANG,
    Importing,
    Running,
    check_exactly_once,
    filed,
    looking_at,
    sanzhang,
    until,
    write_csv,
)
from tests.system.running import RunningUp
from workers.composition import System

pytestmark = [pytest.mark.system, pytest.mark.asyncio(loop_scope="module")]

MESSAGES = "留言.xlsx"
ANSWERED = "留言与答复.xlsx"


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningUp]:
    """A whole system, on a folder with a space in its name."""
    folder = tmp_path_factory.mktemp("an import") / "data"
    running = RunningUp(folder, command=(SANZHANG, "up", "--json", "--data-dir"))
    try:
        runtime = running.ready()
        asyncio.run(seed(runtime.database_dsn))
        yield running
    finally:
        running.stop(signal.SIGTERM)


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def door(machine: RunningUp) -> AsyncIterator[Door]:
    async with looking_at(machine.data_dir) as door:
        yield door


def ids(file: Path, count: int) -> list[str]:
    """The ids of the first messages of a workbook."""
    return [message.message_id for message in read_workbook(file, now=datetime.now(UTC)).messages[:count]]


async def imported(data_dir: Path, file: Path, *options: str) -> tuple[int, int, int]:
    ended = await asyncio.to_thread(Importing(data_dir, file, *options).ended)
    assert ended.code == 0
    return ended.counts


async def filed_at_least(system: System, source: str, count: int) -> None:
    async def enough() -> bool:
        return len(await filed(system, source)) >= count

    await until(enough, f"{count} filings of {source}")


async def act_on_any(door: Door) -> float:
    """The chief approves some case that waits for it; the seconds until that was answered."""
    page = "SELECT case_number, accountable FROM cases WHERE stage = 'approve' ORDER BY case_number LIMIT 1"
    number, accountable = "", ""

    async def found() -> bool:
        nonlocal number, accountable
        async with door.system.database.connect() as connection:
            number, accountable = (await connection.execute(text(page))).one()
        return True

    begun = time.monotonic()
    await until(found, "a case to approve")
    organisation = await door.organisation()
    chief = organisation.actor(organisation.recipients(accountable, Role.CHIEF)[0].id)
    assert (await door.desk.act(number, chief, c.Approve())).stage == Stage.ASSIGN
    return time.monotonic() - begun


@pytest.mark.parametrize(("name", "options"), [(MESSAGES, ()), (ANSWERED, ("--as-recorded",))])
async def test_a_real_workbook_is_imported_and_again(
    machine: RunningUp, door: Door, shared_data: Path, name: str, options: tuple[str, ...]
) -> None:
    file, source = shared_data / name, f"twice/{name}"
    arguments = ("--limit", "120", "--source", source, *options)
    assert await imported(machine.data_dir, file, *arguments) == (120, 0, 0)
    assert await imported(machine.data_dir, file, *arguments) == (0, 120, 0)
    await check_exactly_once(door.system, source, ids(file, 120))
    async with door.system.database.connect() as connection:
        rows = await connection.execute(
            text("SELECT cases.* FROM cases JOIN intake USING (case_number) WHERE source = :source"), {"source": source}
        )
        for row in rows:
            assert row.persons
            assert (row.received_at == row.submitted_at) is bool(options)
            assert row.unit.startswith("XA")


async def test_a_calendar_import_killed_midway_is_carried_on(
    machine: RunningUp, door: Door, shared_data: Path, tmp_path: Path
) -> None:
    assert await imported(machine.data_dir, shared_data / MESSAGES, "--limit", "80", "--source", "leaning") == (
        80,
        0,
        0,
    )
    async with door.system.database.connect() as connection:
        page = "SELECT case_number FROM cases WHERE sealed_at IS NULL ORDER BY received_at DESC LIMIT 1"
        newest = (await connection.execute(text(page))).scalar_one()
    state = await door.system.record.state(newest)
    assert state is not None
    # The last day of a case's term: whoever was filed at that time leans on it.
    day = next(clock.last_day for clock in state.clocks if clock.name is ClockName.FINISH).isoformat()
    notice = tmp_path / "更正.json"
    notice.write_text(json.dumps({"notice": "更正", "days": [{"day": day, "kind": "off"}]}), encoding="utf-8")
    order = (
        "calendar",
        "import",
        str(notice),
        "--covers",
        f"{day}..{day}",
        "--json",
        "--data-dir",
        str(machine.data_dir),
    )

    async def told(*more: str) -> dict[str, Any]:
        return json.loads(
            (await asyncio.to_thread(CliRunner().invoke, application(["calendar"]), [*order, *more])).stdout
        )

    foreseen = await told("--dry-run")
    leaning = {case["number"] for case in foreseen["cases"]}

    async def recomputed() -> dict[str, int]:
        query = (
            "SELECT case_number, count(*) AS times FROM events WHERE kind = 'calendar_pinned'"
            " AND (payload -> 'calendar' ->> 'version')::int = :version GROUP BY case_number"
        )
        async with door.system.database.connect() as connection:
            rows = await connection.execute(text(query), {"version": foreseen["version"]})
            return {row.case_number: row.times for row in rows}

    async def some() -> bool:
        return len(await recomputed()) >= 20

    killed = Running(*order)
    await until(some, "20 cases to be recomputed")
    killed.kill()
    done = await recomputed()
    assert 20 <= len(done) < len(leaning)
    again = await told()
    assert (again["already_known"], again["version"]) == (True, foreseen["version"])
    assert await recomputed() == dict.fromkeys(leaning, 1)
    assert (await told())["cases"] == []


async def test_killed_parts_lose_nothing(machine: RunningUp, door: Door, shared_data: Path) -> None:
    file, source = shared_data / MESSAGES, "killed parts"
    importing = Importing(machine.data_dir, file, "--limit", "240", "--source", source)
    acknowledged: dict[str, str] = {}
    for count, part in ((30, "worker-petitions"), (80, "engine"), (130, "database")):
        await filed_at_least(door.system, source, count)
        acknowledged |= await filed(door.system, source)
        psutil.Process(find_system(machine.data_dir).pids[part]).kill()
        print(f"{part}: the next human action answered {await act_on_any(door):.1f} s after kill -9")
    ended = await asyncio.to_thread(importing.ended)
    assert ended.code == 0
    assert ended.counts == (240, 0, 0)
    assert acknowledged.items() <= (await filed(door.system, source)).items()
    await check_exactly_once(door.system, source, ids(file, 240))


async def test_a_database_that_hangs_is_waited_for(machine: RunningUp, door: Door, shared_data: Path) -> None:
    file, source = shared_data / MESSAGES, "hanging database"
    importing = Importing(machine.data_dir, file, "--limit", "60", "--source", source)
    await filed_at_least(door.system, source, 10)
    server = psutil.Process(find_system(machine.data_dir).pids["database"])
    stopped = [server, *server.children(recursive=True)]
    for process in stopped:
        process.suspend()
    try:
        with pytest.raises(subprocess.TimeoutExpired):
            await asyncio.to_thread(importing.process.wait, 5)
    finally:
        for process in stopped:
            if process.is_running():
                process.resume()
    ended = await asyncio.to_thread(importing.ended)
    assert (ended.code, ended.counts) == (0, (60, 0, 0))
    await check_exactly_once(door.system, source, ids(file, 60))


async def test_an_import_killed_and_repeated(machine: RunningUp, door: Door, shared_data: Path) -> None:
    file, source = shared_data / ANSWERED, "killed import"
    arguments = ("--limit", "100", "--source", source)
    for count in (20, 50):
        importing = Importing(machine.data_dir, file, *arguments)
        await filed_at_least(door.system, source, count)
        importing.kill()
    before = await filed(door.system, source)
    accepted, known, refused = await imported(machine.data_dir, file, *arguments)
    assert (accepted + known, refused) == (100, 0)
    assert before.items() <= (await filed(door.system, source)).items()
    await check_exactly_once(door.system, source, ids(file, 100))


async def test_ctrl_c_says_how_to_go_on(machine: RunningUp, door: Door, shared_data: Path) -> None:
    file, source = shared_data / ANSWERED, "interrupted"
    arguments = ("--limit", "150", "--source", source)
    importing = Importing(machine.data_dir, file, *arguments)
    await filed_at_least(door.system, source, 15)
    importing.process.send_signal(signal.SIGINT)
    stopped = await asyncio.to_thread(importing.ended)
    assert stopped.code == 130
    assert stopped.facts["interrupted"]
    assert stopped.facts["continue"].startswith("sanzhang import ")
    accepted = stopped.counts[0]
    assert 15 <= accepted < 150
    assert await imported(machine.data_dir, file, *arguments) == (150 - accepted, accepted, 0)
    await check_exactly_once(door.system, source, ids(file, 150))


async def test_two_imports_of_one_file_at_once(machine: RunningUp, door: Door, shared_data: Path) -> None:
    file, source = shared_data / MESSAGES, "raced"
    arguments = ("--limit", "80", "--source", source)
    both = await asyncio.gather(*(imported(machine.data_dir, file, *arguments) for _ in range(2)))
    assert [sum(counts) for counts in both] == [80, 80]
    assert sum(counts[0] for counts in both) == 80
    await check_exactly_once(door.system, source, ids(file, 80))


LETTERS = [
    ("1", "u1", "路灯不亮", "2026-03-02 10:00:00", "幸福路口的路灯坏了一个月，晚上行人很不安全，请尽快修好。"),
    ("2", "u2", "幸福路口路灯不亮的问题", "2026-03-03 10:00:00", "幸福路口的路灯坏了一个多月，晚上行人很不安全，请尽快派人修好。"),
    ("3", "匿名", "夜间施工扰民", "2026/3/4 9:30", "小区旁边的工地每天夜里两点还在施工，老人和孩子都睡不好觉。"),
    ("4", "u3", "", "2026-02-30 09:00:00", "这一行的日期是不存在的。"),
    ("5", "u4", "建议增设公交站", "2026-03-05 08:00:00", "建议在中学门口增设一个公交站，方便学生上下学。"),
]  # fmt: skip


async def test_a_changed_message_is_refused_by_name(machine: RunningUp, door: Door, tmp_path: Path) -> None:
    file = write_csv(tmp_path / "来信.csv", LETTERS)
    assert await imported(machine.data_dir, file) == (4, 0, 1)
    changed = [*LETTERS[:4], (*LETTERS[4][:4], "建议在医院门口增设一个公交站。")]
    elsewhere = tmp_path / "refused"
    elsewhere.mkdir()
    moved = write_csv(tmp_path / "又名.csv", changed)
    assert await imported(machine.data_dir, moved, "--refused-to", str(elsewhere)) == (0, 3, 2)
    data = str(machine.data_dir)
    shown = await asyncio.to_thread(sanzhang, "import", str(moved), "--dry-run", "--json", "--data-dir", data)
    lines = {line["row"]: line for line in json.loads(shown.stdout)["proposals"]}
    assert [line["outcome"] for line in lines.values()] == [*["already_known"] * 3, "refused", "refused"]
    assert (lines[5]["code"], lines[6]["code"]) == ("time_impossible", "source_event_conflict")
    assert (elsewhere / "又名.refused.xlsx").is_file()
    numbers = await filed(door.system, "workbook/工单编号")
    filings = [(await door.system.record.history(numbers[each]))[0].event for each in ("1", "2")]
    # What resembles a message is looked up when somebody looks: an event would tell of it whoever reads the event.
    assert all(filed.kind == "filed" and filed.content.likely_duplicates == () for filed in filings)
    (alike,) = await Resemblances(door.system.database).of(numbers["2"], SYSTEM)
    assert alike.number == numbers["1"]


async def test_a_dry_run_says_which_rows_would_be_held_and_by_which_words(machine: RunningUp, tmp_path: Path) -> None:
    complaint = "A3区第一派出所的民警收了钱不办事，我们去问还骂人。"
    rows = [("11", "u1", "投诉", "2026-03-02 10:00:00", complaint), ("12", *LETTERS[0][1:])]
    file = write_csv(tmp_path / "投诉.csv", rows)
    shown = await asyncio.to_thread(
        sanzhang, "import", str(file), "--dry-run", "--json", "--data-dir", str(machine.data_dir)
    )
    held, plain = json.loads(shown.stdout)["proposals"]
    assert (held["held"], held["held_at"], plain["held"], plain["held_by"]) == (True, "XA/A3", False, [])
    assert any("派出所" in word or "民警" in word for word in held["held_by"])


async def test_garbage_is_refused_with_a_sentence(machine: RunningUp, tmp_path: Path) -> None:
    garbage = tmp_path / "坏.xlsx"
    garbage.write_bytes(os.urandom(5000))
    no_headings = tmp_path / "无表头.csv"
    with no_headings.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("a", "b"), ("1", "2")])
    good = write_csv(tmp_path / "好.csv", LETTERS[:1])
    data = str(machine.data_dir)
    for arguments, code, refused in (
        ((str(garbage), "--data-dir", data), 2, "workbook_unreadable"),
        ((str(no_headings), "--data-dir", data), 2, "workbook_headings_unknown"),
        ((str(tmp_path / "没有.xlsx"), "--data-dir", data), 2, "workbook_missing"),
        ((str(good), "--map", "text=不存在的列", "--data-dir", data), 2, None),
        ((str(good), "--channel", "telepathy", "--data-dir", data), 2, "channel_unknown"),
        ((str(good), "--channel", "letter", "--as-recorded", "--data-dir", data), 1, "source_time_untrusted"),
        ((str(good), "--as", "nobody", "--data-dir", data), 2, "person_unknown"),
        ((str(good), "--as", "xa-chief", "--data-dir", data), 1, "role_wrong"),
        ((str(good), "--refused-to", str(tmp_path / "none"), "--data-dir", data), 2, "refused_file_unwritable"),
        ((str(good), "--data-dir", str(tmp_path / "elsewhere")), 3, "system_not_running"),
    ):
        # In this process, in a thread of its own: a process for each would only measure how fast Python starts.
        ended = await asyncio.to_thread(CliRunner().invoke, application(), ["import", *arguments, "--json"])
        error = json.loads(ended.stdout)["error"]
        assert (ended.exit_code, error["code"]) == (code, refused or error["code"])
        assert error["zh"] and error["en"]
