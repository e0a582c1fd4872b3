"""Units by their path (``XA/A3/01``): city bureau → branch → station; departments hang off any level."""

from __future__ import annotations

from functools import lru_cache


def parent(unit: str) -> str:
    """The unit above, or an empty string above the city bureau."""
    return unit.rpartition("/")[0]


def top(unit: str) -> str:
    """The city bureau that a unit belongs to; itself for the city bureau."""
    return unit.partition("/")[0]


def within(unit: str, whole: str) -> bool:
    """Whether ``unit`` is ``whole`` or lies below it."""
    return unit == whole or unit.startswith(whole + "/")


@lru_cache(maxsize=8_192)
def ancestors(unit: str) -> tuple[str, ...]:
    """The units above, nearest first; the city bureau comes last."""
    above: list[str] = []
    while unit := parent(unit):
        above.append(unit)
    return tuple(above)
