"""``POST /petitions``: filed once per key of the caller, however often it is sent."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Header, Request, Response

from gateway.api.answers import SENDING, problems
from gateway.api.cases.in_flight import InFlight
from gateway.api.cases.shapes import Filed
from gateway.api.entering import as_json, entered
from gateway.doors import Door
from gateway.intake.drafts import drafts_of
from gateway.orders.drafting import Draft
from gateway.orders.given import PetitionGiven
from gateway.retry import READ_RETRY_SECONDS, retry_transient
from gateway.storable import check_text
from gateway.web.viewer import CallerFirst, Principal, TheDoor
from schemas.access import Area
from schemas.kernel.errors import UserError
from schemas.petition.events import Filed as FiledEvent
from schemas.petition.events import FiledContent
from schemas.petition.state import ClockName

router = APIRouter(route_class=CallerFirst)

IdempotencyKey = Annotated[
    str,
    Header(
        alias="Idempotency-Key",
        pattern=r"^[\x21-\x7e]{1,200}$",
        description="来件在调用方的编号，同号只建一件 / the caller's own id of the message: filed once.",
        examples=["hotline-2026-03-02-000815"],
    ),
]

Clerk = Annotated[Principal, Depends(entered(Area.FILING, writing=True))]


@router.post(
    "/petitions",
    status_code=201,
    response_model=Filed,
    operation_id="file_petition",
    dependencies=[Depends(as_json)],
    responses={
        201: {
            "description": "Filed, now or before under the same key",
            "headers": {"Location": {"description": "The case", "schema": {"type": "string"}}},
        },
        **problems(
            *SENDING,
            "body_invalid",
            "text_unstorable",
            "source_event_conflict",
            "unit_unknown",
            "person_unknown",
            "channel_unknown",
            "in_flight",
            "role_wrong",
            "recused",
            "door_closed",
        ),
    },
)
async def file_petition(
    given: PetitionGiven, key: IdempotencyKey, viewer: Clerk, door: TheDoor, request: Request, response: Response
) -> Filed:
    """建档 / file a petition: numbered, clocks running, durable when answered."""
    check_text(given.model_dump(mode="json"), "body")
    draft = given.draft(f"api:{viewer.actor.id}", key)
    content, proposed = await drafts_of(request, door).content(draft, viewer.actor)
    in_flight: InFlight = request.app.state.in_flight
    async with in_flight.held(draft.source, key):
        filing = await door.desk.file(viewer.actor, content, received_at=given.received_at)
        filed = await _filed(door, filing.number)
    if filing.known:
        _check_same(draft, content, filed.content)
    response.headers["Location"] = f"/api/v1/petitions/{filing.number}"
    clocks = {clock.name: clock.due for clock in filed.clocks}
    kept = filed.content
    return Filed(
        number=filing.number,
        tracking_code=filing.tracking_code or None,
        second_factor=filing.factor,
        pin=filing.pin or None,
        received_at=filed.received_at,
        ledger=kept.ledger,
        complexity=kept.complexity,
        category=kept.category,
        unit=kept.unit,
        assign_due=clocks.get(ClockName.ASSIGN),
        finish_due=clocks.get(ClockName.FINISH),
        # By a newer organisation or taxonomy something else might be proposed today; what was filed stays what was filed.
        proposed={name: each for name, each in proposed.items() if each.value == getattr(kept, name)},
    )


async def _filed(door: Door, number: str) -> FiledEvent:
    history = await retry_transient(lambda: door.system.record.history(number), READ_RETRY_SECONDS)
    event = history[0].event
    if not isinstance(event, FiledEvent):
        raise RuntimeError(f"case {number} does not begin with its filing")
    return event


def _check_same(draft: Draft, content: FiledContent, kept: FiledContent) -> None:
    """The record compares the petition's words and people; here is compared what the caller himself decided besides."""
    compared = (
        "channel",
        "ledger",
        "complexity",
        "category",
        "unit",
        "confidential",
        "accused_units",
        "accused_persons",
    )
    for name in compared:
        if getattr(draft, name) not in (None, "", ()) and getattr(content, name) != getattr(kept, name):
            raise UserError(
                "source_event_conflict",
                zh=f"此 Idempotency-Key 已用于另一内容（“{name}”不同）；更正请用“补正”，新件请用新键。",
                en=f"This Idempotency-Key was used with another body (“{name}” differs); amend that case or use a new key.",
                field=name,
            )
