"""Whether events came into the log when they must have: what was there before a checkpoint was begun is in it, or was not there.

What a log has taken in can't be altered any more. So whoever wants to keep that possible must keep events out of it (it takes in what the read
model says has moved), and whoever invents a past must write it down after the checkpoints of that time. Either shows here.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import accumulate

from activities.evidence.verify.chain.links import Chain
from activities.evidence.verify.log.logged import Signed
from schemas.evidence.finding import Finding, finding
from schemas.evidence.leaf import CaseLeaf

PATIENCE = timedelta(hours=1)
"""How much later than it says an event may have become visible: longer than any transaction lives, and than the clocks of machines differ."""


class Timetable:
    """By which checkpoint an event must have been in the log, by the signed checkpoints in order."""

    def __init__(self, signed: Sequence[Signed]) -> None:
        self._numbers = [each.number for each in signed]
        self._sizes = [each.size for each in signed]
        # A clock may have been set back between two.
        self._made = list(accumulate((each.made_at for each in signed), max))

    def due(self, recorded_at: datetime) -> int | None:
        """The checkpoint that must have an event written down then; None while there is none."""
        # The leaves of a checkpoint are gathered once the one before is made, but may have been gathered long before it was made itself.
        place = bisect_right(self._made, recorded_at + PATIENCE) + 1
        return self._numbers[place] if place < len(self._numbers) else None

    def brought(self, index: int) -> int:
        """The checkpoint that brought that leaf in."""
        return self._numbers[bisect_right(self._sizes, index)]

    def belated(self, chain: Chain, leaves: Mapping[int, CaseLeaf]) -> Iterator[Finding]:
        """Events of a case that the log has too late or not yet: of those that came in together the earliest. ``leaves``: by their index, in order.

        Nothing where the timetable is empty: of a case checked by itself only the newest checkpoint is looked at.
        """
        if not self._numbers:
            return
        last = 0
        for until, number in [*((leaf.seq, self.brought(index)) for index, leaf in leaves.items()), (chain.last, None)]:
            fresh = [each.row for each in chain.links if last < each.row.seq <= until]
            last = max(last, until)
            if not fresh:
                continue
            first = min(fresh, key=lambda row: row.recorded_at)
            due = self.due(first.recorded_at)
            if due is not None and (number is None or number > due) and first.seq not in chain.doubtful:
                yield finding("event_backdated", chain.number, first.seq, found=first.recorded_at.isoformat(), due=due)
