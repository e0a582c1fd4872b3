"""What the engine's own history says of an event that was altered."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import Any

from activities.evidence.verify.chain.links import Chain
from schemas.evidence.chain import payload
from schemas.evidence.finding import Finding, finding
from schemas.kernel.json_difference import MISSING, json_differences
from schemas.petition.events import Event

Decisions = Callable[[str], Awaitable[Sequence[Event] | None]]
"""The events of a case as the workflow decided them, by its history in engine or archive; None where no history is to be had."""


def differing(chain: Chain, decided: Sequence[Event]) -> Iterator[Finding]:
    """Field by field, where the doubtful part of a chain says otherwise than the history. ``decided``: from the first event on."""
    first = min(chain.doubtful)
    # The event before the first that does not follow may be the one whose own link was recomputed.
    for seq in range(max(1, first - 1), chain.last + 1):
        place = chain.place(seq)
        if place is None or seq > len(decided):
            continue
        for field, found, expected in json_differences(chain.links[place].stored, payload(decided[seq - 1]), "payload"):
            yield finding(
                "decision_differs",
                chain.number,
                seq,
                field=field,
                found=_told(found),
                expected=_told(expected),
            )


def _told(value: Any) -> str:
    return "" if value is MISSING else value if isinstance(value, str) else str(value)
