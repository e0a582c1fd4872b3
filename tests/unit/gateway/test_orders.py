"""From what a person filled in to a command: names, rules and seals are the door's business."""

from __future__ import annotations

from typing import Any

import pytest

from activities.defaults import default_organisation, default_policy
from activities.personal import open_
from gateway.case_service import Rules
from gateway.orders.fields import FILLED_BY_THE_DOOR, HUMAN, read_command
from gateway.orders.reading import read_order
from gateway.recompute import leans_on
from schemas.kernel.calendar import seed_calendar
from schemas.kernel.errors import UserError
from schemas.petition import commands as c
from schemas.petition.commands import COMMAND_MODELS
from schemas.petition.rules_version import CURRENT_RULES
from schemas.petition.state import Complexity, Ledger, Outcome, Petition
from schemas.sealing.keys import KeyRing
from tests.strategies import BRANCH_CHIEF, HANDLER, MONDAY, STATION, SUPERVISOR, Case, calendar, filing, moment

KEYRING = KeyRing([("k1", bytes(32))])
RULES = Rules(policy=default_policy(), calendar=seed_calendar(), city="XA")


def order(kind: str, state: Petition | None = None, **given: Any) -> Any:
    return read_order(
        kind,
        given,
        state or Case().state,
        rules=RULES,
        organisation=default_organisation(),
        keyring=KEYRING,
        now=MONDAY,
    )


def test_units_may_be_named_as_people_name_them() -> None:
    assign = order("assign", lead="A3区第一派出所", co_offices=["A4区", "XA/traffic"])
    assert (assign.lead, assign.co_offices) == ("XA/A3/01", ("XA/A4", "XA/traffic"))
    wrong: tuple[dict[str, Any], ...] = ({"lead": "A33区"}, {"lead": "XA/A3", "co_offices": ["XA/none"]})
    for given in wrong:
        with pytest.raises(UserError) as refusal:
            order("assign", **given)
        assert refusal.value.code == "unit_unknown"


def test_people_named_must_exist_and_chiefs_named_bring_their_units() -> None:
    amended = order("amend", reason="补充", accused_persons=["a3-01-chief", "a3-01-handler-1"])
    assert amended.conflicted_units == ("XA/A3/01",)
    unknown: dict[str, dict[str, Any]] = {
        "amend": {"reason": "x", "accused_persons": ["ghost"]},
        "disclose": {"countersigned_by": "ghost"},
    }
    for kind, given in unknown.items():
        with pytest.raises(UserError) as refusal:
            order(kind, **given)
        assert refusal.value.code == "person_unknown"


def test_another_ledger_brings_its_figures() -> None:
    assert order("amend", reason="更正", ledger="complaint").policy == RULES.policy.figures("complaint", "complex")
    assert order("amend", reason="更正", ledger=Ledger.CLAIM).policy is None
    assert order("amend", reason="更正", complexity=Complexity.SIMPLE).policy == RULES.policy.figures("claim", "simple")
    reopened = order("reopen", facts="新情况")
    assert (reopened.policy.version, reopened.calendar.version) == (RULES.policy.version, RULES.calendar.version)


def test_petitioners_leave_sealed() -> None:
    amended = order("amend", reason="补充", petitioners=[{"name": "张三丰", "phone": "13812341234", "alias": "A1"}, {}])
    sealed = amended.petitioners[0].sealed
    assert (sealed.masked_name, sealed.masked_phone, sealed.person != "") == ("张*丰", "138********", True)
    assert open_(KEYRING, sealed).name == "张三丰"
    assert amended.petitioners[1].sealed is None
    assert "张三丰" not in amended.model_dump_json()


@pytest.mark.parametrize(
    "petitioners",
    ["张三", [1], [{"nickname": "张三"}], [{"name": "张" * 101}], [{"sealed": {}}], [{"representative": "张三"}]],
)
def test_petitioners_that_are_none_are_refused_without_being_quoted(petitioners: Any) -> None:
    with pytest.raises(UserError) as refusal:
        order("amend", reason="补充", petitioners=petitioners)
    assert refusal.value.code in ("field_invalid", "field_unknown", "text_too_long")
    assert "张" not in str(refusal.value.as_dict())


def test_a_case_leans_on_a_calendar_while_a_count_passes_a_changed_day() -> None:
    def changed(day: Any) -> Any:
        return calendar(version=2).model_copy(update={"off": (*calendar().off, day)})

    case = Case()
    assert leans_on(case.state, changed(moment(3, 5).date()))
    assert not leans_on(case.state, changed(moment(7, 1).date()))
    assert not leans_on(case.state, calendar(version=2))
    case.do(BRANCH_CHIEF, c.Approve())
    case.do(SUPERVISOR, c.Assign(lead=STATION))
    case.do(HANDLER, c.Accept())
    case.do(HANDLER, c.Reply(outcome=Outcome.EXPLAINED, text="好了"))
    assert not leans_on(case.state, changed(moment(3, 5).date()))


def test_a_case_of_unpublished_days_leans_on_the_notice_that_settles_them() -> None:
    case = Case(filing(work_calendar=calendar()), at=moment(12, 28))
    assert leans_on(case.state, calendar(version=2, years=(2026, 2027)))


@pytest.mark.parametrize("kind", sorted(HUMAN))
def test_nobody_fills_in_what_is_the_doors(kind: str) -> None:
    """By the reading of its words, an order could otherwise show a complaint to whom it complains of."""
    for name in FILLED_BY_THE_DOOR & set(COMMAND_MODELS[kind].model_fields):
        with pytest.raises(UserError) as refused:
            read_command(kind, {name: {}})
        assert (refused.value.code, refused.value.facts["field"]) == ("field_unknown", name)
        assert name not in refused.value.facts["known"]


@pytest.mark.parametrize("value", [5, True, {"a": 1}, [5], ["a3-01-chief", {"a": 1}], [["a3-01-chief"]], 1.5])
@pytest.mark.parametrize(
    ("kind", "field"),
    [
        ("name_accused", "accused_persons"),
        ("name_accused", "conflicted_units"),
        ("amend", "accused_persons"),
        ("decide_accused", "mentioned_persons"),
        ("assign", "co_offices"),
    ],
)
def test_what_is_no_list_of_names_is_refused_and_breaks_nothing(kind: str, field: str, value: Any) -> None:
    usual = {"reason": "查明", "accused_persons": ["a3-01-chief"]} if kind == "name_accused" else {"reason": "查明"}
    given = {"lead": "XA/A3/01"} if kind == "assign" else usual
    with pytest.raises(UserError) as refused:
        order(kind, Case(filing(rules=CURRENT_RULES)).state, **given | {field: value})
    assert refused.value.code in ("field_invalid", "unit_unknown")
