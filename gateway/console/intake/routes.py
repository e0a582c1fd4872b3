"""``/petitions/new``: the form of the desk. What it is asked: look (propose, compare, keep the draft), file, or begin anew."""

from __future__ import annotations

from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any
from uuid import uuid4

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from activities.kept.forms import Boxes, DraftStore
from gateway.console.case.inputs import kept_by, shown
from gateway.console.intake.facts import DECIDED, beside, draft_of
from gateway.console.rendering import render
from gateway.doors import Door
from gateway.intake.drafts import drafts_of, form_id
from gateway.orders.fields import FIELDS_ZH
from gateway.web.problems import status_of
from gateway.web.viewer import CallerFirst, Principal, Readings, SignedIn, TheDoor
from schemas.access import Area, enter
from schemas.kernel.errors import UserError
from schemas.organisation.names import Names
from schemas.petition.state import Complexity, Ledger
from schemas.petition.wording.factors import ASKED
from schemas.petition.wording.personal_fields import PERSONAL_FIELDS, personal_label

PEOPLE = 5
"""Representatives a joint petition may have (§20)."""


def intake_router() -> APIRouter:
    """The routes of the form."""
    router = APIRouter(include_in_schema=False, route_class=CallerFirst)
    router.get("/petitions/new")(show)
    router.post("/petitions/new")(take)
    return router


async def show(request: Request, viewer: SignedIn, door: TheDoor, readings: Readings) -> Response:
    """The form, with the draft that was kept."""
    enter(Area.FILING, viewer.actor)
    boxes = await _kept(door).of(viewer.actor.id)
    return await _page(request, viewer, door, readings, boxes)


async def take(request: Request, viewer: SignedIn, door: TheDoor, readings: Readings) -> Response:
    """Looks, files or begins anew, as the button says."""
    enter(Area.FILING, viewer.actor, writing=True)
    form = await request.form()
    boxes = {name: said for name, said in kept_by(form).items() if name != "do"}
    kept = _kept(door)
    match form.get("do"):
        case "file":
            return await _file(request, viewer, door, readings, boxes)
        case "drop":
            await kept.drop(viewer.actor.id)
            return RedirectResponse("/petitions/new", HTTPStatus.SEE_OTHER)
        case _:
            await kept.keep(viewer.actor.id, boxes)
            return await _page(request, viewer, door, readings, boxes, kept_at=datetime.now(UTC))


async def _file(request: Request, viewer: Principal, door: Door, readings: Readings, boxes: Boxes) -> Response:
    try:
        draft = draft_of(boxes, form_id(shown(boxes, "message") or uuid4().hex))
        content, _ = await drafts_of(request, door).content(draft, viewer.actor)
        filing = await door.desk.file(viewer.actor, content)
    except UserError as refusal:
        await _kept(door).keep(viewer.actor.id, boxes)
        return await _page(request, viewer, door, readings, boxes, status=status_of(refusal), refusal=refusal)
    await _kept(door).drop(viewer.actor.id)
    # The code stands in this answer only, and in no address: those are kept by browsers and proxies.
    return await _page(request, viewer, door, readings, {}, status=HTTPStatus.CREATED, filed=filing)


async def _page(
    request: Request,
    viewer: Principal,
    door: Door,
    readings: Readings,
    boxes: Boxes,
    *,
    status: int = 200,
    **more: Any,
) -> Response:
    organisation, rules = await door.organisation(), await door.rules()
    return render(
        request,
        viewer,
        "intake/page.html",
        status=status,
        boxes=boxes,
        shown=shown,
        beside=await beside(door, drafts_of(request, door), readings, viewer.actor, boxes),
        message=shown(boxes, "message") or uuid4().hex,
        channels=rules.policy.channels,
        ledgers=[each.value for each in Ledger],
        complexities=[each.value for each in Complexity],
        fields=[(name, FIELDS_ZH[name]) for name in DECIDED],
        most_people=PEOPLE,
        personal=[(name, personal_label(name)) for name in PERSONAL_FIELDS],
        units=organisation.units,
        people=organisation.people,
        names=Names(organisation),
        asked=ASKED,
        page={"filed": None, "refusal": None, "kept_at": None, **more},
    )


def _kept(door: Door) -> DraftStore:
    return DraftStore(door.system.database, door.system.keyring)
