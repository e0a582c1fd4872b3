"""What a case counts, in a form whose sums can be kept: what counts always, and what counts from an instant on.

Between two events the facts of a case change only as its due instants pass. So its counts are a first set and, for each due instant to come, what
that changes; what many cases count at any moment is the sum of the sets whose instant has passed. Only how long a reply is overdue grows day by
day: such cases are kept by the instant they fell due, and sorted into their bands when they are counted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, time, timedelta
from typing import Final, NamedTuple

from schemas.kernel.worktime import SHANGHAI, Calendar, at_hour, local_day, monday_of, working_days_after
from schemas.petition import events as e
from schemas.petition.measures.facts import facts_at
from schemas.petition.measures.measure import AGE_BANDS, OWED, band_of, counts_of
from schemas.petition.state import Ledger

NEVER_SINCE: Final = datetime(1970, 1, 1, tzinfo=UTC)
"""The instant of what counts always."""

_AFTER: Final = timedelta(microseconds=1)
"""At its due instant itself an answer is still in time."""

Cells = Mapping[tuple[str, datetime], int]
"""How many of what, from which instant on; may be negative: what no longer counts."""


CAME, STRUCK = "came", "struck"
WEEKLY: Final = (CAME, STRUCK)
"""Cells for trends: received and struck off, each from the beginning of its week on. No measure adds them up."""


class Phase(NamedTuple):
    """What a case counts after ``since`` and through ``until`` (None: until something happens to it), if nothing happens to it before.

    ``counts`` are those of :func:`schemas.petition.measures.measure.counts_of`, a reply owed without its band, but ``owed_since`` when it fell due.
    """

    since: datetime
    until: datetime | None
    counts: Mapping[str, int]
    owed_since: datetime | None


class CaseCells(NamedTuple):
    """The cells of one case, where they are counted, and the same as phases of the case."""

    ledger: Ledger
    unit: str
    received_at: datetime
    cells: Cells
    phases: tuple[Phase, ...]


def cells_of(events: Iterable[e.Event], calendar: Calendar) -> CaseCells | None:
    """The cells of a case with all these events; None for no events."""
    instants: list[datetime] = []

    def moments(dues: Sequence[datetime]) -> Iterable[datetime]:
        instants.extend((NEVER_SINCE, *dues))
        # Before the first of them no due instant has passed, however long ago it was.
        return (dues[0] if dues else NEVER_SINCE, *(due + _AFTER for due in dues))

    seen = list(facts_at(events, calendar, moments))
    if not seen:
        return None
    cells: dict[tuple[str, datetime], int] = {}
    phases: list[Phase] = []
    before: Mapping[str, int] = {}
    for since, facts in zip(instants, seen, strict=True):
        counts = _by_instant(counts_of(facts))
        for what in before.keys() | counts.keys():
            change = counts.get(what, 0) - before.get(what, 0)
            if change:
                cells[what, since] = change
        if phases:
            phases[-1] = phases[-1]._replace(until=since)
        phases.append(Phase(since, None, counts, facts.owed_since))
        before = counts
    last = seen[-1]
    cells[CAME, week_of(last.received_at)] = 1
    if last.sealed_at is not None:
        cells[STRUCK, week_of(last.sealed_at)] = 1
    return CaseCells(last.ledger, last.unit, last.received_at, cells, tuple(phases))


def week_of(moment: datetime) -> datetime:
    """When the week of ``moment`` (aware) began: Monday 0:00 in Asia/Shanghai."""
    return datetime.combine(monday_of(local_day(moment)), time(0), SHANGHAI).astimezone(UTC)


def _by_instant(counts: Mapping[str, int]) -> dict[str, int]:
    owed = sum(count for what, count in counts.items() if what.startswith(f"{OWED}."))
    rest = {what: count for what, count in counts.items() if not what.startswith(f"{OWED}.")}
    return rest | ({OWED: owed} if owed else {})


def counted_at(cells: Iterable[tuple[str, datetime, int]], now: datetime, calendar: Calendar) -> Counter[str]:
    """What the cells count at ``now`` (aware): as the sum of :func:`schemas.petition.measures.measure.counts_of` over their cases."""
    counts: Counter[str] = Counter()
    for what, since, count in cells:
        if what in WEEKLY or (since is not NEVER_SINCE and since >= now):
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
