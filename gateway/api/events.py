"""``POST /events``: CloudEvents of upstream systems, signed by Standard Webhooks (https://www.standardwebhooks.com)."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from fastapi import APIRouter, Request
from standardwebhooks import Webhook, WebhookVerificationError

from gateway.api.answers import SENDING, problems
from gateway.api.describing import inlined
from gateway.intake.arrivals import Arrival, Arrivals
from gateway.intake.cloud_events import BATCH, STRUCTURED, SUBMITTED, CloudEvent, events_of
from gateway.intake.drafts import drafts_of
from gateway.web.problems import HTTPStatus, status_of
from gateway.web.viewer import TheDoor
from schemas.errors import UserError
from schemas.petition import Frozen

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
        "events_closed",
        "event_unreadable",
        "event_id_unsigned",
        "body_invalid",
        "source_event_conflict",
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
    secrets = [secret.get_secret_value() for secret in door.system.settings.events_secret]
    _check_signature(secrets, request.headers, body)
    attributes = {
        name.removeprefix(PREFIX): value for name, value in request.headers.items() if name.startswith(PREFIX)
    }
    media_type = request.headers.get("content-type", "")
    events = events_of(media_type, attributes, body)
    if attributes.get("specversion") and len(events) == 1 and isinstance(events[0], CloudEvent):
        _check_identity(events[0], media_type, request.headers)
    arrivals = Arrivals(door, drafts_of(request, door))
    if len(events) == 1:
        if isinstance(events[0], UserError):
            raise events[0]
        return EventsAnswer(events=(await arrivals.take(events[0]),))
    turn = asyncio.Semaphore(AT_ONCE)

    async def take(event: CloudEvent | UserError) -> Arrival:
        if isinstance(event, UserError):
            return _refused(event)
        try:
            async with turn:
                return await arrivals.take(event)
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


def _refused(refusal: UserError, event: CloudEvent | None = None) -> Arrival:
    return Arrival(
        source=event.source if event else "",
        id=event.id if event else "",
        outcome="refused",
        code=refusal.code,
        title=refusal.zh,
        title_en=refusal.en,
    )


def _check_signature(secrets: Sequence[str], headers: Mapping[str, str], body: bytes) -> None:
    if not secrets:
        raise UserError(
            "events_closed",
            zh="本系统未开通事件接入（SANZHANG_EVENTS_SECRET 未设置）。",
            en="This installation takes no events by HTTP (SANZHANG_EVENTS_SECRET is not set).",
        )
    signed = {name: headers.get(name, "") for name in ("webhook-id", "webhook-timestamp", "webhook-signature")}
    for secret in secrets:
        try:
            Webhook(secret).verify(body, signed, json_parse=False)
        except (WebhookVerificationError, ValueError):
            # ValueError: a signature that is no base64, a body that is no UTF-8
            continue
        return
    raise UserError(
        "signature_invalid",
        zh="签名无效或已过期，请核对密钥与时钟（Standard Webhooks，五分钟内有效）。",
        en="The signature is not valid, or too old; check the secret and the clock (Standard Webhooks, good for five minutes).",
    )


def _check_identity(event: CloudEvent, media_type: str, headers: Mapping[str, str]) -> None:
    """In binary mode the attributes are headers, which the signature does not cover: whoever overheard a message could send it as another."""
    if media_type.partition(";")[0].strip().lower() == STRUCTURED:
        return
    # With a blank in its source an event could be read as another: “a b” and “c” as “a” and “b c”.
    if " " in event.source or headers.get("webhook-id", "") != f"{event.source} {event.id}":
        raise UserError(
            "event_id_unsigned",
            zh="二进制模式下 webhook-id 应为“来源 空格 编号”，以便签名涵盖事件的身份。",
            en="In binary mode webhook-id must be source, blank, id, so that the signature covers what names the event.",
        )
