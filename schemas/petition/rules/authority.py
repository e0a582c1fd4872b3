"""Who may do what, where: roles over scopes, recusal, and who decides when the accountable chief may not."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum

from schemas.kernel.actor import Actor, Role
from schemas.kernel.refusal import Refusal
from schemas.kernel.units import ancestors, parent, within
from schemas.petition.refusals import refuse
from schemas.petition.state import Complexity, Party, Petition, petitioner_of
from schemas.petition.wording.terms import chinese


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
    COMPLAINTS = "complaints"
    SECOND = "second"


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


def kept_units(state: Petition) -> tuple[str, ...]:
    """The units whose people take no part: accused; possibly meant, themselves or their chief, until that is decided; or any of it by a case that
    follows this one.

    Words do not keep out the city bureau as a whole, nor those without whom nobody could decide.
    """
    held = _still_held(state, meant_units(state))
    return (*state.accused_units, *held, *(each for party in state.parties for each in party.units))


def kept_persons(state: Petition) -> tuple[str, ...]:
    """The people (ids), likewise."""
    held = () if state.held is None else state.held.persons
    return (
        *state.accused_persons,
        *_still_held(state, held),
        *(each for party in state.parties for each in party.persons),
    )


def kept_chiefs(state: Petition) -> tuple[str, ...]:
    """The units whose chief is named, likewise."""
    return (*state.conflicted_units, *(each for party in state.parties for each in party.chiefs))


def _still_held(state: Petition, named: Iterable[str]) -> Iterable[str]:
    open_to = () if state.held is None else state.held.open_to
    return (each for each in named if each not in open_to)


def meant_units(state: Petition) -> tuple[str, ...]:
    """The units that the words of a case that is held may mean, themselves or their chief: never the city bureau as a whole."""
    return () if state.held is None else tuple(each for each in (*state.held.units, *state.held.chiefs) if parent(each))


def is_meant(state: Petition, actor: Actor) -> bool:
    """Whether the words of a case that is held may mean the actor, or where they serve: then they let nobody off."""
    persons = () if state.held is None else state.held.persons
    return actor.id in persons or any(within(actor.unit, unit) for unit in meant_units(state))


def is_kept_out(state: Petition, actor: Actor) -> bool:
    """Whether the actor neither sees the case nor takes part in it: accused, possibly meant, or either by a case that follows this one."""
    return (
        is_accused(state, actor)
        or actor.id in kept_persons(state)
        or any(within(actor.unit, unit) for unit in kept_units(state))
        or (actor.role is Role.CHIEF and bool(parent(actor.unit)) and actor.unit in kept_chiefs(state))
    )


def party_of(state: Petition) -> Party:
    """What another case must know of this one to keep the accused of either away from the other."""
    at = (state.unit, state.registrar, state.accountable, *state.offices)
    return Party(
        number=state.number,
        units=tuple(dict.fromkeys(kept_units(state))),
        persons=tuple(dict.fromkeys(kept_persons(state))),
        chiefs=tuple(dict.fromkeys(kept_chiefs(state))),
        at=tuple(dict.fromkeys(at)),
    )


def parties_conflict(one: Party, other: Party) -> bool:
    """Whether one of two cases is, or would be, in the hands of a unit that the other complains of."""
    return any(has_conflict(unit, one.units, one.chiefs) for unit in other.at) or any(
        has_conflict(unit, other.units, other.chiefs) for unit in one.at
    )


def common_unit(one: str, other: str) -> str:
    """The lowest unit at or above both."""
    return next((unit for unit in (one, *ancestors(one)) if within(other, unit)), other)


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
    return has_conflict(unit, kept_units(state), kept_chiefs(state))


def serving(state: Petition, unit: str) -> str:
    """The office of the case for which people of ``unit`` work: the nearest one at or above them, or none (empty)."""
    return max((office for office in state.offices if within(unit, office)), key=len, default="")


def next_higher(state: Petition) -> str:
    """The unit above the accountable one; at the top, the top itself."""
    return parent(state.accountable) or state.accountable


def may_see(state: Petition, actor: Actor) -> bool:
    """Whether the actor may see the case at all: never the accused; others by their reach or their office's part in it."""
    if actor.role is Role.SYSTEM or actor.role is Role.AUDITOR:
        return actor.role is Role.SYSTEM or not is_kept_out(state, actor)
    if is_kept_out(state, actor):
        return False
    concerned = (state.unit, state.registrar, state.accountable, *state.offices)
    # A case kept at the city bureau is not a case of every station below it: only the offices at work on it see it from below.
    return any(within(unit, actor.reach) for unit in concerned) or bool(serving(state, actor.unit))


def may_know(state: Petition, actor: Actor) -> bool:
    """Whether the actor may be answered as of a case that is there: who may see it, the petitioner, the outside authority it is for to answer."""
    if may_see(state, actor) or actor.id == petitioner_of(state.number).id:
        return True
    called = state.offer is not None and state.offer.to in (actor.id, actor.unit)
    outside = actor.role is Role.UPSTREAM and (called or in_conflict(state, state.accountable))
    return outside and not is_kept_out(state, actor)


def check(state: Petition, actor: Actor, scopes: dict[Role, Scope]) -> Refusal | None:
    """None if the actor's role and scope allow it, else the reason."""
    if actor.role is Role.SYSTEM:
        return None
    if is_kept_out(state, actor):
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
        case Scope.COMPLAINTS:
            owner = state.held.unit if state.held is not None else state.unit
            return (owner,), actor.complaints and within(owner, actor.reach)
        case Scope.SECOND if state.pending is not None and state.pending.what == "letting_off":
            owner = state.held.unit if state.held is not None else state.unit
            decides = actor.unit in (owner, *ancestors(owner)) if actor.role is Role.CHIEF else actor.complaints
            return (owner,), decides and within(owner, actor.reach)
        case Scope.SECOND if actor.role is Role.CHIEF:
            return (state.accountable,), actor.unit == state.accountable
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
