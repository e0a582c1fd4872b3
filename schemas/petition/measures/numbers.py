"""The numbers of the board by their names, and which cases are behind each: one rule for sums of cases and for lists of them.

A number names itself in an address: ``open``, ``rate.response.miss``, ``owed.2``, ``answered.0``, ``card.red``, ``apart.declined``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from schemas.petition.measures.facts import Apart, CaseFacts
from schemas.petition.measures.measure import AGE_BANDS, ANSWERED, CARDED, COUNTED, OWED, RATES
from schemas.petition.state import Card

SIDES = ("hit", "miss", "all")
"""Of the cases a rate is over: those that hit, those that did not, both."""


@dataclass(frozen=True)
class Number:
    """What is counted for it and what is taken off, by the names of :func:`schemas.petition.measures.measure.counts_of`."""

    counted: tuple[str, ...]
    less: tuple[str, ...] = ()

    def of(self, counts: Mapping[str, int]) -> int:
        """How many cases are behind it, of what many count; of what a single case counts: 1 if it is one of them, else 0."""
        return sum(counts.get(name, 0) for name in self.counted) - sum(counts.get(name, 0) for name in self.less)

    @property
    def owed(self) -> bool:
        """Whether it is over replies that are overdue: they are listed the longest overdue first, all else the newest first."""
        return self.counted[0].startswith(f"{OWED}.")

    def bands(self, counts: Mapping[str, int]) -> Sequence[int]:
        """The places in ``AGE_BANDS`` a case must be in, whose ``owed`` is counted without its band; all of them where none matters."""
        if OWED not in counts:
            return range(len(AGE_BANDS)) if self.of(counts) > 0 else ()
        return [place for place, (first, _) in enumerate(AGE_BANDS) if self.of(in_band(counts, first)) > 0]


def in_band(counts: Mapping[str, int], first: int) -> dict[str, int]:
    """The counts with what is owed in the band that begins with ``first``."""
    owed = counts.get(OWED, 0)
    rest = {name: count for name, count in counts.items() if name != OWED}
    return rest | {f"{OWED}.{first}": owed} if owed else rest


def number_of(name: str) -> Number | None:
    """The number of that name; None where the board has none such."""
    if name in COUNTED:
        return Number((name,))
    kind, _, rest = name.partition(".")
    match kind:
        case "rate":
            return _rate(rest)
        case "owed" if not rest:
            return Number(tuple(f"{OWED}.{first}" for first, _ in AGE_BANDS))
        case "owed" | "answered" if rest.isdecimal() and int(rest) < len(AGE_BANDS):
            return Number((f"{OWED if kind == 'owed' else ANSWERED}.{AGE_BANDS[int(rest)][0]}",))
        case "card" if rest in (Card.YELLOW.value, Card.RED.value):
            return Number((f"{CARDED}.{rest}",))
        case "apart" if rest in {reason.value for reason in Apart}:
            return Number((f"apart.{rest}",))
        case _:
            return None


def _rate(rest: str) -> Number | None:
    name, _, side = rest.partition(".")
    if name not in RATES or side not in SIDES:
        return None
    hit, all_of = f"{name}.hit", f"{name}.of"
    return {"hit": Number((hit,)), "miss": Number((all_of,), (hit,)), "all": Number((all_of,))}[side]


def numbers() -> tuple[str, ...]:
    """The names of all numbers there are."""
    bands = range(len(AGE_BANDS))
    return (
        *COUNTED,
        *(f"rate.{name}.{side}" for name in RATES for side in SIDES),
        "owed",
        *(f"{kind}.{place}" for kind in ("owed", "answered") for place in bands),
        *(f"card.{colour.value}" for colour in (Card.YELLOW, Card.RED)),
        *(f"apart.{reason.value}" for reason in Apart),
    )


def place_in_list(number: Number, facts: CaseFacts) -> tuple[datetime, str]:
    """By what the cases behind a number are ordered, see :attr:`Number.owed`: ascending where it is owed, else descending."""
    return (facts.owed_since if number.owed and facts.owed_since is not None else facts.received_at), facts.number
