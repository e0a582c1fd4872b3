"""What every operation asks before it begins: who calls, whether that door is open to them, whether what they send can be kept."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, Any, Final, cast
from urllib.parse import parse_qsl

from fastapi import Depends, Request

from gateway.storable import check_text
from gateway.web.problems import body_invalid
from gateway.web.viewer import Principal, SignedIn
from schemas.access import Area, enter
from schemas.kernel.errors import UserError
from schemas.media_types import FORMS, is_json, media_type


def entered(area: Area, *, writing: bool = False) -> Callable[[Principal], Awaitable[Principal]]:
    """A dependency: the caller, to whom that area is open. ``UserError`` as of :func:`schemas.access.enter`."""

    async def entering(viewer: SignedIn) -> Principal:
        enter(area, viewer.actor, viewer.scopes, writing=writing)
        return viewer

    return entering


CaseReader = Annotated[Principal, Depends(entered(Area.CASE))]
CaseWorker = Annotated[Principal, Depends(entered(Area.CASE, writing=True))]


async def as_json(request: Request) -> None:
    """Refuses a body that says it is something else. ``UserError`` ``media_type_unsupported``."""
    given = media_type(request.headers.get("content-type"))
    if not is_json(given):
        raise unsupported(given, "application/json")


def unsupported(given: str, wanted: str) -> UserError:
    """A media type this operation does not read."""
    return UserError(
        "media_type_unsupported",
        zh=f"不支持“{given[:80]}”，请用 {wanted}。",
        en=f"“{given[:80]}” is not read here; send {wanted}.",
        wanted=wanted,
    )


async def storable_address(request: Request) -> None:
    """Refuses an address with what no database holds. ``UserError`` ``text_unstorable``."""
    for name, value in request.path_params.items():
        check_text(value, name)
    for name, value in parse_qsl(request.url.query, keep_blank_values=True, errors="replace"):
        check_text(value, name)


async def storable_form(request: Request) -> None:
    """Likewise the form of a page."""
    if media_type(request.headers.get("content-type")) in FORMS:
        # Starlette keeps the form with the request, so the handler reads the same one.
        for name, value in (await request.form()).multi_items():
            check_text(value, name)


DEEPEST: Final = 32
"""Levels of a JSON value; what is sent here has four."""


def check_depth(value: Any, where: str) -> None:
    """Refuses a JSON value nested without sense. ``UserError`` ``body_invalid``."""
    # Not recursion: a body may be nested deeper than the stack.
    waiting: list[tuple[Any, int]] = [(value, 0)]
    while waiting:
        each, depth = waiting.pop()
        if depth > DEEPEST:
            raise body_invalid([{"type": "json_invalid", "loc": (where,), "msg": f"deeper than {DEEPEST} levels"}])
        if isinstance(each, dict):
            waiting.extend((part, depth + 1) for part in cast("dict[Any, Any]", each).values())
        elif isinstance(each, list):
            waiting.extend((part, depth + 1) for part in cast("list[Any]", each))
