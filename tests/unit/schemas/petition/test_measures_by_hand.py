"""The measures of fourteen cases, worked out by hand from the domain's definitions ("Time", "Measures") and not by any fold of the code's.

All dates are of 2026; the calendar has plain weeks from January to March. The figures of every case: assigned within 1 working day, answered within
7, a new round within 5. A case received on Monday 2 March (whose day does not count) is so to be assigned by Tuesday 3 March 24:00 and to be answered
by Wednesday 11 March 24:00 (3, 4, 5, 6, 9, 10, 11). A yellow card falls at 9:00 of the last day of a term, a red one at its end. The day of looking
is Sunday 29 March, 10:00: its last working day is Friday 27 March.
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from functools import cache
from typing import NamedTuple

import pytest

from schemas.kernel.actor import SYSTEM
from schemas.petition import commands as c
from schemas.petition.measures import (
    RATES,
    Apart,
    CaseFacts,
    cases_of,
    cells_of,
    counted_at,
    facts_of,
    measure,
    number_of,
    numbers,
    place_in_list,
    summed,
)
from schemas.petition.measures.measure import band_of, counts_of
from schemas.petition.state import Ledger, Outcome, Stage
from tests.strategies import NEXT_STATION, REPORTED, STATION, Case, calendar, filing, moment

CALENDAR = calendar()
NOW = moment(3, 29)

REPLY = c.Reply(outcome=Outcome.EXPLAINED, text="done")
REWORK = c.Rework(reason="it still drips")
HIDDEN = c.Disclose(published=False, exemption="privacy", countersigned_by="x")
NOT_REACHED = c.RecordRevisit(reached=False)

Steps = tuple[tuple[c.Command, datetime], ...]


def said(*, solved: bool, unit: bool, office: bool) -> c.RecordRevisit:
    return c.RecordRevisit(reached=True, solved=solved, satisfied_with_unit=unit, satisfied_with_office=office)


ALL_WELL = said(solved=True, unit=True, office=True)


def handed(month: int, day: int) -> Steps:
    """Approved, assigned and accepted on one day."""
    at = moment(month, day, 11)
    return (c.Approve(), at), (c.Assign(lead=STATION), at), (c.Accept(), at)


class Verdict(NamedTuple):
    """What one case counts, as a person would note it in a table; None: it is not counted there."""

    assigned_on_time: bool | None = None
    answered_on_time: bool | None = None
    settled_on_time: bool | None = None
    solved: bool | None = None
    satisfied: bool | None = None
    satisfied_with_office: bool | None = None
    yellow: int = 0
    red: int = 0
    overdue: int = 0


class Line(NamedTuple):
    """A case of the table: its ledger, when it was received, its life, and what it counts by hand."""

    ledger: Ledger
    received: datetime
    steps: Steps
    counts: Verdict


MONDAY = moment(3, 2)

TABLE: dict[str, Line] = {
    # Everything in time, and everybody content: assigned on the 2nd (by the 3rd), answered on the 5th (by the 11th), struck off on the 9th.
    "model": Line(
        Ledger.CLAIM,
        MONDAY,
        (
            *handed(3, 2),
            (REPLY, moment(3, 5)),
            (ALL_WELL, moment(3, 6)),
            (c.SignOff(), moment(3, 6)),
            (HIDDEN, moment(3, 9)),
        ),
        Verdict(True, True, True, True, True, True),
    ),
    # Answered on Monday 16 March, due on the 11th: over by the 12th, 13th and 16th, 3 working days. Yellow on the 11th at 9:00, red at 24:00.
    # The petitioner is content with the unit and not with the petition office: rated apart.
    "late": Line(
        Ledger.CLAIM,
        MONDAY,
        (
            *handed(3, 2),
            (REPLY, moment(3, 16)),
            (said(solved=True, unit=True, office=False), moment(3, 17)),
            (c.SignOff(), moment(3, 17)),
        ),
        Verdict(True, False, False, True, True, False, yellow=1, red=1, overdue=3),
    ),
    # A hasty answer on the 3rd is in time for its own round. Sent back on the 5th: the new round ends on the 12th at 24:00 (6, 9, 10, 11, 12), so its
    # yellow card falls on the 12th at 9:00, an hour before the answer that stands, which is after the first term (the 11th): not settled on time.
    # The last visit that reached the petitioner counts. The chief has not signed: still open.
    "hasty": Line(
        Ledger.CLAIM,
        MONDAY,
        (
            *handed(3, 2),
            (REPLY, moment(3, 3)),
            (said(solved=False, unit=False, office=False), moment(3, 5)),
            (REWORK, moment(3, 5)),
            (REPLY, moment(3, 12)),
            (ALL_WELL, moment(3, 13)),
        ),
        Verdict(True, True, False, True, True, True, yellow=1),
    ),
    # Assigned on the 4th, by the 3rd it should have been: yellow on the 3rd, red at its end. Never answered: due on the 11th, over by the 12th, 13th,
    # five days of the 16th to the 20th, five of the 23rd to the 27th: 12 working days; the weekend of the look adds none. Again yellow and red.
    "owed": Line(Ledger.COMPLAINT, MONDAY, handed(3, 4), Verdict(False, False, False, yellow=2, red=2, overdue=12)),
    # Received on the 16th, to be answered by the 25th (17, 18, 19, 20, 23, 24, 25), but standing still since the 20th: not late, no card of a clock.
    # The supervisor's urging came with a yellow card.
    "paused": Line(
        Ledger.CLAIM,
        moment(3, 16),
        (
            *handed(3, 16),
            (c.Urge(text="hurry", card="yellow"), moment(3, 17)),
            (c.Pause(reason="hearing"), moment(3, 20)),
        ),
        Verdict(assigned_on_time=True, yellow=1),
    ),
    # Declined on the 5th, for it belongs before a court: shown apart, it breaks no promise. The term to assign was over by then: cards on the 3rd.
    "court": Line(
        Ledger.SUGGESTION,
        MONDAY,
        ((c.Decline(ground="litigation", notice="1"), moment(3, 5)),),
        Verdict(yellow=1, red=1),
    ),
    # Withdrawn on the 13th, two days after the answer was due, which nobody gives any more: a broken promise, but no answer and none owed.
    "withdrawn": Line(
        Ledger.CLAIM,
        MONDAY,
        (*handed(3, 2), (c.Withdraw(reason="tired of waiting"), moment(3, 13)), (c.SignOff(), moment(3, 13))),
        Verdict(True, False, False, yellow=1, red=1),
    ),
    # Answered in time, then ended as an unreasonable demand: apart, and what its petitioner thinks is in no rate.
    "unreasonable": Line(
        Ledger.COMPLAINT,
        MONDAY,
        (
            *handed(3, 2),
            (REPLY, moment(3, 10)),
            (said(solved=False, unit=False, office=False), moment(3, 11)),
            (c.Terminate(basis="unreasonable", reason="the moon"), moment(3, 12)),
        ),
        Verdict(True, True, None, False, False, False),
    ),
    # Answered in time and ended after both reviews: apart, but its discontent counts. A later visit that reached nobody changes nothing.
    "reviewed": Line(
        Ledger.CLAIM,
        MONDAY,
        (
            *handed(3, 2),
            (REPLY, moment(3, 10)),
            (said(solved=True, unit=False, office=False), moment(3, 11)),
            (NOT_REACHED, moment(3, 11, 15)),
            (c.Terminate(basis="reviewed", review="1", re_review="2", reason="final"), moment(3, 12)),
        ),
        Verdict(True, True, None, True, False, False),
    ),
    # Struck off, and opened again on the 16th: the same person with the same matter. The facts are those of the new run, to be answered by the 25th
    # and not answered: over by the 26th and 27th, 2 working days.
    "again": Line(
        Ledger.SUGGESTION,
        MONDAY,
        (
            *handed(3, 2),
            (REPLY, moment(3, 3)),
            (ALL_WELL, moment(3, 4)),
            (c.SignOff(), moment(3, 4)),
            (HIDDEN, moment(3, 5)),
            (c.Reopen(facts="it drips again", policy=REPORTED, calendar=CALENDAR), moment(3, 16)),
            *handed(3, 16),
        ),
        Verdict(True, False, False, yellow=1, red=1, overdue=2),
    ),
    # Another authority took it on the 3rd at 8:00, before any card: it is not ours to assign or to answer.
    "theirs": Line(
        Ledger.CLAIM,
        MONDAY,
        (
            (c.Transfer(to="12345", reason="lighting"), moment(3, 2)),
            (c.AnswerTransfer(accepted=True, reference="7"), moment(3, 3, 8)),
        ),
        Verdict(),
    ),
    # Received on Friday the 27th and merged with what the same person said before; to be assigned by Monday: nothing is decided yet.
    "same person": Line(
        Ledger.CLAIM, moment(3, 27), ((c.Merge(into="owed", basis="same_person"), moment(3, 27)),), Verdict()
    ),
    # Received on the 18th, to be answered by Friday the 27th 24:00 (19, 20, 23, 24, 25, 26, 27): over by a weekend only, no working day.
    "weekend": Line(
        Ledger.COMPLAINT, moment(3, 18), handed(3, 18), Verdict(True, False, False, yellow=1, red=1, overdue=0)
    ),
    # Received on Monday 5 January, to be answered by the 14th; answered on Friday 27 February: 2 working days to the 16th, five in each of the six
    # weeks after, 32 in all. The petitioner likes the unit, but it is not solved: not satisfied.
    "winter": Line(
        Ledger.SUGGESTION,
        moment(1, 5),
        (*handed(1, 5), (REPLY, moment(2, 27)), (said(solved=False, unit=True, office=False), moment(3, 2))),
        Verdict(True, False, False, False, False, False, yellow=1, red=1, overdue=32),
    ),
}

# The names behind each rate: those that hit, those that count against it. Taken from the columns above; who is in neither is not counted.
BEHIND: dict[str, tuple[set[str], set[str]]] = {
    "on_time_assignment": (
        {"model", "late", "hasty", "paused", "withdrawn", "unreasonable", "reviewed", "again", "weekend", "winter"},
        {"owed"},
    ),
    "on_time_finish": (
        {"model", "hasty", "unreasonable", "reviewed"},
        {"late", "owed", "withdrawn", "again", "weekend", "winter"},
    ),
    "settled_on_time": ({"model"}, {"late", "hasty", "owed", "withdrawn", "again", "weekend", "winter"}),
    # Answered in the present run, of all but those that left (court, theirs) or were withdrawn unanswered.
    "response": (
        {"model", "late", "hasty", "unreasonable", "reviewed", "winter"},
        {"owed", "paused", "again", "same person", "weekend"},
    ),
    # Of those reached, without the unreasonable demand.
    "resolution": ({"model", "late", "hasty", "reviewed"}, {"winter"}),
    "satisfaction": ({"model", "late", "hasty"}, {"reviewed", "winter"}),
    "office_satisfaction": ({"model", "hasty"}, {"late", "reviewed", "winter"}),
    # Sent back, of those answered.
    "rework": ({"hasty"}, {"model", "late", "unreasonable", "reviewed", "winter"}),
    # The same person again, of all.
    "repeat": ({"again", "same person"}, set(TABLE) - {"again", "same person"}),
}


NONE: set[str] = set()


@cache
def lived(name: str) -> Case:
    line = TABLE[name]
    case = Case(filing(number=name, ledger=line.ledger), line.received)
    for command, at in line.steps:
        case.do(SYSTEM, command, at=at)
    case.ring_until(NOW)
    return case


def facts(name: str) -> CaseFacts:
    found = facts_of(lived(name).events, NOW, CALENDAR)
    assert found is not None
    return found


def whole_table() -> list[CaseFacts]:
    return [facts(name) for name in TABLE]


@pytest.mark.parametrize("name", TABLE)
def test_each_case_counts_what_a_person_notes_of_it(name: str) -> None:
    found = facts(name)
    assert TABLE[name].counts == Verdict(
        found.assign_on_time,
        found.first_reply_on_time,
        found.settled_on_time,
        found.solved,
        found.satisfied,
        found.satisfied_with_office,
        found.yellow_cards,
        found.red_cards,
        found.overdue_working_days,
    )


def test_every_rate_is_over_the_cases_it_says() -> None:
    assert set(BEHIND) == set(RATES)
    cases = whole_table()
    total = measure(cases).total
    for name, (hits, misses) in BEHIND.items():
        assert tuple(map(set, cases_of(cases, name))) == (hits, misses), name
        rate = total.rates[name]
        assert (rate.numerator, rate.denominator) == (len(hits), len(hits) + len(misses)), name
    # Written out once, so that neither side is counted by code alone.
    assert {name: (rate.numerator, rate.denominator) for name, rate in total.rates.items()} == {
        "on_time_assignment": (10, 11),
        "on_time_finish": (4, 10),
        "settled_on_time": (1, 8),
        "response": (6, 11),
        "resolution": (4, 5),
        "satisfaction": (3, 5),
        "office_satisfaction": (2, 5),
        "rework": (1, 6),
        "repeat": (2, 14),
    }
    assert total.rates["on_time_finish"].ratio == 0.4
    assert measure([]).total.rates["repeat"].ratio is None


def test_the_counts_the_cards_and_the_bands_of_the_table() -> None:
    measures = measure(whole_table())
    total = measures.total
    # Closed: model, late, court, withdrawn, unreasonable, reviewed, theirs. Satisfied of these: model, late. Struck off and not reopened: model.
    assert (total.received, total.open, total.closed, total.satisfied, total.sealed) == (14, 7, 7, 2, 1)
    assert total.apart == {
        Apart.LEGAL_ROUTE: 1,
        Apart.DECLINED: 0,
        Apart.TRANSFERRED: 1,
        Apart.WITHDRAWN: 1,
        Apart.REVIEWED: 1,
        Apart.UNREASONABLE: 1,
    }
    # Yellow: owed two; late, hasty, paused, court, withdrawn, again, weekend, winter one each. Red: the same without hasty and paused.
    assert (total.yellow_cards, total.yellow_cases, total.red_cards, total.red_cases) == (10, 9, 8, 7)
    # Owed: weekend (0 days), again (2), owed (12). Answered late: late (3), winter (32). The withdrawn one has no answer and owes none.
    assert [(band.first, band.last, band.owed, band.answered) for band in total.overdue] == [
        (0, 0, 1, 0),
        (1, 3, 1, 1),
        (4, 7, 0, 0),
        (8, 15, 1, 0),
        (16, 30, 0, 0),
        (31, None, 0, 1),
    ]
    received = {ledger: each.received for ledger, each in measures.ledgers.items()}
    assert received == {Ledger.CLAIM: 8, Ledger.COMPLAINT: 3, Ledger.SUGGESTION: 3}
    # Complaints: owed, weekend (both unanswered) and the unreasonable demand (answered in time).
    complaints = measures.ledgers[Ledger.COMPLAINT]
    assert (complaints.rates["on_time_finish"].numerator, complaints.rates["on_time_finish"].denominator) == (1, 3)
    assert (complaints.yellow_cards, complaints.red_cases, complaints.open) == (3, 2, 2)


def test_the_sums_that_are_kept_say_the_same_of_the_table() -> None:
    sums: dict[Ledger, Counter[tuple[str, datetime]]] = {ledger: Counter() for ledger in Ledger}
    for name in TABLE:
        kept = cells_of(lived(name).events, CALENDAR)
        assert kept is not None
        sums[kept.ledger].update(kept.cells)
    counted = {
        ledger: counted_at(((what, since, count) for (what, since), count in cells.items()), NOW, CALENDAR)
        for ledger, cells in sums.items()
    }
    assert summed(counted) == measure(whole_table())


@pytest.mark.parametrize(
    ("days", "first"),
    [(0, 0), (1, 1), (3, 1), (4, 4), (7, 4), (8, 8), (15, 8), (16, 16), (30, 16), (31, 31), (400, 31)],
)
def test_the_band_of_so_many_days(days: int, first: int) -> None:
    assert band_of(days) == first


def test_behind_every_address_of_the_board_are_the_cases_of_the_table() -> None:
    """An address names a number; each has the cases that a person would look up in the table for it."""
    carded = {"late", "owed", "court", "withdrawn", "again", "weekend", "winter"}
    expected: dict[str, set[str]] = {
        "received": set(TABLE),
        "open": {"hasty", "owed", "paused", "again", "same person", "weekend", "winter"},
        "closed": {"model", "late", "court", "withdrawn", "unreasonable", "reviewed", "theirs"},
        "satisfied": {"model", "late"},
        "sealed": {"model"},
        "owed": {"weekend", "again", "owed"},
        **{f"owed.{place}": names for place, names in enumerate(({"weekend"}, {"again"}, NONE, {"owed"}, NONE, NONE))},
        **{f"answered.{place}": names for place, names in enumerate((NONE, {"late"}, NONE, NONE, NONE, {"winter"}))},
        "card.yellow": carded | {"hasty", "paused"},
        "card.red": carded,
        "apart.legal_route": {"court"},
        "apart.declined": NONE,
        "apart.transferred": {"theirs"},
        "apart.withdrawn": {"withdrawn"},
        "apart.reviewed": {"reviewed"},
        "apart.unreasonable": {"unreasonable"},
    }
    for name, (hits, misses) in BEHIND.items():
        expected |= {f"rate.{name}.hit": hits, f"rate.{name}.miss": misses, f"rate.{name}.all": hits | misses}
    assert set(numbers()) == set(expected)
    assert len(numbers()) == len(expected)
    for name, names in expected.items():
        number = number_of(name)
        assert number is not None, name
        assert {each for each in TABLE if number.of(counts_of(facts(each)))} == names, name


@pytest.mark.parametrize(
    "name",
    [
        *(
            "",
            "rate",
            "rate.response",
            "rate.response.some",
            "rate.speed.hit",
            "owed.6",
            "owed.-1",
            "owed.x",
            "answered",
        ),
        *("answered.6", "card", "card.green", "apart", "apart.lost", "openly", "yellow", "owed.²"),
    ],
)
def test_the_board_has_no_other_numbers(name: str) -> None:
    assert number_of(name) is None


def test_what_is_owed_is_listed_the_longest_overdue_first_and_all_else_by_its_receipt() -> None:
    owed, everything = number_of("owed"), number_of("received")
    assert owed is not None
    assert everything is not None
    cases = whole_table()
    overdue = sorted((case for case in cases if case.owes_reply_late), key=lambda case: place_in_list(owed, case))
    # Due on the 11th, the 25th, the 27th.
    assert [case.number for case in overdue] == ["owed", "again", "weekend"]
    # The newest first: received on the 27th and 18th, on the 16th the two others (the later name first), then those of 2 March, then winter.
    listed = sorted(cases, key=lambda case: place_in_list(everything, case), reverse=True)
    assert [case.number for case in listed[:4]] == ["same person", "weekend", "paused", "again"]
    assert listed[-1].number == "winter"


def test_a_case_of_which_nothing_is_known_but_its_receipt_counts_as_open_and_unanswered() -> None:
    bare = CaseFacts.model_validate(
        facts("model").model_dump(
            include={"number", "ledger", "complexity", "channel", "category", "unit", "received_at"}
        )
        | {"stage": Stage.APPROVE}
    )
    assert counts_of(bare) == {"received": 1, "open": 1, "response.of": 1, "repeat.of": 1}
    assert (bare.overdue_working_days, bare.reworks, bare.replies) == (0, 0, 0)


@pytest.mark.parametrize(("first", "on_time"), [(moment(3, 2), True), (moment(3, 4), False)])
@pytest.mark.parametrize("second", [moment(3, 6), moment(3, 9)])
def test_what_was_promised_is_the_first_assignment_and_a_return_changes_nothing_of_it(
    first: datetime, second: datetime, *, on_time: bool
) -> None:
    # To be assigned by Tuesday 3 March. The return upheld on the 5th gives the registry a term of its own for the second one, through the 6th.
    case = Case()
    for command, at in (
        (c.Approve(), MONDAY),
        (c.Assign(lead=STATION), first),
        (c.Return(reason="next door"), moment(3, 5)),
        (c.UpholdReturn(), moment(3, 5)),
        (c.Assign(lead=NEXT_STATION), second),
    ):
        case.do(SYSTEM, command, at=at)
    found = facts_of(case.events, NOW, CALENDAR)
    assert found is not None
    assert (found.assigned_at, found.assign_on_time, found.unit) == (first, on_time, NEXT_STATION)
