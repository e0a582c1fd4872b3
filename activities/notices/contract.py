"""What the dispatch workflow and its activity say to each other."""

from __future__ import annotations

from typing import Final

from schemas.kernel.model import Frozen

DELIVER_DUE: Final = "deliver_due"


class DispatchOrder(Frozen):
    """Deliver what falls due during the next ``patience`` seconds; a run of the dispatch does so ``rounds`` times before it starts afresh."""

    patience: float = 50.0
    rounds: int = 500


class Dispatched(Frozen):
    """What came of it: notices settled by all transports, attempts put off to later, notices given up."""

    delivered: int = 0
    postponed: int = 0
    gave_up: int = 0

    def __add__(self, other: Dispatched) -> Dispatched:
        return Dispatched(
            delivered=self.delivered + other.delivered,
            postponed=self.postponed + other.postponed,
            gave_up=self.gave_up + other.gave_up,
        )
