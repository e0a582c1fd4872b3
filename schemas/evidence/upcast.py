"""Events of earlier releases, read as events of this one.

A stored event keeps the shape and the version it was written with for ever, and its link is over those stored bytes; nothing here is ever
hashed or written back. To read it, it is brought forward one version at a time, by functions that are pure and never removed. When
``EVENT_VERSION`` rises, :data:`UPCASTERS` gets an entry for every kind there was: the function that brings it on, or :func:`unchanged`. Events
of every release, kept in the tests, find the one that was forgotten.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from schemas.evidence.chain import EVENT
from schemas.kernel.errors import UserError
from schemas.petition.events import EVENT_VERSION, Event

Stored = Mapping[str, Any]
Upcaster = Callable[[Stored], dict[str, Any]]

UPCASTERS: Mapping[tuple[str, int], Upcaster] = {}
"""By the kind of an event and the version it stands at: what makes it an event of the next version. Version 1 is the first."""


class UpcasterMissingError(RuntimeError):
    """Nobody said how this kind of event goes on from that version: a fault of the program, never of the record."""


def unchanged(stored: Stored) -> dict[str, Any]:
    """The upcaster of a kind that a new version left as it was."""
    return dict(stored)


def upcast(
    stored: Stored,
    version: int,
    *,
    newest: int = EVENT_VERSION,
    upcasters: Mapping[tuple[str, int], Upcaster] = UPCASTERS,
) -> Stored:
    """A stored event of ``version`` in the shape of ``newest``; ``stored`` itself is left as it is.

    ``UserError`` ``record_newer`` for a version this program does not know yet; :class:`UpcasterMissingError` where the way forward has a gap.
    """
    if version > newest:
        raise UserError(
            "record_newer",
            zh=f"记录中有第 {version} 版事件，本程序只认识到第 {newest} 版：它由更新的程序写入，请用那一版（或更新的）程序打开。",
            en=f"The record holds an event of version {version}, and this program knows versions up to {newest}: "
            "a newer program wrote it; open it with that one, or a later one.",
            version=version,
            newest=newest,
        )
    for step in range(version, newest):
        kind = str(stored["kind"])
        upcaster = upcasters.get((kind, step))
        if upcaster is None:
            raise UpcasterMissingError(f"no upcaster for “{kind}” from version {step} to {step + 1}")
        stored = upcaster(stored)
    return stored


def event_of(stored: Stored, version: int) -> Event:
    """A stored event, of whatever version, as an event of this release. Errors as in :func:`upcast`; ``ValidationError`` where it is none."""
    return EVENT.validate_python(stored if version == EVENT_VERSION else upcast(stored, version))
