"""``GET /stream``: changes of the cases the caller may see, as server-sent events."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Request
from fastapi.responses import StreamingResponse

from gateway.api.answers import problems
from gateway.api.entering import entered
from gateway.pulse import Changed, Pulse
from gateway.web.viewer import Principal, access_of
from schemas.access import Area
from schemas.kernel.errors import UserError

router = APIRouter()

HEARTBEAT_SECONDS = 15.0
"""Often enough for any proxy to keep the line open."""

STREAMS = 10
"""Open streams of one person: tabs, a wall screen."""

LastEventId = Annotated[
    str | None, Header(alias="Last-Event-ID", max_length=100, description="接着上次 / go on after this one")
]


@router.get(
    "/stream",
    operation_id="stream",
    response_class=StreamingResponse,
    responses={
        200: {
            "description": "`case`: a change; `reload`: more was missed than is told, read anew; comments keep the line open",
            "content": {
                "text/event-stream": {"schema": {"type": "string"}, "example": 'event: case\ndata: {"number": "…"}\n\n'}
            },
        },
        **problems("too_many_streams", "body_invalid"),
    },
)
async def stream(
    request: Request, viewer: Annotated[Principal, Depends(entered(Area.LEDGERS))], last: LastEventId = None
) -> StreamingResponse:
    """实时变化 / live changes."""
    pulse: Pulse = request.app.state.pulse
    if pulse.watching(viewer.actor.id) >= STREAMS:
        raise UserError(
            "too_many_streams",
            zh=f"同时打开的实时页面不得超过 {STREAMS} 个。",
            en=f"At most {STREAMS} streams may be open at the same time.",
        )
    return StreamingResponse(
        _told(request, pulse, viewer, _moment(last)),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


async def _told(request: Request, pulse: Pulse, viewer: Principal, last: datetime | None) -> AsyncGenerator[str]:
    stopping: asyncio.Event = request.app.state.stopping
    now = asyncio.get_running_loop().time
    async with pulse.watched(viewer.actor) as watcher:
        yield "retry: 3000\n: open\n\n"
        if last is not None:
            missed = await pulse.since(last, viewer.actor)
            if missed is None:
                yield _RELOAD
            for change in missed or ():
                yield _event(change)
        asked = now()
        while not (stopping.is_set() or watcher.ended):
            if watcher.lost:
                watcher.lost = False
                yield _RELOAD
            if now() - asked >= HEARTBEAT_SECONDS:
                # However much there is to tell: in a large city something changes at every moment.
                if not await _still(request, viewer):
                    return
                asked = now()
                yield ": still here\n\n"
            try:
                async with asyncio.timeout_at(asked + HEARTBEAT_SECONDS):
                    change = await watcher.changes.get()
            except TimeoutError:
                continue
            if change is None:
                return
            # Outside the time limit, which is for waiting, not for a caller who is slow to take.
            yield _event(change)


async def _still(request: Request, viewer: Principal) -> bool:
    """Whether whoever opened the stream could open it now: sessions end, tokens are revoked, people move."""
    try:
        now = await access_of(request).viewer(request)
    except UserError:
        return False
    return now is not None and now.actor == viewer.actor


_RELOAD = "event: reload\ndata: {}\n\n"


def _event(change: Changed) -> str:
    # The id is the moment of writing: after a break everything from then on is told (again), and nothing is left out.
    return f"id: {change.updated_at.isoformat()}\nevent: case\ndata: {change.model_dump_json()}\n\n"


def _moment(last: str | None) -> datetime | None:
    try:
        found = datetime.fromisoformat(last) if last else None
    except ValueError:
        return None
    return found if found is not None and found.tzinfo is not None and 1950 <= found.year < 2200 else None
