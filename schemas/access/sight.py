"""Who may see a case, as marks that can be compared by a database: :func:`schemas.lifecycle.authority.may_see`, computed once per case.

A case bears two sets of marks, an actor has eyes for some: the case is seen where its ``seen_by`` meets the actor's eyes and its ``kept_from``
does not. A test with random cases and people holds this, the database's policies, and ``may_see`` together.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

from schemas.petition import Actor, Petition, Role
from schemas.units import ancestors, parent

EVERY_CASE: Final = "every"
"""What the system and auditors have an eye for, and every case bears: a case without marks is not filled in yet, and seen by nobody."""


class Sight(NamedTuple):
    """The marks of a case, each sorted."""

    seen_by: list[str]
    kept_from: list[str]


def sight(state: Petition) -> Sight:
    """Reach over a unit the case concerns (``reach``), the part an office has in it (``office``); the accused (``unit``, ``person``, ``chief``)."""
    concerned = _upwards((state.unit, state.registrar, state.accountable, *state.offices))
    seen_by = {
        EVERY_CASE,
        *(f"reach:{unit}" for unit in concerned),
        *(f"office:{unit}" for unit in state.offices if unit),
    }
    kept_from = {
        *(f"unit:{unit}" for unit in state.accused_units),
        *(f"person:{person}" for person in state.accused_persons),
        # The city bureau's chief, where only named, still has to transfer the case.
        *(f"chief:{unit}" for unit in state.conflicted_units if parent(unit)),
    }
    return Sight(sorted(seen_by), sorted(kept_from))


def eyes(actor: Actor) -> frozenset[str]:
    """The marks an actor has an eye for."""
    if actor.role is Role.SYSTEM:
        return frozenset({EVERY_CASE})
    own = _upwards((actor.unit,))
    accused = {f"person:{actor.id}", *(f"unit:{unit}" for unit in own)}
    if actor.role is Role.CHIEF:
        accused.add(f"chief:{actor.unit}")
    if actor.role is Role.AUDITOR:
        return frozenset({EVERY_CASE, *accused})
    return frozenset({f"reach:{actor.reach}", *(f"office:{unit}" for unit in own), *accused})


def _upwards(units: Iterable[str]) -> set[str]:
    return {each for unit in units for each in (unit, *ancestors(unit))}
