"""The one timer of a case against the instant at which it must ring."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent

from activities.evidence.reconcile.timers import GRACE, Timer, fault, last_timer
from schemas.kernel.worktime import SHANGHAI
from schemas.petition.rules import fold, next_alarm
from tests.golden.record_decisions import Golden, golden
from workers.replay.engine_said import said

NOON = datetime(2026, 3, 2, 12, tzinfo=SHANGHAI)
HOUR = timedelta(hours=1)


def waiting() -> list[Golden]:
    """The golden histories of cases that were left open."""
    return [one for one in golden() if not said(one.history).closed]


def due(one: Golden) -> datetime | None:
    state = fold((row.event for row in one.decided), said(one.history).state)
    assert state is not None
    return next_alarm(state)


@pytest.mark.parametrize("one", waiting(), ids=lambda one: one.name)
def test_every_case_that_was_left_open_had_the_timer_it_needed(one: Golden) -> None:
    instant = due(one)
    timer = last_timer(one.history.events)
    assert fault(timer, instant, (instant or NOON) - HOUR) == ""
    if instant is not None:
        assert timer is not None
        assert timer.stands
        assert timer.earliest <= instant + timedelta(seconds=1)


def without_its_last(events: Sequence[HistoryEvent]) -> list[HistoryEvent]:
    last = max(
        (event for event in events if event.event_type == EventType.EVENT_TYPE_TIMER_STARTED),
        key=lambda event: event.event_id,
    )
    fired = HistoryEvent(event_id=len(events) + 1, event_type=EventType.EVENT_TYPE_TIMER_FIRED)
    fired.timer_fired_event_attributes.started_event_id = last.event_id
    return [*events, fired]


def test_a_timer_that_is_gone_is_missed() -> None:
    needed = {one.name: due(one) for one in waiting()}
    assert any(needed.values())
    for one in waiting():
        instant = needed[one.name]
        if instant is not None:
            gone = last_timer(without_its_last(one.history.events))
            assert fault(gone, instant, instant - HOUR) == "timer_missing"


@pytest.mark.parametrize(
    ("timer", "instant", "now", "said_of_it"),
    [
        (None, None, NOON, ""),
        (Timer(NOON, stands=True), None, NOON, ""),
        (None, NOON + HOUR, NOON, "timer_missing"),
        (Timer(NOON + HOUR, stands=False), NOON + HOUR, NOON, "timer_missing"),
        (Timer(NOON + HOUR, stands=True), NOON + HOUR, NOON, ""),
        (Timer(NOON + HOUR, stands=True), NOON + 2 * HOUR, NOON, ""),
        (Timer(NOON + 2 * HOUR, stands=True), NOON + HOUR, NOON, "timer_late"),
        (Timer(NOON, stands=True), NOON, NOON + GRACE / 2, ""),
        (Timer(NOON, stands=True), NOON, NOON + 2 * GRACE, "timer_overdue"),
        (Timer(NOON, stands=False), NOON, NOON + GRACE / 2, ""),
        (Timer(NOON, stands=False), NOON, NOON + 2 * GRACE, "timer_missing"),
    ],
)
def test_the_rule(timer: Timer | None, instant: datetime | None, now: datetime, said_of_it: str) -> None:
    assert fault(timer, instant, now) == said_of_it
