"""What one case must tell another: merging is a conversation of two workflows, each deciding for itself."""

from __future__ import annotations

from collections.abc import Sequence

from schemas.evidence.archive import workflow_id
from schemas.kernel.actor import SYSTEM
from schemas.petition import commands as c
from schemas.petition import events as e
from schemas.petition.rules.authority import party_of
from schemas.petition.rules_version import ACCUSER_SAFE, in_force
from schemas.petition.state import Petition
from schemas.streams.case_type import Patched
from schemas.streams.message import CaseMessage

PetitionMessage = CaseMessage[c.Order]
"""An order of one petition to another."""

CONFLICT = "conflict"
"""Why a lead case has a follower leave: one of the two complains of those who have the other in hand."""

CHANGES_A_PARTY = (e.AccusedNamed, e.AccusedProposed, e.AccusedDecided, e.Amended)
"""After these a follower may complain of others, or be somewhere else."""


MEMBER_MARKS = "member-marks"
"""The first release did not tell a lead case whom its followers complain of."""

FOLLOWERS_TOLD_OUTSIDE = "followers-told-outside"
"""The first release told each follower a reply by a message of the lead case's own run."""


def messages(state: Petition, events: Sequence[e.Event], patched: Patched) -> list[PetitionMessage]:
    """What the run of a case tells others after these events, by the rules and the code it was begun with."""
    told_outside = bool(announced(state, events, patched))
    party = tells_of_a_party(state, events) and (in_force(state.rules, ACCUSER_SAFE) or patched(MEMBER_MARKS))
    return relays(state, events, party=party, answers=not told_outside)


def announced(state: Petition, events: Sequence[e.Event], patched: Patched) -> list[int]:
    """The numbers of the events among these that all followers are to hear from outside the run."""
    if not state.members:
        return []
    first = state.seq - len(events) + 1
    replies = [
        seq for seq, event in enumerate(events, start=first) if isinstance(event, e.Replied) and not event.following
    ]
    return replies if replies and patched(FOLLOWERS_TOLD_OUTSIDE) else []


def owes_announcement(state: Petition, patched: Patched) -> bool:
    """Whether the run before may have ended while it told followers a reply."""
    return bool(state.members and state.answers) and patched(FOLLOWERS_TOLD_OUTSIDE)


def tells_of_a_party(state: Petition, events: Sequence[e.Event]) -> bool:
    """Whether after these events the lead case must hear whom to keep out."""
    joins = any(isinstance(event, e.Merged) for event in events)
    return joins or _changes_a_party(state, events)


def _changes_a_party(state: Petition, events: Sequence[e.Event]) -> bool:
    return bool(state.merged_into) and any(isinstance(event, CHANGES_A_PARTY) for event in events)


def relays(state: Petition, events: Sequence[e.Event], *, party: bool, answers: bool) -> list[PetitionMessage]:
    """The messages that follow from these events of a case. ``party``: the lead case hears whom to keep out. ``answers``: followers hear a reply by
    these messages too, and not by what :func:`answer_of` says.
    """
    messages: list[PetitionMessage] = []
    for seq, event in enumerate(events, start=state.seq - len(events) + 1):
        tag = _tag(state, seq, event)
        if isinstance(event, e.Merged):
            leave = _system(c.Unmerge(reason=f"{event.into} takes no members"))
            back = PetitionMessage(workflow_id=workflow_id(state.number), command_id=f"{tag}-refused", order=leave)
            join = _system(c.AdmitMember(number=state.number, party=party_of(state) if party else None))
            messages.append(
                PetitionMessage(
                    workflow_id=workflow_id(event.into),
                    command_id=tag,
                    order=join,
                    otherwise=back,
                    undelivered=leave,
                )
            )
        elif isinstance(event, e.Unmerged):
            part = _system(c.ReleaseMember(number=state.number))
            messages.append(PetitionMessage(workflow_id=workflow_id(event.out_of), command_id=tag, order=part))
        elif isinstance(event, e.MemberReleased) and event.apart:
            leave = _system(c.Unmerge(reason=CONFLICT))
            messages.append(PetitionMessage(workflow_id=workflow_id(event.number), command_id=tag, order=leave))
        elif isinstance(event, e.Replied) and answers:
            messages.extend(answer_of(state, seq, event).values())
    if party and _changes_a_party(state, events):
        order = _system(c.ChangeMember(party=party_of(state)))
        tag = f"{state.number}-{state.seq}-party"
        messages.append(PetitionMessage(workflow_id=workflow_id(state.merged_into), command_id=tag, order=order))
    return messages


def answer_of(state: Petition, seq: int, event: e.Replied) -> dict[str, PetitionMessage]:
    """The reply to a case as its followers hear it, by their numbers; ``state``: just after it."""
    if event.following:
        return {}
    order, tag = _system(_shared(event, state)), _tag(state, seq, event)
    return {
        member: PetitionMessage(workflow_id=workflow_id(member), command_id=tag, order=order)
        for member in state.members
    }


def _tag(state: Petition, seq: int, event: e.Event) -> str:
    # Named for the event itself: told again after a lost task, in whatever company, it is the same message.
    return f"{state.number}-{seq}-{event.kind}"


def _shared(answer: e.Replied, state: Petition) -> c.FollowReply:
    helpers = tuple(office.unit for office in state.co_offices)
    return c.FollowReply(outcome=answer.outcome, text=answer.text, unit=answer.unit, co_offices=helpers)


def _system(command: c.Command) -> c.Order:
    return c.Order(actor=SYSTEM, command=command)
