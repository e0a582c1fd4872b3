"""The chain of one case, recomputed from bare rows; where it does not hold, what was done to it, as far as the hashes themselves tell.

A link proves the bytes before it, so what was altered can often be put back: an exchange, a renumbering or a former value that makes the
chain hold again is no guess but the proof of what stood there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple, cast

from pydantic_core import from_json

from activities.evidence.verify.rows import EventRow
from schemas.evidence.chain import content, genesis, link
from schemas.evidence.finding import Finding, finding
from schemas.evidence.merkle import ALGORITHMS

Payload = Mapping[str, Any]


class Link(NamedTuple):
    """An event with its payload read."""

    row: EventRow
    stored: Payload

    def as_at(self, seq: int, case_number: str | None = None) -> Link:
        """The same content in another place."""
        row = self.row
        return Link(row._replace(seq=seq, case_number=case_number or row.case_number), self.stored)

    def after(self, previous: bytes) -> bytes | None:
        """The link this content makes after ``previous``; None where it can't be hashed."""
        row = self.row
        try:
            said = content(
                row.case_number,
                row.seq,
                row.version,
                row.recorded_at,
                (row.actor_id, row.actor_role, row.actor_unit),
                row.command_id,
                self.stored,
                row.credential,
            )
            return link(previous, said, row.algorithm)
        except (ValueError, RecursionError, OverflowError):
            # No such algorithm, or a document that was never written by us.
            return None


@dataclass
class Chain:
    """The events of a case in order. ``findings``: what was found on the way; ``opaque``: events that could not be explained."""

    number: str
    links: list[Link]
    findings: list[Finding] = field(default_factory=list[Finding])
    opaque: set[int] = field(default_factory=set[int])
    unreadable: set[int] = field(default_factory=set[int])
    missing: set[int] = field(default_factory=set[int])
    rewritten: set[int] = field(default_factory=set[int])
    """Events on which the chain and the links kept elsewhere disagree, and those that hang on them."""

    forged: set[bytes] = field(default_factory=set[bytes])
    """Links that were recomputed with a forgery which could be put right."""

    @property
    def doubtful(self) -> set[int]:
        """Events whose content nothing vouches for."""
        return self.opaque | self.rewritten

    @property
    def last(self) -> int:
        """The number of the last event, 0 without any."""
        return self.links[-1].row.seq if self.links else 0

    def link_at(self, seq: int) -> bytes | None:
        """The link of that event, or None where there is no such event."""
        place = self.place(seq)
        return None if place is None else self.links[place].row.link

    def place(self, seq: int) -> int | None:
        """Where that event stands in ``links``."""
        guess = seq - 1
        if 0 <= guess < len(self.links) and self.links[guess].row.seq == seq:
            return guess
        return next((place for place, each in enumerate(self.links) if each.row.seq == seq), None)

    def previous(self, place: int) -> bytes | None:
        """The link an event must follow; None where the event before it is gone."""
        row = self.links[place].row
        if row.seq == 1:
            return genesis(self.number, row.algorithm) if row.algorithm in ALGORITHMS else b""
        before = self.links[place - 1].row if place else None
        return before.link if before is not None and before.seq == row.seq - 1 else None

    def holds(self, place: int) -> bool:
        """Whether an event follows the one before; nothing can be said of one that follows a gap."""
        previous = self.previous(place)
        return previous is None or self.links[place].after(previous) == self.links[place].row.link

    def broken(self) -> list[int]:
        """The places where the chain does not hold and that are not given up yet."""
        return [
            place
            for place in range(len(self.links))
            if self.links[place].row.seq not in self.opaque and not self.holds(place)
        ]


def read_chain(number: str, rows: Iterable[EventRow]) -> tuple[Chain, bool]:
    """The chain of a case, and whether all of it holds: the one pass that nearly every case needs and no more."""
    chain = Chain(number, [])
    links, sound = chain.links, True
    previous: bytes | None = None
    expected = 1
    for row in rows:
        stored = _read(row, chain)
        each = Link(row, stored)
        links.append(each)
        if row.seq != expected or row.algorithm not in ALGORITHMS:
            sound = False
        elif sound:
            if previous is None:
                previous = genesis(number, row.algorithm)
            sound = each.after(previous) == row.link
        if stored.get("kind") != row.kind or not _same_moment(stored.get("at"), row.at):
            sound = False
        previous, expected = row.link, row.seq + 1
    return chain, sound and not chain.findings


def columns(chain: Chain) -> list[Finding]:
    """Columns that repeat what the chained content says, and say otherwise. Only where the chain vouches for the content."""
    found: list[Finding] = []
    for place, each in enumerate(chain.links):
        row, stored = each.row, each.stored
        if row.seq in chain.opaque or not chain.holds(place):
            continue
        if stored.get("kind") != row.kind:
            found.append(_column(row, "kind", row.kind, stored.get("kind")))
        if not _same_moment(stored.get("at"), row.at):
            found.append(_column(row, "at", row.at.isoformat(), stored.get("at")))
    return found


def _column(row: EventRow, name: str, found: str, expected: Any) -> Finding:
    return finding("column_disagrees", row.case_number, row.seq, field=name, found=found, expected=str(expected))


def _read(row: EventRow, chain: Chain) -> Payload:
    try:
        stored: object = from_json(row.payload)
    except ValueError as error:
        stored, reason = None, str(error)
    else:
        reason = "not an object"
    if isinstance(stored, dict):
        return cast("Payload", stored)
    chain.findings.append(finding("event_unreadable", row.case_number, row.seq, reason=reason))
    chain.opaque.add(row.seq)
    chain.unreadable.add(row.seq)
    return {}


def _same_moment(said: Any, at: datetime) -> bool:
    try:
        return datetime.fromisoformat(said) == at
    except (TypeError, ValueError):
        return False


def numbering(chain: Chain) -> None:
    """Numbers that are missing within the chain, come twice, or come before the first."""
    expected = 1
    kept: list[Link] = []
    for place, each in enumerate(chain.links):
        seq = each.row.seq
        if seq < expected:
            # One number twice: the one the next event or its own link stands up for stays.
            genuine = _better(chain, kept, place)
            if genuine is each:
                kept[-1] = each
            chain.findings.append(finding("event_inserted", chain.number, seq))
            continue
        if seq > expected:
            chain.findings.append(
                finding(
                    "event_missing", chain.number, expected, count=seq - expected, renumbered_zh="", renumbered_en=""
                )
            )
            chain.missing.update(range(expected, min(seq, expected + 10_000)))
        kept.append(each)
        expected = seq + 1
    chain.links[:] = kept


def _better(chain: Chain, kept: Sequence[Link], place: int) -> Link | None:
    each = chain.links[place]
    if not kept or kept[-1].row.seq != each.row.seq:
        return None
    trial = Chain(chain.number, [*kept[:-1], each])
    return each if trial.holds(len(trial.links) - 1) else kept[-1]
