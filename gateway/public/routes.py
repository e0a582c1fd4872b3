"""``/public``: for anybody, without signing in; kept slow for whoever tries codes or floods the desk.

Who rates is known by what shows them the case, code and second factor, and sends both again: there is no session a foreign page could use.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Any
from uuid import uuid4

from fastapi import APIRouter, Form, Request, Response

from gateway.console.rendering import render
from gateway.doors import Door
from gateway.intake.drafts import drafts_of, form_id
from gateway.orders.drafting import Draft
from gateway.public.disclosed import disclosed
from gateway.public.rating import QUESTIONS
from gateway.public.rating import contradict as carry_contradiction
from gateway.public.rating import rate as carry_rating
from gateway.public.tracking import Tracked, tracked
from gateway.web.limits import limits_of
from gateway.web.problems import status_of
from gateway.web.viewer import TheDoor, address_of
from schemas.kernel.actor import Actor, Role
from schemas.kernel.errors import UserError
from schemas.organisation import Organisation
from schemas.organisation.names import Names
from schemas.petition.commands import REMARK_LIMIT
from schemas.petition.wording.factors import ASKED
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
    router.get("/rate")(track_page)
    router.post("/rate")(rate)
    router.get("/contradict")(track_page)
    router.post("/contradict")(contradict)
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
        await limits_of(request).submitting(address_of(request))
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
            source_event_id=form_id(message.strip() or uuid4().hex),
            channel=_channel(rules.policy),
            petitioners=(person,) if person else (),
        )
        actor = _desk(organisation)
        content, _ = await drafts_of(request, door).content(draft, actor)
        filing = await door.desk.file(actor, content)
    except UserError as refusal:
        return _submit_page(request, given, refusal=refusal)
    return render(request, None, "public/filed.html", status=HTTPStatus.CREATED, filing=filing, asked=ASKED)


async def track_page(request: Request) -> Response:
    """The form. No code comes in an address: those are kept by browsers and proxies."""
    return _track_page(request)


async def track(
    request: Request, door: TheDoor, code: Line = "", last_four: Line = "", to_fill_in: Line = ""
) -> Response:
    """How a case stands, for whoever knows its tracking code and the end of the telephone number it came with."""
    if to_fill_in:
        return _track_page(request, code=code)
    try:
        told = (await _shown(request, door, code, last_four)).told
    except UserError as refusal:
        return _track_page(request, code=code, status=status_of(refusal), refusal=refusal)
    return _track_page(request, code=code, last_four=last_four, told=told, names=Names(await door.organisation()))


async def rate(
    request: Request,
    door: TheDoor,
    code: Line = "",
    last_four: Line = "",
    solved: Line = "",
    satisfied_with_unit: Line = "",
    satisfied_with_office: Line = "",
    remark: Annotated[str, Form(max_length=REMARK_LIMIT)] = "",
    once: Annotated[str, Form(max_length=64)] = "",
) -> Response:
    """Takes the petitioner's own answer, after the same two things that show them the case."""
    given = {
        "solved": solved,
        "satisfied_with_unit": satisfied_with_unit,
        "satisfied_with_office": satisfied_with_office,
        "remark": remark,
    }
    try:
        found = await _shown(request, door, code, last_four)
    except UserError as refusal:
        return _track_page(request, code=code, status=status_of(refusal), refusal=refusal)
    told = found.told
    shown: dict[str, Any] = {"code": code, "last_four": last_four, "names": Names(await door.organisation())}
    try:
        await limits_of(request).rating(told.number)
        await carry_rating(door, told.number, given, once=once, factor=found.factor)
    except UserError as refusal:
        return _track_page(request, status=status_of(refusal), told=told, refusal=refusal, given=given, **shown)
    return _track_page(request, told=(await tracked(door, code, last_four)).told, rated=True, **shown)


async def contradict(
    request: Request,
    door: TheDoor,
    code: Line = "",
    last_four: Line = "",
    revisit: Annotated[int, Form(ge=1, le=1_000)] = 1,
    words: Annotated[str, Form(max_length=REMARK_LIMIT)] = "",
    once: Annotated[str, Form(max_length=64)] = "",
) -> Response:
    """Takes it from the petitioner that a revisit was not as it was recorded, after the same two things."""
    try:
        told = (await _shown(request, door, code, last_four)).told
    except UserError as refusal:
        return _track_page(request, code=code, status=status_of(refusal), refusal=refusal)
    shown: dict[str, Any] = {"code": code, "last_four": last_four, "names": Names(await door.organisation())}
    try:
        await limits_of(request).rating(told.number)
        await carry_contradiction(door, told.number, revisit, words, once=once)
    except UserError as refusal:
        kept = {"revisit": str(revisit), "words": words}
        return _track_page(request, status=status_of(refusal), told=told, refusal=refusal, said=kept, **shown)
    return _track_page(request, told=(await tracked(door, code, last_four)).told, contradicted=True, **shown)


async def _shown(request: Request, door: Door, code: str, answer: str) -> Tracked:
    """The case of those two, as often as somebody may try."""
    limits, address = limits_of(request), address_of(request)
    await limits.tracking(address, code)
    try:
        found = await tracked(door, code, answer)
    except UserError as refusal:
        if refusal.code == "tracking_unknown":
            await limits.tracked(address, code, right=False)
        raise
    await limits.tracked(address, code, right=True)
    return found


async def disclosed_page(request: Request, door: TheDoor) -> Response:
    """What has been published."""
    found = await disclosed(door)
    return render(request, None, "public/disclosed.html", matters=found)


def _submit_page(
    request: Request, given: dict[str, str] | None = None, *, refusal: UserError | None = None
) -> Response:
    return render(
        request,
        None,
        "public/submit.html",
        status=200 if refusal is None else status_of(refusal),
        headers=_later(refusal),
        given=given or dict.fromkeys(("text", "title", "name", "phone", "address"), ""),
        refusal=refusal,
        message=uuid4().hex,
        limit=TEXT_LIMIT,
    )


def _track_page(request: Request, *, code: str = "", status: int = 200, **more: Any) -> Response:
    page: dict[str, Any] = {
        "told": None,
        "refusal": None,
        "names": None,
        "last_four": "",
        "given": {},
        "rated": False,
        "contradicted": False,
        "said": {},
        "questions": QUESTIONS,
        "once": uuid4().hex,
        "limit": REMARK_LIMIT,
        **more,
    }
    return render(
        request, None, "public/track.html", status=status, headers=_later(page["refusal"]), code=code, page=page
    )


def _later(refusal: UserError | None) -> dict[str, str]:
    """After how long to come again, where that is the reason."""
    wait = None if refusal is None else refusal.facts.get("retry_after")
    return {} if wait is None else {"Retry-After": str(wait)}


def _desk(organisation: Organisation) -> Actor:
    """In whose name the public files: the city's door, which decides nothing."""
    return Actor(id="public", role=Role.UPSTREAM, unit=organisation.city_code, credential="public")


def _channel(policy: Policy) -> str:
    return CHANNEL if CHANNEL in policy.channels else next(iter(policy.channels))
