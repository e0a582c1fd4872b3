"""Every role, every command, own and other unit, accused or not: through the API and in the database.

What must come of it is written out here, command by command, and not asked of the code that decides it.
"""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from activities.access.scoped import scoped
from gateway.orders.fields import HUMAN
from schemas.record import tables as t
from tests.access.conftest import City
from tests.access.situations import CO_OFFICE, INTO, LEAD, PEOPLE, WHO

pytestmark = pytest.mark.asyncio(loop_scope="session")

OTHERS = {position for position in PEOPLE if position.startswith("other_")} - {"other_upstream"}
"""People of another branch: they are not told that the case exists."""
ONCE_ASSIGNED = {"handler", "co_handler", "office_visitor"}
"""Who sees the case only once their office has a part in it."""
UNASSIGNED = {"approve_stage", "held", "let_off", "offered", "assign_stage", "merged"}
POSSIBLY_MEANT = {"station_chief"}
"""Who serves where the words may mean; until that is decided they are not told of the case."""
HIDDEN = {"held", "let_off"}
MACHINES = {"upstream", "other_upstream"}


MAY: dict[str, tuple[str, dict[str, Any], set[str]]] = {
    "amend": ("approve_stage", {"reason": "错字", "title": "路灯"}, {"operator"}),
    "name_accused": (
        "accepted",
        {"reason": "查明其参与", "accused_units": [CO_OFFICE]},
        {"operator", "supervisor"},
    ),
    "approve": ("approve_stage", {}, {"chief"}),
    "decline": ("approve_stage", {"ground": "litigation", "notice": "告〔2026〕1号"}, {"chief"}),
    "transfer": ("approve_stage", {"to": "12345", "reason": "归其管"}, {"chief"}),
    "answer_transfer": ("offered", {"accepted": True, "reference": "收〔2026〕1号"}, {"operator", "upstream"}),
    "assign": ("assign_stage", {"lead": LEAD}, {"operator", "supervisor"}),
    "accept": ("assigned", {}, {"handler"}),
    "return": ("assigned", {"reason": "不属本所"}, {"handler"}),
    "uphold_return": ("returned", {}, {"supervisor"}),
    "refuse_return": ("returned", {"reason": "属本所"}, {"supervisor"}),
    "report_progress": ("accepted", {"text": "在查"}, {"handler"}),
    "co_report": ("accepted", {"text": "已查"}, {"co_handler"}),
    "waive_co_report": ("accepted", {"unit": CO_OFFICE, "reason": "无需"}, {"supervisor"}),
    "request_extension": ("accepted", {"days": 2, "reason": "需鉴定"}, {"handler"}),
    "grant_extension": ("asked_for_time", {"told": "已告知"}, {"chief"}),
    "refuse_extension": ("asked_for_time", {"reason": "无需"}, {"chief"}),
    "pause": ("accepted", {"reason": "hearing"}, {"handler", "supervisor"}),
    "resume": ("paused", {}, {"handler", "supervisor"}),
    "urge": ("accepted", {"text": "请抓紧"}, {"supervisor"}),
    "reply": ("reported", {"outcome": "supported", "text": "已修复"}, {"handler"}),
    "record_revisit": ("revisit_stage", {"reached": False}, {"visitor"}),
    "rate": (
        "revisit_stage",
        {"solved": False, "satisfied_with_office": True, "satisfied_with_unit": False},
        {"operator"},
    ),
    "contradict_revisit": ("sign_off_stage", {"revisit": 1}, set()),
    "reissue_code": ("accepted", {"reason": "群众称遗失"}, {"operator"}),
    "rework": ("not_satisfied", {"reason": "未解决"}, {"visitor", "chief"}),
    "sign_off": ("sign_off_stage", {}, {"chief"}),
    "terminate": ("not_satisfied", {"basis": "unreasonable", "reason": "诉求不合理"}, {"city_chief"}),
    "disclose": ("archive_stage", {"published": True, "summary": "已修复"}, {"supervisor"}),
    "retract_disclosure": ("published", {"reason": "有误"}, {"supervisor"}),
    "decide_accused": ("held", {"accused_units": ["WC/QH/01"], "reason": "确指该所"}, {"supervisor"}),
    "countersign": ("let_off", {"agreed": True}, {"supervisor", "chief", "city_chief"}),
    "remark": ("accepted", {"text": "补充一张照片"}, {"operator"}),
    "account": ("archive_stage", {"no_fault": True}, {"supervisor"}),
    "withdraw": ("approve_stage", {"reason": "已解决"}, {"operator"}),
    "merge": ("approve_stage", {"into": INTO, "basis": "same_matter"}, {"operator", "supervisor"}),
    "unmerge": ("merged", {"reason": "并错了"}, {"operator", "supervisor"}),
    "reopen": ("sealed", {"facts": "又坏了"}, {"operator"}),
}
"""For each command: a situation that awaits it, what is filled in, and who of those around the case may give it. Nobody else may."""

REFUSED = {"role_wrong", "scope_wrong", "not_next_higher", "visitor_of_office", "not_co_office"}


async def test_no_command_is_left_out() -> None:
    assert set(MAY) == set(HUMAN)


def unseen(position: str, situation: str) -> bool:
    kept = position in POSSIBLY_MEANT and situation in HIDDEN
    return position in OTHERS or kept or (position in ONCE_ASSIGNED and situation in UNASSIGNED)


def expected(position: str, kind: str, *, accused: bool) -> str:
    """What must come of it, in a word."""
    situation, _, people = MAY[kind]
    if position == "auditor":
        return "auditors_change_nothing"
    if accused or unseen(position, situation):
        return "case_unknown"
    return "done" if position in people else "refused"


@pytest.mark.parametrize("kind", MAY)
async def test_through_the_api(city: City, kind: str) -> None:
    situation, fields, _ = MAY[kind]
    wrong: dict[tuple[str, bool], tuple[str, str]] = {}
    for position in PEOPLE:
        async with city.machine(position) as api:
            for accused, numbers in ((False, city.numbers), (True, city.accusing)):
                answer = await api.post(f"/api/v1/petitions/{numbers[situation]}/actions/{kind}", json=fields)
                code = "done" if answer.status_code == 200 else answer.json()["code"]
                came = "refused" if code in REFUSED else code
                if came != (must := expected(position, kind, accused=accused)):
                    wrong[position, accused] = (must, f"{answer.status_code} {code}")
    assert not wrong


async def test_in_the_database(city: City) -> None:
    for position in PEOPLE:
        async with scoped(city.database, WHO[position]).connect() as connection:
            seen = set((await connection.execute(select(t.cases.c.case_number))).scalars())
        must = {number for situation, number in city.numbers.items() if not unseen(position, situation)}
        into = set[str]() if unseen(position, "approve_stage") else {INTO}
        assert seen == must | into, position


@pytest.mark.parametrize("position", ["auditor", "chief", "other_chief"])
async def test_the_accused_find_no_trace_in_any_reading(city: City, position: str) -> None:
    number = city.accusing["accepted"]
    kept = number if position != "other_chief" else city.numbers["accepted"]
    async with city.machine(position) as api:
        for asked in ({}, {"text": "Lamp"}, {"unit": "WC/QH"}, {"overdue": "false", "order": "due"}):
            listed = await api.get("/api/v1/petitions", params={"limit": "200", **asked})
            assert listed.status_code == 200
            assert kept not in listed.text
        for path in ("", "/history", "/clocks"):
            assert (await api.get(f"/api/v1/petitions/{kept}{path}")).status_code == 404
