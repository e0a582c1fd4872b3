"""What every operation asks before it begins: who calls, whether that door is open to them, whether what they send can be kept."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Annotated, Any, Final, cast
from urllib.parse import parse_qsl

from fastapi import Depends, Request

from activities.record.queries import CaseQueries, case_unknown
from activities.record.views import CaseView
from gateway.patience import READING_PATIENCE, patiently
from gateway.web.problems import body_invalid, unstorable
from gateway.web.viewer import SignedIn, Viewer
from schemas.access import Area, enter
from schemas.kernel.actor import Actor
from schemas.kernel.errors import UserError
from schemas.petition.rules import may_see


def entered(area: Area, *, writing: bool = False) -> Callable[[Viewer], Awaitable[Viewer]]:
    """A dependency: the caller, to whom that area is open. ``UserError`` as of :func:`schemas.access.enter`."""

    async def entering(viewer: SignedIn) -> Viewer:
        enter(area, viewer.actor, viewer.scopes, writing=writing)
        return viewer

    return entering


CaseReader = Annotated[Viewer, Depends(entered(Area.CASE))]
CaseWorker = Annotated[Viewer, Depends(entered(Area.CASE, writing=True))]


async def as_json(request: Request) -> None:
    """Refuses a body that says it is something else. ``UserError`` ``media_type_unsupported``."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/json" and not media_type.endswith("+json"):
        raise unsupported(media_type, "application/json")


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


FORMS: Final = ("application/x-www-form-urlencoded", "multipart/form-data")


async def storable_form(request: Request) -> None:
    """Likewise the form of a page."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() in FORMS:
        # Starlette keeps the form with the request, so the handler reads the same one.
        for name, value in (await request.form()).multi_items():
            check_text(value, name)


_UNSTORABLE: Final = re.compile("[\0\ud800-\udfff]")

DEEPEST: Final = 32
"""Levels of a JSON value; what is sent here has four."""


def check_text(value: Any, where: str) -> None:
    """Refuses NUL and halves of code points anywhere in a JSON value, and one nested without sense. ``UserError`` ``text_unstorable``,
    ``body_invalid``.
    """
    # Not recursion: a body may be nested deeper than the stack.
    waiting: list[tuple[Any, int]] = [(value, 0)]
    while waiting:
        each, depth = waiting.pop()
        if depth > DEEPEST:
            raise body_invalid([{"type": "json_invalid", "loc": (where,), "msg": f"deeper than {DEEPEST} levels"}])
        if isinstance(each, str):
            if _UNSTORABLE.search(each):
                raise unstorable(where)
        elif isinstance(each, dict):
            named = cast("dict[Any, Any]", each)
            waiting.extend((part, depth + 1) for part in (*named.keys(), *named.values()))
        elif isinstance(each, list):
            waiting.extend((part, depth + 1) for part in cast("list[Any]", each))


async def seen(readings: CaseQueries, named: str, actor: Actor) -> CaseView:
    """The case of that number or tracking code. ``UserError`` ``case_unknown`` also where this actor may not see it."""

    async def look() -> CaseView:
        return await readings.case(await readings.number(named))

    view = await patiently(look, READING_PATIENCE)
    if not may_see(view.state, actor):
        raise case_unknown(named)
    return view
