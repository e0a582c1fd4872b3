"""The ladder: every rung at its instant, exactly once, whoever rings first."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from schemas.kernel.actor import SYSTEM, Role
from schemas.kernel.refusal import Refusal
from schemas.petition import commands as c
from schemas.petition import events as e
from schemas.petition.rules import decide, fold, next_alarm
from schemas.petition.state import Card, ClockName, Complexity, Outcome
from schemas.policy import CasePolicy
from tests.strategies import (
    BRANCH,
    BRANCH_CHIEF,
    BRANCH_DESK,
    CITY,
    CITY_CHIEF,
    CITY_DESK,
    HANDLER,
    MONDAY,
    OPERATOR,
    REPORTED,
    STATION,
    SUPERVISOR,
    Case,
    actor,
    calendar,
    filing,
    moment,
)

RING = c.Order(actor=SYSTEM, command=c.RingAlarm())
TICK = timedelta(microseconds=1)


def working(order: c.Order | None = None, at: datetime = MONDAY) -> Case:
    """A case in its lead office's hands."""
    case = Case(order, at)
    case.do(BRANCH_CHIEF, c.Approve())
    case.do(SUPERVISOR, c.Assign(lead=STATION))
    case.do(HANDLER, c.Accept())
    return case


def rungs(events: list[e.Event], clock: ClockName) -> list[tuple[str, datetime, str]]:
    return [
        (event.rung, event.at, event.unit)
        for event in events
        if isinstance(event, e.Escalated) and event.clock is clock
    ]


def test_the_promise_to_finish_rings_at_its_instants() -> None:
    case = working()
    rung = case.ring_until(moment(3, 31))
    assert rungs(rung, ClockName.FINISH) == [
        ("reminder", moment(3, 6, 9), STATION),  # the fourth of seven days
        ("yellow", moment(3, 11, 9), STATION),
        ("red", moment(3, 12, 0), STATION),
        ("up1", moment(3, 13, 0), BRANCH),
        ("up2", moment(3, 14, 0), CITY),
    ]
    by_name = {event.rung: event for event in rung if isinstance(event, e.Escalated)}
    assert {name: event.card for name, event in by_name.items()} == {
        "reminder": None,
        "yellow": Card.YELLOW,
        "red": Card.RED,
        "up1": None,
        "up2": None,
    }
    assert by_name["reminder"].role is Role.HANDLER
    assert by_name["red"].role is Role.CHIEF
    assert [card.colour for card in case.state.cards] == [Card.YELLOW, Card.RED]


def test_a_further_working_day_skips_the_weekend() -> None:
    case = working(filing(policy=CasePolicy(version=1, finish_days=4)))
    rung = case.ring_until(moment(3, 31))
    assert rungs(rung, ClockName.FINISH)[2:] == [
        ("red", moment(3, 7, 0), STATION),
        ("up1", moment(3, 10, 0), BRANCH),
        ("up2", moment(3, 11, 0), CITY),
    ]


def test_a_term_of_one_day_reminds_and_warns_in_the_same_morning() -> None:
    case = Case()
    rung = case.ring_until(moment(3, 4, 0))
    assert rungs(rung, ClockName.ASSIGN) == [
        ("reminder", moment(3, 3, 9), BRANCH),
        ("yellow", moment(3, 3, 9), BRANCH),
        ("red", moment(3, 4, 0), BRANCH),
    ]


def test_the_statute_warns_the_accountable_chief_and_reports_its_breach_to_the_city() -> None:
    case = Case()
    rung = case.ring_until(moment(5, 31))
    assert rungs(rung, ClockName.STATUTE_ACCEPT) == [
        ("warning", moment(3, 12, 9), BRANCH),
        ("breach", moment(3, 18, 0), CITY),
    ]
    told = [event for event in rung if isinstance(event, e.Escalated) and event.rung in ("warning", "breach")]
    assert [(event.role, event.card) for event in told] == [(Role.CHIEF, None)] * 4
    assert [name for name, _, _ in rungs(rung, ClockName.STATUTE_FINISH)] == ["warning", "breach"]
    assert next_alarm(case.state) is None


