"""``python -m gateway.web.serve --port N``: the process that serves the API and the pages, on 127.0.0.1 unless told otherwise."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated

import httpx
import typer
import uvicorn
from fastapi import FastAPI

from activities.logs import configure_logging
from activities.settings import Settings
from gateway.access.callers import Authenticator
from gateway.access.provider import Provider
from gateway.demo.accounts import people
from gateway.doors import Door, open_door
from gateway.web.app import create_app
from gateway.web.connections import BoundedConnection
from gateway.web.limits import Limits
from gateway.web.viewer import Access
from workers.garbage import LOOKS_OF_A_DOOR, collect_seldom

GRACE_SECONDS = 10
"""How long requests under way may take to end when the process is told to stop."""


@asynccontextmanager
async def opened(settings: Settings) -> AsyncGenerator[tuple[Door, Access]]:
    """The door of these settings, and how its callers are known; tells that it serves."""
    async with open_door(settings, os.environ, pool_size=20) as door, opened_provider(settings) as provider:
        collect_seldom(LOOKS_OF_A_DOOR)
        if ready := os.environ.get("SANZHANG_READY_FILE"):
            await asyncio.to_thread(Path(ready).touch)
        reading = asyncio.create_task(door.reading.begin())
        try:
            yield door, Authenticator(door, limits=Limits(), provider=provider)
        finally:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)


@asynccontextmanager
async def opened_provider(settings: Settings) -> AsyncGenerator[Provider | None]:
    """The identity provider of these settings, if they name one."""
    if settings.oidc_issuer is None or settings.oidc_client_id is None:
        yield None
        return
    async with httpx.AsyncClient() as http:
        yield Provider(
            http,
            issuer=settings.oidc_issuer,
            client_id=settings.oidc_client_id,
            client_secret=settings.oidc_client_secret,
            claim=settings.oidc_claim,
        )


def application(settings: Settings, *, demo: bool = False) -> FastAPI:
    """The application of an installation. ``demo``: its sign-in page offers the accounts of the demonstration."""
    app = create_app(lambda: opened(settings), settings)
    app.state.demo_accounts = people() if demo else ()
    return app


def serve(
    port: Annotated[int, typer.Option("--port", min=1, max=65535)],
    host: Annotated[str, typer.Option("--host")] = "127.0.0.1",
    demo: Annotated[bool, typer.Option("--demo")] = False,
) -> None:
    """Serves until SIGTERM or SIGINT."""
    settings = Settings.from_environment(os.environ)
    configure_logging(log_format=settings.log_format, log_level=settings.log_level, stream=sys.stderr)
    uvicorn.run(
        application(settings, demo=demo),
        host=host,
        port=port,
        loop="uvloop",
        http=BoundedConnection,
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        # It would believe whoever is on this machine, or FORWARDED_ALLOW_IPS names: TrustedProxies decides.
        proxy_headers=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )


if __name__ == "__main__":
    typer.run(serve)
