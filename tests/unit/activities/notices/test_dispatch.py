"""From the outbox to people: in batches, again where it failed, and with one effect."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Generator, Mapping, Sequence
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from sqlalchemy import event, select

from activities.notices.contract import Dispatched
from activities.notices.outbox import LEASE, pause
from activities.notices.transports import DELIVERED, Delivery, OutgoingNotification, failed
from activities.notices.webhook import WebhookTransport
from schemas.kernel.worktime import SHANGHAI
from schemas.petition.events import Petitioner
from schemas.record import tables as t
from tests.receiver import SECRET, Receiver
from tests.small_bureau import organisation
from tests.unit.activities.notices.office import Office, drained, later


class Other:
    """A transport that answers as told."""

    def __init__(self, name: str, answer: Delivery | Exception | None = DELIVERED) -> None:
        self.name = name
        self.answer = answer
        self.seen: list[str] = []
        self.parcels: dict[str, OutgoingNotification] = {}

    async def deliver(self, batch: Sequence[OutgoingNotification]) -> Mapping[str, Delivery]:
        self.seen += [parcel.id for parcel in batch]
        self.parcels |= {parcel.id: parcel for parcel in batch}
        if isinstance(self.answer, Exception):
            raise self.answer
        return {} if self.answer is None else {parcel.id: self.answer for parcel in batch}


async def test_the_console_reaches_everybody_of_the_role_once(office: Office) -> None:
    number = await office.assigned()
    done = await drained(office.dispatcher())
    assert done == Dispatched(delivered=3)
    assert await office.people_told(number) == ["chief", "han", "han2", "op", "op2"]
    assert all(row["delivered_at"] == office.now and row["attempts"] == 1 for row in await office.outbox(number))
    assert {row["transport"] for row in await office.rows(t.deliveries, number)} == {"console"}
    assert await drained(office.dispatcher()) == Dispatched()
    assert await office.dispatcher().seconds_until_due() is None


async def test_the_accused_never_receives(office: Office) -> None:
    number = await office.file(
        accused_units=("XA/A3/01",), accused_persons=("chief",), petitioners=(Petitioner(alias="甲"),)
    )
    await drained(office.dispatcher())
    assert await office.people_told(number) == ["boss"]


async def test_one_transport_that_fails_does_not_repeat_the_others(office: Office) -> None:
    number = await office.file()
    good, bad = Other("good"), Other("bad", failed("full"))
    assert await drained(office.dispatcher(good, bad)) == Dispatched(postponed=1)
    [row] = await office.outbox(number)
    assert (row["attempts"], row["last_error"], row["delivered_at"]) == (1, "bad: full", None)
    assert row["next_attempt_at"] == office.now + timedelta(seconds=10)
    bad.answer = DELIVERED
    later(office, seconds=9)
    assert await drained(office.dispatcher(good, bad)) == Dispatched()
    assert await office.dispatcher().seconds_until_due() == 1.0
    later(office, seconds=1)
    assert await drained(office.dispatcher(good, bad)) == Dispatched(delivered=1)
    assert (good.seen, bad.seen) == ([row["id"]], [row["id"]] * 2)
    assert await office.people_told(number) == ["chief"]
    tried = {row["transport"]: row["attempts"] for row in await office.rows(t.deliveries, number)}
    assert tried == {"console": 1, "good": 1, "bad": 2}


@pytest.mark.parametrize(
    ("answer", "error"), [(ValueError("138 0000 1234"), "ValueError"), (None, "no_answer"), (failed("down"), "down")]
)
async def test_whatever_a_transport_does_the_others_are_served(
    office: Office, answer: Delivery | Exception | None, error: str
) -> None:
    number = await office.file()
    good, bad = Other("good"), Other("bad", answer)
    await drained(office.dispatcher(bad, good))
    [row] = await office.outbox(number)
    assert row["last_error"] == f"bad: {error}"
    assert len(good.seen) == 1


async def test_a_transport_that_wants_no_more_is_left_alone(office: Office) -> None:
    number = await office.file()
    gone = Other("gone", failed("http_410", final=True))
    assert await drained(office.dispatcher(gone)) == Dispatched(delivered=1)
    [row] = await office.outbox(number)
    assert row["last_error"] == "gone: http_410"
    tried = {row["transport"]: row["gave_up_at"] for row in await office.rows(t.deliveries, number)}
    assert tried == {"console": None, "gone": office.now}


async def test_after_a_week_it_is_given_up_and_says_why(office: Office) -> None:
    number = await office.file()
    bad = Other("bad", failed("down"))
    rounds = 0
    while (await office.outbox(number))[0]["gave_up_at"] is None:
        await drained(office.dispatcher(bad))
        wait = await office.dispatcher().seconds_until_due()
        later(office, seconds=wait or 0)
        rounds += 1
    [row] = await office.outbox(number)
    assert row["last_error"] == "bad: down"
    assert timedelta(days=7) <= row["gave_up_at"] - row["not_before"] < timedelta(days=7, hours=12)
    assert 50 < rounds < 200
    assert await office.people_told(number) == ["chief"]
    assert await drained(office.dispatcher(bad)) == Dispatched()


async def test_a_notice_nobody_may_get_waits_for_somebody(office: Office) -> None:
    number = await office.file(accused_persons=("chief", "boss"))
    outside = Other("outside")
    assert await drained(office.dispatcher(outside)) == Dispatched(postponed=1)
    [row] = await office.outbox(number)
    assert (row["last_error"], row["attempts"]) == ("nobody_to_tell", 1)
    assert outside.seen == []
    people = [person for person in organisation().people if person.id != "boss"]
    new = organisation().people[0].model_copy(update={"id": "newboss"})
    office.people = organisation().model_copy(update={"people": (new, *people)})
    later(office, seconds=10)
    assert await drained(office.dispatcher(outside)) == Dispatched(delivered=1)
    assert await office.people_told(number) == ["newboss"]


async def test_what_was_due_by_day_and_is_met_at_night_waits_for_the_morning(office: Office) -> None:
    number = await office.file()
    office.now = datetime(2026, 3, 2, 22, 30, tzinfo=SHANGHAI).astimezone(UTC)
    outside = Other("outside")
    assert await drained(office.dispatcher(outside)) == Dispatched(postponed=1)
    [row] = await office.outbox(number)
    morning = datetime(2026, 3, 3, 8, tzinfo=SHANGHAI)
    assert (row["next_attempt_at"], row["attempts"]) == (morning, 0)
    assert (await office.inbox(number), outside.seen) == ([], [])
    office.now = morning.astimezone(UTC)
    assert await drained(office.dispatcher(outside)) == Dispatched(delivered=1)


async def test_a_repetition_never_falls_into_the_night(office: Office) -> None:
    office.now = datetime(2026, 3, 2, 20, 59, 55, tzinfo=SHANGHAI).astimezone(UTC)
    number = await office.file()
    await drained(office.dispatcher(Other("bad", failed("down"))))
    [row] = await office.outbox(number)
    assert row["next_attempt_at"] == datetime(2026, 3, 3, 8, tzinfo=SHANGHAI)


async def test_two_dispatchers_at_once_send_nothing_twice(office: Office) -> None:
    numbers = [await office.file() for _ in range(30)]
    outside = Other("outside")
    one, two = office.dispatcher(outside), office.dispatcher(outside)
    done = await asyncio.gather(drained(one), drained(two))
    assert done[0] + done[1] == Dispatched(delivered=30)
    assert len(outside.seen) == len(set(outside.seen)) == 30
    for number in numbers:
        assert await office.people_told(number) == ["chief"]


@contextlib.contextmanager
def breaking(office: Office, statement_start: str) -> Generator[None]:
    """The database connection fails where a statement begins so."""

    def fail(connection: object, cursor: object, statement: str, *rest: object) -> None:
        if statement.startswith(statement_start):
            raise ConnectionResetError(statement_start)

    event.listen(office.engine.sync_engine, "before_cursor_execute", fail)
    try:
        yield
    finally:
        event.remove(office.engine.sync_engine, "before_cursor_execute", fail)


async def test_a_crash_between_inbox_and_record_leaves_neither(office: Office) -> None:
    number = await office.file()
    for statement in ("INSERT INTO deliveries", "UPDATE outbox"):
        with breaking(office, statement), pytest.raises(ConnectionResetError):
            await office.dispatcher().deliver_batch()
        assert await office.inbox(number) == []
    await drained(office.dispatcher())
    assert await office.people_told(number) == ["chief"]


class Dying(WebhookTransport):
    """Sends, and is killed before it can say so."""

    def __init__(self, client: httpx.AsyncClient, url: str) -> None:
        super().__init__(client, url, SECRET)
        self.sent = asyncio.Event()

    async def deliver(self, batch: Sequence[OutgoingNotification]) -> Mapping[str, Delivery]:
        await super().deliver(batch)
        self.sent.set()
        return await asyncio.get_running_loop().create_future()


async def test_killed_after_sending_it_is_sent_again_under_the_same_id_and_shown_once(
    office: Office, receiver: Receiver
) -> None:
    number = await office.file()
    async with httpx.AsyncClient() as client:
        dying = Dying(client, receiver.url)
        killed = asyncio.create_task(office.dispatcher(dying).deliver_batch())
        await dying.sent.wait()
        killed.cancel()
        with pytest.raises(asyncio.CancelledError):
            await killed
        successor = office.dispatcher(WebhookTransport(client, receiver.url, SECRET))
        assert await successor.deliver_batch() == Dispatched()
        office.now += LEASE
        assert await drained(successor) == Dispatched(delivered=1)
    [row] = await office.outbox(number)
    assert receiver.asked == [row["id"], row["id"]]
    assert list(receiver.kept) == [row["id"]]
    assert receiver.forged == 0
    assert row["attempts"] == 2
    assert await office.people_told(number) == ["chief"]


async def test_a_receiver_that_is_down_gets_each_notice_when_it_is_back(office: Office, receiver: Receiver) -> None:
    number = await office.assigned()
    async with httpx.AsyncClient() as client:
        dispatcher = office.dispatcher(WebhookTransport(client, receiver.url, SECRET))
        receiver.down = True
        assert await drained(dispatcher) == Dispatched(postponed=3)
        assert "RemoteProtocolError" in (await office.outbox(number))[0]["last_error"]
        receiver.down, receiver.status = False, 503
        later(office, seconds=10)
        assert await drained(dispatcher) == Dispatched(postponed=3)
        assert "http_503" in (await office.outbox(number))[0]["last_error"]
        receiver.status = 200
        later(office, seconds=20)
        assert await drained(dispatcher) == Dispatched(delivered=3)
    assert sorted(receiver.kept) == [row["id"] for row in await office.outbox(number)]
    assert await office.people_told(number) == ["chief", "han", "han2", "op", "op2"]


async def test_more_than_a_batch_is_taken_in_batches(office: Office) -> None:
    for _ in range(120):
        await office.file()
    dispatcher = office.dispatcher()
    assert (await dispatcher.deliver_batch()).delivered == 100
    assert (await dispatcher.deliver_batch()).delivered == 20
    async with office.engine.connect() as connection:
        waiting = await connection.execute(select(t.outbox.c.id).where(t.outbox.c.delivered_at.is_(None)))
        assert waiting.all() == []


def test_pauses_grow_to_an_hour() -> None:
    assert [pause(attempts).total_seconds() for attempts in (1, 2, 3, 9, 10, 500)] == [10, 20, 40, 2560, 3600, 3600]
