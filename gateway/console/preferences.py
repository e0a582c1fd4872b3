"""Language and colours, as each browser keeps them. Not more than a manner of showing, so a link may change it."""

from __future__ import annotations

from http import HTTPStatus

from fastapi import APIRouter, Response
from fastapi.responses import RedirectResponse

from gateway.console.rendering import THEMES

A_YEAR = 365 * 24 * 3600


def preferences_router() -> APIRouter:
    """``/preferences?language=en&theme=dark&back=/inbox``."""
    router = APIRouter(include_in_schema=False)

    @router.get("/preferences")
    async def prefer(language: str = "", theme: str = "", back: str = "/") -> Response:  # pyright: ignore[reportUnusedFunction]
        answer = RedirectResponse(local_path(back), HTTPStatus.SEE_OTHER)
        for name, value, known in (("language", language, ("zh", "en")), ("theme", theme, THEMES)):
            if value in known:
                answer.set_cookie(name, value, max_age=A_YEAR, samesite="lax", path="/")
        return answer

    return router


def local_path(said: str, default: str = "/") -> str:
    """An address of this site to go back to; ``default`` for anything that could lead away from it."""
    plain = said.startswith("/") and not said.startswith("//") and "\\" not in said and said.isprintable()
    return said if plain else default
