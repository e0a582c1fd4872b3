"""What one case contributes to the measures, as a fold over its events up to a moment.

Where a case has been reopened, the facts are those of its present run; that it was reopened makes it a repeat.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from enum import StrEnum

from schemas.kernel.model import Frozen
from schemas.kernel.worktime import Calendar, local_day, working_days_after
from schemas.petition import events as e
from schemas.petition.rules import evolve, petitioner_satisfied
from schemas.petition.state import Card, Clock, ClockName, Complexity, Ground, Ledger, Petition, Rating, Stage


class Apart(StrEnum):
    """Closed otherwise than by a satisfied petitioner: shown apart, never counted as satisfied."""

    LEGAL_ROUTE = "legal_route"
    """不予受理 because it belongs before a court (诉访分离)."""
    DECLINED = "declined"
    TRANSFERRED = "transferred"
    WITHDRAWN = "withdrawn"
    REVIEWED = "reviewed"
    """终结 after review 复查 and re-review 复核."""
    UNREASONABLE = "unreasonable"
    """终结 as an unreasonable demand."""


class CaseFacts(Frozen):
    """One case at one moment. ``None`` in a verdict: not decided yet, or never to be.

    ``assign_on_time``, ``first_reply_on_time``: False also while it is still owed and its due instant has passed.
    ``settled_on_time``: whether the reply that stood was inside the first term (with its extensions); False as soon as that can't be any more.
    ``solved``, ``satisfied`` (with the unit, the matter being settled), ``satisfied_with_office``: by the last revisit that reached the petitioner.
    ``overdue_working_days``: working days after the due day through the day of the first reply, or, where a reply is owed now, through today; 0 also
    when the time over was no working day (``late`` says that there was some). ``owed_since``: the due instant of a reply that is owed late.
    """

    number: str
    ledger: Ledger
    complexity: Complexity
    channel: str
    category: str
    unit: str
    stage: Stage
    received_at: datetime
    ground: Ground | None = None
    apart: Apart | None = None
    closed: bool = False
    assigned_at: datetime | None = None
    assign_on_time: bool | None = None
    first_reply_at: datetime | None = None
    first_reply_on_time: bool | None = None
    settled_on_time: bool | None = None
    replies: int = 0
    reworks: int = 0
    solved: bool | None = None
    satisfied: bool | None = None
    satisfied_with_office: bool | None = None
    owes_reply_late: bool = False
    owed_since: datetime | None = None
    late: bool = False
    overdue_working_days: int = 0
    yellow_cards: int = 0
    red_cards: int = 0
    repeat: bool = False
    sealed_at: datetime | None = None


class _Run:
    """What the state alone does not keep of the present run."""

    def __init__(self, answers_before: int = 0) -> None:
        self.answers_before = answers_before
        self.assigned_at: datetime | None = None
        self.assigned_on_time = False
        self.first_term: Clock | None = None
        self.rating: Rating | None = None
        self.reworks = 0
        self.apart: Apart | None = None
        self.same_person = False

    def note(self, event: e.Event, before: Petition, after: Petition) -> None:
        """Takes from one event what the folded state will have forgotten."""
        if isinstance(event, e.Assigned) and self.assigned_at is None:
            clock = before.clock(ClockName.ASSIGN)
            self.assigned_at = event.at
            self.assigned_on_time = clock is None or event.at <= clock.due
        elif isinstance(event, e.Replied) and self.first_term is None:
            self.first_term = before.clock(ClockName.FINISH)
        elif isinstance(event, e.RevisitRecorded) and event.reached:
            self.rating = after.rating
        elif isinstance(event, e.Reworked):
            self.reworks += 1
            # The answer the petitioner was content with no longer stands; a discontent is not made undone by the next round.
            if self.rating is not None and self.rating.satisfied:
                self.rating = None
        elif isinstance(event, e.RevisitContradicted) and event.overrules:
            self.rating = None
        elif isinstance(event, e.Merged | e.Unmerged):
            self.same_person = isinstance(event, e.Merged) and event.basis == "same_person"
        self.apart = _apart(event) or self.apart


def facts_of(events: Iterable[e.Event], now: datetime, calendar: Calendar) -> CaseFacts | None:
    """The facts as of ``now`` (aware); None where the case was not yet received then. ``calendar`` counts the overdue days."""
    return next(facts_at((event for event in events if event.at <= now), calendar, lambda _: [now]), None)


def facts_at(
    events: Iterable[e.Event], calendar: Calendar, moments: Callable[[Sequence[datetime]], Iterable[datetime]]
) -> Iterator[CaseFacts]:
    """The facts after all these events, as seen at several moments (aware), if nothing else happens until then.

    ``moments`` is given the instants after which the facts change by mere passing of time, in order (the overdue days change daily besides).
    """
    state: Petition | None = None
    run = _Run()
    for event in events:
        before, state = state, evolve(state, event)
        if isinstance(event, e.Reopened):
            run = _Run(answers_before=len(state.answers))
        elif before is not None:
            run.note(event, before, state)
    if state is not None:
        for moment in moments(_turning_points(state, run)):
            yield _facts(state, run, moment, calendar)


def _turning_points(state: Petition, run: _Run) -> list[datetime]:
    """The due instants that :func:`_facts` compares with the moment."""
    dues = {clock.due for clock in state.clocks if clock.running and clock.name in (ClockName.ASSIGN, ClockName.FINISH)}
    if run.first_term is not None and state.stage is Stage.SUPERVISE:
        dues.add(run.first_term.due)
    return sorted(dues)


def _facts(state: Petition, run: _Run, now: datetime, calendar: Calendar) -> CaseFacts:
    answers = state.answers[run.answers_before :]
    finish = state.clock(ClockName.FINISH)
    owes_late = finish is not None and finish.running and not state.paused and now > finish.due
    closed = state.stage in (Stage.ARCHIVE, Stage.ARCHIVED)
    first = answers[0] if answers else None
    if first is not None:
        first_on_time: bool | None = first.on_time
    else:
        first_on_time = _kept(finish, now) if not state.paused and run.apart not in _LEAVES else None
    rating = run.rating
    if rating is not None and rating.satisfied and petitioner_satisfied(state) is False:
        # The petitioner has said otherwise since: that visit's word counts neither way, and a termination never as satisfied.
        rating = None
    return CaseFacts(
        number=state.number,
        ledger=state.ledger,
        complexity=state.complexity,
        channel=state.channel,
        category=state.category,
        unit=state.lead or state.unit,
        stage=state.stage,
        received_at=state.received_at,
        ground=state.ground if closed else None,
        apart=run.apart,
        closed=closed,
        assigned_at=run.assigned_at,
        assign_on_time=run.assigned_on_time if run.assigned_at is not None else _unassigned(state, run, now),
        first_reply_at=first.at if first else None,
        first_reply_on_time=first_on_time,
        settled_on_time=_settled(state, run, now, first_on_time),
        replies=len(answers),
        reworks=run.reworks,
        solved=rating.solved if rating else None,
        satisfied=rating.satisfied if rating else None,
        satisfied_with_office=rating.satisfied_with_office if rating else None,
        owes_reply_late=owes_late,
        owed_since=finish.due if owes_late and finish is not None else None,
        late=owes_late or first_on_time is False,
        overdue_working_days=_overdue(run, first.at if first else None, finish if owes_late else None, now, calendar),
        yellow_cards=sum(card.colour is Card.YELLOW for card in state.cards),
        red_cards=sum(card.colour is Card.RED for card in state.cards),
        repeat=state.run > 1 or run.same_person,
        sealed_at=state.sealed_at,
    )


_LEAVES = (Apart.LEGAL_ROUTE, Apart.DECLINED, Apart.TRANSFERRED)
"""Ways by which a case leaves before anybody here had to answer it: they break no promise."""


def _kept(clock: Clock | None, now: datetime) -> bool | None:
    """False if the term passed without being met, by now or by the moment it was voided; else still open."""
    if clock is None:
        return None
    return False if (clock.met_at or now) > clock.due else None


def _unassigned(state: Petition, run: _Run, now: datetime) -> bool | None:
    return None if run.apart in _LEAVES else _kept(state.clock(ClockName.ASSIGN), now)


def _settled(state: Petition, run: _Run, now: datetime, first_on_time: bool | None) -> bool | None:
    answers = state.answers[run.answers_before :]
    if not answers or run.first_term is None:
        return first_on_time
    if run.apart is not None:
        return None
    due, last = run.first_term.due, answers[-1].at
    if state.stage is Stage.SUPERVISE:
        return False if now > due else None
    if state.ground is Ground.SATISFIED:
        return last <= due
    return False if last > due else None


def _overdue(run: _Run, first_reply: datetime | None, owed: Clock | None, now: datetime, calendar: Calendar) -> int:
    if owed is not None:
        return working_days_after(calendar, owed.last_day, local_day(now))
    if first_reply is not None and run.first_term is not None and first_reply > run.first_term.due:
        return working_days_after(calendar, run.first_term.last_day, local_day(first_reply))
    return 0


def _apart(event: e.Event) -> Apart | None:
    if isinstance(event, e.Declined):
        return Apart.LEGAL_ROUTE if event.ground == "litigation" else Apart.DECLINED
    if isinstance(event, e.TransferAnswered) and event.accepted:
        return Apart.TRANSFERRED
    if isinstance(event, e.Withdrawn):
        return Apart.WITHDRAWN
    if isinstance(event, e.Terminated):
        return Apart(event.basis)
    return None
