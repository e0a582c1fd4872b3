"""An order of a person to a case, from what was filled in to the answer of the desk: the same at every door."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, cast

from activities.record.queries import case_unknown
from activities.record.views import HistoryLine
from gateway.case_service import refusal_error
from gateway.doors import Door
from gateway.orders.fields import command_model
from gateway.orders.reading import read_order
from gateway.orders.shared_answers import check_shared_answer
from schemas.evidence.chain import Recorded
from schemas.kernel.actor import Actor
from schemas.kernel.errors import UserError
from schemas.petition import commands as c
from schemas.petition.refusals import refuse
from schemas.petition.rules import allowed, may_know
from schemas.petition.rules.authority import parties_conflict, party_of
from schemas.petition.state import Petition, RatingDoor
from schemas.petition.wording.narration import narrate
from schemas.sealing.factors import Factor
from schemas.sealing.personal import end_hidden
from workflows.contract import Answer

_CIPHERTEXT = ("sealed", "key_id", "person")
"""Of sealed personal data only the masks are shown."""


async def execute_command(
    door: Door,
    named: str,
    actor: Actor,
    action: str,
    given: Mapping[str, Any],
    *,
    command_id: str | None = None,
    came_by: RatingDoor | None = None,
    factor: Factor | None = None,
) -> Answer:
    """Carries the order to the case of that number or tracking code. Refusals, and fields that can't be, are ``UserError``.

    ``command_id`` makes a repeated order one order; ``came_by``: where a petitioner's own answer came in, ``factor``: what proved them to be one.
    """
    command_model(action)
    view = await door.case(named)
    if not may_know(view.state, actor):
        # Before anything about the fields is said: even that would tell somebody that there is such a case.
        raise case_unknown(named)
    try:
        order = await _read(door, view.state, actor, action, dict(given))
        if isinstance(order, c.Rate):
            order = order.model_copy(update={"door": came_by, "factor": factor})
        return await door.desk.act(view.state.number, actor, order, command_id=command_id)
    except UserError as refusal:
        redactor = await door.redacting.of_case(view.state.number, actor)
        told = redactor.only_numbers().refusal(refusal)
        if told is refusal:
            raise
        raise told from None


async def _read(door: Door, state: Petition, actor: Actor, action: str, fields: dict[str, Any]) -> c.Command:
    if isinstance(into := fields.get("into"), str) and into.strip():
        # Nobody merges into a case they are kept from, nor learns that it is there.
        lead = (await door.case(into, actor)).state
        if parties_conflict(party_of(state), party_of(lead)):
            raise refusal_error(refuse("merge_conflict", number=lead.number))
        fields["into"] = lead.number
    order = read_order(
        action,
        fields,
        state,
        rules=await door.rules(),
        organisation=await door.organisation(),
        keyring=door.system.keyring,
        now=datetime.now(UTC),
    )
    await check_shared_answer(door, state, actor, order)
    return order


def actions_of(state: Petition, viewer: Actor | None) -> dict[str, dict[str, str] | None]:
    """For each command: None where this person could give it now, else why not. Nobody acts as the administrator of the machine."""
    if viewer is None:
        return {}
    return {
        kind: refusal.model_dump(mode="json") if refusal is not None else None
        for kind, refusal in allowed(state, viewer).items()
    }


def without_ciphertext(stored: Any) -> Any:
    """An event as stored, but of sealed personal data only the masks."""
    if isinstance(stored, list):
        return [without_ciphertext(each) for each in cast("list[Any]", stored)]
    if not isinstance(stored, dict):
        return stored
    fields = cast("dict[str, Any]", stored)
    if not ("key_id" in fields and "sealed" in fields):
        return {name: without_ciphertext(value) for name, value in fields.items()}
    return {name: end_hidden(str(mask)) for name, mask in fields.items() if name not in _CIPHERTEXT}


def history_line(recorded: Recorded) -> HistoryLine:
    """An event as a line that people read."""
    zh, en = narrate(recorded.event)
    return HistoryLine(
        seq=recorded.seq,
        kind=recorded.event.kind,
        at=recorded.event.at,
        recorded_at=recorded.recorded_at,
        # By which session somebody acted is for auditors, in the timeline.
        actor=recorded.actor.model_copy(update={"credential": ""}),
        zh=zh,
        en=en,
    )
