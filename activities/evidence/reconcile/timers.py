"""The one timer of a case, by the engine's history, against the next instant at which the case must ring.

The workflow (``workflows/case.py``, ``_arm``) keeps one timer and sets another only when an earlier instant is wanted; it cancels none.
What follows from that, for a run that is open and has nothing to do at the moment:

* The timer that was started last is the one it waits for, as long as it has not fired. Timers started before it that still stand ring for
  nothing and are no fault; neither is a timer that stands although nothing is due any more (the case was answered meanwhile).
* Where something is due (``next_alarm`` of the state is not None), that last timer must stand, and must ring no later than then. Earlier is
  fine: it rings, finds nothing to do, and the next is set.
* Where nothing is due, no timer is needed, and none is asked for.
* Whatever is due must not lie in the past by more than ``GRACE``: then the engine, or the worker, has not done its part.

A timer's own instant is only known up to the length of the task that set it: it was reckoned from the workflow's clock, which stands between
the task's start and the event that records the timer. The earlier of the two is taken, so that a slow task accuses nobody.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent

SLACK = timedelta(seconds=1)
"""Rounding between the workflow's clock and the engine's."""

GRACE = timedelta(minutes=5)
"""How late a case may ring before somebody should know: longer than any restart of engine and workers."""


class Timer(NamedTuple):
    """A timer of a run. ``earliest``: the earliest instant it can have been set for; ``stands``: neither fired nor cancelled."""

    earliest: datetime
    stands: bool


def last_timer(events: Sequence[HistoryEvent]) -> Timer | None:
    """The timer a run started last, or None if it never started one."""
    started: HistoryEvent | None = None
    ended: set[int] = set()
    began: dict[int, datetime] = {}
    for event in events:
        if event.event_type == EventType.EVENT_TYPE_TIMER_STARTED:
            started = event
        elif event.event_type == EventType.EVENT_TYPE_TIMER_FIRED:
            ended.add(event.timer_fired_event_attributes.started_event_id)
        elif event.event_type == EventType.EVENT_TYPE_TIMER_CANCELED:
            ended.add(event.timer_canceled_event_attributes.started_event_id)
        elif event.event_type == EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED:
            task = event.workflow_task_completed_event_attributes.started_event_id
            began[event.event_id] = _time(events[task - 1])
    if started is None:
        return None
    attributes = started.timer_started_event_attributes
    base = began.get(attributes.workflow_task_completed_event_id, _time(started))
    return Timer(base + attributes.start_to_fire_timeout.ToTimedelta(), started.event_id not in ended)


def _time(event: HistoryEvent) -> datetime:
    return event.event_time.ToDatetime(tzinfo=UTC)


def fault(timer: Timer | None, due: datetime | None, now: datetime) -> str:
    """What is wrong with the timer of a case that must ring at ``due``: the code of a disagreement, or empty."""
    if due is None:
        return ""
    if timer is None or not timer.stands:
        # Between the timer and its task there is a moment in which neither stands.
        return "timer_missing" if due > now or now - due > GRACE else ""
    if timer.earliest > due + SLACK:
        return "timer_late"
    return "timer_overdue" if now - due > GRACE else ""
