"""``/public``: for anybody, without signing in; kept slow for whoever tries codes or floods the desk."""

from __future__ import annotations

import hmac
from http import HTTPStatus
from typing import Annotated, Any
from uuid import uuid4

from fastapi import APIRouter, Form, Request, Response

from gateway.access.sign_in import address_of
from gateway.console.rendering import render
from gateway.doors import Door
from gateway.intake.drafts import drafts_of
from gateway.orders.drafting import Draft
from gateway.patience import READING_PATIENCE, patiently
from gateway.public.disclosed import disclosed
from gateway.public.telling import Told, told_of
from gateway.web.limits import Limits
from gateway.web.problems import status_of
from gateway.web.viewer import TheDoor, access_of
from schemas.errors import UserError
from schemas.organisation import Organisation
from schemas.organisation.names import Names
from schemas.petition import Actor, Role
from schemas.policy import Policy

CHANNEL = "wechat_bridge"
"""警民网上连心桥: the way in that people use by themselves."""

TEXT_LIMIT = 5_000
Line = Annotated[str, Form(max_length=200)]


def public_router() -> APIRouter:
    """The public pages."""
    router = APIRouter(include_in_schema=False, prefix="/public")
    router.get("")(first)
    router.get("/submit")(submit_page)
    router.post("/submit")(submit)
    router.get("/track")(track_page)
    router.post("/track")(track)
    router.get("/disclosed")(disclosed_page)
    return router


async def first(request: Request) -> Response:
    """What can be done here."""
    return render(request, None, "public/first.html")


async def submit_page(request: Request) -> Response:
    """The form."""
    return _submit_page(request)


async def submit(
    request: Request,
    door: TheDoor,
    text: Annotated[str, Form(max_length=TEXT_LIMIT)] = "",
    title: Line = "",
    name: Line = "",
    phone: Line = "",
    address: Line = "",
    message: Annotated[str, Form(max_length=64)] = "",
) -> Response:
    """Files what somebody wrote, once, and gives them number and tracking code."""
    given = {"text": text, "title": title, "name": name, "phone": phone, "address": address}
    try:
        await _limits(request).submitting(address_of(request))
        organisation, rules = await door.organisation(), await door.rules()
        person = {
            field: value.strip()
            for field, value in (("name", name), ("phone", phone), ("address", address))
            if value.strip()
        }
        draft = Draft(
            title=title.strip(),
            text=text.strip(),
            source="public",
            source_event_id=message.strip() or uuid4().hex,
            channel=_channel(rules.policy),
            petitioners=(person,) if person else (),
        )
        actor = _desk(organisation)
        content, _ = await drafts_of(request, door).content(draft, actor)
        filing = await door.desk.file(actor, content)
    except UserError as refusal:
        return _submit_page(request, given, refusal=refusal)
    return render(
        request, None, "public/filed.html", status=HTTPStatus.CREATED, filing=filing, phone=bool(phone.strip())
    )


async def track_page(request: Request, code: str = "") -> Response:
    """The form."""
    return _track_page(request, code=code[:40])


async def track(request: Request, door: TheDoor, code: Line = "", last_four: Line = "") -> Response:
    """How a case stands, for whoever knows its tracking code and the end of the telephone number it came with."""
    try:
        await _limits(request).tracking(address_of(request))
        told = await _tracked(door, code, last_four)
    except UserError as refusal:
        return _track_page(request, code=code, status=status_of(refusal), refusal=refusal)
    return _track_page(request, code=code, told=told, names=Names(await door.organisation()))


async def disclosed_page(request: Request, door: TheDoor) -> Response:
    """What has been published."""
    found = await patiently(lambda: disclosed(door.system.database), READING_PATIENCE)
    return render(request, None, "public/disclosed.html", matters=found)


async def _tracked(door: Door, code: str, last_four: str) -> Told:
    said = code.strip().upper()
    _check_code(said)
    try:
        number = await patiently(lambda: door.queries.number(said), READING_PATIENCE)
        view = await patiently(lambda: door.queries.case(number), READING_PATIENCE)
    except UserError:
        raise _not_found() from None
    # A number is printed on letters; only the code, which nobody guesses, opens anything here.
    if not hmac.compare_digest(view.tracking_code.encode(), said.encode()):
        raise _not_found()
    ends = [each.phone[-4:] for each in view.petitioners if each.phone and each.phone[-4:].isdigit()]
    if ends and not any(hmac.compare_digest(end.encode(), last_four.strip().encode()) for end in ends):
        raise _not_found()
    told = told_of(await patiently(lambda: door.system.record.history(number), READING_PATIENCE))
    if told is None:
        raise _not_found()
    return told


def _check_code(said: str) -> None:
    """Nothing a database can't compare. ``UserError`` as of a code that is not there."""
    if not said.isalnum() or not said.isascii():
        raise _not_found()


def _not_found() -> UserError:
    return UserError(
        "tracking_unknown",
        zh="没有找到。请核对查询码；登记时留过电话的，还需填写电话末四位。",
        en="Nothing found. Check the code; if a telephone number was given, its last four digits are needed too.",
    )


def _submit_page(
    request: Request, given: dict[str, str] | None = None, *, refusal: UserError | None = None
) -> Response:
    return render(
        request,
        None,
        "public/submit.html",
        status=200 if refusal is None else status_of(refusal),
        given=given or dict.fromkeys(("text", "title", "name", "phone", "address"), ""),
        refusal=refusal,
        message=uuid4().hex,
        limit=TEXT_LIMIT,
    )


def _track_page(request: Request, *, code: str = "", status: int = 200, **more: Any) -> Response:
    page: dict[str, Any] = {"told": None, "refusal": None, "names": None, **more}
    return render(request, None, "public/track.html", status=status, code=code, page=page)


def _desk(organisation: Organisation) -> Actor:
    """In whose name the public files: the city's door, which decides nothing."""
    return Actor(id="public", role=Role.UPSTREAM, unit=organisation.city_code)


def _channel(policy: Policy) -> str:
    return CHANNEL if CHANNEL in policy.channels else next(iter(policy.channels))


def _limits(request: Request) -> Limits:
    """Those of this gateway; of their own where it was opened without sign-in."""
    limits: Limits | None = getattr(access_of(request), "limits", None) or getattr(request.app.state, "limits", None)
    if limits is None:
        limits = request.app.state.limits = Limits()
    return limits
