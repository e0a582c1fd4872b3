"""``/accounts/me``: who one is here, where one is signed in, which machines act as one, and a new password for one's local account."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import SecretStr

from activities.access.accounts import LONGEST, SHORTEST, check_password
from gateway.access.callers import Authenticator
from gateway.access.sign_in import TheCallers, admitted, entered
from gateway.console.rendering import render
from gateway.web.problems import status_of
from gateway.web.viewer import CallerFirst, Principal, SignedIn
from schemas.access import Area, enter
from schemas.evidence.journal import EntryKind
from schemas.kernel.errors import UserError

router = APIRouter(include_in_schema=False, route_class=CallerFirst)


@router.get("/accounts/me")
async def own_account(
    request: Request, callers: TheCallers, viewer: SignedIn, done: str = "", ended: str = ""
) -> Response:
    """The page."""
    enter(Area.ACCOUNT, viewer.actor, viewer.scopes)
    return await _page(request, callers, viewer, done=bool(done), ended=bool(ended))


@router.post("/accounts/me/password")
async def new_password(
    request: Request,
    callers: TheCallers,
    viewer: SignedIn,
    password: Annotated[str, Form(max_length=1024)] = "",
    wanted: Annotated[str, Form(max_length=1024)] = "",
    repeated: Annotated[str, Form(max_length=1024)] = "",
) -> Response:
    """Takes the new password from whoever knows the old one. Every session of the person ends, and this browser gets a new one."""
    enter(Area.ACCOUNT, viewer.actor, viewer.scopes, writing=True)
    person = viewer.actor.id
    try:
        if wanted != repeated:
            raise UserError(
                "passwords_differ",
                zh="两次输入的新密码不一样，请重新输入。",
                en="The new passwords differ; type them again.",
            )
        check_password(SecretStr(wanted))
        # A session left open must not be a place to guess at.
        if not await admitted(request, callers, person, SecretStr(password)):
            raise UserError(
                "password_wrong",
                zh="现在的密码不对，未作更改。",
                en="The present password is wrong; nothing has changed.",
            )
        note = callers.trail.noted(EntryKind.ACCOUNT_SET, viewer.actor)
        await callers.accounts.set_password(person, SecretStr(wanted), note=note)
    except UserError as error:
        return await _page(request, callers, viewer, error=error)
    return await entered(request, callers, person, "/accounts/me?done=1")


@router.post("/accounts/me/sessions/end")
async def end_sessions(
    request: Request, callers: TheCallers, viewer: SignedIn, name: Annotated[str, Form(max_length=80)] = ""
) -> Response:
    """Ends one of one's own sessions, or with no name all but the one that asks."""
    enter(Area.ACCOUNT, viewer.actor, viewer.scopes, writing=True)
    note = callers.trail.noted(EntryKind.SESSION_ENDED, viewer.actor)
    try:
        if name:
            await callers.sessions.end_named(viewer.actor.id, name, note=note)
        else:
            await callers.sessions.end_all(viewer.actor.id, but=viewer.actor.credential, note=note)
    except UserError as error:
        return await _page(request, callers, viewer, error=error)
    return RedirectResponse("/accounts/me?ended=1", 303)


@router.post("/accounts/me/tokens/revoke")
async def revoke_tokens(
    request: Request, callers: TheCallers, viewer: SignedIn, name: Annotated[str, Form(max_length=80)] = ""
) -> Response:
    """Ends a token that acts as oneself, or with no name all of them."""
    enter(Area.ACCOUNT, viewer.actor, viewer.scopes, writing=True)
    note = callers.trail.noted(EntryKind.TOKEN_REVOKED, viewer.actor)
    try:
        if name:
            await callers.tokens.revoke(name, person=viewer.actor.id, note=note)
        else:
            await callers.tokens.revoke_all(viewer.actor.id, note=note)
    except UserError as error:
        return await _page(request, callers, viewer, error=error)
    return RedirectResponse("/accounts/me?ended=1", 303)


async def _page(
    request: Request,
    callers: Authenticator,
    viewer: Principal,
    *,
    done: bool = False,
    ended: bool = False,
    error: UserError | None = None,
) -> Response:
    person, policy = viewer.actor.id, await callers.policy()
    now = callers.sessions.now()
    return render(
        request,
        viewer,
        "account.html",
        status=200 if error is None else status_of(error),
        has_password=await callers.accounts.known(person),
        sessions=await callers.sessions.of(person, idle=timedelta(minutes=policy.session_idle_minutes)),
        tokens=[each for each in await callers.tokens.listed(person) if each.stands(now)],
        idle=policy.session_idle_minutes,
        shortest=SHORTEST,
        longest=LONGEST,
        done=done,
        ended=ended,
        refused=error,
    )
