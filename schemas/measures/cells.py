"""What a case counts, in a form whose sums can be kept: what counts always, and what counts from an instant on.

Between two events the facts of a case change only as its due instants pass. So its counts are a first set and, for each due instant to come, what
that changes; what many cases count at any moment is the sum of the sets whose instant has passed. Only how long a reply is overdue grows day by
day: such cases are kept by the instant they fell due, and sorted into their bands when they are counted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

from schemas import events as e
from schemas.measures.facts import facts_at
from schemas.measures.measure import AGE_BANDS, OWED, band_of, counts_of
from schemas.petition import Ledger
from schemas.worktime import Calendar, at_hour, local_day, working_days_after

NEVER_SINCE: Final = datetime(1970, 1, 1, tzinfo=UTC)
"""The instant of what counts always."""

_AFTER: Final = timedelta(microseconds=1)
"""At its due instant itself an answer is still in time."""

Cells = Mapping[tuple[str, datetime], int]
"""How many of what, from which instant on; may be negative: what no longer counts."""


class CaseCells(NamedTuple):
    """The cells of one case, and where they are counted."""

    ledger: Ledger
    unit: str
    cells: Cells


def cells_of(events: Iterable[e.Event], calendar: Calendar) -> CaseCells | None:
    """The cells of a case with all these events; None for no events."""
    instants: list[datetime] = []

    def moments(dues: Sequence[datetime]) -> Iterable[datetime]:
        instants.extend((NEVER_SINCE, *dues))
        # Before the first of them no due instant has passed, however long ago it was.
        return (dues[0] if dues else NEVER_SINCE, *(due + _AFTER for due in dues))

    cells: dict[tuple[str, datetime], int] = {}
    before: Mapping[str, int] = {}
    place: tuple[Ledger, str] | None = None
    for number, facts in enumerate(facts_at(events, calendar, moments)):
        since = instants[number]
        counts = _by_instant(counts_of(facts))
        for what in before.keys() | counts.keys():
            change = counts.get(what, 0) - before.get(what, 0)
            if change:
                cells[what, since] = change
        before, place = counts, (facts.ledger, facts.unit)
    return None if place is None else CaseCells(*place, cells)


def _by_instant(counts: Mapping[str, int]) -> dict[str, int]:
    owed = sum(count for what, count in counts.items() if what.startswith(f"{OWED}."))
    rest = {what: count for what, count in counts.items() if not what.startswith(f"{OWED}.")}
    return rest | ({OWED: owed} if owed else {})


def counted_at(cells: Iterable[tuple[str, datetime, int]], now: datetime, calendar: Calendar) -> Counter[str]:
    """What the cells count at ``now`` (aware): as the sum of :func:`schemas.measures.measure.counts_of` over their cases."""
    counts: Counter[str] = Counter()
    for what, since, count in cells:
        if since is not NEVER_SINCE and since >= now:
            continue
        counts[f"{OWED}.{band_of(overdue_days(since, now, calendar))}" if what == OWED else what] += count
    return counts


def overdue_days(due: datetime, now: datetime, calendar: Calendar) -> int:
    """Working days over a term that ended at ``due``, which is 24:00 of its last day."""
    return working_days_after(calendar, local_day(due - _AFTER), local_day(now))


def band_bounds(now: datetime, calendar: Calendar) -> list[datetime]:
    """Between which due instants the bands of ``AGE_BANDS`` lie at ``now``, the earliest first: a term that ended at or before the n-th bound
    from the end is over by at least the first day of the n-th band but one."""
    bounds: list[datetime] = []
    last_day = local_day(now)
    for first, _ in AGE_BANDS[1:]:
        while working_days_after(calendar, last_day, local_day(now)) < first:
            last_day -= timedelta(days=1)
        bounds.append(at_hour(last_day, 24))
    return bounds[::-1]
