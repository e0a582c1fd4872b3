"""``/petitions/{number}``: the page, and the orders given on it."""

from __future__ import annotations

from datetime import UTC, datetime
from http import HTTPStatus
from typing import Annotated, Any
from urllib.parse import parse_qsl
from uuid import uuid4

from fastapi import APIRouter, File, Request, Response, UploadFile
from fastapi.responses import RedirectResponse

from activities.record.queries import CaseQueries
from activities.record.views import CaseView
from gateway.api.cases.files import attach, attachments_of
from gateway.console.case.facts import facts_of_case
from gateway.console.case.inputs import given_by, kept_by, shown
from gateway.console.preferences import local_path
from gateway.console.rendering import address_with, render
from gateway.doors import Door
from gateway.orders.carrying import execute_command
from gateway.orders.codes import REISSUE, reissue
from gateway.orders.fields import command_model
from gateway.orders.shared_answers import marked
from gateway.visible import visible_case
from gateway.web.problems import status_of
from gateway.web.viewer import CallerFirst, Principal, Readings, SignedIn, TheDoor
from schemas.access import Area, enter
from schemas.access.case_numbers import HIDDEN_NUMBER
from schemas.kernel.errors import UserError
from schemas.organisation.names import Names
from schemas.petition.state import RatingDoor
from schemas.petition.wording.factors import ASKED

ONCE_LENGTH = 64


def case_router() -> APIRouter:
    """The routes of a case."""
    router = APIRouter(include_in_schema=False, route_class=CallerFirst)
    router.get("/petitions/{number}")(show)
    router.post("/petitions/{number}/act/{kind}")(act)
    router.post("/petitions/{number}/reveal")(reveal)
    router.post("/petitions/{number}/attachments")(attach_file)
    return router


async def show(
    request: Request, number: str, viewer: SignedIn, door: TheDoor, readings: Readings, did: str = ""
) -> Response:
    """The page."""
    enter(Area.CASE, viewer.actor)
    view = await visible_case(readings, number, viewer.actor)
    return await page(request, viewer, door, readings, view, did=did)


async def act(
    request: Request, number: str, kind: str, viewer: SignedIn, door: TheDoor, readings: Readings
) -> Response:
    """Carries an order; refused, the page comes back with the reason and with everything that was typed."""
    enter(Area.CASE, viewer.actor, writing=True)
    form = await request.form()
    view = await visible_case(readings, number, viewer.actor)
    command_model(kind)
    once = str(form.get("once", ""))[:ONCE_LENGTH]
    try:
        given = given_by(kind, form)
        if kind == REISSUE:
            issued = await reissue(door, view.state.number, viewer.actor, given, command_id=once or None)
            # The code stands in this answer only, and in no address.
            view = await visible_case(readings, number, viewer.actor)
            return await page(request, viewer, door, readings, view, did=kind, issued=issued)
        await execute_command(
            door, view.state.number, viewer.actor, kind, given, command_id=once or None, came_by=RatingDoor.DESK
        )
    except UserError as refusal:
        return await page(
            request,
            viewer,
            door,
            readings,
            view,
            status=status_of(refusal),
            refusal=refusal,
            tried=kind,
            kept=kept_by(form),
        )
    back = local_path(str(form.get("back", "")), f"/petitions/{view.state.number}")
    path, _, query = back.partition("?")
    said = {"did": kind} if path.startswith("/petitions/") else {"did": kind, "number": view.state.number}
    return RedirectResponse(address_with(path, dict(parse_qsl(query)), **said), HTTPStatus.SEE_OTHER)


async def attach_file(
    request: Request,
    number: str,
    viewer: SignedIn,
    door: TheDoor,
    readings: Readings,
    file: Annotated[UploadFile, File()],
) -> Response:
    """Attaches a file, by the same rules as the API; refused, the page says why."""
    enter(Area.CASE, viewer.actor, writing=True)
    view = await visible_case(readings, number, viewer.actor)
    try:
        await attach(view.state.number, file, request, viewer, readings, door)
    except UserError as refusal:
        return await page(request, viewer, door, readings, view, status=status_of(refusal), refusal=refusal)
    return RedirectResponse(f"/petitions/{view.state.number}#attachments", HTTPStatus.SEE_OTHER)


async def reveal(request: Request, number: str, viewer: SignedIn, door: TheDoor, readings: Readings) -> Response:
    """Shows the petitioners in clear, once, for a reason that is recorded first."""
    enter(Area.REVEAL, viewer.actor)
    form = await request.form()
    view = await visible_case(readings, number, viewer.actor)
    revealer = await door.revealer()
    reason, words = (str(form.get(name, "")) for name in ("reason", "words"))
    try:
        found = await revealer.reveal(view.state.number, viewer.actor, reason, words)
    except UserError as refusal:
        return await page(
            request, viewer, door, readings, view, status=status_of(refusal), refusal=refusal, kept=kept_by(form)
        )
    clear = [each.data for each in found.petitioners if each.data is not None]
    return await page(request, viewer, door, readings, view, revealed=clear)


async def page(
    request: Request,
    viewer: Principal,
    door: Door,
    readings: CaseQueries,
    view: CaseView,
    *,
    status: int = 200,
    **more: Any,
) -> Response:
    """The page of a case as it stands now."""
    organisation = await door.organisation()
    revealed = more.get("revealed") is not None
    facts = await facts_of_case(door, readings, view, viewer.actor, datetime.now(UTC), revealed=revealed)
    return render(
        request,
        viewer,
        "case/page.html",
        status=status,
        case=facts,
        state=facts.state,
        hidden_number=HIDDEN_NUMBER,
        names=Names(organisation),
        units=organisation.units,
        people=organisation.people,
        once=uuid4().hex,
        marked=marked,
        attachments=facts.redactor.model(await attachments_of(request, door).of(facts.state.number)),
        shown=shown,
        asked=ASKED,
        page={"did": "", "issued": None, "refusal": None, "tried": "", "kept": {}, "revealed": None, **more},
    )
