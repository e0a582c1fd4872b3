"""The web application: one for the API and the pages, over one door."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from importlib.metadata import version

from fastapi import Depends, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from activities.settings import Settings
from gateway.access.own_account import router as own_account
from gateway.access.sign_in import router as sign_in
from gateway.api.assembly import api_router, background, describe
from gateway.api.entering import storable_address, storable_form
from gateway.console.errors import asks_for_page, trouble_page
from gateway.console.routes import console_router
from gateway.doors import Door
from gateway.web.bodies import BATCH_FIELDS, MOST_FIELDS, BodyLimit
from gateway.web.health import router as health
from gateway.web.observed import Metrics, MetricsMiddleware
from gateway.web.problems import from_http, from_validation, problem_response
from gateway.web.proxies import TrustedProxies
from gateway.web.security import Security
from gateway.web.viewer import Access, Principal, access_of, address_of, door_of
from schemas.access import place_of
from schemas.kernel.errors import UserError

Opening = Callable[[], AbstractAsyncContextManager[tuple[Door, Access]]]

USUAL_BODY = 1_000_000
"""Bytes of a request: a petition of 20,000 characters with its petitioners has a tenth of it."""

DOCUMENT_BODY = 20_000_000
"""Bytes of an imported policy, organisation or calendar, and of a batch of events."""

_EVENTS = "/events"
_DOCUMENTS = ("/import", _EVENTS)
_FILES = "/attachments"

AROUND_A_FILE = 20_000
"""Bytes a form puts around the file it carries."""


def create_app(opening: Opening, settings: Settings | None = None) -> FastAPI:
    """The application. ``opening`` gives the door and how callers are known; it is opened when serving begins and closed at its end."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncGenerator[None]:
        async with opening() as (door, access):
            app.state.door, app.state.access = door, access
            async with background(app, door):
                yield

    app = FastAPI(
        title="三本账 Sanzhang",
        version=version("sanzhang"),
        lifespan=lifespan,
        dependencies=[Depends(storable_address)],
        openapi_url="/api/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
    )
    app.state.figures = Metrics()
    app.add_exception_handler(UserError, _told)
    app.add_exception_handler(RequestValidationError, _told)
    app.add_exception_handler(HTTPException, _told)
    app.include_router(health)
    app.include_router(api_router())
    for pages in (sign_in, own_account, console_router()):
        app.include_router(pages, dependencies=[Depends(storable_form)])
    describe(app)
    # The last one added is the first that meets a request.
    limit = _limits((settings or Settings()).attachment_limit)
    app.add_middleware(BodyLimit, limit=limit, fields=_fields)
    app.add_middleware(Security, hosts=(settings or Settings()).hosts)
    app.add_middleware(MetricsMiddleware, figures=app.state.figures)
    app.add_middleware(TrustedProxies, trusted=(settings or Settings()).trusted_proxies)
    return app


def _limits(attachment: int) -> Callable[[str], int]:
    def limit(path: str) -> int:
        if path.endswith(_FILES):
            return attachment + AROUND_A_FILE
        return DOCUMENT_BODY if path.endswith(_DOCUMENTS) else USUAL_BODY

    return limit


def _fields(path: str) -> int | None:
    if path.endswith(_EVENTS):
        # Counted once the signature holds: a stranger's twenty megabytes are no work for anybody.
        return None
    return BATCH_FIELDS if path.endswith(_DOCUMENTS) else MOST_FIELDS


async def _told(request: Request, error: Exception) -> Response:
    headers: dict[str, str] = {}
    match error:
        case UserError():
            told = error
        case RequestValidationError():
            told = from_validation(error)
        case HTTPException():
            headers = {name: value for name, value in (error.headers or {}).items() if name.lower() == "allow"}
            told = from_http(error)
        case _:
            raise error
    if told.code == "case_unknown":
        await _sought(request)
    if asks_for_page(request):
        return trouble_page(request, told, await _reader(request))
    return problem_response(request, told, headers=headers)


async def _sought(request: Request) -> None:
    """Counts that somebody asked for a case they may not see, or one that is not there: both alike, and both beside the answer."""
    viewer: Principal | None = getattr(request.state, "viewer", None)
    if viewer is not None:
        door_of(request).sought(viewer.actor, place_of(address_of(request)), str(request.path_params.get("number", "")))


async def _reader(request: Request) -> Principal | None:
    """Who is told, so that the page has their menu; nobody where that is what went wrong."""
    try:
        return await access_of(request).viewer(request)
    except UserError:
        return None
