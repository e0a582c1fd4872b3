"""会签: what takes two people takes effect by the second one's own order, and by no name somebody else has written down."""

from __future__ import annotations

from datetime import datetime

from schemas.kernel.actor import Actor
from schemas.petition import commands as c
from schemas.petition import events as e
from schemas.petition.refusals import refuse
from schemas.petition.rules.accused import consented
from schemas.petition.rules.authority import is_meant
from schemas.petition.rules.intake import Made
from schemas.petition.state import Petition


def countersign(state: Petition, command: c.Countersign, actor: Actor, at: datetime) -> Made:
    """The second person consents, or says why not: then nothing of it takes effect."""
    pending = state.pending
    if pending is None:
        return refuse("nothing_to_countersign")
    if actor.id == pending.by:
        return refuse("second_person_same")
    if pending.what == "letting_off" and is_meant(state, actor):
        return refuse("recused")
    if not command.agreed:
        if not command.reason.strip():
            return refuse("field_missing", field="reason")
        return [e.ConsentRefused(at=at, what=pending.what, reason=command.reason)]
    match pending.what:
        case "letting_off":
            return consented(state, at)
        case "disclosure":
            return [
                e.Disclosed(
                    at=at,
                    published=pending.published,
                    summary=pending.summary,
                    exemption=pending.exemption,
                    countersigned_by=actor.id,
                    proposed_by=pending.by,
                )
            ]
        case "retraction":  # pragma: no branch - pyright holds that there is no other
            return [
                e.DisclosureRetracted(at=at, reason=pending.reason, countersigned_by=actor.id, proposed_by=pending.by)
            ]
