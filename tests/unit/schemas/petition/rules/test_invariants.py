"""What must hold in every life of a petition, whoever tries whatever, whenever."""

from __future__ import annotations

import itertools
from collections import Counter
from datetime import datetime, timedelta
from typing import NamedTuple

from hypothesis import HealthCheck, given, settings
from pydantic import TypeAdapter

from schemas.kernel.actor import SYSTEM, Role
from schemas.kernel.refusal import Refusal
from schemas.kernel.units import within
from schemas.petition import events as e
from schemas.petition.commands import Order, RingAlarm
from schemas.petition.rules import decide, fold, is_accused, may_see, next_alarm
from schemas.petition.rules.clocks import running
from schemas.petition.rules.ladder import rungs
from schemas.petition.state import ClockName, Ground, Petition, Stage
from tests.strategies import MONDAY, PEOPLE, Step, filings, play, scripts

EVENT: TypeAdapter[e.Event] = TypeAdapter(e.Event)
FRESH_TERMS = ("rework", "reopen", "return_upheld", "recused", "accused")
"""Terms that begin anew, with a ladder of their own; others are only longer, or counted again."""

PROMISES = (ClockName.ASSIGN, ClockName.FINISH)

MANY = settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])


class Lived(NamedTuple):
    """One step: the state before, what was asked when, what was answered, and the state after."""

    before: Petition | None
    order: Order
    at: datetime
    answer: list[e.Event] | Refusal
    after: Petition | None

    @property
    def events(self) -> list[e.Event]:
        return [] if isinstance(self.answer, Refusal) else self.answer


def live(steps: list[Step]) -> list[Lived]:
    story: list[Lived] = []
    state: Petition | None = None
    now = MONDAY
    for order, pause in steps:
        now += pause
        answer = decide(state, order, now)
        after = state if isinstance(answer, Refusal) else fold(answer, state)
        story.append(Lived(state, order, now, answer, after))
        state = after
    return story


def check_time_belongs_to_one_unit_and_stage(state: Petition) -> None:
    run = [span for span in state.spans if span.since >= state.received_at]
    assert run[0].since == state.received_at
    for span, following in itertools.pairwise(run):
        assert span.until == following.since
        assert span.since <= following.since
    assert (run[-1].until is None) == state.open
    assert all(span.unit for span in run)
    whole = sum((span.until - span.since for span in run if span.until is not None), timedelta())
    assert whole == (run[-1].until or run[-1].since) - state.received_at
    if state.open:
        assert (run[-1].stage, run[-1].paused) == (state.stage, state.paused)


def check_the_record_never_goes_back(step: Lived) -> None:
    latest = step.before.touched_at if step.before is not None else step.events[0].at
    for event in step.events:
        assert latest <= event.at <= max(step.at, latest)
        latest = event.at


def check_closed_only_satisfied_or_lawfully(step: Lived, state: Petition) -> None:
    if state.stage in (Stage.ARCHIVE, Stage.ARCHIVED):
        assert state.ground is not None
    if state.ground is Ground.SATISFIED:
        assert state.rating is not None
        assert state.rating.satisfied
        assert state.stage in (Stage.SIGN_OFF, Stage.ARCHIVE, Stage.ARCHIVED)
    for event in step.events:
        if isinstance(event, e.SignedOff):
            assert event.ground in (Ground.SATISFIED, Ground.WITHDRAWN)
        if isinstance(event, e.Sealed):
            assert state.accounted
            assert state.disclosed is not None


def check_the_petitioners_word_stands(step: Lived, events: list[e.Event]) -> None:
    """``events``: all so far. Written without the state, from what was said: by them, since the last reply or rework."""
    said: e.Rated | None = None
    for event in events:
        if isinstance(event, e.Replied | e.Reworked | e.Reopened):
            said = None
        elif isinstance(event, e.Rated):
            assert not (event.taken_down and said and not said.taken_down and not _glad(said)), "their no is undone"
            said = event
        elif isinstance(event, e.RevisitRecorded) and said is not None:
            for name in ("solved", "satisfied_with_unit", "satisfied_with_office"):
                assert getattr(said, name) or not getattr(event, name), "a visit says yes where they said no"
        elif isinstance(event, e.SignedOff) and event.ground is Ground.SATISFIED:
            assert said is None or _glad(said), "closed as satisfied against their word"
    rated = next((event for event in step.events if isinstance(event, e.Rated)), None)
    if rated is not None:
        assert step.before is not None
        assert step.after is not None
        assert step.after.stage is step.before.stage, "a rating moves nothing"
        assert step.after.ground == step.before.ground
        assert step.order.actor.id == f"petitioner-{step.after.number}" or rated.taken_down


def _glad(said: e.Rated) -> bool:
    return said.solved and said.satisfied_with_unit


def check_the_accused_neither_act_nor_see(step: Lived, state: Petition) -> None:
    who = step.order.actor
    if step.before is not None and who.role is not Role.SYSTEM and is_accused(step.before, who):
        assert isinstance(step.answer, Refusal)
    for person in PEOPLE:
        named = person.id in state.accused_persons or any(within(person.unit, unit) for unit in state.accused_units)
        assert not (named and may_see(state, person))
    # Where nobody works on a case any more, who did stays in it.
    at_work = state.stage not in (Stage.ARCHIVE, Stage.ARCHIVED) and state.ground is not Ground.WITHDRAWN
    for office in state.offices if at_work else ():
        assert not any(within(office, unit) for unit in (*state.accused_units, *state.conflicted_units))


