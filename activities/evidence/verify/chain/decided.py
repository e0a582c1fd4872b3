"""What the engine's own history says of an event that was altered."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from typing import Any, cast

from activities.evidence.verify.chain.links import Chain
from schemas.evidence.chain import payload
from schemas.evidence.finding import Finding, finding
from schemas.petition.events import Event

Decisions = Callable[[str], Awaitable[Sequence[Event] | None]]
"""The events of a case as the workflow decided them, by its history in engine or archive; None where no history is to be had."""

_NOTHING: Any = object()


def differing(chain: Chain, decided: Sequence[Event]) -> Iterator[Finding]:
    """Field by field, where the doubtful part of a chain says otherwise than the history. ``decided``: from the first event on."""
    first = min(chain.doubtful)
    # The event before the first that does not follow may be the one whose own link was recomputed.
    for seq in range(max(1, first - 1), chain.last + 1):
        place = chain.place(seq)
        if place is None or seq > len(decided):
            continue
        for field, found, expected in _differences(chain.links[place].stored, payload(decided[seq - 1])):
            yield finding(
                "decision_differs",
                chain.number,
                seq,
                field=field,
                found=_told(found),
                expected=_told(expected),
            )


def _differences(found: Any, expected: Any, path: str = "payload") -> Iterator[tuple[str, Any, Any]]:
    if isinstance(found, Mapping) and isinstance(expected, Mapping):
        here, there = cast("Mapping[str, Any]", found), cast("Mapping[str, Any]", expected)
        for name in sorted(here.keys() | there.keys()):
            yield from _differences(here.get(name, _NOTHING), there.get(name, _NOTHING), f"{path}.{name}")
        return
    if isinstance(found, list) and isinstance(expected, list):
        ones, others = cast("list[Any]", found), cast("list[Any]", expected)
        if len(ones) == len(others):
            for place, (one, other) in enumerate(zip(ones, others, strict=True)):
                yield from _differences(one, other, f"{path}.{place}")
            return
    if found != expected:
        yield path, found, expected


def _told(value: Any) -> str:
    return "" if value is _NOTHING else value if isinstance(value, str) else str(value)
