"""The life of a case as steps, and what each changed; nothing here draws."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from schemas.evidence.chain import Recorded
from schemas.petition.rules import evolve
from schemas.petition.state import Petition
from schemas.petition.wording.moments import due_by, local

LABELS: Mapping[str, tuple[str, str]] = {
    "stage": ("环节", "stage"),
    "unit": ("归属单位", "unit"),
    "accountable": ("责任单位", "accountable"),
    "lead": ("主办", "lead office"),
    "co_offices": ("协办", "co-offices"),
    "accepted_at": ("签收", "accepted"),
    "round": ("轮次", "round"),
    "run": ("次数", "run"),
    "complexity": ("难易", "complexity"),
    "ledger": ("账别", "ledger"),
    "category": ("分类", "category"),
    "confidential": ("保密", "confidential"),
    "card": ("牌", "cards"),
    "assign": ("交办期限", "term to assign"),
    "finish": ("办结期限", "term to finish"),
    "statute_accept": ("法定受理期限", "statutory term to accept"),
    "statute_finish": ("法定办结期限", "statutory term to finish"),
    "answers": ("答复次数", "replies"),
    "rating": ("群众满意", "satisfied"),
    "own_rating": ("群众本人评价满意", "satisfied by their own answer"),
    "ground": ("结案依据", "ground"),
    "merged_into": ("并入", "merged into"),
    "disclosed": ("公开", "disclosed"),
    "accounted": ("问责已定", "accountability decided"),
}
"""What is shown where a step changed it, and what it is called."""

_PLAIN = (
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


@dataclass(frozen=True)
class Step:
    """What was written down at one moment: events ``first`` to ``last``."""

    at: datetime
    first: int
    last: int


@dataclass(frozen=True)
class Changed:
    """A fact before and after a step; empty: not there."""

    zh: str
    en: str
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
    for name in (name for name in LABELS if name in new or name in old):
        if old.get(name, "") != new.get(name, ""):
            yield Changed(*LABELS[name], old.get(name, ""), new.get(name, ""))


def _facts(state: Petition) -> dict[str, str]:
    facts = {name: _said(getattr(state, name)) for name in _PLAIN}
    facts["accepted_at"] = local(state.accepted_at)
    facts["answers"] = str(len(state.answers) or "")
    facts["rating"] = "" if state.rating is None else "✓" if state.rating.satisfied else "✗"
    facts["own_rating"] = "" if state.own_rating is None else "✓" if state.own_rating.satisfied else "✗"
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
