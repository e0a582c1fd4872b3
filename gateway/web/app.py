"""The web application: one for the API and the pages, over one door."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from fastapi import FastAPI, Request, Response

from gateway.doors import Door
from gateway.web.problems import problem_response
from gateway.web.viewer import Access
from schemas.errors import UserError

Opening = Callable[[], AbstractAsyncContextManager[tuple[Door, Access]]]


def create_app(opening: Opening) -> FastAPI:
    """The application. ``opening`` gives the door and how callers are known; it is opened when serving begins and closed at its end."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncGenerator[None]:
        async with opening() as (door, access):
            app.state.door, app.state.access = door, access
            yield

    app = FastAPI(
        title="三本账 Sanzhang",
        version="0.1.0",
        lifespan=lifespan,
        openapi_url="/api/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
    )
    app.add_exception_handler(UserError, _told)

    @app.get("/healthz", include_in_schema=False)
    async def healthz() -> dict[str, str]:  # pyright: ignore[reportUnusedFunction]
        return {"status": "ok"}

    return app


async def _told(request: Request, error: Exception) -> Response:
    if not isinstance(error, UserError):
        raise error
    return problem_response(request, error)
