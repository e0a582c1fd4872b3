"""What a case asks the record to write, and what it is told instead where the record is ahead of it."""

from __future__ import annotations

from typing import Generic, TypeVar

from schemas.kernel.actor import Actor
from schemas.kernel.model import Frozen

EventT = TypeVar("EventT")
"""The events of one kind of case."""


class CommitOrder(Frozen, Generic[EventT]):
    """What to write: the events a command made, on top of event ``expected_seq`` (0: the case is new)."""

    number: str
    command_id: str
    expected_seq: int = 0
    actor: Actor
    events: tuple[EventT, ...] = ()


class Committed(Frozen, Generic[EventT]):
    """What the record holds after ``expected_seq`` instead of what was offered; nothing at all where it was written as offered.

    ``mine``: the last of these events that the same command wrote earlier (a repeated command), else 0.
    """

    events: tuple[EventT, ...] = ()
    mine: int = 0
