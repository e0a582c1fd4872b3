"""Finding an altered field again: one value put back at a time, until the hash says that this is what stood there.

Candidates are what the case itself and the read model still say (units, people, moments, texts), the words of our own vocabularies, and
values near by. A hit is proof, for no other document has that hash; no hit proves nothing. Tries are bounded for the whole run, so that
a record falsified throughout is still checked in time.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from enum import StrEnum
from functools import cache
from typing import Any, NamedTuple, cast

from activities.evidence.verify.chain.links import Chain, Link
from schemas.evidence.finding import Finding, finding
from schemas.kernel.json_difference import json_path
from schemas.petition import events as e
from schemas.petition import state as p

TRIES_FOR_EVENT = 10_000
TRIES_IN_ALL = 1_000_000
NEAR = 40
"""How far from an altered whole number the former one is looked for."""

_VOCABULARIES: tuple[type[StrEnum], ...] = (
    p.Ledger,
    p.Complexity,
    p.Role,
    p.Outcome,
    p.Ground,
    p.ClockName,
    p.Card,
)
_WORDS = tuple(word.value for vocabulary in _VOCABULARIES for word in vocabulary)
_PINNED = ("calendar", "policy")
"""What a case pins of calendar and policy: long, and of words no case says."""
_COLUMNS = ("actor_id", "actor_role", "actor_unit", "credential", "command_id", "recorded_at", "version")

Accepts = Callable[[Link], bool]
Path = tuple[str | int, ...]


class Put(NamedTuple):
    """An event with one value put back, and the finding that says which."""

    link: Link
    finding: Finding


class Search:
    """Looks for altered values; ``hints`` are texts that other tables still hold of the case."""

    def __init__(self) -> None:
        self._left = TRIES_IN_ALL
        self.hints: Mapping[str, tuple[str, ...]] = {}

    def altered(self, chain: Chain, place: int, accepts: Accepts) -> Put | None:
        """The value that stood in this event, if putting it back is what ``accepts`` the event again."""
        each = chain.links[place]
        budget = min(TRIES_FOR_EVENT, self._left)
        for tried, (where, found, expected, trial) in enumerate(self._trials(chain, place)):
            if tried >= budget:
                break
            self._left -= 1
            if accepts(trial):
                told = finding(
                    "event_altered",
                    chain.number,
                    each.row.seq,
                    field=where,
                    found=_told(found),
                    expected=_told(expected),
                )
                return Put(trial, told)
        return None

    def _trials(self, chain: Chain, place: int) -> Iterator[tuple[str, Any, Any, Link]]:
        each = chain.links[place]
        row = each.row
        # What the columns beside the payload repeat comes first: it is right nearly always.
        for name, said in (("kind", row.kind), ("at", _written(row.at))):
            if each.stored.get(name) != said:
                yield f"payload.{name}", each.stored.get(name), said, Link(row, {**each.stored, name: said})
        for name in _COLUMNS:
            for value in self._column_values(chain, name):
                if value != getattr(row, name):
                    changed = row._replace(**{name: value})
                    yield name, getattr(row, name), value, Link(changed, each.stored)
        pool = self._pool(chain)
        cheap = itertools.chain(self._inner(each, pool, simple=True), self._inner(each, pool, simple=False))
        yield from cheap
        yield from self._added_or_removed(each, pool)

    def _column_values(self, chain: Chain, name: str) -> Iterable[Any]:
        seen = dict.fromkeys(getattr(each.row, name) for each in chain.links)
        if name == "credential":
            seen |= {"": None}
        if name == "actor_role":
            seen |= dict.fromkeys(role.value for role in p.Role)
        if name == "version":
            seen |= dict.fromkeys(range(1, 20))
        if name == "command_id":
            seen |= dict.fromkeys(self.hints.get("command", ()))
        if name in ("actor_unit", "actor_id"):
            seen |= dict.fromkeys(("", *(word for each in chain.links for _, word in _strings(each.stored))))
        return seen

    def _pool(self, chain: Chain) -> tuple[str, ...]:
        """Every text the case still says anywhere, and our own words; the short ones first."""
        said: dict[str, None] = dict.fromkeys(self.hints.get("text", ()))
        for each in chain.links:
            row = each.row
            said |= dict.fromkeys((_written(row.at), _written(row.recorded_at), row.actor_id, row.actor_unit))
            said |= dict.fromkeys(word for _, word in _strings(each.stored))
        return (*said, *_WORDS, "")

    def _inner(self, each: Link, pool: tuple[str, ...], *, simple: bool) -> Iterator[tuple[str, Any, Any, Link]]:
        for path, value in _leaves(each.stored):
            if not simple and path[0] in _PINNED:
                continue
            for candidate in _near(value) if simple else _alike(value, pool):
                if candidate != value or type(candidate) is not type(value):
                    yield _spelt(path), value, candidate, Link(each.row, _put(each.stored, path, candidate))

    def _added_or_removed(self, each: Link, pool: tuple[str, ...]) -> Iterator[tuple[str, Any, Any, Link]]:
        for name in each.stored:
            rest = {key: value for key, value in each.stored.items() if key != name}
            yield f"payload.{name}", each.stored[name], None, Link(each.row, rest)
        for name in _optional(each.stored.get("kind")):
            if name in each.stored:
                continue
            for value in (True, False, *pool):
                yield f"payload.{name}", None, value, Link(each.row, {**each.stored, name: value})


def _optional(kind: Any) -> tuple[str, ...]:
    """The fields an event of that kind may leave out."""
    return _optional_fields().get(kind, ()) if isinstance(kind, str) else ()


@cache
def _optional_fields() -> dict[str, tuple[str, ...]]:
    shapes: dict[str, tuple[str, ...]] = {}
    for each in e.DomainEvent.__subclasses__():
        fields = each.model_fields
        shapes[fields["kind"].default] = tuple(name for name, field in fields.items() if not field.is_required())
    return shapes


def _near(value: Any) -> Iterator[Any]:
    """Former values that need no other source."""
    if isinstance(value, bool):
        yield not value
    elif isinstance(value, int):
        for distance in range(1, NEAR + 1):
            yield value - distance
            yield value + distance


def _alike(value: Any, pool: tuple[str, ...]) -> Iterator[Any]:
    if isinstance(value, str) or value is None:
        yield from pool


def _leaves(stored: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    if isinstance(stored, dict):
        for name, value in cast("dict[str, Any]", stored).items():
            yield from _leaves(value, (*path, name))
    elif isinstance(stored, list):
        for place, value in enumerate(cast("list[Any]", stored)):
            yield from _leaves(value, (*path, place))
    elif path != ("kind",):
        yield path, stored


def _strings(stored: Any) -> Iterator[tuple[Path, str]]:
    for path, value in _leaves(stored):
        if isinstance(value, str) and "calendar" not in path:
            yield path, value


def _put(stored: Any, path: Path, value: Any) -> Any:
    """A copy with one value replaced."""
    if not path:
        return value
    first, *rest = path
    held: Any = list(cast("list[Any]", stored)) if isinstance(stored, list) else dict(cast("dict[str, Any]", stored))
    held[first] = _put(held[first], tuple(rest), value)
    return held


def _spelt(path: Path) -> str:
    return json_path(("payload", *path))


def _written(moment: datetime) -> str:
    """As pydantic writes a moment into a payload."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _told(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return (
        value.isoformat()
        if isinstance(value, datetime)
        else str(value).lower()
        if isinstance(value, bool)
        else str(value)
    )
