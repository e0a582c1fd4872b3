"""The life of a case as steps, and what each changed; nothing here draws."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from schemas.evidence.chain import Recorded
from schemas.lifecycle import evolve
from schemas.petition import Petition
from schemas.wording.moments import due_by

TOLD = (
    "stage",
    "unit",
    "accountable",
    "lead",
    "round",
    "run",
    "complexity",
    "ledger",
    "category",
    "confidential",
    "ground",
    "merged_into",
    "disclosed",
    "accounted",
)
"""What is shown where it changed, besides the terms and who works on it."""


@dataclass(frozen=True)
class Step:
    """What was written down at one moment: events ``first`` to ``last``."""

    at: datetime
    first: int
    last: int


@dataclass(frozen=True)
class Changed:
    """A fact before and after a step; empty: not there."""

    name: str
    old: str
    new: str


def steps_of(history: Sequence[Recorded]) -> tuple[Step, ...]:
    """A step for every moment at which something was written down."""
    steps: list[Step] = []
    for recorded in history:
        if steps and steps[-1].at >= recorded.recorded_at:
            steps[-1] = Step(steps[-1].at, steps[-1].first, recorded.seq)
        else:
            steps.append(Step(recorded.recorded_at, recorded.seq, recorded.seq))
    return tuple(steps)


def changed_by(history: Sequence[Recorded], step: Step) -> tuple[Changed, ...]:
    """What a step changed in the state of the case."""
    before: Petition | None = None
    after: Petition | None = None
    for recorded in history:
        if recorded.seq > step.last:
            break
        after = evolve(after, recorded.event)
        if recorded.seq < step.first:
            before = after
    return tuple(_changes(before, after)) if after is not None else ()


def _changes(before: Petition | None, after: Petition) -> Iterator[Changed]:
    old, new = _facts(before) if before is not None else {}, _facts(after)
    for name in dict.fromkeys((*new, *old)):
        if old.get(name, "") != new.get(name, ""):
            yield Changed(name, old.get(name, ""), new.get(name, ""))


def _facts(state: Petition) -> dict[str, str]:
    facts = {name: _said(getattr(state, name)) for name in TOLD}
    facts["co_offices"] = "、".join(office.unit for office in state.co_offices)
    facts["card"] = "、".join(card.colour.value for card in state.cards)
    for clock in state.clocks:
        met = " ✓" if clock.met_at is not None and not clock.void else ""
        facts[clock.name.value] = f"{due_by(clock.due)}{met}"
    return {name: said for name, said in facts.items() if said}


def _said(value: Any) -> str:
    if value is None or value is False:
        return ""
    return "✓" if value is True else str(value)
