"""Who may see a case, as marks that can be compared by a database: :func:`schemas.petition.rules.authority.may_see`, computed once per case.

A case bears two sets of marks, and so does an actor: the case is seen where its ``seen_by`` meets what the actor ``sees``, unless its
``kept_from`` meets what the actor is (``being``). A test with random cases and people holds this, the database's policies, and ``may_see`` together.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

from schemas.kernel.actor import Actor, Role
from schemas.kernel.units import ancestors, parent
from schemas.petition.rules.authority import kept_chiefs, kept_persons, kept_units
from schemas.petition.state import Petition

EVERY_CASE: Final = "every"
"""What the system and auditors see, and every case bears: a case without marks is not filled in yet, and seen by nobody."""


class Sight(NamedTuple):
    """The marks of a case, each sorted."""

    seen_by: list[str]
    kept_from: list[str]


class Eyes(NamedTuple):
    """The marks of an actor, each sorted: what they see by, and what they are to those who complain."""

    sees: list[str]
    being: list[str]

    def meet(self, seen_by: Iterable[str], kept_from: Iterable[str]) -> bool:
        """Whether a case with these marks is seen."""
        return not set(self.sees).isdisjoint(seen_by) and set(self.being).isdisjoint(kept_from)


def sight(state: Petition) -> Sight:
    """Reach over a unit the case concerns (``reach``), the part an office has in it (``office``); who is kept out (``unit``, ``person``, ``chief``)."""
    concerned = _upwards((state.unit, state.registrar, state.accountable, *state.offices))
    seen_by = {
        EVERY_CASE,
        *(f"reach:{unit}" for unit in concerned),
        *(f"office:{unit}" for unit in state.offices if unit),
    }
    kept_from = {
        *(f"unit:{unit}" for unit in kept_units(state)),
        *(f"person:{person}" for person in kept_persons(state)),
        # The city bureau's chief, where only named, still has to transfer the case.
        *(f"chief:{unit}" for unit in kept_chiefs(state) if parent(unit)),
    }
    return Sight(sorted(seen_by), sorted(kept_from))


def named(marks: Iterable[str], kind: str) -> tuple[str, ...]:
    """The units or people that marks of that kind (``unit``, ``person``, ``chief``) name."""
    return tuple(mark.removeprefix(f"{kind}:") for mark in marks if mark.startswith(f"{kind}:"))


def eyes(actor: Actor) -> Eyes:
    """The marks of an actor."""
    if actor.role is Role.SYSTEM:
        return Eyes([EVERY_CASE], [])
    own = _upwards((actor.unit,))
    being = {f"person:{actor.id}", *(f"unit:{unit}" for unit in own)}
    if actor.role is Role.CHIEF:
        being.add(f"chief:{actor.unit}")
    seeing = (
        {EVERY_CASE} if actor.role is Role.AUDITOR else {f"reach:{actor.reach}", *(f"office:{unit}" for unit in own)}
    )
    return Eyes(sorted(seeing), sorted(being))


def _upwards(units: Iterable[str]) -> set[str]:
    return {each for unit in units for each in (unit, *ancestors(unit))}
