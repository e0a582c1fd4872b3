"""Events of upstream systems: signed, in every form CloudEvents has, each one case however often it comes."""

from __future__ import annotations

import base64
import dataclasses
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from standardwebhooks import Webhook

from activities.parked import Parked
from gateway.cli.intake.broker import consumer_of
from gateway.intake.cloud_events import CloudEvent, events_of
from schemas.kernel.errors import UserError
from tests.api.conftest import OLD_SECRET, SECRET, Api
from tests.api.test_petitions import told

pytestmark = pytest.mark.asyncio(loop_scope="session")

EVENTS = "/api/v1/events"
STRUCTURED, BATCH = "application/cloudevents+json", "application/cloudevents-batch+json"


def event(**changes: Any) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": uuid4().hex,
        "source": "/hotline/12345",
        "type": "sanzhang.petition.submitted",
        "data": {"text": "路口的路灯坏了一个月。", "channel": "12345", "petitioners": [{"phone": "13800001234"}]},
    } | changes


async def send(
    api: Api,
    content: Any,
    media_type: str = STRUCTURED,
    headers: Mapping[str, str] | None = None,
    *,
    secret: str = SECRET,
    message: str = "",
    age: timedelta = timedelta(),
) -> httpx.Response:
    body = content if isinstance(content, bytes) else json.dumps(content, ensure_ascii=False).encode()
    message = message or uuid4().hex
    at = datetime.now(UTC) - age
    signed = {
        "webhook-id": message,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": Webhook(secret).sign(message, at, body.decode("utf-8", "replace")),
        "content-type": media_type,
    }
    return await api("").post(EVENTS, content=body, headers=signed | dict(headers or {}))


async def test_an_event_is_a_case_before_it_is_answered_and_one_case_for_ever(api: Api) -> None:
    one = event()
    answer = await send(api, one)
    assert answer.status_code == 202, answer.text
    arrival = answer.json()["events"][0]
    assert arrival["outcome"] == "filed"
    assert (await api.door.system.record.state(arrival["number"])) is not None
    again = (await send(api, one, secret=OLD_SECRET)).json()["events"][0]
    assert again == arrival | {"outcome": "known"}


async def test_another_content_under_the_same_id_is_parked_and_becomes_a_case_when_somebody_says_so(api: Api) -> None:
    one = event()
    first = (await send(api, one)).json()["events"][0]
    other = one | {"data": {"text": "另一件事，请尽快处理。", "channel": "12345"}}
    answer = await send(api, other)
    assert answer.status_code == 202, answer.text
    parked = answer.json()["events"][0]
    assert (parked["outcome"], parked["code"], parked["number"]) == ("parked", "source_event_conflict", "")
    (again,) = (await send(api, [other], BATCH)).json()["events"]
    assert again == parked
    kept = Parked(api.door.system.database, api.door.system.keyring)
    (line,) = [each for each in await kept.waiting() if each.source == f"events:{one['source']}"]
    consumer = consumer_of(api.door, "parked")
    with pytest.raises(UserError, match="source_event_conflict"):
        await consumer.drive(line.id)
    (filed,) = await consumer.drive(line.id, as_new=True)
    assert filed.outcome == "filed" and filed.number != first["number"]
    # It is decided: sent once more, it waits for nobody.
    await send(api, other)
    assert line.id not in [each.id for each in await kept.waiting()]
    third = one | {"data": {"text": "第三种说法。", "channel": "12345"}}
    await send(api, third)
    (line,) = [each for each in await kept.waiting() if each.source == f"events:{one['source']}"]
    await kept.drop(line.id, "重复投递")
    (gone,) = [each for each in await kept.waiting(all_of_them=True) if each.id == line.id]
    assert "重复投递" in gone.reason and gone.driven_at is not None
    with pytest.raises(UserError, match="parked_unknown"):
        await kept.letter(line.id)


