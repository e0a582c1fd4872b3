"""``/inbox``: the page, orders to several cases at once, notices read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from http import HTTPStatus
from uuid import uuid4

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from activities.record.inbox import Inbox
from activities.record.queries import CaseQueries
from gateway.console.case.inputs import kept_by, shown
from gateway.console.inbox.facts import AT_ONCE, TOGETHER, inbox_facts, waiting_cases
from gateway.console.inbox.together import MOST_AT_ONCE, Given, chosen_in, give_together, inputs_together
from gateway.console.rendering import render
from gateway.doors import Door
from gateway.orders.fields import HUMAN
from gateway.visible import visible_case
from gateway.web.viewer import CallerFirst, Principal, Readings, SignedIn, TheDoor
from schemas.access import Area, enter
from schemas.kernel.errors import UserError
from schemas.organisation.names import Names

NOTICES = 5


def inbox_router() -> APIRouter:
    """The routes of the inbox."""
    router = APIRouter(include_in_schema=False, route_class=CallerFirst)
    router.get("/inbox")(show)
    router.post("/inbox/together/{kind}")(prepare_together)
    router.post("/inbox/act/{kind}")(act_together)
    router.post("/inbox/notices/read")(read_notices)
    return router


async def show(
    request: Request,
    viewer: SignedIn,
    door: TheDoor,
    readings: Readings,
    kind: str = "",
    did: str = "",
    number: str = "",
) -> Response:
    """The page."""
    enter(Area.INBOX, viewer.actor)
    return await page(request, viewer, door, readings, kind=kind, did=did if did in HUMAN else "", number=number[:40])


async def page(
    request: Request,
    viewer: Principal,
    door: Door,
    readings: CaseQueries,
    *,
    kind: str = "",
    did: str = "",
    number: str = "",
    given: tuple[Given, ...] = (),
) -> Response:
    """The inbox as it stands now."""
    waiting = inbox_facts(await waiting_cases(readings, viewer.actor, datetime.now(UTC)), kind)
    notices = await Inbox(readings.engine).page(viewer.actor, limit=NOTICES)
    numbers = {each.line.number for each in waiting.waiting} | {each.case_number for each in notices.notices}
    redactor = await door.redacting.of_cases(numbers, viewer.actor, (waiting, notices))
    return render(
        request,
        viewer,
        "inbox/page.html",
        inbox=redactor.model(waiting),
        notices=redactor.model(notices),
        kind=kind,
        did=did,
        number=number,
        given=given,
        at_once=AT_ONCE,
        names=Names(await door.organisation()),
        once=uuid4().hex,
    )


async def prepare_together(
    request: Request, kind: str, viewer: SignedIn, door: TheDoor, readings: Readings
) -> Response:
    """The form of a command for all the cases that were chosen; nothing is done yet."""
    enter(Area.INBOX, viewer.actor, writing=True)
    form = await request.form()
    return await _together_page(request, viewer, door, readings, _together(kind), chosen_in(form))


async def act_together(request: Request, kind: str, viewer: SignedIn, door: TheDoor, readings: Readings) -> Response:
    """Gives one command to every case that was chosen; each answers for itself. With none chosen, or none that took it, the form stays."""
    enter(Area.INBOX, viewer.actor, writing=True)
    form = await request.form()
    chosen = chosen_in(form)
    once = str(form.get("once", ""))[:64] or uuid4().hex
    given = await give_together(door, readings, viewer.actor, _together(kind), chosen, form, once)
    if kind not in AT_ONCE and not any(each.refusal is None for each in given):
        return await _together_page(
            request, viewer, door, readings, kind, chosen, given=given, kept=kept_by(form), status=409
        )
    return await page(request, viewer, door, readings, did=kind, given=given)


def _together(kind: str) -> str:
    if kind not in TOGETHER:
        raise UserError(
            "command_unknown",
            zh="此操作不能批量办理，请逐件办理。",
            en="This can't be done for several cases at once; do it case by case.",
            command=kind,
        )
    return kind


async def _together_page(
    request: Request,
    viewer: Principal,
    door: Door,
    readings: CaseQueries,
    kind: str,
    chosen: Sequence[str],
    *,
    given: tuple[Given, ...] = (),
    kept: Mapping[str, Sequence[str]] | None = None,
    status: int = 200,
) -> Response:
    views = [await visible_case(readings, each, viewer.actor) for each in chosen]
    redactor = await door.redacting.of_cases([each.state.number for each in views], viewer.actor, views)
    organisation = await door.organisation()
    return render(
        request,
        viewer,
        "inbox/together.html",
        status=status,
        kind=kind,
        views=redactor.model(views),
        inputs=inputs_together(kind, views[0].state, viewer.actor) if views else (),
        given=given,
        kept=kept or {},
        shown=shown,
        units=organisation.units,
        people=organisation.people,
        names=Names(organisation),
        once=uuid4().hex,
    )


async def read_notices(request: Request, viewer: SignedIn, door: TheDoor) -> Response:
    """Marks the notices that were shown as read."""
    enter(Area.INBOX, viewer.actor, writing=True)
    form = await request.form()
    inbox = Inbox(door.system.database)
    if form.get("all"):
        await inbox.read_all(viewer.actor)
    for notice in [each for each in form.getlist("notice") if isinstance(each, str)][:MOST_AT_ONCE]:
        await inbox.read(viewer.actor, notice)
    return RedirectResponse("/inbox", HTTPStatus.SEE_OTHER)
