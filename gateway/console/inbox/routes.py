"""``/inbox``: the page, orders to several cases at once, notices read."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from uuid import uuid4

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from activities.record.inbox import Inbox
from activities.record.queries import CaseQueries
from gateway.api.entering import seen
from gateway.console.inbox.facts import TOGETHER, inbox_facts, waiting_cases
from gateway.console.rendering import render
from gateway.doors import Door
from gateway.orders.carrying import carry_out
from gateway.orders.fields import HUMAN
from gateway.web.viewer import Readings, SignedIn, TheDoor, Viewer
from schemas.access import Area, enter
from schemas.errors import UserError
from schemas.organisation.names import Names

NOTICES = 5
MOST_AT_ONCE = 100


@dataclass(frozen=True)
class Given:
    """What became of one of several orders; ``refusal``: None where it was taken."""

    number: str
    refusal: UserError | None


def inbox_router() -> APIRouter:
    """The routes of the inbox."""
    router = APIRouter(include_in_schema=False)
    router.get("/inbox")(show)
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
    viewer: Viewer,
    door: Door,
    readings: CaseQueries,
    *,
    kind: str = "",
    did: str = "",
    number: str = "",
    given: tuple[Given, ...] = (),
) -> Response:
    """The inbox as it stands now."""
    waiting = await waiting_cases(readings, viewer.actor, datetime.now(UTC))
    notices = await Inbox(door.system.database).page(viewer.actor, limit=NOTICES)
    return render(
        request,
        viewer,
        "inbox/page.html",
        inbox=inbox_facts(waiting, kind),
        notices=notices,
        kind=kind,
        did=did,
        number=number,
        given=given,
        names=Names(await door.organisation()),
        once=uuid4().hex,
    )


async def act_together(request: Request, kind: str, viewer: SignedIn, door: TheDoor, readings: Readings) -> Response:
    """Gives one command to every case that was chosen; each answers for itself."""
    enter(Area.INBOX, viewer.actor, writing=True)
    if kind not in TOGETHER:
        raise UserError(
            "command_unknown",
            zh="此操作不能批量办理，请逐件办理。",
            en="This can't be done for several cases at once; do it case by case.",
            command=kind,
        )
    form = await request.form()
    once = str(form.get("once", ""))[:64] or uuid4().hex
    chosen = [each for each in form.getlist("number") if isinstance(each, str)][:MOST_AT_ONCE]
    given: list[Given] = []
    for named in chosen:
        try:
            view = await seen(readings, named, viewer.actor)
            await carry_out(door, view.state.number, viewer.actor, kind, {}, command_id=f"{once}-{kind}")
            given.append(Given(view.state.number, None))
        except UserError as refusal:
            given.append(Given(named[:40], refusal))
    return await page(request, viewer, door, readings, did=kind, given=tuple(given))


async def read_notices(request: Request, viewer: SignedIn, door: TheDoor) -> Response:
    """Marks the notices that were shown as read."""
    enter(Area.INBOX, viewer.actor, writing=True)
    form = await request.form()
    inbox = Inbox(door.system.database)
    for notice in [each for each in form.getlist("notice") if isinstance(each, str)][:MOST_AT_ONCE]:
        await inbox.read(viewer.actor, notice)
    return RedirectResponse("/inbox", HTTPStatus.SEE_OTHER)
