"""``/replay/{number}``: the scrubber, verification, proof."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from gateway.console.case.facts import stops
from gateway.console.rendering import render
from gateway.console.replay.moments import changed_by, steps_of
from gateway.doors import Door
from gateway.dossier.checking import proved, verified
from gateway.dossier.gathering import timeline_of
from gateway.retry import READ_RETRY_SECONDS, retry_transient
from gateway.visible import visible_case
from gateway.web.viewer import CallerFirst, Principal, Readings, SignedIn, TheDoor
from schemas.access import Area, enter
from schemas.kernel.errors import UserError
from schemas.organisation.names import Names


def replay_router() -> APIRouter:
    """The routes of the replay."""
    router = APIRouter(include_in_schema=False, route_class=CallerFirst)
    router.get("/replay")(choose)
    router.get("/replay/{number}")(show)
    router.post("/replay/{number}/verify")(verify)
    router.get("/replay/{number}/proof.json")(proof)
    return router


async def choose(request: Request, viewer: SignedIn, readings: Readings, number: str = "") -> Response:
    """Which case; a number or tracking code leads on."""
    enter(Area.AUDIT, viewer.actor)
    refusal = None
    if number.strip():
        try:
            view = await visible_case(readings, number, viewer.actor)
            return RedirectResponse(f"/replay/{view.state.number}", HTTPStatus.SEE_OTHER)
        except UserError as error:
            refusal = error
    return render(request, viewer, "replay/choose.html", number=number, refusal=refusal)


async def show(
    request: Request, number: str, viewer: SignedIn, door: TheDoor, readings: Readings, step: int = 0
) -> Response:
    """The case at a step of its life; the last without one."""
    enter(Area.AUDIT, viewer.actor)
    view = await visible_case(readings, number, viewer.actor)
    return await _page(request, viewer, door, view.state.number, step)


async def verify(
    request: Request, number: str, viewer: SignedIn, door: TheDoor, readings: Readings, step: int = 0
) -> Response:
    """Recomputes chain, seals and log of this case."""
    enter(Area.AUDIT, viewer.actor, writing=True)
    view = await visible_case(readings, number, viewer.actor)
    return await _page(
        request,
        viewer,
        door,
        view.state.number,
        step,
        checked=True,
        findings=await verified(door, viewer.actor, view.state.number),
    )


async def proof(number: str, viewer: SignedIn, door: TheDoor, readings: Readings) -> Response:
    """What proves that the case is in the signed log; can be checked without us."""
    enter(Area.AUDIT, viewer.actor)
    view = await visible_case(readings, number, viewer.actor)
    bundle = await proved(door, view.state.number)
    name = f'attachment; filename="{view.state.number}.proof.json"'
    return Response(bundle, media_type="application/json", headers={"content-disposition": name})


async def _page(request: Request, viewer: Principal, door: Door, number: str, step: int, **more: Any) -> Response:
    history = await retry_transient(lambda: door.system.record.history(number), READ_RETRY_SECONDS)
    steps = steps_of(history)
    at = step if 1 <= step <= len(steps) else len(steps)
    redactor = await door.redacting.of_case(number, viewer.actor)
    told = redactor.model(await timeline_of(door, number, steps[at - 1].at))
    return render(
        request,
        viewer,
        "replay/page.html",
        told=told,
        state=told.state,
        stops=stops(told.stations, told.moment),
        steps=steps,
        step=at,
        now_written=range(steps[at - 1].first, steps[at - 1].last + 1),
        changes=redactor.model(changed_by(history, steps[at - 1])),
        names=Names(await door.organisation()),
        page={"checked": False, "findings": (), **more},
    )