def test_an_office_at_the_top_has_nobody_above_it() -> None:
    case = working()
    case.do(HANDLER, c.Return(reason="a city matter"))
    case.do(SUPERVISOR, c.UpholdReturn())
    case.do(SUPERVISOR, c.Assign(lead=CITY))
    rung = case.ring_until(moment(4, 30))
    assert [name for name, _, _ in rungs(rung, ClockName.FINISH)] == ["reminder", "yellow", "red"]


def test_an_answer_at_the_due_instant_is_in_time_and_one_later_finds_the_red_card() -> None:
    for late, last in ((timedelta(0), "yellow"), (TICK, "red")):
        case = working()
        case.do(HANDLER, c.Reply(outcome=Outcome.EXPLAINED, text="done"), at=moment(3, 12, 0) + late)
        assert rungs(case.events, ClockName.FINISH)[-1][0] == last
        assert case.ring_until(moment(4, 30)) == []


def test_rungs_missed_in_an_outage_are_recorded_each_at_its_own_instant() -> None:
    on_time, late = working(), working()
    rung = on_time.ring_until(moment(3, 20))
    late.now = moment(3, 20)
    assert late.do(SYSTEM, c.RingAlarm()) == rung
    again = late.ask(SYSTEM, c.RingAlarm())
    assert isinstance(again, Refusal)
    assert again.code == "nothing_due"


@pytest.mark.parametrize("pause", [False, True])
def test_a_late_command_makes_the_same_record_as_timers_on_time(*, pause: bool) -> None:
    on_time, late = working(), working()
    for case in (on_time, late):
        if pause:
            case.do(HANDLER, c.Pause(reason="hearing"))
    on_time.ring_until(moment(4, 20))
    for case in (on_time, late):
        case.do(SUPERVISOR, c.Urge(text="well?"), at=moment(4, 20))
    assert late.events == on_time.events


def test_rungs_are_not_rung_again_by_a_longer_term_and_red_waits_for_its_end() -> None:
    case = working()
    case.ring_until(moment(3, 11, 10))
    case.do(HANDLER, c.RequestExtension(days=2, reason="a part is missing"))
    case.do(BRANCH_CHIEF, c.GrantExtension(told="a part is missing"))
    rung = case.ring_until(moment(3, 14, 0))
    assert rungs(rung, ClockName.FINISH) == [("red", moment(3, 14, 0), STATION)]


def test_a_new_round_has_a_ladder_of_its_own() -> None:
    case = working()
    case.ring_until(moment(3, 11, 10))
    case.do(HANDLER, c.Reply(outcome=Outcome.EXPLAINED, text="done"))
    case.do(BRANCH_CHIEF, c.Rework(reason="not enough"))
    rung = case.ring_until(moment(3, 19, 0))
    assert [name for name, _, _ in rungs(rung, ClockName.FINISH)] == ["reminder", "yellow", "red"]


def test_the_statute_runs_again_in_a_new_round_and_breaks_then_at_the_latest() -> None:
    case = working()
    case.do(HANDLER, c.Reply(outcome=Outcome.EXPLAINED, text="done"))
    reworked = moment(5, 20)
    case.do(BRANCH_CHIEF, c.Rework(reason="not enough"), at=reworked)
    rung = case.ring_until(reworked)
    assert rungs(rung, ClockName.STATUTE_FINISH) == [("warning", reworked, BRANCH), ("breach", reworked, CITY)]


def test_no_red_card_falls_on_a_provisional_day_until_the_notice_is_in() -> None:
    case = working(at=moment(12, 28))
    rung = case.ring_until(moment(1, 20, year=2027))
    assert [name for name, _, _ in rungs(rung, ClockName.FINISH)] == ["reminder", "yellow"]
    published = case.do(SYSTEM, c.RecomputeDue(calendar=calendar(version=2, years=(2026, 2027))))
    assert all(event.kind != "escalated" for event in published)
    rung = case.ring_until(moment(1, 20, year=2027))
    assert rungs(rung, ClockName.FINISH) == [
        ("red", moment(1, 20, year=2027), STATION),
        ("up1", moment(1, 20, year=2027), BRANCH),
        ("up2", moment(1, 20, year=2027), CITY),
    ]


