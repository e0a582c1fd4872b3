"""What pages show, put together without any page."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from io import BytesIO

import pytest
from openpyxl import load_workbook
from starlette.datastructures import FormData, QueryParams

from activities.defaults import demo_organisation
from gateway.board.behind import behind
from gateway.console.assets import address, assets
from gateway.console.board.charts import weekly_chart
from gateway.console.case.inputs import given_by, inputs_of, shown
from gateway.console.due import due_state
from gateway.console.ledgers.asked import asked
from gateway.console.ledgers.excel import workbook
from gateway.console.navigation import home_of, places_of
from gateway.console.preferences import local_path
from gateway.console.reference.months import year_of
from gateway.orders.fields import HUMAN, fields_of
from schemas.kernel.actor import Actor, Role
from schemas.kernel.calendar import seed_calendar
from schemas.kernel.errors import UserError
from schemas.kernel.refusal import Refusal
from schemas.kernel.worktime import at_hour
from schemas.organisation.names import Names
from schemas.petition.measures import numbers
from schemas.petition.rules import decide, fold
from schemas.petition.wording.commands import COMMANDS
from tests.unit.schemas.petition.rules.given import FILING, RECEIVED

NOON = datetime(2026, 3, 3, 4, tzinfo=UTC)


@pytest.mark.parametrize(
    ("due", "level", "zh"),
    [
        (NOON - timedelta(days=2), "late", "逾期 2 天"),
        (NOON - timedelta(minutes=5), "late", "逾期 5 分钟"),
        (at_hour(date(2026, 3, 3), 24), "today", "今日到期，剩 12 小时"),
        (at_hour(date(2026, 3, 5), 24), "soon", "还有 2 天"),
        (at_hour(date(2026, 3, 9), 24), "calm", "还有 6 天"),
        (None, "none", "无承诺期限"),
    ],
)
def test_a_term_says_how_it_stands(due: datetime | None, level: str, zh: str) -> None:
    state = due_state(due, NOON)
    assert (state.level, state.zh) == (level, zh)


@pytest.mark.parametrize("said", ["=1+1", "+cmd", "-2", "@SUM(A1)", "\t=1", "\r=1", "'=1", "坏了\x00\x1f"])
def test_no_cell_is_ever_a_formula(said: str) -> None:
    sheet = load_workbook(BytesIO(workbook("账", ["标题"], [[said]]))).active
    assert sheet is not None
    cell = sheet.cell(2, 1)
    assert cell.data_type == "s"
    assert not str(cell.value).startswith(("=", "+", "-", "@", "\t", "\r"))


@pytest.mark.parametrize("said", ["//evil", "https://evil", "/\\evil", "/a\tb", "evil", ""])
def test_nobody_is_led_away(said: str) -> None:
    assert local_path(said) == "/"
    assert local_path("/inbox?kind=accept") == "/inbox?kind=accept"


def test_every_command_has_a_name_and_a_form() -> None:
    decided = decide(None, FILING, RECEIVED)
    assert not isinstance(decided, Refusal)
    state = fold(decided)
    assert state is not None
    for kind in HUMAN:
        assert kind in COMMANDS
        drawn = {each.name for each in inputs_of(kind, state, FILING.actor)}
        assert drawn | {"conflicted_units", "acknowledged"} >= {field.name for field in fields_of(kind)}


def test_only_an_answer_that_others_get_is_acknowledged() -> None:
    decided = decide(None, FILING, RECEIVED)
    assert not isinstance(decided, Refusal)
    state = fold(decided)
    assert state is not None
    followed = state.model_copy(update={"members": ("WC-2026-C-000002",)})
    drawn = [{each.name for each in inputs_of("reply", each, FILING.actor)} for each in (state, followed)]
    assert ["acknowledged" in each for each in drawn] == [False, True]


def test_a_form_gives_what_was_filled_in() -> None:
    form = FormData(
        [
            ("csrf", "x"),
            ("lead", " WC/QH/01 "),
            ("co_offices", ""),
            ("co_offices", "WC/QH/02"),
            ("joint", "true"),
            ("note", ""),
        ]
    )
    assert given_by("assign", form) == {"lead": "WC/QH/01", "co_offices": ["WC/QH/02"], "joint": True}
    rows = FormData([("findings.unit", "WC"), ("findings.fault", "迟缓"), ("findings.unit", ""), ("no_fault", "false")])
    assert given_by("account", rows) == {"findings": [{"unit": "WC", "fault": "迟缓"}], "no_fault": False}
    assert shown({"a": ["1"]}, "a", 1) == ""
    assert shown({}, "a", default="z") == "z"


def test_a_ledger_asks_for_what_its_address_says() -> None:
    want = asked("claim", QueryParams("text=路灯&unit=河沿街派出所&overdue=1&until=2026-03-01&column=title&cursor=c"))
    wanted = want.wanted(demo_organisation())
    assert (wanted.text, wanted.unit, wanted.overdue, wanted.cursor) == ("路灯", "WC/QH/01", True, "c")
    assert wanted.received_before == at_hour(date(2026, 3, 2), 0)
    assert "cursor" not in want.query
    for wrong in ("unit=nowhere", "until=gestern", "stage=nix", "card=blue"):
        with pytest.raises(UserError):
            asked("all", QueryParams(wrong)).wanted(demo_organisation())


def test_a_chart_holds_every_bar() -> None:
    last = date(2026, 3, 4)
    chart = weekly_chart({date(2026, 3, 2): 7, date(2025, 1, 6): 99}, {date(2026, 2, 23): 3}, last)
    assert [week.came.count for week in chart.weeks][-1] == 7
    assert [week.done.count for week in chart.weeks][-2] == 3
    assert all(0 <= week.came.y <= 200 and week.came.height <= 200 for week in chart.weeks)
    assert chart.lines[-1][1] >= 7


def test_every_number_of_the_board_has_a_name() -> None:
    for name in numbers():
        assert behind(name).zh
    assert {"received", "open", "card.red", "owed", "owed.5", "answered.0", "apart.declined"} <= set(numbers())
    for wrong in (
        "",
        "owed.99",
        "answered.x",
        "answered",
        "rate.nix.hit",
        "rate.response.nix",
        "card.blue",
        "apart.nix",
    ):
        with pytest.raises(UserError):
            behind(wrong)


def test_a_year_has_all_its_days() -> None:
    months = year_of(seed_calendar(), {}, 2026)
    days = [day for month in months for week in month.weeks for day in week if day is not None]
    assert len(days) == 365
    assert sum(month.working for month in months) == sum(day.kind in ("working", "make-up") for day in days)


def test_a_menu_leads_everybody_somewhere() -> None:
    for role in (Role.OPERATOR, Role.CHIEF, Role.SUPERVISOR, Role.HANDLER, Role.VISITOR):
        assert home_of(Actor(id="a", role=role, unit="WC")) == "/inbox"
    auditor = Actor(id="a", role=Role.AUDITOR, unit="WC/audit", scope="WC")
    assert home_of(auditor) == "/ledgers"
    assert "/replay" in [place.path for place in places_of(auditor)]


def test_paths_are_read_as_names() -> None:
    names = Names(demo_organisation())
    assert names.said("交办：主办 WC/QH/01；WC/QH/99 不明") == "交办：主办 河沿街派出所；WC/QH/99 不明"


def test_files_are_addressed_by_their_content() -> None:
    for name, asset in assets().items():
        assert address(name).endswith(asset.digest)
    assert sum(len(asset.packed) for asset in assets().values()) < 40_000
