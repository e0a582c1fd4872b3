"""Who calls: a person signed in at a browser, or a machine with a token that acts as one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal, Protocol

from fastapi import Depends, Request

from activities.record.queries import CaseQueries
from gateway.doors import Door
from schemas.errors import UserError
from schemas.petition import Actor

Language = Literal["zh", "en"]


@dataclass(frozen=True)
class Viewer:
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


class Access(Protocol):
    """What the application asks about callers; built by the composition of the web door."""

    async def viewer(self, request: Request) -> Viewer | None:
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


async def anybody(request: Request) -> Viewer | None:
    """The caller, or None where nobody is signed in."""
    return await access_of(request).viewer(request)


async def signed_in(viewer: Annotated[Viewer | None, Depends(anybody)]) -> Viewer:
    """The caller. ``UserError`` ``sign_in_needed``: pages lead to the sign-in, the API answers 401."""
    if viewer is None:
        raise UserError("sign_in_needed", zh="请先登录。", en="Please sign in first.")
    return viewer


async def queries(request: Request, viewer: Annotated[Viewer, Depends(signed_in)]) -> CaseQueries:
    """What the caller may read of the record."""
    return access_of(request).queries(viewer.actor)


SignedIn = Annotated[Viewer, Depends(signed_in)]
Anybody = Annotated[Viewer | None, Depends(anybody)]
TheDoor = Annotated[Door, Depends(door_of)]
Readings = Annotated[CaseQueries, Depends(queries)]
