"""CloudEvents 1.0 (https://github.com/cloudevents/spec, v1.0.2) as they come over any transport: structured, binary, or many in a batch."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal, cast
from urllib.parse import unquote

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from activities.parked import Letter
from gateway.orders.given import PetitionGiven
from gateway.web.problems import body_invalid
from schemas.kernel.errors import UserError
from schemas.media_types import is_json, media_type

STRUCTURED: Final = "application/cloudevents+json"
BATCH: Final = "application/cloudevents-batch+json"
SUBMITTED: Final = "sanzhang.petition.submitted"
"""The one type of event that is taken in; its data is a petition."""

BATCH_LIMIT: Final = 500
"""Events of one batch."""

Given = Annotated[str, Field(pattern=r"^[^\x00-\x20\x7f]([^\x00-\x1f\x7f]{0,198}[^\x00-\x20\x7f])?$")]


class CloudEvent(BaseModel):
    """The attributes this system reads. ``source`` and ``id`` together name the event for ever; other extensions may be there and are left out."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    specversion: Literal["1.0"]
    id: Given = Field(examples=["2026-03-02-000815"])
    source: Given = Field(examples=["/hotline/12345"])
    type: Literal["sanzhang.petition.submitted"]
    datacontenttype: str = "application/json"
    data: PetitionGiven


def events_of(content_type: str, attributes: Mapping[str, str], body: bytes) -> list[CloudEvent | UserError]:
    """The events of a message; in the place of one of a batch that can't be, why not.

    ``attributes``: for the binary mode, without the transport's own prefix. ``UserError`` ``event_unreadable`` for the message as a whole.
    """
    sent_as = media_type(content_type)
    if sent_as == BATCH:
        given = _json(body)
        if not isinstance(given, list) or len(cast("list[Any]", given)) > BATCH_LIMIT:
            raise unreadable(
                f"应为至多 {BATCH_LIMIT} 个事件的列表", f"a batch is a list of at most {BATCH_LIMIT} events"
            )
        return [_event(each) for each in cast("list[Any]", given)]
    if sent_as == STRUCTURED:
        return [_event(_json(body))]
    if "specversion" in attributes:
        if sent_as and not is_json(sent_as):
            raise unreadable("data 应为 JSON", "its data must be JSON")
        named = {name: unquote(value) for name, value in attributes.items() if name in CloudEvent.model_fields}
        return [_event(named | {"data": _json(body), "datacontenttype": sent_as})]
    raise unreadable(
        f"应为 {STRUCTURED}、{BATCH}，或带 specversion 等属性头的 JSON",
        f"send {STRUCTURED}, {BATCH}, or JSON with the attributes as headers",
    )


def letter_of(event: CloudEvent) -> Letter:
    """The event as a message that is kept."""
    return Letter(content_type=STRUCTURED, attributes={}, body=event.model_dump_json(exclude_unset=True).encode())


def _event(given: Any) -> CloudEvent | UserError:
    if isinstance(given, dict) and "data_base64" in given:
        fields = cast("dict[str, Any]", given)
        try:
            data = _json(base64.b64decode(str(fields["data_base64"]), validate=True))
        except ValueError:
            return unreadable("data_base64 不是 BASE64", "data_base64 is not base64")
        except UserError as wrong:
            return wrong
        given = {name: value for name, value in fields.items() if name != "data_base64"} | {"data": data}
    if not isinstance(given, dict):
        return unreadable("事件应为对象", "an event is an object")
    try:
        # By way of JSON: what comes as a string in JSON may be a moment or a word of a list here, but never a number.
        return CloudEvent.model_validate_json(json.dumps(given))
    except RecursionError:
        return unreadable("嵌套过深", "it is nested too deep")
    except ValidationError as wrong:
        return body_invalid(wrong.errors(include_url=False, include_input=False))


def _json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        raise unreadable("不是 JSON", "it is not JSON") from None


def unreadable(zh: str, en: str) -> UserError:
    """A message that holds no CloudEvent."""
    return UserError("event_unreadable", zh=f"无法识别的事件：{zh}。", en=f"This is no CloudEvent: {en}.")
