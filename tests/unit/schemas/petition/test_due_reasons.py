"""Every due date explains itself, in whatever life: the days shown are those that were counted, and what moved it adds up."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import HealthCheck, given, settings

from schemas.kernel.actor import SYSTEM
from schemas.kernel.worktime import local_day
from schemas.petition import commands as c
from schemas.petition import events as e
from schemas.petition.state import ClockName, Outcome
from schemas.petition.wording.due_reasons import CountedDay, Explained, due_reasons
from schemas.petition.wording.narration import narrate
from tests.strategies import (
    BRANCH_CHIEF,
    HANDLER,
    MONDAY,
    STATION,
    SUPERVISOR,
    VISITOR,
    Case,
    Step,
    calendar,
    moment,
    play,
    scripts,
)


def explained(case: Case, name: ClockName) -> Explained:
    reasons = due_reasons(case.events, case.now)
    assert reasons is not None
    return next(clock for clock in reasons.clocks if clock.clock is name)


def day(clock: Explained, number: int) -> CountedDay:
    return next(each for each in clock.counted if each.number == number)


def in_hand() -> Case:
    """A case that its office has accepted, on its first day."""
    case = Case()
    case.do(BRANCH_CHIEF, c.Approve())
    case.do(SUPERVISOR, c.Assign(lead=STATION))
    case.do(HANDLER, c.Accept())
    return case


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(scripts())
def test_in_any_life_the_days_shown_are_the_days_counted(steps: list[Step]) -> None:
    state, events = play(steps)
    reasons = due_reasons(events, MONDAY + timedelta(days=400))
    assert (reasons is None) == (state is None)
    if reasons is None or state is None:
        return
    assert [clock.clock for clock in reasons.clocks] == [clock.name for clock in state.clocks]
    for clock in reasons.clocks:
        counted = [each for each in clock.counted if each.counted]
        assert [each.number for each in counted] == list(range(1, clock.days + 1))
        assert counted[-1].day == clock.last_day == clock.counted[-1].day
        assert clock.counted[0].day == local_day(clock.base)
        assert clock.counted[0].reason == "receipt_day"
        assert clock.granted >= 1
        assert clock.granted + sum(move.days for move in clock.moved) == clock.days
        if clock.working:
            assert any(each.provisional for each in clock.counted[1:]) == clock.provisional
        if clock.moved:
            assert clock.moved[-1].due == clock.due


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(scripts())
def test_any_life_can_be_told_in_both_languages(steps: list[Step]) -> None:
    for event in play(steps)[1]:
        for sentence in narrate(event):
            assert sentence
            assert sentence != event.kind
            assert not set("{}[]") & set(sentence)


def test_a_clock_that_is_resumed_is_told_in_a_sentence_where_nothing_more_is_to_be_said() -> None:
    assert narrate(e.Resumed(at=datetime(2026, 3, 2, 2, tzinfo=UTC))) == ("恢复计时", "the clock runs again")


def test_a_new_case_says_rule_days_and_version() -> None:
    clock = explained(Case(), ClockName.FINISH)
    assert (clock.granted, clock.days, clock.state, clock.promise) == (7, 7, "running", True)
    assert "finish_days" in clock.rule_zh
    assert "7 working days" in clock.rule_en
    assert [each.reason for each in clock.counted[:7]] == [
        "receipt_day",
        *("working_day",) * 4,
        "weekend",
        "weekend",
    ]
    assert day(clock, 7).day == moment(3, 11).date()
    statute = explained(Case(), ClockName.STATUTE_FINISH)
    assert (statute.promise, statute.working, len(statute.counted)) == (False, False, 61)


def test_an_extension_shows_what_it_moved() -> None:
    case = in_hand()
    case.do(HANDLER, c.RequestExtension(days=3, reason="appraisal takes longer"))
    case.do(BRANCH_CHIEF, c.GrantExtension(told="told"))
    clock = explained(case, ClockName.FINISH)
    assert (clock.granted, clock.days) == (7, 10)
    assert [(move.why, move.days) for move in clock.moved] == [("extension", 3)]
    assert clock.moved[0].old_due is not None
    assert clock.moved[0].old_due < clock.due


def test_a_pause_marks_its_days_and_lengthens_the_term() -> None:
    case = in_hand()
    case.do(HANDLER, c.Pause(reason="hearing"), at=moment(3, 3))
    assert explained(case, ClockName.FINISH).state == "standing_still"
    case.do(HANDLER, c.Resume(), at=moment(3, 5))
    clock = explained(case, ClockName.FINISH)
    assert [(move.why, move.days) for move in clock.moved] == [("standstill", 2)]
    assert [each.day.day for each in clock.counted if each.paused] == [4, 5]


def test_a_rework_begins_a_term_of_its_own() -> None:
    case = in_hand()
    case.do(HANDLER, c.Reply(outcome=Outcome.EXPLAINED, text="done"), at=moment(3, 4))
    case.do(VISITOR, c.RecordRevisit(reached=True, solved=False), at=moment(3, 5))
    case.do(VISITOR, c.Rework(reason="not solved"), at=moment(3, 5, 11))
    clock = explained(case, ClockName.FINISH)
    assert (clock.granted, clock.moved, clock.base_day.day) == (5, (), 5)
    assert "rework_days" in clock.rule_zh


def test_a_new_calendar_is_told_and_the_old_terms_keep_the_old_days() -> None:
    case = in_hand()
    holiday = calendar(version=2).model_copy(update={"off": (moment(3, 4).date(),)})
    case.do(SYSTEM, c.RecomputeDue(calendar=holiday), at=moment(3, 3))
    finish, assign = explained(case, ClockName.FINISH), explained(case, ClockName.ASSIGN)
    assert [(move.why, move.days) for move in finish.moved] == [("calendar", 0)]
    assert finish.calendar_version == 2
    assert next(each for each in finish.counted if each.day.day == 4).reason == "holiday"
    assert (assign.state, assign.calendar_version) == ("met", 1)
