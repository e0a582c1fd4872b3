"""Sums that are kept say at every later moment what counting the cases anew would say."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.events import Event
from schemas.measures import AGE_BANDS, band_bounds, cells_of, counted_at, facts_of, measure, overdue_days, summed
from schemas.measures.measure import band_of, counts_of
from schemas.petition import Ledger
from schemas.worktime import at_hour, local_day
from tests.strategies import MONDAY, Step, calendar, play, scripts

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
