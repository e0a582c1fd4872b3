"""The board holds its screen: every line fits, at the sizes people have; what presses most comes first and says how long is left."""

from __future__ import annotations

import asyncio
import io
import json
import re
from datetime import UTC, datetime, timedelta

import pytest
from rich.cells import cell_len
from rich.console import Console

from gateway.demo.city import waiting
from gateway.demo.offices.robots import Refused
from gateway.demo.picture import legible
from gateway.demo.screen.board import Board, Tick
from gateway.demo.screen.book import Happening
from gateway.demo.screen.parts import PartsReporter
from gateway.demo.screen.screens import JsonScreen, LiveScreen, PlainScreen
from gateway.demo.screen.sentences import Names, sentence
from gateway.demo.screen.urgent import most_urgent, remaining
from schemas.kernel.errors import UserError
from schemas.kernel.worktime import at_hour, local_day
from schemas.petition.rules.clocks import set_clock
from schemas.petition.state import ClockName
from tests.unit.gateway.demo.pure_city import CITY, POLICY, RULES, PureCity, played
from workers.machine.console import TerminalReporter
from workers.machine.parts import State

NAMES = Names(CITY)


@pytest.fixture(scope="module")
def city() -> PureCity:
    """Half-way through the demonstration."""
    city = PureCity()
    asyncio.run(played(city, list(waiting(POLICY)), steps=250))
    return city


def happenings(city: PureCity) -> list[Happening]:
    return [
        Happening(number, seq, event, "system", seen.moved_at, seen.state.stage)
        for number, seen in city.book.cases.items()
        for seq, event in enumerate(seen.events, start=1)
    ]


def ticks(city: PureCity) -> list[Tick]:
    return [Tick(each.recorded_at, each.number, each.stage, sentence(each, NAMES)) for each in happenings(city)]


def drawn(city: PureCity, width: int, height: int) -> list[str]:
    board = Board(city.book, RULES.calendar, NAMES)
    parts = PartsReporter(TerminalReporter(Console(file=io.StringIO())))
    parts.part("database", State.READY, "1")
    parts.part("engine", State.RESTARTING, "ended with signal 9")
    console = Console(width=width, height=height, file=io.StringIO(), record=True)
    console.print(board.draw(ticks(city), parts.views, city.now, width=width, height=height))
    return console.export_text().rstrip("\n").split("\n")


@pytest.mark.parametrize(("width", "height"), [(80, 24), (100, 30), (160, 50)])
def test_it_fits_the_screen(city: PureCity, width: int, height: int) -> None:
    lines = drawn(city, width, height)
    assert len(lines) <= height
    assert max(cell_len(line) for line in lines) <= width
    text = "\n".join(lines)
    stages = ("收集建档", "及时交办", "销号归档") if width >= 100 else ("收件", "交办", "销号")
    assert all(name in text for name in (*stages, "意见建议", "利益诉求", "投诉举报", "黄牌", "红牌", "合计"))
    assert "数据库" in text
    assert "流程引擎 重新启动" in text
    assert "按时交办率" in text
    counted = next(line for line in lines if line.strip().startswith("合计"))
    numbers = [int(number) for number in re.findall(r"\d+", counted)]
    assert numbers[0] == 40 == sum(numbers[1:8])


def test_what_presses_most_comes_first(city: PureCity) -> None:
    pressing = most_urgent(city.book.cases.values(), RULES.calendar, city.now, most=4)
    assert len(pressing) == 4
    assert [each.clock.due for each in pressing] == sorted(each.clock.due for each in pressing)
    assert not any(city.book.cases[each.number].state.merged_into for each in pressing)


@pytest.mark.parametrize(
    ("now", "left", "late"),
    [
        (at_hour(local_day(datetime(2026, 11, 18, tzinfo=UTC)), 10), "剩 7 个工作日", False),
        (datetime(2026, 11, 27, 1, 0, tzinfo=UTC), "剩 15 小时", False),
        (datetime(2026, 11, 27, 15, 30, tzinfo=UTC), "剩不足 1 小时", False),
        (datetime(2026, 11, 28, 4, 0, tzinfo=UTC), "已超期", True),
        (datetime(2026, 12, 1, 4, 0, tzinfo=UTC), "超 2 个工作日", True),
    ],
)
def test_the_time_left_is_working_time(now: datetime, left: str, late: bool) -> None:
    received = datetime(2026, 11, 18, 2, 0, tzinfo=UTC)
    clock = set_clock(ClockName.FINISH, RULES.calendar, received, 7)
    assert remaining(clock, RULES.calendar, now) == (left, late)


def test_every_event_has_a_sentence_without_raw_paths(city: PureCity) -> None:
    for each in happenings(city):
        said = sentence(each, NAMES)
        assert said.zh
        assert "WC/" not in said.zh


REFUSED = Refused(
    number="WC-2026-S-000001",
    actor="gu-feng",
    kind="reply",
    error=UserError("co_report_missing", zh="协办单位尚未报告。", en="A co-office has not reported."),
)


def test_without_a_terminal_it_speaks_in_lines(city: PureCity) -> None:
    out = io.StringIO()
    with PlainScreen(Console(file=out, width=100), city.book, RULES.calendar, NAMES) as screen:
        screen.before(happenings(city))
        screen.happened(happenings(city)[:3])
        screen.refused(REFUSED, city.now)
        screen.tick(city.now, "")
        screen.tick(city.now + timedelta(seconds=16), "数据库暂不可用")
    text = out.getvalue()
    assert "已有 40 件" in text
    assert "顾峰 操作被拒：协办单位尚未报告。" in text
    assert "数据库暂不可用" in text
    assert "合计" in text


def test_for_machines_every_line_is_json(city: PureCity, capsys: pytest.CaptureFixture[str]) -> None:
    with JsonScreen(city.book, RULES.calendar, NAMES) as screen:
        screen.happened(happenings(city)[:3])
        screen.refused(REFUSED, city.now)
        screen.tick(city.now, "")
        for second in (16, 17, 18):
            screen.tick(city.now + timedelta(seconds=second), "数据库暂不可用")
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["event"] for line in lines] == ["case", "case", "case", "refused", "trouble", "summary"], "each once"
    assert lines[0]["kind"] == "filed"
    assert lines[3]["error"]["code"] == "co_report_missing"
    assert sum(sum(stages.values()) for stages in lines[5]["stages"].values()) == 40


def test_the_board_keeps_the_parts_quiet_while_it_is_shown(city: PureCity) -> None:
    out = io.StringIO()
    console = Console(file=out, width=100, height=30, force_terminal=True)
    parts = PartsReporter(TerminalReporter(console))
    with LiveScreen(console, city.book, RULES.calendar, NAMES, parts) as screen:
        screen.before(happenings(city))
        screen.tick(city.now, "")
        written = len(out.getvalue())
        parts.part("engine", State.RESTARTING, "ended with signal 9")
        assert len(out.getvalue()) == written
        screen.tick(city.now, "")
    assert "重新启动" in out.getvalue()
    parts.part("engine", State.STOPPED, "")
    assert "已停止" in out.getvalue()


def test_a_picture_gives_chinese_its_two_cells() -> None:
    console = Console(record=True, width=20, file=io.StringIO())
    console.print("三本账 ab")
    svg = legible(console.export_svg(title="x"))
    # Three Chinese letters over six cells, a blank and two Latin ones over three.
    assert 'x="0" y="20" textLength="73.2"' in svg
    assert 'x="73.2" y="20" textLength="36.6"' in svg
    assert "font-face" not in svg
