"""``/audit/security``: the trail, newest first, by kind, person and time."""

from __future__ import annotations

from collections import deque
from datetime import date, timedelta
from typing import Final

from fastapi import APIRouter, Request, Response

from gateway.console.rendering import render
from gateway.trail import kinds_named, trail_for
from gateway.web.problems import status_of
from gateway.web.viewer import CallerFirst, SignedIn, TheDoor
from schemas.access import Area, enter
from schemas.evidence.journal import Entry
from schemas.evidence.trail import TRAIL, WARNINGS, told
from schemas.kernel.errors import UserError
from schemas.kernel.worktime import at_hour

SHOWN: Final = 200
"""Entries on the page; ``sanzhang audit security`` has all of them."""


def security_router() -> APIRouter:
    """The route of the trail."""
    router = APIRouter(include_in_schema=False, route_class=CallerFirst)
    router.get("/audit/security")(security)
    return router


async def security(
    request: Request,
    viewer: SignedIn,
    door: TheDoor,
    kind: str = "",
    person: str = "",
    since: str = "",
    until: str = "",
) -> Response:
    """The page."""
    enter(Area.AUDIT, viewer.actor)
    newest: deque[Entry] = deque(maxlen=SHOWN)
    refusal: UserError | None = None
    try:
        kinds = kinds_named([kind] if kind else ())
        begin, end = _day(since), _day(until)
        entries = trail_for(
            door,
            viewer.actor,
            kinds=kinds,
            person=person.strip() or None,
            since=at_hour(begin, 0) if begin is not None else None,
            until=at_hour(end + timedelta(days=1), 0) if end is not None else None,
        )
        async for entry in entries:
            newest.append(entry)
    except UserError as error:
        refusal = error
    return render(
        request,
        viewer,
        "security/page.html",
        status=200 if refusal is None else status_of(refusal),
        lines=[(entry, told(entry)[1], entry.kind in WARNINGS) for entry in reversed(newest)],
        kinds=[each.value for each in TRAIL],
        asked={"kind": kind, "person": person, "since": since, "until": until},
        most=SHOWN,
        refusal=refusal,
    )


def _day(said: str) -> date | None:
    try:
        found = date.fromisoformat(said) if said.strip() else None
    except ValueError:
        found = None
    if said.strip() and (found is None or not 1950 <= found.year < 2200):
        raise UserError(
            "time_invalid",
            zh="日期请写成 2026-03-01。",
            en="Write the day as 2026-03-01.",
        )
    return found
