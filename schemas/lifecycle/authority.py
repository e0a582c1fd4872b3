"""Who may do what, where: roles over scopes, recusal, and who decides when the accountable chief may not."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum

from schemas.petition import Actor, Complexity, Petition, Role, petitioner_of
from schemas.refusals import Refusal, refuse
from schemas.units import parent, within
from schemas.wording.terms import chinese


class Scope(Enum):
    """What an actor's unit must be to the case."""

    REGISTRY = "registry"
    ACCOUNTABLE = "accountable"
    REFERRER = "referrer"
    OUTSIDE = "outside"
    OFFERED = "offered"
    SIGNER = "signer"
    NEXT_HIGHER = "next_higher"
    LEAD = "lead"
    OFFICE = "office"
    VISITOR = "visitor"
    PETITIONER = "petitioner"


DECIDING = (Scope.ACCOUNTABLE, Scope.SIGNER, Scope.NEXT_HIGHER)
"""What a chief decides; nobody whose unit is in conflict with the petition does."""


def is_accused(state: Petition, actor: Actor) -> bool:
    """Whether the actor, or the unit the actor serves in, is what the petition complains of (§30), or is a chief named in it.

    The city bureau's chief, where only named, is left the one thing nobody else could do: to transfer the case.
    """
    named_chief = actor.role is Role.CHIEF and actor.unit in state.conflicted_units and bool(parent(actor.unit))
    return (
        named_chief
        or actor.id in state.accused_persons
        or any(within(actor.unit, unit) for unit in state.accused_units)
    )


def accountable_unit(unit: str, complexity: Complexity, accused: Iterable[str], conflicted: Iterable[str]) -> str:
    """Whose chief answers for the case: the unit's own (simple) or the next higher (complex, 快报告); one level up from any conflict (§28).

    At the top nobody is above; the city bureau stays accountable and may then only transfer the case (where it is itself accused, not even
    that: the outside authority calls the case up).
    """
    answerable = unit if complexity is Complexity.SIMPLE else (parent(unit) or unit)
    while has_conflict(answerable, accused, conflicted) and parent(answerable):
        answerable = parent(answerable)
    return answerable


def has_conflict(unit: str, accused: Iterable[str], conflicted: Iterable[str]) -> bool:
    """Whether that unit, or one above it, is accused or has its chief named: subordinates don't judge their own chief (§28)."""
    return any(within(unit, named) for named in (*accused, *conflicted))


def in_conflict(state: Petition, unit: str) -> bool:
    """Whether a unit may have no say in the case and no part in handling it."""
    return has_conflict(unit, state.accused_units, state.conflicted_units)


def serving(state: Petition, unit: str) -> str:
    """The office of the case for which people of ``unit`` work: the nearest one at or above them, or none (empty)."""
    return max((office for office in state.offices if within(unit, office)), key=len, default="")


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
    # A case kept at the city bureau is not a case of every station below it: only the offices at work on it see it from below.
    return any(within(unit, actor.reach) for unit in concerned) or bool(serving(state, actor.unit))


def check(state: Petition, actor: Actor, scopes: dict[Role, Scope]) -> Refusal | None:
    """None if the actor's role and scope allow it, else the reason."""
    if actor.role is Role.SYSTEM:
        return None
    if is_accused(state, actor):
        return refuse("recused")
    scope = scopes.get(actor.role)
    if scope is None:
        return wrong_role(actor, scopes or (Role.SYSTEM,))
    return _in_scope(state, actor, scope) or _undecided(state, actor, scope)


def wrong_role(actor: Actor, people: Iterable[Role]) -> Refusal:
    """That it takes one of these people, and not the actor's role."""
    roles = tuple(people)
    return refuse(
        "role_wrong",
        role=actor.role,
        role_zh=chinese(actor.role),
        allowed=", ".join(roles),
        allowed_zh="、".join(chinese(role) for role in roles),
    )


def _undecided(state: Petition, actor: Actor, scope: Scope) -> Refusal | None:
    return refuse("no_higher_chief") if scope in DECIDING and in_conflict(state, actor.unit) else None


def _in_scope(state: Petition, actor: Actor, scope: Scope) -> Refusal | None:
    if scope is Scope.VISITOR and (office := _handled_by(state, actor.unit)):
        return refuse("visitor_of_office", unit=office)
    if scope is Scope.NEXT_HIGHER:
        owner = next_higher(state)
        return None if actor.unit == owner else refuse("not_next_higher", owner=owner)
    owners, fits = owners_of(state, actor, scope)
    if fits:
        return None
    named = "、".join(dict.fromkeys(filter(None, owners)))
    return refuse("scope_wrong", reach=actor.reach, owner=named or "—")


def owners_of(state: Petition, actor: Actor, scope: Scope) -> tuple[tuple[str, ...], bool]:
    """Whose the case is in that scope, and whether the actor belongs to them."""
    match scope:
        case Scope.LEAD:
            return (state.lead,), bool(state.lead) and serving(state, actor.unit) == state.lead
        case Scope.OFFICE:
            return state.offices, bool(serving(state, actor.unit))
        case Scope.OUTSIDE:
            return (state.accountable,), in_conflict(state, state.accountable)
        case Scope.PETITIONER:
            return (), actor.id == petitioner_of(state.number).id
        case Scope.OFFERED:
            to = state.offer.to if state.offer is not None else actor.id
            return (to,), to in (actor.id, actor.unit)
        case Scope.ACCOUNTABLE | Scope.REFERRER | Scope.SIGNER:
            signers = state.offices if scope is Scope.SIGNER and state.joint else ()
            owners = (state.accountable, *signers)
            return owners, actor.unit in owners
        case _:
            owners = (state.registrar, state.unit)
            return owners, any(within(owner, actor.reach) for owner in owners)


def _handled_by(state: Petition, unit: str) -> str:
    """The office, now or of an earlier answer, that people of ``unit`` belong to; empty if none.

    Where the city bureau itself is the office only its own desk is meant, not every unit of the city: somebody must be left to revisit.
    """
    offices = (*state.offices, *(answer.unit for answer in state.answers))
    return next((office for office in offices if unit == office or (parent(office) and within(unit, office))), "")