def check_answers_and_revisits(step: Lived) -> None:
    before = step.before
    if before is None:
        return
    for event in step.events:
        if isinstance(event, e.Replied):
            assert event.on_time == (event.at <= event.due)
            if not event.following:
                assert all(office.reported or office.waived for office in before.co_offices)
                assert before.accepted_at is not None
                assert event.unit == before.lead
        if isinstance(event, e.RevisitRecorded) and step.order.actor.role is Role.VISITOR:
            assert step.order.actor.unit not in (*before.offices, *(answer.unit for answer in before.answers))


def check_extensions_and_pauses(step: Lived, state: Petition) -> None:
    assert state.extended <= state.policy.extensions
    assert state.stood_still <= state.policy.pause_days
    for event in step.events:
        if isinstance(event, e.ExtensionGranted):
            assert step.before is not None
            assert event.days <= step.before.policy.extension_days
        if isinstance(event, e.ClockSet) and event.why in ("standstill", "extension"):
            assert event.old_due is not None
            assert event.clock.due > event.old_due


def check_no_chief_is_told_before_the_red_card(state: Petition) -> None:
    """The next alarm is found without looking higher than that card."""
    for clock in running(state):
        if clock.name in PROMISES and not clock.provisional:
            ladder = rungs(state, clock.model_copy(update={"rung": ("reminder", "yellow", "red")}))
            assert all(rung.at >= max(clock.due, state.touched_at) for rung in ladder)


def check_a_decision_is_pure(step: Lived) -> None:
    copy = step.before.model_copy(deep=True) if step.before is not None else None
    assert decide(step.before, step.order, step.at) == step.answer
    assert copy == step.before
    if isinstance(step.answer, Refusal):
        assert "{" not in step.answer.zh + step.answer.en
        assert step.answer.zh
        assert step.answer.en


def check_every_rung_rings_once_for_each_term(events: list[e.Event]) -> None:
    rung: Counter[tuple[object, ...]] = Counter()
    terms: Counter[str] = Counter()
    for event in events:
        if isinstance(event, e.ClockSet) and event.why in FRESH_TERMS:
            terms[event.clock.name] += 1
        if isinstance(event, e.Escalated):
            rung[event.clock, terms[event.clock], event.rung] += 1
    assert all(times == 1 for times in rung.values())


def check_rounds_are_counted(state: Petition, events: list[e.Event]) -> None:
    assert state.seq == len(events)
    assert state.round == 1 + sum(event.kind in ("reworked", "reopened") for event in events)
    assert state.run == 1 + sum(event.kind == "reopened" for event in events)
    assert len(state.answers) == sum(event.kind == "replied" for event in events)
    assert list(state.answers) == sorted(state.answers, key=lambda answer: answer.round)


@MANY
@given(scripts())
def test_what_holds_in_every_life(steps: list[Step]) -> None:
    story = live(steps)
    so_far: list[e.Event] = []
    for step in story:
        so_far += step.events
        check_a_decision_is_pure(step)
        if step.after is None or not step.events:
            continue
        check_time_belongs_to_one_unit_and_stage(step.after)
        check_the_record_never_goes_back(step)
        check_closed_only_satisfied_or_lawfully(step, step.after)
        check_the_accused_neither_act_nor_see(step, step.after)
        check_answers_and_revisits(step)
        check_the_petitioners_word_stands(step, so_far)
        check_extensions_and_pauses(step, step.after)
        check_no_chief_is_told_before_the_red_card(step.after)
    state = story[-1].after
    events = [event for step in story for event in step.events]
    assert fold(events) == state
    assert play(steps) == (state, events)
    check_every_rung_rings_once_for_each_term(events)
    if state is not None:
        check_rounds_are_counted(state, events)


@MANY
@given(scripts())
def test_alarms_on_time_or_late_make_the_same_record(steps: list[Step]) -> None:
    """A timer at each alarm, or nobody until the next order: the record is the same, each event at its own instant."""
    _, late = play(steps)
    state: Petition | None = None
    events: list[e.Event] = []
    now = MONDAY
    for order, pause in steps:
        now += pause
        while state is not None and (instant := next_alarm(state)) is not None and instant < now:
            rung = decide(state, Order(actor=SYSTEM, command=RingAlarm()), instant)
            assert not isinstance(rung, Refusal)
            state, events = fold(rung, state), events + rung
        answer = decide(state, order, now)
        if not isinstance(answer, Refusal):
            state, events = fold(answer, state), events + answer
    # Behind the last order that was not refused, the timer alone has gone on.
    assert events[: len(late)] == late
    alone = {event.kind for event in events[len(late) :]}
    assert alone <= {"escalated", "resumed", "clock_set", "transfer_timed_out"}


@settings(MANY, max_examples=60)
@given(scripts())
def test_orders_events_and_states_survive_json_without_their_defaults(steps: list[Step]) -> None:
    for order, _ in steps:
        assert Order.model_validate_json(order.model_dump_json(exclude_defaults=True)) == order
    state, events = play(steps)
    for event in events:
        assert EVENT.validate_json(event.model_dump_json(exclude_defaults=True)) == event
    if state is not None:
        assert Petition.model_validate_json(state.model_dump_json(exclude_defaults=True)) == state


@settings(MANY, max_examples=60)
@given(filings())
def test_a_case_is_filed_only_once(order: Order) -> None:
    decided = decide(None, order, MONDAY)
    assert not isinstance(decided, Refusal)
    again = decide(fold(decided), order, MONDAY)
    assert isinstance(again, Refusal)
    assert again.code == "already_filed"