async def test_a_secret_speaks_for_no_other_source(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    own, foreign = event(), event() | {"source": "/elsewhere"}
    settings = api.door.system.settings.model_copy(update={"events_sources": (own["source"],)})
    monkeypatch.setattr(api.door, "system", dataclasses.replace(api.door.system, settings=settings))
    assert (await send(api, own)).json()["events"][0]["outcome"] in ("filed", "known")
    told(await send(api, foreign), 403, "event_source_foreign")
    both = (await send(api, [own, foreign], BATCH)).json()["events"]
    assert [each["code"] for each in both] == ["", "event_source_foreign"]


async def test_all_three_modes_are_one_contract(api: Api) -> None:
    one = event()
    data, name = one["data"], f"{one['source']} {one['id']}"
    attributes = {f"ce-{key}": value for key, value in one.items() if key != "data"}
    binary = await send(api, data, "application/json", attributes, message=name)
    assert binary.status_code == 202, binary.text
    number = binary.json()["events"][0]["number"]
    encoded = {key: value for key, value in one.items() if key != "data"}
    encoded["data_base64"] = base64.b64encode(json.dumps(data).encode()).decode()
    for answer in (await send(api, one), await send(api, encoded), await send(api, [one, one], BATCH)):
        assert {each["number"] for each in answer.json()["events"]} == {number}, answer.text
    # The identity of a binary event stands in headers; one that was overheard can't be sent as another.
    overheard = attributes | {"ce-id": "another"}
    told(await send(api, data, "application/json", overheard, message=name), 422, "event_id_unsigned")
    # Nor one whose source and id could be parted elsewhere.
    parted = attributes | {"ce-source": "a%20b", "ce-id": "c"}
    told(await send(api, data, "application/json", parted, message="a b c"), 422, "event_id_unsigned")


async def test_a_batch_says_of_each_what_became_of_it(api: Api) -> None:
    good = event()
    batch = [good, event(data={"text": ""}), event(type="other"), 5, good, event(data={"text": "x", "channel": "?"})]
    answer = await send(api, batch, BATCH)
    assert answer.status_code == 202
    arrivals = answer.json()["events"]
    assert [each["code"] for each in arrivals] == [
        "",
        "body_invalid",
        "body_invalid",
        "event_unreadable",
        "",
        "channel_unknown",
    ]
    assert arrivals[0]["number"] == arrivals[4]["number"] != ""
    told(await send(api, [good] * 501, BATCH), 422, "event_unreadable")
    splintered = [good, event(data={"text": "x", "more": [0] * 60_000})]
    told(await send(api, splintered, BATCH), 413, "body_too_many_fields")
    foreign = "whsec_" + base64.b64encode(b"somebody else's secret, and long").decode()
    told(await send(api, splintered, BATCH, secret=foreign), 401, "signature_invalid")


async def test_what_is_not_signed_by_a_known_secret_now_is_not_even_read(api: Api) -> None:
    one = event()
    foreign = "whsec_" + base64.b64encode(b"somebody else's secret, and long").decode()
    told(await send(api, one, secret=foreign), 401, "signature_invalid")
    told(await send(api, one, age=timedelta(minutes=6)), 401, "signature_invalid")
    told(await send(api, one, age=-timedelta(minutes=6)), 401, "signature_invalid")
    for broken in ("", "v1", "v1,", "v2,abc", "v1,?", "v1,AAAA v1,B"):
        told(await send(api, one, headers={"webhook-signature": broken}), 401, "signature_invalid")
    for moment in ("", "nan", "inf", "1e300", "yesterday"):
        told(await send(api, one, headers={"webhook-timestamp": moment}), 401, "signature_invalid")
    told(await api("he-xiaoyun").post(EVENTS, json=one), 401, "signature_invalid")


async def test_an_event_never_speaks_in_the_name_of_a_desk(api: Api) -> None:
    arrival = (await send(api, event(source="api:he-xiaoyun"))).json()["events"][0]
    view = await api.door.case(arrival["number"])
    assert view.source == "events:api:he-xiaoyun"


@pytest.mark.parametrize(
    ("body", "media_type"),
    [
        (b"", STRUCTURED),
        (b"null", STRUCTURED),
        (b"\xff\xfe", STRUCTURED),
        (b"[" * 50_000 + b"]" * 50_000, STRUCTURED),
        (b"{}", "application/json"),
        (b"{}", "text/plain"),
        (b'{"specversion": "0.3"}', STRUCTURED),
        (b'{"data_base64": "?"}', STRUCTURED),
    ],
)
async def test_garbage_is_refused_with_a_reason(api: Api, body: bytes, media_type: str) -> None:
    answer = await send(api, body, media_type)
    assert answer.status_code in (401, 422)
    assert answer.json()["code"] in ("event_unreadable", "body_invalid", "signature_invalid")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)
NAMES = st.sampled_from(["specversion", "id", "source", "type", "data", "data_base64", "datacontenttype", "time"])


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    changed=st.dictionaries(NAMES, JSON, max_size=4),
    removed=st.sets(NAMES, max_size=2),
    data=st.dictionaries(st.sampled_from(["title", "text", "channel", "unit", "petitioners", "received_at"]), JSON),
    media_type=st.sampled_from([STRUCTURED, BATCH, "application/json", "", "*/*"]),
    attributes=st.dictionaries(NAMES, st.text(max_size=30), max_size=5),
)
async def test_whatever_comes_is_an_event_or_says_why_not(
    changed: dict[str, Any], removed: set[str], data: dict[str, Any], media_type: str, attributes: dict[str, str]
) -> None:
    one = {name: value for name, value in (event(data=data) | changed).items() if name not in removed}
    sent = json.dumps([one, one] if media_type == BATCH else one).encode()
    try:
        found = events_of(media_type, attributes, sent)
    except UserError as refusal:
        assert refusal.code in ("event_unreadable", "body_invalid")
        return
    for each in found:
        assert isinstance(each, CloudEvent | UserError)
        if isinstance(each, UserError):
            assert each.code in ("event_unreadable", "body_invalid", "text_too_long", "text_unstorable")
