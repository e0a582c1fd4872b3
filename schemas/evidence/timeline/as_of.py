"""What the record held at a moment. People saw what was written down by then, not what had happened and was written later."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from itertools import takewhile

from schemas.evidence.chain import Recorded
from schemas.petition.rules import fold
from schemas.petition.state import Petition


def written_by(events: Iterable[Recorded], moment: datetime) -> list[Recorded]:
    """The events that stood in the record at ``moment`` (aware), given oldest first.

    They are the beginning of the chain, so one that follows an event of later is later too, whatever a clock said that was set back.
    """
    return list(takewhile(lambda each: each.recorded_at <= moment, events))


def state_as_of(events: Iterable[Recorded], moment: datetime) -> Petition | None:
    """The case as the record had it at ``moment`` (aware); None where it was not yet filed."""
    return fold(each.event for each in takewhile(lambda each: each.recorded_at <= moment, events))
