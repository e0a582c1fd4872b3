"""并案: a case follows another for its handling; its petitioner keeps an own satisfaction, and its own clocks run on."""

from __future__ import annotations

from datetime import datetime

from schemas.kernel.actor import Actor
from schemas.kernel.refusal import Refusal
from schemas.petition import commands as c
from schemas.petition import events as e
from schemas.petition.refusals import refuse
from schemas.petition.rules.authority import parties_conflict, party_of
from schemas.petition.rules.custody import HANDLED
from schemas.petition.rules.intake import Made, followers_left
from schemas.petition.state import Petition


def merge(state: Petition, command: c.Merge, actor: Actor, at: datetime) -> Made:
    """This case follows ``into`` from now on; whether the two may be together is for that one to say (`admit_member`)."""
    if not command.into.strip():
        return refuse("field_missing", field="into")
    if command.into == state.number:
        return refuse("merge_itself")
    if (refusal := followers_left(state) or _leaving(state)) is not None:
        return refusal
    return [e.Merged(at=at, into=command.into, basis=command.basis, reason=command.reason)]


def _leaving(state: Petition) -> Refusal | None:
    if state.offer is None:
        return None
    return refuse("transfer_pending", to=state.offer.to, until=state.offer.until.isoformat())


def unmerge(state: Petition, command: c.Unmerge, actor: Actor, at: datetime) -> Made:
    """The case stands on its own again, in the stage it had when it was merged."""
    if not state.merged_into:
        return refuse("not_merged")
    if not command.reason.strip():
        return refuse("field_missing", field="reason")
    return [e.Unmerged(at=at, out_of=state.merged_into, reason=command.reason)]


def admit_member(state: Petition, command: c.AdmitMember, actor: Actor, at: datetime) -> Made:
    """The lead case takes note of a follower; one that has been answered takes none (one that follows another leaves it to that)."""
    if state.stage not in HANDLED:
        return refuse("member_closed", number=state.number)
    if (refusal := _leaving(state)) is not None:
        return refusal
    if command.number == state.number:
        return refuse("merge_itself")
    if command.party is not None and parties_conflict(party_of(state), command.party):
        return refuse("merge_conflict", number=state.number)
    if command.number in state.members:
        return []
    return [e.MemberAdmitted(at=at, number=command.number, party=command.party)]


def change_member(state: Petition, command: c.ChangeMember, actor: Actor, at: datetime) -> Made:
    """A follower complains of others by now; whether the two must come apart is seen by :func:`parted`."""
    if command.party.number not in state.members:
        return refuse("not_a_member", number=command.party.number)
    return [e.MemberChanged(at=at, party=command.party)]


def parted(state: Petition, at: datetime) -> list[e.Event]:
    """The followers from whom this case must come apart, because either is in the hands of somebody the other complains of."""
    own = party_of(state.model_copy(update={"parties": ()}))
    return [
        e.MemberReleased(at=at, number=party.number, apart=True)
        for party in state.parties
        if parties_conflict(own, party)
    ]


def release_member(state: Petition, command: c.ReleaseMember, actor: Actor, at: datetime) -> Made:
    """A follower has left."""
    if command.number not in state.members:
        return refuse("not_a_member", number=command.number)
    return [e.MemberReleased(at=at, number=command.number)]
