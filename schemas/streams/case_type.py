"""What the carrier of a case must know of its kind: how it decides, when it rings, whom it tells, what the engine's own lists show."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, Protocol, TypeVar

from schemas.kernel.actor import Actor
from schemas.kernel.refusal import Refusal
from schemas.streams.commit import CommitOrder, Committed
from schemas.streams.message import CaseMessage

Attribute = str | datetime
"""A value of the engine's lists; never personal data."""

Patched = Callable[[str], bool]
"""Whether a run goes by the change of that name, which the engine remembers of it (``workflow.patched``)."""


class State(Protocol):
    """A case as folded from its events; ``seq`` counts them."""

    @property
    def number(self) -> str: ...
    @property
    def seq(self) -> int: ...
    @property
    def open(self) -> bool: ...


class Command(Protocol):
    """What somebody wants done; ``kind`` is also the name of the update that brings it."""

    @property
    def kind(self) -> str: ...


class Order(Protocol):
    """A command and who gives it."""

    @property
    def actor(self) -> Actor: ...
    @property
    def command(self) -> Command: ...


S = TypeVar("S", bound=State)
E = TypeVar("E")


@dataclass(frozen=True)
class CaseType(Generic[S, E]):
    """One kind of case. Everything here is pure.

    ``commands``: the names by which people and doors may order; ``alarm``: what the system orders when an alarm is due. ``messages`` are told by the
    run itself, so they are few; the events whose numbers ``announces`` gives are told by an activity to however many there are, and a run that begins
    with a state which ``owes_announcement`` tells the newest of them again. ``attributes``: by the names of search attributes, what the lists show.
    """

    kind: str
    order: type[Any]
    message: type[CaseMessage[Any]]
    commit: type[CommitOrder[Any]]
    committed: type[Committed[Any]]
    commands: frozenset[str]
    decide: Callable[[S | None, Any, datetime], Sequence[E] | Refusal]
    evolve: Callable[[S | None, E], S]
    next_alarm: Callable[[S], datetime | None]
    alarm: Any
    messages: Callable[[S, Sequence[E], Patched], Sequence[CaseMessage[Any]]]
    announces: Callable[[S, Sequence[E], Patched], Sequence[int]]
    owes_announcement: Callable[[S, Patched], bool]
    attributes: Callable[[S], Mapping[str, Attribute]]
    stage: Callable[[S], str]
