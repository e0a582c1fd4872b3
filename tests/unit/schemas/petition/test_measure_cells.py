"""Sums that are kept say at every later moment what counting the cases anew would say."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.kernel.actor import SYSTEM
from schemas.kernel.worktime import at_hour, local_day
from schemas.petition import commands as c
from schemas.petition.events import Event
from schemas.petition.measures import (
    AGE_BANDS,
    band_bounds,
    cells_of,
    counted_at,
    facts_of,
    measure,
    number_of,
    numbers,
    overdue_days,
    summed,
)
from schemas.petition.measures.measure import band_of, counts_of
from schemas.petition.state import Ledger, Outcome
from tests.strategies import MONDAY, STATION, Case, Step, calendar, moment, play, scripts

CALENDAR = calendar(years=(2025, 2026, 2027, 2028))


def lived(steps: list[Step]) -> list[Event]:
    return play(steps)[1]


def kept(cases: list[list[Event]], now: datetime) -> Counter[str]:
    """What the sums of all these cases count."""
    sums: Counter[tuple[str, datetime]] = Counter()
    for events in cases:
        own = cells_of(events, CALENDAR)
        assert own is not None
        sums.update(own.cells)
    counted = counted_at(((what, since, count) for (what, since), count in sums.items()), now, CALENDAR)
    return Counter({what: count for what, count in counted.items() if count})


@settings(max_examples=120)
@given(
    cases=st.lists(scripts(max_steps=15).map(lived).filter(bool), min_size=1, max_size=3),
    later=st.timedeltas(min_value=timedelta(), max_value=timedelta(days=90)),
)
def test_what_is_kept_counts_at_any_later_moment_what_the_cases_count(
    cases: list[list[Event]], later: timedelta
) -> None:
    now = max(event.at for events in cases for event in events) + later
    expected: Counter[str] = Counter()
    for events in cases:
        facts = facts_of(events, now, CALENDAR)
        assert facts is not None
        # How long a reply was overdue is kept as counted when it came; working days are counted alike here.
        expected.update(counts_of(facts))
    assert kept(cases, now) == expected


@settings(max_examples=120)
@given(events=scripts(max_steps=15).map(lived).filter(bool), later=st.timedeltas(timedelta(), timedelta(days=90)))
def test_the_phase_of_a_case_puts_it_behind_the_numbers_that_count_it(events: list[Event], later: timedelta) -> None:
    now = max(event.at for event in events) + later
    facts, kept_of_case = facts_of(events, now, CALENDAR), cells_of(events, CALENDAR)
    assert facts is not None and kept_of_case is not None
    phase = next(each for each in kept_of_case.phases if each.since < now and (each.until is None or now <= each.until))
    assert phase.owed_since == facts.owed_since
    place = None if phase.owed_since is None else band_of(overdue_days(phase.owed_since, now, CALENDAR))
    for name in numbers():
        number = number_of(name)
        assert number is not None
        counted = number.of(counts_of(facts))
        assert counted in (0, 1)
        bands = {AGE_BANDS[each][0] for each in number.bands(phase.counts)}
        assert bool(counted) == (bool(bands) if place is None else place in bands)


def test_the_sums_change_when_the_first_term_passes_during_rework() -> None:
    """Answered on Monday 2 March and sent back on the 10th: once the first term is over (the 11th), no answer can settle it on time any more."""
    case = Case()
    case.do(SYSTEM, c.Approve())
    case.do(SYSTEM, c.Assign(lead=STATION))
    case.do(SYSTEM, c.Accept())
    case.do(SYSTEM, c.Reply(outcome=Outcome.EXPLAINED, text="done"))
    case.do(SYSTEM, c.RecordRevisit(reached=True))
    case.do(SYSTEM, c.Rework(reason="it still drips"), at=moment(3, 10))
    first_term = moment(3, 12, 0)
    tick = timedelta(microseconds=1)
    for now, given_up in ((moment(3, 11), 0), (first_term, 0), (first_term + tick + tick, 1), (moment(3, 16), 1)):
        counted = kept([case.events], now)
        assert (counted["settled_on_time.of"], counted["settled_on_time.hit"]) == (given_up, 0), now
        # The round's own term, through the 17th, is not over yet.
        assert (counted["owed.0"], counted["on_time_finish.hit"]) == (0, 1)


def test_the_trend_has_a_case_in_the_week_it_came_and_in_the_week_it_was_struck_off() -> None:
    case = Case(at=moment(3, 8, 23))  # a Sunday: of the week of Monday 2 March
    case.do(SYSTEM, c.Decline(ground="litigation", notice="1"), at=moment(3, 9))
    case.do(SYSTEM, c.Disclose(published=False, exemption="privacy", countersigned_by="x"), at=moment(3, 10))
    weekly = {"came": moment(3, 2, 0), "struck": moment(3, 16, 0)}
    for struck_off, weeks in ((False, {"came"}), (True, {"came", "struck"})):
        if struck_off:
            case.do(SYSTEM, c.Account(no_fault=True), at=moment(3, 18))
        own = cells_of(case.events, CALENDAR)
        assert own is not None
        found = {cell: count for cell, count in own.cells.items() if cell[0] in ("came", "struck")}
        assert found == {(what, weekly[what]): 1 for what in weeks}
        # They are for the trend: no measure counts them.
        assert "came" not in kept([case.events], moment(3, 20))


def test_no_case_counts_nothing() -> None:
    assert cells_of([], CALENDAR) is None
    assert summed({}) == measure([])
    assert summed({ledger: {} for ledger in Ledger}) == measure([])
    assert kept([], MONDAY) == {}


@given(hours=st.integers(0, 7_000), days=st.integers(0, 100))
def test_the_bounds_of_the_bands_lie_where_the_bands_change(hours: int, days: int) -> None:
    at = datetime(2026, 2, 1, tzinfo=UTC) + timedelta(hours=hours)
    due = at_hour(local_day(at) - timedelta(days=days), 0)
    bounds = band_bounds(at, CALENDAR)
    assert bounds == sorted(bounds) and len(bounds) == len(AGE_BANDS) - 1
    band = AGE_BANDS[len(bounds) - sum(bound < due for bound in bounds)]
    assert band[0] == band_of(overdue_days(due, at, CALENDAR))
