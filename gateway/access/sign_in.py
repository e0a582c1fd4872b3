"""Signing in and out at a browser."""

from __future__ import annotations

import base64
from datetime import timedelta
from typing import Annotated, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import SecretStr

from activities.access.guessing import Origin
from activities.keys import seal, unseal
from gateway.access.callers import SESSION_COOKIE, Authenticator, language_of
from gateway.access.provider import Going, Provider, remembered, utc_now
from gateway.console.preferences import local_path
from gateway.console.rendering import render
from gateway.demo.accounts import PASSWORD
from gateway.web.problems import status_of
from gateway.web.viewer import Anybody, TheDoor, access_of, address_of
from schemas.access import place_of
from schemas.access.guessing import KNOWN_FOR
from schemas.evidence.journal import EntryKind
from schemas.evidence.trail import STRANGER, Counted
from schemas.kernel.errors import UserError
from schemas.organisation import Person
from schemas.sealing.keys import KeyRing, Purpose, SealBrokenError

GOING_COOKIE: Final = "sanzhang_going"
MARK_COOKIE: Final = "sanzhang_known"
"""What a browser keeps of its last sign-in with a password, so that nobody's guesses elsewhere slow it down. It opens nothing."""
BACK: Final = "/sign-in/provider/back"
FIRST_PAGE: Final = "/"
"""Leads each role to where its day begins."""

router = APIRouter(include_in_schema=False)


def callers_of(request: Request) -> Authenticator:
    """How this application knows its callers, with what signing in needs besides."""
    access = access_of(request)
    if not isinstance(access, Authenticator):
        raise TypeError("this application was opened without sign-in")
    return access


TheCallers = Annotated[Authenticator, Depends(callers_of)]


@router.get("/sign-in")
async def sign_in_page(request: Request, callers: TheCallers, viewer: Anybody, next: str = "") -> Response:  # noqa: A002
    """The form; whoever is signed in already goes on."""
    if viewer is not None:
        return RedirectResponse(local_path(next), 303)
    return await _page(request, callers, next_page=local_path(next))


@router.post("/sign-in")
async def sign_in(
    request: Request,
    callers: TheCallers,
    person: Annotated[str, Form(max_length=80)] = "",
    password: Annotated[str, Form(max_length=1024)] = "",
    next: Annotated[str, Form(max_length=2000)] = "",  # noqa: A002
) -> Response:
    """Signs in with a local account, under a session id that is new in any case."""
    person, page = person.strip(), local_path(next)
    try:
        if not await admitted(request, callers, person, SecretStr(password)):
            raise UserError(
                "sign_in_failed",
                zh="人员编号或密码不对；多次失败后须等待一段时间。请核对后再试，或联系管理员。",
                en="The person or the password is wrong. After several failures you have to wait: try again with care, or ask the administrator.",
            )
        return await entered(request, callers, person, page)
    except UserError as error:
        return await _page(request, callers, next_page=page, person=person, error=error)


async def admitted(request: Request, callers: Authenticator, person: str, password: SecretStr) -> bool:
    """Whether this is the person's password. Whoever guesses is slowed down: ``UserError`` ``too_many``."""
    place = place_of(address_of(request))
    guess = Counted(EntryKind.SIGN_IN_FAILED, STRANGER, await callers.account_named(person), place)
    origin = Origin(place, request.cookies.get(MARK_COOKIE, ""))
    try:
        knock = await callers.guessing.knock(person, origin)
    except UserError:
        callers.trail.count(guess._replace(kind=EntryKind.SIGN_IN_SLOWED))
        raise
    await callers.pause(knock.delay)
    if not await callers.accounts.admits(person, password):
        callers.trail.count(guess)
        return False
    request.state.mark = await callers.guessing.welcome(knock)
    return True


@router.post("/sign-out")
async def sign_out(request: Request, callers: TheCallers, viewer: Anybody) -> Response:
    """Ends the session; asked of the viewer first, so that only the person's own page can do it."""
    answer = RedirectResponse("/sign-in", 303)
    if viewer is not None and not viewer.is_machine:
        note = callers.trail.noted(EntryKind.SIGNED_OUT, viewer.actor)
        await callers.sessions.end(request.cookies[SESSION_COOKIE], note=note)
    answer.delete_cookie(SESSION_COOKIE, path="/", httponly=True, samesite="lax", secure=is_secure(request))
    return answer


@router.get("/sign-in/provider")
async def leave_for_provider(request: Request, callers: TheCallers, door: TheDoor, next: str = "") -> Response:  # noqa: A002
    """On to the organisation's identity provider."""
    try:
        where, going = await _provider(callers).leave(_back(request), local_path(next), utc_now())
    except UserError as error:
        return await _page(request, callers, next_page=local_path(next), error=error)
    answer = RedirectResponse(where, 303)
    answer.set_cookie(
        GOING_COOKIE,
        _sealed(door.system.keyring, going),
        path=BACK,
        httponly=True,
        samesite="lax",
        secure=is_secure(request),
    )
    return answer


