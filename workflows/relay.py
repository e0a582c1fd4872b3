"""What one case must tell another: merging is a conversation of two workflows, each deciding for itself."""

from __future__ import annotations

from collections.abc import Sequence

from schemas import commands as c
from schemas import events as e
from schemas.petition import SYSTEM, Frozen, Petition
from workflows.contract import workflow_id


class Relay(Frozen):
    """An order for another case. ``otherwise`` goes back if that case refuses it; ``undelivered`` is carried out here if it is gone."""

    workflow_id: str
    command_id: str
    order: c.Order
    otherwise: Relay | None = None
    undelivered: c.Order | None = None


def relays(state: Petition, events: Sequence[e.Event]) -> list[Relay]:
    """The messages that follow from these events of a case."""
    messages: list[Relay] = []
    for seq, event in enumerate(events, start=state.seq - len(events) + 1):
        # Named for the event itself: told again after a lost task, in whatever company, it is the same message.
        tag = f"{state.number}-{seq}-{event.kind}"
        if isinstance(event, e.Merged):
            leave = _system(c.Unmerge(reason=f"{event.into} takes no members"))
            back = Relay(workflow_id=workflow_id(state.number), command_id=f"{tag}-refused", order=leave)
            join = _system(c.AdmitMember(number=state.number))
            messages.append(
                Relay(
                    workflow_id=workflow_id(event.into),
                    command_id=tag,
                    order=join,
                    otherwise=back,
                    undelivered=leave,
                )
            )
        elif isinstance(event, e.Unmerged):
            part = _system(c.ReleaseMember(number=state.number))
            messages.append(Relay(workflow_id=workflow_id(event.out_of), command_id=tag, order=part))
        elif isinstance(event, e.Replied) and not event.following:
            messages.extend(
                Relay(
                    workflow_id=workflow_id(member),
                    command_id=tag,
                    order=_system(_shared(event, state)),
                )
                for member in state.members
            )
    return messages


def _shared(answer: e.Replied, state: Petition) -> c.FollowReply:
    helpers = tuple(office.unit for office in state.co_offices)
    return c.FollowReply(outcome=answer.outcome, text=answer.text, unit=answer.unit, co_offices=helpers)


def _system(command: c.Command) -> c.Order:
    return c.Order(actor=SYSTEM, command=command)
