"""Who may do what, where: roles over scopes, recusal, and who decides when the accountable chief may not."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum

from schemas.petition import Actor, Complexity, Petition, Role
from schemas.refusals import Refusal, refuse
from schemas.terms import chinese
from schemas.units import parent, within


class Scope(Enum):
    """What an actor's unit must be to the case."""

    REGISTRY = "registry"
    ACCOUNTABLE = "accountable"
    SIGNER = "signer"
    NEXT_HIGHER = "next_higher"
    LEAD = "lead"
    OFFICE = "office"
    VISITOR = "visitor"
    ANYWHERE = "anywhere"


def is_accused(state: Petition, actor: Actor) -> bool:
    """Whether the actor, or the unit the actor serves in, is what the petition complains of (§30)."""
    return actor.id in state.accused_persons or any(within(actor.unit, unit) for unit in state.accused_units)


def accountable_unit(unit: str, complexity: Complexity, accused: Iterable[str], conflicted: Iterable[str]) -> str:
    """Whose chief answers for the case: the unit's own (simple) or the next higher (complex, 快报告); one level up from any conflict (§28).

    At the top nobody is above; the city bureau stays accountable and may then only transfer the case.
    """
    answerable = unit if complexity is Complexity.SIMPLE else (parent(unit) or unit)
    while has_conflict(answerable, accused, conflicted) and parent(answerable):
        answerable = parent(answerable)
    return answerable


def has_conflict(unit: str, accused: Iterable[str], conflicted: Iterable[str]) -> bool:
    """Whether that unit is accused (itself or by a unit above it), or its chief is named in the petition."""
    return unit in conflicted or any(within(unit, named) for named in accused)


def next_higher(state: Petition) -> str:
    """The unit above the accountable one; at the top, the top itself."""
    return parent(state.accountable) or state.accountable


def may_see(state: Petition, actor: Actor) -> bool:
    """Whether the actor may see the case at all: never the accused; others by their reach or their office's part in it."""
    if actor.role is Role.SYSTEM or actor.role is Role.AUDITOR:
        return actor.role is Role.SYSTEM or not is_accused(state, actor)
    if is_accused(state, actor):
        return False
    concerned = (state.unit, state.registrar, state.accountable, *state.offices)
    return any(within(unit, actor.reach) or within(actor.unit, unit) for unit in concerned if unit)


def check(state: Petition, actor: Actor, scopes: dict[Role, Scope]) -> Refusal | None:
    """None if the actor's role and scope allow it, else the reason."""
    if actor.role is Role.SYSTEM:
        return None
    if is_accused(state, actor):
        return refuse("recused")
    scope = scopes.get(actor.role)
    if scope is None:
        people = [role for role in scopes if role is not Role.SYSTEM]
        return refuse(
            "role_wrong",
            role=actor.role,
            role_zh=chinese(actor.role),
            allowed="、".join(chinese(role) for role in people) or chinese(Role.SYSTEM),
        )
    return _in_scope(state, actor, scope)


def _in_scope(state: Petition, actor: Actor, scope: Scope) -> Refusal | None:
    if scope is Scope.VISITOR:
        for office in state.offices:
            if within(actor.unit, office):
                return refuse("visitor_of_office", unit=office)
    if scope is Scope.NEXT_HIGHER:
        owner = next_higher(state)
        return None if actor.unit == owner else refuse("not_next_higher", owner=owner)
    owners, inside = {
        Scope.REGISTRY: ((state.registrar, state.unit), False),
        Scope.VISITOR: ((state.registrar, state.unit), False),
        Scope.ACCOUNTABLE: ((state.accountable,), True),
        Scope.SIGNER: ((state.accountable, *(state.offices if state.joint else ())), True),
        Scope.LEAD: ((state.lead,), True),
        Scope.OFFICE: (state.offices, True),
        Scope.ANYWHERE: ((actor.unit,), True),
    }[scope]
    chief = actor.role is Role.CHIEF
    for owner in owners:
        if chief and actor.unit == owner:
            return None
        if not chief and (within(actor.unit, owner) if inside else within(owner, actor.reach)):
            return None
    return refuse("scope_wrong", reach=actor.reach, owner="、".join(dict.fromkeys(filter(None, owners))))
