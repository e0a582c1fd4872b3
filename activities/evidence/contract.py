"""What the workflows of the evidence and their activities say to each other."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from pydantic import Field

from schemas.kernel.model import Frozen

SEAL_CLOSED: Final = "seal_closed"
MAKE_CHECKPOINT: Final = "make_checkpoint"
RECONCILE_ALL: Final = "reconcile_all"


class SealOrder(Frozen):
    """Seal the closed runs recorded ``since``; all of them without it."""

    since: datetime | None = None


class Swept(Frozen):
    """What a sweep did: runs sealed, runs whose history could not be had yet, runs found lost, runs something else stood in the way of.

    The next one need not look at what was recorded before ``settled_before``. ``whole_at``: when this one began, if it looked at everything.
    """

    sealed: int = 0
    waiting: int = 0
    lost: int = 0
    hindered: int = 0
    settled_before: datetime
    whole_at: datetime | None = None


class CheckpointMade(Frozen):
    """The checkpoint that was made: its number and how many leaves it is over; 0 and 0 where nothing had changed."""

    number: int = 0
    size: int = 0


class Reconciled(Frozen):
    """What a reconciliation found, in numbers: what it found by name stands with its cases, not in the engine."""

    cases: int = 0
    findings: int = 0
    notes: int = 0
    by_code: dict[str, int] = Field(default_factory=dict[str, int])
