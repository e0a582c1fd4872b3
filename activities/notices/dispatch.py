"""One round of dispatch: take what is due, find the people, deliver by every transport that has not done so yet, write down what came of it.

The console is a matter of the database alone: inbox rows, their record and the end of the notice are one transaction. Nothing else can be,
so a notice for the outside is leased, sent, and recorded per transport: one that fails does not repeat the others.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

import structlog
from sqlalchemy.ext.asyncio import AsyncEngine

from activities.notices.console import CONSOLE, put_in_inboxes
from activities.notices.contract import Dispatched
from activities.notices.outbox import (
    LEASE,
    Attempt,
    DeliveryOutcome,
    DueNotification,
    lease,
    next_due,
    pause,
    record_tries,
    settle,
    take,
)
from activities.notices.transports import DELIVERED, Delivery, OutgoingNotification, Transport, failed
from activities.record.case_record import Clock, utc_now
from schemas.petition.notices import AddressBook, when_allowed

BATCH: Final = 100
"""Notices taken at once."""

SENDING: Final = 100.0
"""Seconds a transport may take for a batch: less than the lease."""

NOBODY: Final = "nobody_to_tell"

Addresses = Callable[[], Awaitable[AddressBook]]


class Dispatcher:
    """Delivers from one outbox. ``give_up_after`` counts from the instant a notice might first go out."""

    def __init__(
        self,
        engine: AsyncEngine,
        addresses: Addresses,
        transports: Sequence[Transport] = (),
        *,
        clock: Clock = utc_now,
        give_up_after: timedelta = timedelta(days=7),
    ) -> None:
        self._engine = engine
        self._addresses = addresses
        self._transports = {transport.name: transport for transport in transports}
        self._clock = clock
        self._give_up_after = give_up_after
        self._log = structlog.get_logger()

    async def seconds_until_due(self) -> float | None:
        """Seconds until the next notice falls due (0: now), or None if none waits."""
        async with self._engine.connect() as connection:
            instant = await next_due(connection)
        return None if instant is None else max(0.0, (instant - self._clock()).total_seconds())

    async def deliver_batch(self) -> Dispatched:
        """Delivers what is due now, at most one batch. Database errors are raised, and leave what was taken to be taken again."""
        now = self._clock()
        async with self._engine.begin() as connection:
            taken = await take(connection, now, BATCH)
            if not taken:
                return Dispatched()
            book = await self._addresses()
            quiet, rest = _split(taken, lambda notice: when_allowed(notice.ladder, now) > now)
            parcels = {notice.id: parcel for notice in rest if (parcel := _parcel(book, notice)) is not None}
            lost, sent = _split(rest, lambda notice: notice.id not in parcels)
            fresh = [notice for notice in sent if CONSOLE not in notice.done]
            await put_in_inboxes(connection, [parcels[notice.id] for notice in fresh], now)
            tries = [Attempt(notice_id=notice.id, transport=CONSOLE, delivered_at=now) for notice in fresh]
            await record_tries(connection, tries)
            outside, inside = _split(sent, lambda notice: bool(self._pending(notice)))
            await lease(connection, outside, now + LEASE)
            settled = [self._held(notice, now) for notice in quiet]
            settled += [self._settled(notice, now, {NOBODY: failed(NOBODY)}) for notice in lost]
            settled += [self._settled(notice, now, {}) for notice in inside]
            await settle(connection, settled)
        for notice in fresh:
            self._tell(notice, CONSOLE, DELIVERED, len(parcels[notice.id].people))
        self._tell_settled(settled, rest)
        return _counted(settled) + await self._send(outside, parcels)

    def _pending(self, notice: DueNotification) -> list[str]:
        return [name for name in self._transports if name not in notice.done]

    async def _send(
        self, notices: Sequence[DueNotification], parcels: Mapping[str, OutgoingNotification]
    ) -> Dispatched:
        if not notices:
            return Dispatched()
        batches = {
            name: [parcels[notice.id] for notice in notices if name not in notice.done] for name in self._transports
        }
        used = [name for name, batch in batches.items() if batch]
        answered = await asyncio.gather(*(self._by(self._transports[name], batches[name]) for name in used))
        answers = dict(zip(used, answered, strict=True))
        now = self._clock()
        outcomes = {
            notice.id: {
                name: answers[name].get(notice.id, failed("no_answer")) for name in used if name not in notice.done
            }
            for notice in notices
        }
        tries = [
            Attempt(
                notice_id=notice_id,
                transport=name,
                delivered_at=now if outcome.delivered else None,
                gave_up_at=now if outcome.final else None,
                last_error=outcome.error,
            )
            for notice_id, by_name in outcomes.items()
            for name, outcome in by_name.items()
        ]
        settled = [self._settled(notice, now, outcomes[notice.id]) for notice in notices]
        async with self._engine.begin() as connection:
            await record_tries(connection, tries)
            await settle(connection, settled)
        for notice in notices:
            for name, outcome in outcomes[notice.id].items():
                self._tell(notice, name, outcome, len(parcels[notice.id].people))
        self._tell_settled(settled, notices)
        return _counted(settled)

    async def _by(self, transport: Transport, batch: Sequence[OutgoingNotification]) -> Mapping[str, Delivery]:
        try:
            async with asyncio.timeout(SENDING):
                return await transport.deliver(batch)
        except Exception as error:
            # Transports are other people's code and raise what they like; one that does must not hold up the others.
            self._log.warning("transport_failed", transport=transport.name, exc_info=error)
            return {parcel.id: failed(type(error).__name__) for parcel in batch}

    def _held(self, notice: DueNotification, now: datetime) -> DeliveryOutcome:
        """A notice that fell due by day and is met at night: no attempt was made."""
        return DeliveryOutcome(id=notice.id, attempts=notice.attempts, next_attempt_at=when_allowed(notice.ladder, now))

    def _settled(self, notice: DueNotification, now: datetime, outcomes: Mapping[str, Delivery]) -> DeliveryOutcome:
        attempts = notice.attempts + 1
        errors = "; ".join(
            f"{name}: {outcome.error}" if name != outcome.error else name
            for name, outcome in outcomes.items()
            if not outcome.delivered
        )
        if all(outcome.delivered or outcome.final for outcome in outcomes.values()):
            # The console has it at least: without anybody to tell, an attempt never ends here.
            return DeliveryOutcome(id=notice.id, attempts=attempts, delivered_at=now, last_error=errors)
        if now - notice.not_before >= self._give_up_after:
            return DeliveryOutcome(id=notice.id, attempts=attempts, gave_up_at=now, last_error=errors)
        again = when_allowed(notice.ladder, now + pause(attempts))
        return DeliveryOutcome(id=notice.id, attempts=attempts, next_attempt_at=again, last_error=errors)

    def _tell(self, notice: DueNotification, transport: str, outcome: Delivery, count: int) -> None:
        log = self._log.bind(
            notice=notice.id, case=notice.case_number, kind=notice.kind, unit=notice.unit, role=notice.role.value
        )
        if outcome.delivered:
            log.info("notice_delivered", transport=transport, count=count)
        else:
            log.warning("notice_not_delivered", transport=transport, error=outcome.error, attempt=notice.attempts + 1)

    def _tell_settled(self, settled: Sequence[DeliveryOutcome], notices: Sequence[DueNotification]) -> None:
        by_id = {notice.id: notice for notice in notices}
        for each in settled:
            if each.gave_up_at is not None:
                case = by_id[each.id].case_number
                self._log.error("notice_given_up", notice=each.id, case=case, error=each.last_error)


def _parcel(book: AddressBook, notice: DueNotification) -> OutgoingNotification | None:
    people = book.people(notice.unit, notice.role, notice.barred)
    if not people:
        return None
    return OutgoingNotification(
        id=notice.id,
        case_number=notice.case_number,
        kind=notice.kind,
        unit=notice.unit,
        unit_name=book.name(notice.unit),
        role=notice.role,
        people=tuple(person.id for person in people),
        zh=notice.zh,
        en=notice.en,
        created_at=notice.created_at,
    )


def _split(
    notices: Sequence[DueNotification], first: Callable[[DueNotification], bool]
) -> tuple[list[DueNotification], list[DueNotification]]:
    return [notice for notice in notices if first(notice)], [notice for notice in notices if not first(notice)]


def _counted(settled: Sequence[DeliveryOutcome]) -> Dispatched:
    return Dispatched(
        delivered=sum(each.delivered_at is not None for each in settled),
        postponed=sum(each.next_attempt_at is not None for each in settled),
        gave_up=sum(each.gave_up_at is not None for each in settled),
    )
