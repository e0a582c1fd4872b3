"""The ways to the outside, against real receivers on this machine."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import httpx
import pytest

from activities.notices.apprise_transport import AppriseTransport
from activities.notices.deliver import CurrentAddresses, transports
from activities.notices.transports import DELIVERED, OutgoingNotification, failed
from activities.notices.webhook import AT_ONCE, WebhookTransport
from activities.record.reference import ReferenceStore
from activities.settings import Settings
from schemas.kernel.actor import Role
from schemas.kernel.errors import UserError
from tests.receiver import SECRET, Receiver
from tests.small_bureau import organisation
from tests.unit.activities.notices.office import Office

# Apprise still looks for a module that Python 3.13 drops, when it first looks up a service.
pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")


def parcel(serial: int = 1) -> OutgoingNotification:
    return OutgoingNotification(
        id=f"XA-2026-C-000001:{serial}:0",
        case_number="XA-2026-C-000001",
        kind="assigned",
        unit="XA/A3/02",
        unit_name="二所",
        role=Role.HANDLER,
        people=("han", "han2"),
        zh="【XA-2026-C-000001】交办你单位主办。",
        en="[XA-2026-C-000001] assigned.",
        created_at=datetime(2026, 3, 2, 4, tzinfo=UTC),
    )


PARCELS = [parcel(serial) for serial in range(1, 31)]


async def test_a_webhook_is_signed_and_bears_the_notice(receiver: Receiver) -> None:
    async with httpx.AsyncClient() as client:
        transport = WebhookTransport(client, receiver.url, SECRET)
        answers = await transport.deliver(PARCELS)
    assert answers == {each.id: DELIVERED for each in PARCELS}
    assert receiver.forged == 0
    assert receiver.kept[parcel().id] == {
        "type": "notice.assigned",
        "timestamp": "2026-03-02T04:00:00+00:00",
        "data": {
            "id": parcel().id,
            "case_number": "XA-2026-C-000001",
            "kind": "assigned",
            "unit": "XA/A3/02",
            "unit_name": "二所",
            "role": "handler",
            "people": ["han", "han2"],
            "zh": "【XA-2026-C-000001】交办你单位主办。",
            "en": "[XA-2026-C-000001] assigned.",
        },
    }


async def test_another_secret_is_noticed_by_the_receiver(receiver: Receiver) -> None:
    async with httpx.AsyncClient() as client:
        await WebhookTransport(client, receiver.url, "whsec_" + "QUJD" * 8).deliver([parcel()])
    assert (receiver.forged, receiver.kept) == (1, {})


@pytest.mark.parametrize(
    ("status", "error", "final"),
    [(410, "http_410", True), (404, "http_404", False), (302, "http_302", False), (500, "http_500", False)],
)
async def test_answers_of_a_receiver(receiver: Receiver, status: int, error: str, final: bool) -> None:
    receiver.status = status
    async with httpx.AsyncClient() as client:
        answers = await WebhookTransport(client, receiver.url, SECRET).deliver([parcel()])
    assert answers == {parcel().id: failed(error, final=final)}


async def test_a_receiver_that_is_away_is_not_asked_for_each(receiver: Receiver) -> None:
    receiver.down = True
    async with httpx.AsyncClient() as client:
        requests: list[str] = []

        async def count(request: httpx.Request) -> None:
            requests.append(request.headers["webhook-id"])

        client.event_hooks["request"] = [count]
        answers = await WebhookTransport(client, receiver.url, SECRET).deliver(PARCELS)
    assert set(answers) == {each.id for each in PARCELS}
    assert not any(answer.delivered for answer in answers.values())
    assert len(requests) == AT_ONCE


async def test_apprise_takes_a_batch_together_and_names_the_notices(receiver: Receiver) -> None:
    receiver.status = 200
    transport = AppriseTransport(f"json://127.0.0.1:{receiver.port}/notices")
    assert await transport.deliver(PARCELS) == {each.id: DELIVERED for each in PARCELS}
    assert len(receiver.plain) == 2
    text = "\n".join(receiver.plain)
    for each in PARCELS:
        assert f"二所（承办人）：{each.zh}〔通知号 {each.id}〕" in text


async def test_apprise_says_what_was_not_sent(receiver: Receiver) -> None:
    receiver.status = 500
    transport = AppriseTransport(f"json://127.0.0.1:{receiver.port}/notices")
    assert await transport.deliver(PARCELS) == {each.id: failed("not_sent") for each in PARCELS}


def test_an_address_apprise_does_not_know_is_refused_without_telling_it() -> None:
    with pytest.raises(UserError) as refusal:
        AppriseTransport("nosuch://token-of-ours")
    assert refusal.value.code == "notice_address_unknown"
    assert "token-of-ours" not in refusal.value.zh + refusal.value.en


async def test_transports_are_those_of_the_settings() -> None:
    settings = Settings.from_environment(
        {
            "SANZHANG_NOTICE_WEBHOOK_URLS": "http://127.0.0.1:9/a http://127.0.0.1:9/b",
            "SANZHANG_NOTICE_WEBHOOK_SECRET": SECRET,
            "SANZHANG_NOTICE_APPRISE_URLS": "json://user:pass@127.0.0.1:9/x",
        }
    )
    async with httpx.AsyncClient() as client:
        names = [transport.name for transport in transports(settings, client)]
        assert [name.split(":")[0] for name in names] == ["webhook", "webhook", "apprise"]
        assert len(set(names)) == 3
        assert "pass" not in "".join(names)
        assert names == [transport.name for transport in transports(settings, client)]
        assert transports(Settings(), client) == []


async def test_addresses_follow_the_newest_organisation(office: Office) -> None:
    store = ReferenceStore(office.engine)
    addresses = CurrentAddresses(store)
    with pytest.raises(UserError) as refusal:
        await addresses()
    assert refusal.value.code == "organisation_missing"
    await store.add_organisation(organisation())
    first, again = await asyncio.gather(addresses(), addresses())
    assert first.name("XA/A3") == again.name("XA/A3") == "名-XA/A3"
    assert await addresses() is await addresses()
    renamed = organisation().units[0].model_copy(update={"name": "新名"})
    await store.add_organisation(organisation().model_copy(update={"units": (renamed, *organisation().units[1:])}))
    assert (await addresses()).name("XA") == "新名"
