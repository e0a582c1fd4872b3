"""``POST /events``: CloudEvents of upstream systems, signed by Standard Webhooks (https://www.standardwebhooks.com)."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from fastapi import APIRouter, Request
from standardwebhooks import Webhook, WebhookVerificationError

from activities.parked import Parked
from gateway.api.answers import SENDING, problems
from gateway.api.describing import inlined
from gateway.doors import Door
from gateway.intake.arrivals import Arrival, Arrivals
from gateway.intake.cloud_events import BATCH, STRUCTURED, SUBMITTED, CloudEvent, events_of, letter_of
from gateway.intake.consuming import CONFLICT
from gateway.intake.drafts import drafts_of
from gateway.intake.event_keys import EventKey, keys_of
from gateway.retry import READ_RETRY_SECONDS, retry_transient
from gateway.web.bodies import BATCH_FIELDS, values_in
from gateway.web.limits import limits_of
from gateway.web.problems import HTTPStatus, body_too_many_fields, status_of
from gateway.web.viewer import TheDoor, address_of
from schemas.kernel.errors import UserError
from schemas.kernel.model import Frozen
from schemas.media_types import media_type

router = APIRouter()

AT_ONCE = 8
"""Events of a batch filed at the same time."""

PREFIX = "ce-"

_EXAMPLE = {
    "specversion": "1.0",
    "id": "2026-03-02-000815",
    "source": "/hotline/12345",
    "type": SUBMITTED,
    "data": {"channel": "12345", "title": "路灯不亮", "text": "路口的路灯坏了一个月，晚上行人很不安全。"},
}

_HEADERS = [
    {"name": f"webhook-{name}", "in": "header", "required": False, "schema": {"type": "string"}, "description": told}
    for name, told in (
        ("id", "Of the message; in binary mode “{ce-source} {ce-id}”, for only this is signed"),
        ("timestamp", "Seconds since 1970, at most five minutes from now"),
        ("signature", "v1,BASE64 of HMAC-SHA256 over id.timestamp.body"),
    )
]


class EventsAnswer(Frozen):
    """What became of each event, in the order sent. Everything that is not refused is durable."""

    events: tuple[Arrival, ...]


@router.post(
    "/events",
    status_code=202,
    response_model=EventsAnswer,
    operation_id="take_events",
    responses=problems(
        *SENDING,
        "signature_invalid",
        "event_source_foreign",
        "too_many",
        "events_closed",
        "event_unreadable",
        "event_id_unsigned",
        "body_invalid",
        "channel_unknown",
        "unit_unknown",
        "person_unknown",
        "recused",
    ),
    openapi_extra={
        "parameters": _HEADERS,
        "security": [{"webhook": []}],
        "requestBody": {
            "required": True,
            "content": {
                STRUCTURED: {"schema": inlined(CloudEvent.model_json_schema()), "example": _EXAMPLE},
                BATCH: {
                    "schema": {"type": "array", "items": {"type": "object"}, "maxItems": 500},
                    "example": [_EXAMPLE],
                },
                "application/json": {"schema": {"type": "object"}, "example": _EXAMPLE["data"]},
            },
        },
    },
)
async def take_events(request: Request, door: TheDoor) -> EventsAnswer:
    """事件接入 / petitions as events. 202 once every event that is not refused is durable; the same event again is told its case.

    One event that is refused is answered with its problem; of a batch each is told. 503: repeat the whole; nothing is filed twice.
    """
    body = await request.body()
    settings, limits, address = door.system.settings, limits_of(request), address_of(request)
    await limits.may_sign(address)
    try:
        # In a thread: twenty megabytes are hashed for a while, by whoever sent them.
        speaks_for = await asyncio.to_thread(
            _signer_of, keys_of(settings.events_secret, settings.events_sources), request.headers, body
        )
    except UserError:
        await limits.unsigned(address)
        raise
    if values_in(body, BATCH_FIELDS) > BATCH_FIELDS:
        raise body_too_many_fields(BATCH_FIELDS)
    attributes = {
        name.removeprefix(PREFIX): value for name, value in request.headers.items() if name.startswith(PREFIX)
    }
    content_type = request.headers.get("content-type", "")
    events = events_of(content_type, attributes, body)
    if attributes.get("specversion") and len(events) == 1 and isinstance(events[0], CloudEvent):
        _check_identity(events[0], content_type, request.headers)
    events = [_of_its_own(event, speaks_for) for event in events]
    arrivals = Arrivals(door, drafts_of(request, door))
    if len(events) == 1:
        if isinstance(events[0], UserError):
            raise events[0]
        return EventsAnswer(events=(await _taken(door, arrivals, events[0]),))
    turn = asyncio.Semaphore(AT_ONCE)

    async def take(event: CloudEvent | UserError) -> Arrival:
        if isinstance(event, UserError):
            return _refused(event)
        try:
            async with turn:
                return await _taken(door, arrivals, event)
        except UserError as refusal:
            if status_of(refusal) is HTTPStatus.SERVICE_UNAVAILABLE:
                raise
            return _refused(refusal, event)

    answers = await asyncio.gather(*map(take, events), return_exceptions=True)
    for answer in answers:
        # Only when all have ended: what is under way is not given up because another could not be filed.
        if isinstance(answer, BaseException):
            raise answer
    return EventsAnswer(events=tuple(answer for answer in answers if isinstance(answer, Arrival)))


async def _taken(door: Door, arrivals: Arrivals, event: CloudEvent) -> Arrival:
    """What became of an event; one whose id its source has used for another content is parked, for it may be a petition of its own."""
    try:
        return await arrivals.take(event)
    except UserError as refusal:
        if refusal.code != CONFLICT:
            raise
        told = _refused(refusal, event)
    parked = Parked(door.system.database, door.system.keyring)
    await retry_transient(
        lambda: parked.park(
            letter_of(event), source=f"events:{event.source}", reason=f"{CONFLICT}: {told.title}", once=True
        ),
        READ_RETRY_SECONDS,
    )
    return told.model_copy(update={"outcome": "parked"})


def _refused(refusal: UserError, event: CloudEvent | None = None) -> Arrival:
    return Arrival(
        source=event.source if event else "",
        id=event.id if event else "",
        outcome="refused",
        code=refusal.code,
        title=refusal.zh,
        title_en=refusal.en,
    )


def _signer_of(keys: Sequence[EventKey], headers: Mapping[str, str], body: bytes) -> EventKey:
    """The key by which the message is signed. ``UserError`` ``events_closed``, ``signature_invalid``."""
    if not keys:
        raise UserError(
            "events_closed",
            zh="本系统未开通事件接入（SANZHANG_EVENTS_SECRET 未设置）。",
            en="This installation takes no events by HTTP (SANZHANG_EVENTS_SECRET is not set).",
        )
    signed = {name: headers.get(name, "") for name in ("webhook-id", "webhook-timestamp", "webhook-signature")}
    for key in keys:
        try:
            Webhook(key.secret.get_secret_value()).verify(body, signed, json_parse=False)
        except (WebhookVerificationError, ValueError):
            # ValueError: a signature that is no base64, a body that is no UTF-8
            continue
        return key
    raise UserError(
        "signature_invalid",
        zh="签名无效或已过期，请核对密钥与时钟（Standard Webhooks，五分钟内有效）。",
        en="The signature is not valid, or too old; check the secret and the clock (Standard Webhooks, good for five minutes).",
    )


def _of_its_own(event: CloudEvent | UserError, key: EventKey) -> CloudEvent | UserError:
    """The event, or why not: whoever has the secret of one source speaks for no other."""
    if isinstance(event, UserError) or key.speaks_for(event.source):
        return event
    return UserError(
        "event_source_foreign",
        zh=f"此密钥不得代表来源“{event.source}”（SANZHANG_EVENTS_SECRET 写为“来源=密钥”，或在 SANZHANG_EVENTS_SOURCES 列出来源）。",
        en=f"This secret does not speak for the source {event.source} (write SOURCE=SECRET in SANZHANG_EVENTS_SECRET, or list the source"
        " in SANZHANG_EVENTS_SOURCES).",
        source=event.source,
    )


def _check_identity(event: CloudEvent, content_type: str, headers: Mapping[str, str]) -> None:
    """In binary mode the attributes are headers, which the signature does not cover: whoever overheard a message could send it as another."""
    if media_type(content_type) == STRUCTURED:
        return
    # With a blank in its source an event could be read as another: “a b” and “c” as “a” and “b c”.
    if " " in event.source or headers.get("webhook-id", "") != f"{event.source} {event.id}":
        raise UserError(
            "event_id_unsigned",
            zh="二进制模式下 webhook-id 应为“来源 空格 编号”，以便签名涵盖事件的身份。",
            en="In binary mode webhook-id must be source, blank, id, so that the signature covers what names the event.",
        )
