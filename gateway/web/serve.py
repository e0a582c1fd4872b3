"""``python -m gateway.web.serve --port N``: the process that serves the API and the pages, on 127.0.0.1 unless told otherwise."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated

import typer
import uvicorn
from fastapi import FastAPI, Request

from activities.logs import configure_logging
from activities.record.queries import CaseQueries
from activities.settings import Settings
from gateway.doors import Door, open_door
from gateway.web.app import create_app
from gateway.web.viewer import Access, Viewer
from schemas.petition import Actor

GRACE_SECONDS = 10
"""How long requests under way may take to end when the process is told to stop."""


class _Nobody:
    """Until somebody can sign in."""

    def __init__(self, door: Door) -> None:
        self._door = door

    async def viewer(self, request: Request) -> Viewer | None:
        return None

    def queries(self, actor: Actor) -> CaseQueries:
        return self._door.queries


@asynccontextmanager
async def opened(settings: Settings) -> AsyncGenerator[tuple[Door, Access]]:
    """The door of these settings, and how its callers are known; tells that it serves."""
    async with open_door(settings, os.environ, pool_size=20) as door:
        if ready := os.environ.get("SANZHANG_READY_FILE"):
            await asyncio.to_thread(Path(ready).touch)
        yield door, _Nobody(door)


def application(settings: Settings) -> FastAPI:
    """The application of an installation."""
    return create_app(lambda: opened(settings))


def serve(
    port: Annotated[int, typer.Option("--port", min=1, max=65535)],
    host: Annotated[str, typer.Option("--host")] = "127.0.0.1",
) -> None:
    """Serves until SIGTERM or SIGINT."""
    settings = Settings.from_environment(os.environ)
    configure_logging(log_format=settings.log_format, log_level=settings.log_level, stream=sys.stderr)
    uvicorn.run(
        application(settings),
        host=host,
        port=port,
        loop="uvloop",
        http="httptools",
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )


if __name__ == "__main__":
    typer.run(serve)
