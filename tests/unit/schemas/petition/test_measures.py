"""Facts and measures, over cases driven through the lifecycle; recomputed as of past moments."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from schemas.kernel.actor import SYSTEM
from schemas.kernel.calendar import seed_calendar
from schemas.kernel.refusal import Refusal
from schemas.petition import commands as c
from schemas.petition.events import Event, FiledContent
from schemas.petition.measures import RATES, Apart, CaseFacts, cases_of, facts_of, measure
from schemas.petition.rules import decide, fold
from schemas.petition.state import Complexity, Ledger, Outcome
from schemas.policy import CasePolicy

CALENDAR = seed_calendar()
FIGURES = CasePolicy(version=1)
MONDAY = datetime(2026, 3, 2, 10, tzinfo=timezone(timedelta(hours=8)))
# seven working days from Monday 2 March: the term ends on Wednesday 11 March at 24:00


def at(day: int, hour: int = 10) -> datetime:
    return MONDAY.replace(day=day, hour=hour)


def filed(ledger: Ledger = Ledger.CLAIM) -> c.File:
    content = FiledContent(
        source="t",
        source_event_id="1",
        channel="letter",
        title="题",
        text="文",
        ledger=ledger,
        complexity=Complexity.COMPLEX,
        unit="XA/A3",
    )
    return c.File(number="n", content=content, policy=FIGURES, calendar=CALENDAR)


def history(*steps: tuple[c.Command, datetime], ledger: Ledger = Ledger.CLAIM) -> list[Event]:
    events: list[Event] = []
    for command, moment in ((filed(ledger), MONDAY), *steps):
        made = decide(fold(events), c.Order(actor=SYSTEM, command=command), moment)
        assert not isinstance(made, Refusal), made
        events += made
    return events


def facts(events: list[Event], now: datetime) -> CaseFacts:
    found = facts_of(events, now, CALENDAR)
    assert found is not None
    return found


def revisit(*, satisfied: bool, office: bool = True) -> c.RecordRevisit:
    return c.RecordRevisit(reached=True, solved=satisfied, satisfied_with_office=office, satisfied_with_unit=satisfied)


REPLY = c.Reply(outcome=Outcome.EXPLAINED, text="答")
TAKEN: tuple[tuple[c.Command, datetime], ...] = (
    (c.Approve(), at(2, 11)),
    (c.Assign(lead="XA/A3/01"), at(2, 12)),
    (c.Accept(), at(2, 13)),
)


def test_a_case_answered_in_time_and_signed_off() -> None:
    events = history(*TAKEN, (REPLY, at(5)), (revisit(satisfied=True), at(6)), (c.SignOff(), at(6, 11)))
    end = facts(events, at(30))
    assert (end.closed, end.assign_on_time, end.first_reply_on_time, end.settled_on_time) == (True, True, True, True)
    assert (end.solved, end.satisfied, end.satisfied_with_office, end.repeat) == (True, True, True, False)
    assert (end.unit, end.overdue_working_days, end.late, end.apart) == ("XA/A3/01", 0, False, None)


def test_the_same_events_as_of_earlier_moments() -> None:
    events = history(*TAKEN, (REPLY, at(16)), (revisit(satisfied=True), at(17)), (c.SignOff(), at(17, 11)))
    assert facts_of(events, MONDAY - timedelta(seconds=1), CALENDAR) is None
    first = facts(events, MONDAY)
    assert (first.assign_on_time, first.first_reply_on_time, first.settled_on_time) == (None, None, None)
    assert facts(events, at(11, 23)).first_reply_on_time is None
    over = facts(events, at(13))
    assert (over.owes_reply_late, over.overdue_working_days, over.first_reply_on_time) == (True, 2, False)
    assert (over.yellow_cards, over.red_cards, over.settled_on_time) == (1, 1, False)
    weekend = facts(events, at(14))
    assert weekend.overdue_working_days == 2
    answered = facts(events, at(16))
    assert (answered.owes_reply_late, answered.late, answered.overdue_working_days) == (False, True, 3)
    assert facts(events, at(30)).settled_on_time is False


def test_a_hasty_answer_earns_nothing() -> None:
    events = history(
        *TAKEN,
        (REPLY, at(3)),
        (revisit(satisfied=False), at(4)),
        (c.Rework(reason="未解决"), at(4, 11)),
        (REPLY, at(13)),
        (revisit(satisfied=True), at(16)),
        (c.SignOff(), at(16, 11)),
    )
    assert facts(events, at(3)).settled_on_time is None
    reworked = facts(events, at(5))
    assert (reworked.reworks, reworked.settled_on_time, reworked.satisfied) == (1, None, False)
    assert facts(events, at(12)).settled_on_time is False
    assert facts(events, at(13, 11)).settled_on_time is False
    end = facts(events, at(30))
    assert (end.first_reply_on_time, end.settled_on_time, end.satisfied, end.replies) == (True, False, True, 2)


def test_a_chief_who_sends_a_satisfying_answer_back_takes_the_satisfaction_with_it() -> None:
    events = history(*TAKEN, (REPLY, at(3)), (revisit(satisfied=True), at(4)), (c.Rework(reason="不实"), at(5)))
    assert facts(events, at(6)).satisfied is None


def test_a_visit_the_petitioner_contradicts_counts_neither_way_until_they_answer_again() -> None:
    no = c.Rate(solved=False, satisfied_with_office=True, satisfied_with_unit=False)
    yes = c.Rate(solved=True, satisfied_with_office=True, satisfied_with_unit=True)
    told = (*TAKEN, (REPLY, at(3)), (revisit(satisfied=True), at(4)), (no, at(5)))
    assert facts(history(*told), at(6)).satisfied is None
    assert facts(history(*told, (yes, at(6))), at(7)).satisfied is True
    ended = facts(history(*told, (c.Terminate(basis="unreasonable", reason="x"), at(6))), at(7))
    assert (ended.satisfied, ended.solved, ended.apart) == (None, None, Apart.UNREASONABLE)
    assert facts(history(*TAKEN, (REPLY, at(3)), (yes, at(4))), at(5)).satisfied is None, "only a visit counts"


def test_a_reply_inside_the_first_term_may_stand_after_rework() -> None:
    events = history(
        *TAKEN,
        (REPLY, at(3)),
        (revisit(satisfied=False), at(3, 12)),
        (c.Rework(reason="未解决"), at(4)),
        (REPLY, at(6)),
        (revisit(satisfied=True), at(9)),
    )
    assert facts(events, at(6, 12)).settled_on_time is None
    assert facts(events, at(9)).settled_on_time is True


def test_a_promise_broken_before_the_withdrawal_stays_broken() -> None:
    late = facts(history(*TAKEN, (c.Withdraw(reason="不等了"), at(13))), at(20))
    assert (late.apart, late.first_reply_on_time, late.closed) == (Apart.WITHDRAWN, False, False)
    early = facts(history((c.Withdraw(reason="误投"), at(2, 12))), at(20))
    assert (early.assign_on_time, early.first_reply_on_time) == (None, None)


@pytest.mark.parametrize(
    ("steps", "apart"),
    [
        (((c.Decline(ground="litigation", notice="1号"), at(6)),), Apart.LEGAL_ROUTE),
        (((c.Decline(ground="not_competent", notice="1号"), at(6)),), Apart.DECLINED),
        (
            (
                (c.Transfer(to="住建局", reason="职权"), at(2, 12)),
                (c.AnswerTransfer(accepted=True, reference="7"), at(3)),
            ),
            Apart.TRANSFERRED,
        ),
        (
            (
                *TAKEN,
                (REPLY, at(5)),
                (revisit(satisfied=False), at(6)),
                (c.Terminate(basis="unreasonable", reason="无理"), at(9)),
            ),
            Apart.UNREASONABLE,
        ),
        (
            (
                *TAKEN,
                (REPLY, at(5)),
                (revisit(satisfied=False), at(6)),
                (c.Terminate(basis="reviewed", review="1", re_review="2", reason="终"), at(9)),
            ),
            Apart.REVIEWED,
        ),
    ],
)
def test_what_closes_otherwise_is_shown_apart_and_never_as_satisfied(steps: Any, apart: Apart) -> None:
    case = facts(history(*steps), at(30))
    assert (case.closed, case.apart, case.settled_on_time) == (True, apart, None)
    total = measure([case]).total
    assert (total.closed, total.satisfied, total.apart[apart]) == (1, 0, 1)
    assert total.rates["satisfaction"].numerator == 0
    assert total.rates["satisfaction"].denominator == (apart is Apart.REVIEWED)
    assert total.rates["response"].denominator == (apart in (Apart.REVIEWED, Apart.UNREASONABLE))
    if apart in (Apart.LEGAL_ROUTE, Apart.DECLINED, Apart.TRANSFERRED):
        assert (case.assign_on_time, case.first_reply_on_time, case.late) == (None, None, False)


def test_a_paused_case_is_not_late_and_an_extended_term_counts_in_full() -> None:
    paused = history(*TAKEN, (c.Pause(reason="hearing"), at(9)))
    assert facts(paused, at(13)).first_reply_on_time is None
    assert not facts(paused, at(13)).owes_reply_late
    extended = history(
        *TAKEN,
        (c.RequestExtension(days=3, reason="鉴定"), at(9)),
        (c.GrantExtension(told="延三日"), at(10)),
        (REPLY, at(16)),
        (revisit(satisfied=True), at(17)),
    )
    assert facts(extended, at(18)).settled_on_time is True


def test_who_comes_again_is_a_repeat() -> None:
    merged = history((c.Merge(into="m", basis="same_person"), at(2, 11)))
    assert facts(merged, at(3)).repeat
    others = history((c.Merge(into="m", basis="same_matter"), at(2, 11)))
    assert not facts(others, at(3)).repeat
    undone = history((c.Merge(into="m", basis="same_person"), at(2, 11)), (c.Unmerge(reason="误并"), at(2, 12)))
    assert not facts(undone, at(3)).repeat


def test_a_reopened_case_starts_its_facts_anew_and_counts_as_repeat() -> None:
    sealed = history(
        *TAKEN,
        (REPLY, at(13)),
        (revisit(satisfied=True), at(16)),
        (c.SignOff(), at(16, 11)),
        (c.Disclose(published=False, exemption="privacy", countersigned_by="x"), at(17)),
        (c.Account(no_fault=True), at(17, 11)),
        (c.Reopen(facts="又漏了", policy=FIGURES, calendar=CALENDAR), at(20)),
    )
    before, after = facts(sealed, at(19)), facts(sealed, at(21))
    assert (before.first_reply_on_time, before.repeat, measure([before]).total.sealed) == (False, False, 1)
    assert (after.first_reply_on_time, after.replies, after.repeat, after.satisfied) == (None, 0, True, None)


def test_every_rate_traces_to_its_cases_and_every_ledger_is_there() -> None:
    good = history(*TAKEN, (REPLY, at(5)), (revisit(satisfied=True), at(6)), (c.SignOff(), at(6, 11)))
    late = history(*TAKEN, ledger=Ledger.COMPLAINT)
    cases = [facts(good, at(13)), facts(late, at(13)).model_copy(update={"number": "late"})]
    measures = measure(cases)
    for name, rate in measures.total.rates.items():
        hits, misses = cases_of(cases, name)
        assert (rate.numerator, rate.denominator) == (len(hits), len(hits) + len(misses)), name
        assert rate.ratio == (rate.numerator / rate.denominator if rate.denominator else None)
    assert cases_of(cases, "on_time_finish") == (("n",), ("late",))
    assert set(measures.ledgers) == set(Ledger)
    assert set(measures.total.rates) == set(RATES)
    assert [band.owed for band in measures.total.overdue] == [0, 1, 0, 0, 0, 0]
    assert measures.ledgers[Ledger.SUGGESTION].received == 0
