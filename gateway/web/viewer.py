"""Who calls: a person signed in at a browser, or a machine with a token that acts as one."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Protocol

from fastapi import Depends, Request, Response
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from activities.record.queries import CaseQueries
from gateway.doors import Door
from schemas.kernel.actor import Actor
from schemas.kernel.errors import UserError

Language = Literal["zh", "en"]


@dataclass(frozen=True)
class Principal:
    """``actor``: as whom. ``scopes``: None for a person; for a token what it may be used for. ``csrf``: what forms of this session carry."""

    actor: Actor
    name: str
    language: Language = "zh"
    scopes: frozenset[str] | None = None
    csrf: str = ""

    @property
    def is_machine(self) -> bool:
        """Whether a token was shown instead of a session."""
        return self.scopes is not None


def address_of(request: Request) -> str:
    """The address a request came from, as the server was told."""
    return request.client.host if request.client is not None else "?"


class Access(Protocol):
    """What the application asks about callers; built by the composition of the web door."""

    async def viewer(self, request: Request) -> Principal | None:
        """Who sent this request; None for anybody. ``UserError`` ``token_invalid`` for a token that is no longer one."""
        ...

    def queries(self, actor: Actor) -> CaseQueries:
        """Readings in which the database itself shows that actor's rows only."""
        ...


def door_of(request: Request) -> Door:
    """The door this application was opened with."""
    return request.app.state.door


def access_of(request: Request) -> Access:
    """How this application knows its callers."""
    return request.app.state.access


async def anybody(request: Request) -> Principal | None:
    """The caller, or None where nobody is signed in; found out once for a request."""
    if not hasattr(request.state, "viewer"):
        request.state.viewer = await access_of(request).viewer(request)
    return request.state.viewer


async def signed_in(viewer: Annotated[Principal | None, Depends(anybody)]) -> Principal:
    """The caller. ``UserError`` ``sign_in_needed``: pages lead to the sign-in, the API answers 401."""
    if viewer is None:
        raise UserError("sign_in_needed", zh="请先登录。", en="Please sign in first.")
    return viewer


class CallerFirst(APIRoute):
    """Asks who calls before a body is read: what a stranger sends to a route that needs a sign-in is neither kept nor looked at."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """FastAPI's own handler reads the body before it asks any dependency."""
        handle = super().get_route_handler()
        if not _needs_sign_in(self.dependant):
            return handle

        async def caller_first(request: Request) -> Response:
            try:
                await signed_in(await anybody(request))
                return await handle(request)
            finally:
                # A form that was read for its mark is closed by nobody else where the request goes no further.
                await request.close()

        return caller_first


def _needs_sign_in(dependant: Dependant) -> bool:
    return dependant.call is signed_in or any(map(_needs_sign_in, dependant.dependencies))


async def queries(request: Request, viewer: Annotated[Principal, Depends(signed_in)]) -> CaseQueries:
    """What the caller may read of the record."""
    return access_of(request).queries(viewer.actor)


SignedIn = Annotated[Principal, Depends(signed_in)]
Anybody = Annotated[Principal | None, Depends(anybody)]
TheDoor = Annotated[Door, Depends(door_of)]
Readings = Annotated[CaseQueries, Depends(queries)]
