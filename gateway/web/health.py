"""Whether the process lives, whether it can serve, and its figures, which this machine reads and others with a token."""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import Awaitable, Callable
from datetime import timedelta

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Gauge, generate_latest
from sqlalchemy import func, select, text

from gateway.doors import Door
from gateway.web.observed import Metrics
from gateway.web.viewer import TheDoor, anybody, signed_in
from schemas.access import Area, enter
from schemas.record import tables as t

PATIENCE = 2.0
"""Seconds a part is given to answer."""

HANDED_ON = ("forwarded", "via", "x-forwarded-for", "x-real-ip")
"""Headers by which proxies say that a request is not their own."""

router = APIRouter(tags=["health"])


@router.get("/healthz", include_in_schema=False)
async def healthz() -> dict[str, str]:
    """The process answers."""
    return {"status": "ok"}


@router.get("/readyz", include_in_schema=False)
async def readyz(door: TheDoor) -> JSONResponse:
    """200 if database and engine answer, else 503; which of them does not."""
    names = ("database", "engine")
    answers = await asyncio.gather(_answers(lambda: _database(door)), _answers(lambda: _engine(door)))
    parts = dict(zip(names, ("ok" if each else "away" for each in answers), strict=True))
    ready = all(answers)
    return JSONResponse({"status": "ok" if ready else "away", "parts": parts}, status_code=200 if ready else 503)


async def reader_of_figures(request: Request, door: TheDoor) -> None:
    """Passes this machine itself where the installation lets it, and tokens. ``UserError`` as of :func:`schemas.access.enter`."""
    if door.system.settings.metrics == "local" and is_from_here(request):
        return
    viewer = await signed_in(await anybody(request))
    enter(Area.METRICS, viewer.actor, viewer.scopes)


def is_from_here(request: Request) -> bool:
    """Whether the request was sent on this machine, to this machine's own name, and handed on by nobody who says so."""
    came = request.client.host if request.client is not None else ""
    return (
        _is_loopback(came)
        and (request.url.hostname == "localhost" or _is_loopback(request.url.hostname or ""))
        and not any(name in request.headers for name in HANDED_ON)
    )


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


@router.get("/metrics", include_in_schema=False, dependencies=[Depends(reader_of_figures)])
async def metrics(request: Request, door: TheDoor) -> Response:
    """The figures in the text format of Prometheus; numbers only, no name and no case."""
    figures: Metrics = request.app.state.figures
    held = CollectorRegistry()
    open_cases = Gauge("sanzhang_open_cases", "Cases not yet sealed, by stage", ("stage",), registry=held)
    waiting = Gauge("sanzhang_outbox_waiting", "Notices owed and not yet delivered", registry=held)
    parked = Gauge("sanzhang_parked_waiting", "Messages of a broker that wait for somebody", registry=held)

    async def count() -> None:
        cases, outbox = t.cases, t.outbox
        by_stage = select(cases.c.stage, func.count()).where(cases.c.sealed_at.is_(None)).group_by(cases.c.stage)
        owed = select(func.count()).where(outbox.c.delivered_at.is_(None), outbox.c.gave_up_at.is_(None))
        left = select(func.count()).select_from(t.parked).where(t.parked.c.driven_at.is_(None))
        async with door.system.database.connect() as connection:
            for stage, number in await connection.execute(by_stage):
                open_cases.labels(stage).set(number)
            waiting.set((await connection.execute(owed)).scalar_one())
            parked.set((await connection.execute(left)).scalar_one())

    counted = await _answers(count)
    up = Gauge("sanzhang_database_up", "Whether the database answered", registry=held)
    up.set(int(counted))
    return Response(generate_latest(figures.registry) + generate_latest(held), media_type=CONTENT_TYPE_LATEST)


async def _answers(ask: Callable[[], Awaitable[None]]) -> bool:
    try:
        async with asyncio.timeout(PATIENCE):
            await ask()
    except Exception:  # whatever it is: the part can't be used now, and that is all that was asked
        return False
    return True


async def _database(door: Door) -> None:
    async with door.system.database.connect() as connection:
        await connection.execute(text("SELECT 1"))


async def _engine(door: Door) -> None:
    if not await door.system.client.service_client.check_health(timeout=timedelta(seconds=PATIENCE)):
        raise RuntimeError("the engine is not serving")
