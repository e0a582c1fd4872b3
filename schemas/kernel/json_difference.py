"""Where two JSON documents differ, down to the leaf: for whoever holds what is recorded against what should be."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, NamedTuple, cast

MISSING: Final = object()
"""Stands on the side where there is nothing at all, which is not the same as null."""


class JsonDifference(NamedTuple):
    """``path``: ``petitioners[0].name``, empty where the documents differ as a whole; a side is :data:`MISSING` where it has no such field."""

    path: str
    one: Any
    other: Any


def json_path(steps: Iterable[str | int]) -> str:
    """Names and places in lists as one path: ``petitioners[0].name``."""
    path = ""
    for step in steps:
        path += f"[{step}]" if isinstance(step, int) else f".{step}" if path else step
    return path


def json_differences(one: Any, other: Any, *within: str | int) -> Iterator[JsonDifference]:
    """Every leaf in which they differ, in the order of the fields' names; ``within``: the steps that lead to both. Lists of different length differ as a whole."""
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        ones, others = cast("Mapping[str, Any]", one), cast("Mapping[str, Any]", other)
        for name in sorted(ones.keys() | others.keys()):
            yield from json_differences(ones.get(name, MISSING), others.get(name, MISSING), *within, name)
    elif (
        isinstance(one, list)
        and isinstance(other, list)
        and len(cast("list[Any]", one)) == len(cast("list[Any]", other))
    ):
        for at, (each, counterpart) in enumerate(zip(cast("list[Any]", one), cast("list[Any]", other), strict=True)):
            yield from json_differences(each, counterpart, *within, at)
    # To Python true is 1; to JSON, and to whoever reads a record, it is not.
    elif one != other or isinstance(one, bool) != isinstance(other, bool):
        yield JsonDifference(json_path(within), one, other)
