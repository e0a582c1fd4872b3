"""All pages of the console as one router."""

from __future__ import annotations

from http import HTTPStatus

from fastapi import APIRouter, Response
from fastapi.responses import RedirectResponse

from gateway.console.assets import static_router
from gateway.console.board.bulletin import bulletin_router
from gateway.console.board.routes import board_router
from gateway.console.case.routes import case_router
from gateway.console.inbox.routes import inbox_router
from gateway.console.intake.routes import intake_router
from gateway.console.ledgers.routes import ledgers_router
from gateway.console.navigation import home_of
from gateway.console.preferences import preferences_router
from gateway.console.reference.routes import reference_router
from gateway.console.replay.routes import replay_router
from gateway.console.security.routes import security_router
from gateway.public.routes import public_router
from gateway.web.viewer import Anybody


def console_router() -> APIRouter:
    """The pages, the static files, and the first address."""
    router = APIRouter(include_in_schema=False)

    @router.get("/")
    async def first(viewer: Anybody) -> Response:  # pyright: ignore[reportUnusedFunction]
        return RedirectResponse(home_of(viewer.actor) if viewer else "/sign-in", HTTPStatus.SEE_OTHER)

    for part in (
        static_router(),
        preferences_router(),
        inbox_router(),
        ledgers_router(),
        board_router(),
        bulletin_router(),
        intake_router(),
        replay_router(),
        security_router(),
        reference_router(),
        case_router(),
        public_router(),
    ):
        router.include_router(part)
    return router
