"""Who sent a request: the session of a browser, or the token of a machine."""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Awaitable, Callable, Collection
from datetime import timedelta
from typing import Final

from fastapi import Request

from activities.access.accounts import Accounts
from activities.access.ending import standing
from activities.access.guessing import Guessing
from activities.access.scoped import scoped
from activities.access.sessions import Sessions
from activities.access.tokens import Tokens
from activities.record.queries import CaseQueries
from gateway.access.provider import Provider
from gateway.doors import Door
from gateway.web.limits import Limits
from gateway.web.viewer import Language, Principal
from schemas.access import Area, check_sending, opens
from schemas.evidence.journal import EntryKind
from schemas.kernel.actor import SYSTEM, Actor
from schemas.kernel.errors import UserError
from schemas.media_types import FORMS, media_type
from schemas.policy import DoorPolicy

SESSION_COOKIE: Final = "sanzhang_session"
API: Final = "/api/"
FIGURES: Final = "/metrics"
CSRF_FIELD: Final = "csrf"
CSRF_HEADER: Final = "X-CSRF"
BY_ITSELF_HEADER: Final = "X-By-Itself"
"""What an open page bears on a request nobody asked for: its live parts are drawn anew by the clock and with every change."""

SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
"""Methods that change nothing (RFC 9110 §9.2.1)."""


class Authenticator:
    """The :class:`gateway.web.viewer.Access` of an installation, and what the sign-in pages need. ``provider``: None without OIDC."""

    def __init__(
        self,
        door: Door,
        *,
        limits: Limits,
        provider: Provider | None = None,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        database = door.system.database
        self._door = door
        self.guessing = Guessing(database, door.system.keyring)
        self.pause = pause
        self.trail = door.trail
        self.accounts = Accounts(database)
        self.sessions = Sessions(database)
        self.tokens = Tokens(database)
        self.limits = limits
        self.provider = provider

    async def viewer(self, request: Request) -> Principal | None:
        """See :class:`gateway.web.viewer.Access`. Whatever changes something must bear the session's own mark, and auditors change nothing.

        ``UserError`` ``token_invalid``, ``csrf_missing``, ``auditors_change_nothing``, ``too_many``.
        """
        said = request.headers.get("Authorization", "")
        viewer = await (self._by_token(request, said) if said else self._by_session(request))
        if viewer is not None and request.method not in SAFE:
            check_sending(viewer.actor, request.url.path)
        return viewer

    def queries(self, actor: Actor) -> CaseQueries:
        """Readings in which the database itself shows that actor's rows only."""
        return CaseQueries(scoped(self._door.system.database, actor))

    async def policy(self) -> DoorPolicy:
        """How long whoever has come in may stay, by the policy in force."""
        return (await self._door.rules()).policy.doors

    async def standing(self, actors: Collection[Actor]) -> set[str]:
        """The sessions and tokens these came in by, by name, as far as they are not over."""
        idle = timedelta(minutes=(await self.policy()).session_idle_minutes)
        return await standing(self._door.system.database, actors, self.sessions.now(), idle)

    async def account_named(self, person: str) -> str:
        """Who was meant where somebody typed a name: a person of the organisation, or nobody; what else stands there can be anything."""
        return person if (await self._door.organisation()).knows(person) else ""

    async def check_person(self, person: str) -> Actor:
        """The person as one who acts. ``UserError`` ``person_not_here`` for somebody who may be known elsewhere but is not one of the people of the organisation in force,
        ``person_shut_out`` for somebody whom the administrator has shut out, whoever vouches for them.

        An upstream system is none of them: it shows a token. The organisation is read anew: who has left it is out with that.
        """
        if await self.accounts.shut_out(person):
            raise UserError(
                "person_shut_out",
                zh=f"{person} 的账户已停用，不能登录；请联系管理员。",
                en=f"The account of {person} is closed; ask the administrator.",
                person=person,
            )
        organisation = await self._door.organisation_now()
        try:
            actor = organisation.actor(person)
        except UserError:
            actor = None
        if actor is None or not opens(Area.ACCOUNT, actor):
            raise UserError(
                "person_not_here",
                zh=f"{person} 不在本系统的组织机构中，不能登录；请联系管理员。",
                en=f"{person} is not a person of this organisation and can't sign in; ask the administrator.",
                person=person,
            )
        return actor

    async def _by_token(self, request: Request, said: str) -> Principal:
        scheme, _, text = said.partition(" ")
        path = request.url.path
        # Pages ask nothing about scopes.
        if scheme.lower() != "bearer" or not (path.startswith(API) or path == FIGURES):
            raise UserError(
                "token_invalid",
                zh=f"Authorization 只接受 Bearer 令牌（Bearer szt_…），且只用于 {API} 与 {FIGURES}。",
                en=f"Authorization takes a bearer token (Bearer szt_…), and only below {API} and for {FIGURES}.",
            )
        token = await self.tokens.shown(text.strip())
        await self.limits.token(token.id)
        actor, name = await self._person(token.person)
        if actor is None:
            raise UserError(
                "token_invalid",
                zh=f"令牌所代表的 {token.person} 已不在组织机构中。",
                en=f"The person this token acts as ({token.person}) is no longer in the organisation.",
            )
        actor = actor.model_copy(update={"credential": f"t-{token.id}"})
        return Principal(actor=actor, name=name, language=language_of(request), scopes=frozenset(token.scopes))

    async def _by_session(self, request: Request) -> Principal | None:
        secret = request.cookies.get(SESSION_COOKIE)
        if not secret:
            return None
        idle = timedelta(minutes=(await self.policy()).session_idle_minutes)
        session = await self.sessions.find(secret, used=not _is_by_itself(request), idle=idle)
        if session is None:
            return None
        actor, name = await self._person(session.person)
        if actor is None:
            note = self.trail.noted(EntryKind.SESSION_ENDED, SYSTEM, {"left": True})
            await self.sessions.end_all(session.person, note=note)
            return None
        if request.method not in SAFE and not hmac.compare_digest(await _mark(request), session.csrf.encode()):
            raise UserError(
                "csrf_missing",
                zh="页面已过期或请求来源不明，请刷新页面后重试。",
                en="The page is out of date, or the request did not come from it; reload the page and try again.",
            )
        actor = actor.model_copy(update={"credential": session.name})
        return Principal(actor=actor, name=name, language=language_of(request, session.language), csrf=session.csrf)

    async def _person(self, person: str) -> tuple[Actor | None, str]:
        """As whom a person of the organisation in force acts, and their name; None for somebody who left it."""
        organisation = await self._door.organisation()
        try:
            return organisation.actor(person), organisation.person(person).name
        except UserError:
            return None, ""


def _is_by_itself(request: Request) -> bool:
    """Whether an open page asks, and not the person before it, who may have gone. Browsers put no header of ours on live changes."""
    return BY_ITSELF_HEADER in request.headers or request.headers.get("Accept") == "text/event-stream"


async def _mark(request: Request) -> bytes:
    """What the request bears of its session's mark: in a header (htmx), or as a field of its form."""
    if (mark := request.headers.get(CSRF_HEADER)) is not None:
        return mark.encode()
    if media_type(request.headers.get("content-type")) not in FORMS:
        return b""
    # Starlette keeps the form with the request, so the handler reads the same one.
    field = (await request.form()).get(CSRF_FIELD)
    return field.encode() if isinstance(field, str) else b""


def language_of(request: Request, before: str = "zh") -> Language:
    """As the browser has chosen; else as ``before``."""
    return "en" if request.cookies.get("language", before) == "en" else "zh"
