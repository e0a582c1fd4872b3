"""Numbers of cases in whatever leaves: found in texts, and hidden where the case is not the viewer's to see."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import Any, Final, cast

from pydantic import BaseModel

HIDDEN_NUMBER: Final = "〔另一件〕"
"""Stands for the number of a case one may not see, whether there is such a case or not: writing a number down asks nothing."""

JOINED: Final = frozenset({"member_admitted", "member_changed", "member_released"})
"""Events that say nothing but which other case joined or left: of one that is not seen they are left out whole."""

WRITTEN: Final = "[A-Z][A-Z0-9_]{0,19}-[0-9]{4}-[SCP]-[0-9]{6,12}"
"""A number as a regular expression of Python and of PostgreSQL, without regard to case."""

_NUMBER: Final = re.compile(WRITTEN, re.IGNORECASE | re.ASCII)
_WIDE: Final = {
    **{0xFF01 + place: 0x21 + place for place in range(94)},
    **dict.fromkeys(map(ord, "‐‑‒–—―−﹣"), "-"),
}
"""Full width and the dashes people type, character by character: what is found in the plain text stands at the same place in the text itself."""


def numbers_in(said: str) -> Iterator[tuple[int, int, str]]:
    """Where the numbers of cases stand in a text, each as the record writes it."""
    # Almost no text holds one, and every text that leaves is asked.
    if not any(char.isdigit() for char in said):
        return
    for match in _NUMBER.finditer(said.translate(_WIDE)):
        yield match.start(), match.end(), match[0].upper()


def numbers_told(told: object) -> frozenset[str]:
    """The numbers of cases anywhere in facts: models, data classes, dictionaries, sequences, texts."""
    found: set[str] = set()
    waiting: list[object] = [told]
    while waiting:
        each = waiting.pop()
        if isinstance(each, str):
            found |= {number for _, _, number in numbers_in(each)}
        elif isinstance(each, BaseModel):
            waiting.extend(getattr(each, name) for name in type(each).model_fields)
        elif isinstance(each, dict):
            waiting.extend(cast("dict[str, object]", each).values())
        elif isinstance(each, list | tuple | set | frozenset):
            waiting.extend(cast("Collection[object]", each))
        elif hasattr(each, "__dataclass_fields__"):
            waiting.extend(getattr(each, name) for name in cast("Any", each).__dataclass_fields__)
    return frozenset(found)


def without_numbers(said: str, seen: Collection[str]) -> str:
    """The text with every number hidden that is not among ``seen``; the very same text where there is none."""
    parts, at = list[str](), 0
    for start, end, number in numbers_in(said):
        if number not in seen:
            parts += (said[at:start], HIDDEN_NUMBER)
            at = end
    return "".join((*parts, said[at:])) if parts else said
