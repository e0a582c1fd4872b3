"""An application behind a real socket of this machine, in the loop of the test that asks it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator

import uvicorn


@contextlib.asynccontextmanager
async def listening(config: uvicorn.Config) -> AsyncGenerator[int]:
    """Served as that says until the context is left; its port."""
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
        if serving.done():
            await serving
            raise RuntimeError("the server ended before it listened")
    try:
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        await serving
