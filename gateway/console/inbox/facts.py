"""What waits for a person, by the lifecycle's own word; nothing here draws."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from activities.record.queries import CaseQueries
from activities.record.reading.standing import deciding, standing
from activities.record.views import CaseLine, Standing
from gateway.console.due import DueState, due_state
from gateway.orders.fields import HUMAN, fields_of
from gateway.retry import READ_RETRY_SECONDS, retry_transient
from schemas.kernel.actor import Actor, Role
from schemas.petition.rules import RULES
from schemas.petition.rules.awaited import ASKED, ASKING, DECIDED, USUAL, waiting_for
from schemas.petition.state import Petition, Stage

LOOKED_AT = 600
"""Cases looked at for one person: nobody works through more in a day, and those due first come first."""

FULL = 500
"""From so many on it is said that there may be more: of those looked at, some wait for others."""

SHOWN = 100

AT_ONCE = frozenset(
    kind for kind in HUMAN if kind != "account" and not any(field.required for field in fields_of(kind))
)
"""Commands that need nothing filled in: one key gives them. (Accountability takes findings or their absence, one of the two.)"""

TOGETHER = ("accept", "approve", "sign_off", "assign", "decline", "transfer", "grant_extension")
"""Commands of which the rule is the same for all cases, so that several may be given at once: with one note, one ground, one office.

What a petitioner was told or answered is each case's own, so replies and revisits are not among them.
"""


@dataclass(frozen=True)
class Waiting:
    """A case that waits for this person. ``kinds``: by which commands it goes on, the meant one first."""

    line: CaseLine
    state: Petition
    kinds: tuple[str, ...]
    due: DueState

    @property
    def main(self) -> str:
        """The step that is meant to come."""
        return self.kinds[0]

    @property
    def at_once(self) -> bool:
        """Whether it takes no more than a key."""
        return self.main in AT_ONCE

    @property
    def together(self) -> bool:
        """Whether there is something it may be given with others."""
        return any(kind in TOGETHER for kind in self.kinds)


@dataclass(frozen=True)
class InboxFacts:
    """``waiting``: those shown, by due time; ``counts``: of all of them by their main command; ``more``: so many are not shown;
    ``full``: there may be others still, that were not looked at.
    """

    waiting: tuple[Waiting, ...]
    counts: tuple[tuple[str, int], ...]
    levels: dict[str, int]
    total: int
    more: int
    full: bool

    @property
    def together(self) -> tuple[str, ...]:
        """The commands that may be given to several of those shown."""
        return tuple(kind for kind in TOGETHER if any(kind in each.kinds for each in self.waiting))


def stages_of(role: Role, steps: Mapping[Stage, tuple[str, ...]]) -> tuple[Stage, ...]:
    """The stages in which one of these steps is that role's."""
    return tuple(stage for stage, kinds in steps.items() if any(role in RULES[kind].people for kind in kinds))


async def waiting_cases(readings: CaseQueries, actor: Actor, now: datetime) -> list[Waiting]:
    """Everything that waits for this person, as far as is looked; the first to be due first.

    A stage in which little is for them is asked only for the cases of which something is asked: a chief's approvals must not
    drown among the thousands that wait for others.
    """
    usual = stages_of(actor.role, USUAL)
    asked = tuple(stage for stage in stages_of(actor.role, ASKED) if stage not in usual)
    found: list[Standing] = []
    if usual:
        found += await retry_transient(lambda: standing(readings, usual, actor, most=LOOKED_AT), READ_RETRY_SECONDS)
    if asked:
        found += await retry_transient(
            lambda: standing(readings, asked, actor, most=LOOKED_AT, asked=ASKING), READ_RETRY_SECONDS
        )
    if any(actor.role in RULES[kind].people for kind in DECIDED):
        told = {each.line.number for each in found}
        decisive = await retry_transient(lambda: deciding(readings, actor, most=LOOKED_AT), READ_RETRY_SECONDS)
        found += (each for each in decisive if each.line.number not in told)
    found.sort(key=lambda each: (each.line.due is None, each.line.due or now, each.line.number))
    return list(_waiting(found, actor, now))


def _waiting(found: Iterable[Standing], actor: Actor, now: datetime) -> Iterable[Waiting]:
    for each in found:
        kinds = waiting_for(each.state, actor)
        if kinds:
            due = due_state(each.line.due, now, paused=each.state.paused)
            yield Waiting(line=each.line, state=each.state, kinds=kinds, due=due)


def inbox_facts(waiting: Sequence[Waiting], kind: str = "") -> InboxFacts:
    """The inbox, of one command only where it is named."""
    wanted = [each for each in waiting if not kind or each.main == kind]
    return InboxFacts(
        waiting=tuple(wanted[:SHOWN]),
        counts=tuple(Counter(each.main for each in waiting).most_common()),
        levels=dict(Counter(each.due.level for each in waiting)),
        total=len(waiting),
        more=max(0, len(wanted) - SHOWN),
        full=len(waiting) >= FULL,
    )