@router.get(BACK)
async def back_from_provider(request: Request, callers: TheCallers, door: TheDoor) -> Response:
    """Back from the provider: only the browser that left, and only a person of the organisation."""
    going = _unsealed(door.system.keyring, request.cookies.get(GOING_COOKIE, ""))
    try:
        if going is None:
            raise UserError(
                "provider_refused",
                zh="登录已过时或与此浏览器不符，请重新登录。",
                en="The sign-in is out of date or belongs to another browser; please try again.",
            )
        person = await _provider(callers).arrive(going, dict(request.query_params), _back(request), utc_now())
        answer = await entered(request, callers, person, going.next, by="provider")
    except UserError as error:
        answer = await _page(request, callers, next_page=going.next if going is not None else FIRST_PAGE, error=error)
    answer.delete_cookie(GOING_COOKIE, path=BACK, httponly=True, samesite="lax", secure=is_secure(request))
    return answer


def is_secure(request: Request) -> bool:
    """Whether cookies must not travel in the clear: everywhere but on this very machine."""
    return request.url.scheme == "https" or request.url.hostname not in ("localhost", "127.0.0.1", "::1")


async def entered(
    request: Request, callers: Authenticator, person: str, page: str, *, by: str = "password"
) -> Response:
    """On to ``page`` under a new session; the one before, if there was one, is over. ``UserError`` ``person_not_here``."""
    if (secret := request.cookies.get(SESSION_COOKIE)) is not None:
        await callers.sessions.end(secret)
    actor = await callers.check_person(person)
    policy = await callers.policy()
    begun = await callers.sessions.begin(
        person,
        language_of(request),
        place=place_of(address_of(request)),
        idle=timedelta(minutes=policy.session_idle_minutes),
        whole=timedelta(hours=policy.session_hours),
    )
    # A session of which nothing is known must not open anything: it is given only when the trail has it.
    actor = actor.model_copy(update={"credential": begun.session.name})
    await callers.trail.record(EntryKind.SIGNED_IN, actor, {"by": by, "place": place_of(address_of(request))})
    answer = RedirectResponse(page, 303)
    if mark := getattr(request.state, "mark", ""):
        answer.set_cookie(
            MARK_COOKIE,
            mark,
            path="/",
            max_age=int(KNOWN_FOR.total_seconds()),
            httponly=True,
            samesite="lax",
            secure=is_secure(request),
        )
    answer.set_cookie(SESSION_COOKIE, begun.secret, path="/", httponly=True, samesite="lax", secure=is_secure(request))
    return answer


async def _page(
    request: Request, callers: Authenticator, *, next_page: str, person: str = "", error: UserError | None = None
) -> Response:
    provider = None if callers.provider is None else f"/sign-in/provider?{urlencode({'next': next_page})}"
    return render(
        request,
        None,
        "sign_in.html",
        status=200 if error is None else status_of(error),
        next=next_page,
        person=person,
        refused=error,
        oidc=provider,
        demo=await _demo_accounts(request, callers),
        demo_password=PASSWORD,
    )


async def _demo_accounts(request: Request, callers: Authenticator) -> list[Person]:
    """Those of the demonstration with which one may sign in here; none where the system runs without it."""
    offered: tuple[Person, ...] = getattr(request.app.state, "demo_accounts", ())
    if not offered:
        return []
    opened = {each.person for each in await callers.accounts.listed() if each.disabled_at is None}
    return [each for each in offered if each.id in opened]


def _provider(callers: Authenticator) -> Provider:
    if callers.provider is None:
        raise UserError(
            "provider_missing",
            zh="本系统未接入统一身份认证，请用本地账户登录。",
            en="This installation has no identity provider; sign in with a local account.",
        )
    return callers.provider


def _back(request: Request) -> str:
    return str(request.url.replace(path=BACK, query="", fragment=""))


def _sealed(keyring: KeyRing, going: Going) -> str:
    key_id, sealed = seal(keyring, Purpose.SIGN_IN, going.model_dump_json().encode())
    return f"{key_id}.{base64.urlsafe_b64encode(sealed).decode()}"


def _unsealed(keyring: KeyRing, text: str) -> Going | None:
    key_id, _, sealed = text.partition(".")
    try:
        return remembered(unseal(keyring, Purpose.SIGN_IN, key_id, base64.urlsafe_b64decode(sealed)).decode())
    except (UserError, SealBrokenError, ValueError):
        return None
