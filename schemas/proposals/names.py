"""Many names found in one pass over a text: what a text is searched by costs the same however many names there are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Generic, NamedTuple, TypeVar

T = TypeVar("T")


class Found(NamedTuple, Generic[T]):
    """A name in a text, from ``start`` to ``end``, and everything it stands for."""

    start: int
    end: int
    meanings: tuple[T, ...]


class NameIndex(Generic[T]):
    """Names as they are compared (:func:`schemas.proposals.proposal.folded`), each with what it may mean."""

    def __init__(self, names: Iterable[tuple[str, T]]) -> None:
        self._meanings: dict[str, tuple[T, ...]] = {}
        lengths: dict[str, set[int]] = {}
        for name, meaning in names:
            if not name:
                continue
            self._meanings[name] = (*self._meanings.get(name, ()), meaning)
            lengths.setdefault(name[0], set()).add(len(name))
        self._lengths = {first: tuple(sorted(each, reverse=True)) for first, each in lengths.items()}

    def find(self, text: str, *, overlapping: bool = False) -> Iterator[Found[T]]:
        """Every name in the text, in the order of reading; at one place the longest: 长沙县 is never taken for 长沙.

        ``overlapping``: also those that begin inside another.
        """
        free = 0
        # Only where some name begins: a long text without any costs next to nothing.
        for at in [at for at, char in enumerate(text) if char in self._lengths]:
            end = self._end(text, at) if at >= free else 0
            if end:
                yield Found(at, end, self._meanings[text[at:end]])
                free = at + 1 if overlapping else end

    def ends_at(self, text: str, at: int) -> int:
        """Where the longest name ends that begins there; 0 where none does."""
        return self._end(text, at) if at < len(text) else 0

    def _end(self, text: str, at: int) -> int:
        for length in self._lengths.get(text[at], ()):
            end = at + length
            if end <= len(text) and text[at:end] in self._meanings and _stands_alone(text, at, end):
                return end
        return 0


def _stands_alone(text: str, start: int, end: int) -> bool:
    """A name that begins or ends with a Latin letter or digit ends there: ``A3`` is not in ``A31`` or ``KA3``."""
    runs_on_before = start > 0 and _is_latin(text[start]) and _is_latin(text[start - 1])
    runs_on_after = end < len(text) and _is_latin(text[end - 1]) and _is_latin(text[end])
    return not runs_on_before and not runs_on_after


def _is_latin(character: str) -> bool:
    return character.isascii() and character.isalnum()