def test_the_promise_rings_nothing_while_it_stands_still() -> None:
    case = working()
    case.do(HANDLER, c.Pause(reason="appraisal"))
    case.ring_until(moment(3, 16, 23))
    assert rungs(case.events, ClockName.FINISH) == []


def test_a_hand_over_after_the_term_puts_no_rung_before_what_is_recorded() -> None:
    """The city's chief is late to approve; the registry below gets a longer ladder, whose lower rungs lie in the past."""
    heard = filing(by=actor(Role.OPERATOR, BRANCH_DESK), unit=BRANCH)
    case = Case(heard)
    assert case.state.accountable == CITY
    case.ring_until(moment(3, 10))
    assert [name for name, _, _ in rungs(case.events, ClockName.ASSIGN)] == ["reminder", "yellow", "red"]
    handed_over = moment(3, 10, 11)
    case.do(CITY_CHIEF, c.Approve(), at=handed_over)
    rung = case.ring_until(moment(3, 10, 12))
    assert rungs(rung, ClockName.ASSIGN) == [("up1", handed_over, BRANCH), ("up2", handed_over, CITY)]
    assert case.state.spans[-1].unit == BRANCH_DESK


@pytest.mark.parametrize(
    "command", [c.Return(reason="not ours"), c.Merge(into="XA-2026-S-000002", basis="same_matter")]
)
def test_an_office_pays_only_for_its_own_time(command: c.Command) -> None:
    """While its objection is decided, or the case follows another, the registry is late, not the office."""
    case = working()
    case.do(HANDLER if isinstance(command, c.Return) else OPERATOR, command)
    case.ring_until(moment(3, 12, 0))
    assert {card.unit for card in case.state.cards} == {CITY_DESK}


def test_a_limit_comes_before_a_rung_of_the_same_instant() -> None:
    case = Case(filing(policy=REPORTED.model_copy(update={"transfer_days": 1})))
    case.do(BRANCH_CHIEF, c.Transfer(to="12345", reason="street lighting"))
    kinds = [event.kind for event in case.ring_until(moment(3, 4, 0))]
    assert kinds[-2:] == ["transfer_timed_out", "escalated"]


def test_a_limit_alone_is_an_alarm_too() -> None:
    case = Case(filing(complexity=Complexity.SIMPLE))
    case.do(actor(Role.CHIEF, STATION), c.Transfer(to="12345", reason="street lighting"))
    bare = case.state.model_copy(update={"clocks": ()})
    assert next_alarm(bare) == moment(3, 5, 0)
    rung = decide(bare, RING, moment(3, 5, 0))
    assert not isinstance(rung, Refusal)
    after = fold(rung, bare)
    assert after is not None
    assert next_alarm(after) is None


def test_only_the_system_rings() -> None:
    case = working()
    case.now = moment(3, 31)
    refusal = case.ask(HANDLER, c.RingAlarm())
    assert isinstance(refusal, Refusal)
    assert refusal.code == "role_wrong"


def test_a_red_card_stays_when_a_later_calendar_moves_the_due_date() -> None:
    case = working(at=moment(9, 18))
    case.ring_until(moment(9, 29, 9))
    red = case.state.cards[-1]
    assert red.colour is Card.RED
    off = tuple(sorted((*calendar().off, moment(9, 28).date())))
    holiday = calendar(version=2).model_copy(update={"off": off})
    case.do(SYSTEM, c.RecomputeDue(calendar=holiday))
    finish = case.state.clock(ClockName.FINISH)
    assert finish is not None
    assert finish.due > red.at
    rung = case.ring_until(finish.due)
    assert red in case.state.cards
    assert rungs(rung, ClockName.FINISH) == []
