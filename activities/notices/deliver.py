"""The dispatch as Temporal sees it: a regular activity on its own queue, so that a slow receiver never holds up a case."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Final

import httpx
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio import activity

from activities.heartbeat import beating
from activities.notices.contract import DELIVER_DUE, Dispatched, DispatchOrder
from activities.notices.dispatch import Addresses, Dispatcher
from activities.notices.transports import Transport
from activities.notices.webhook import WebhookTransport
from activities.record.reference import ORGANISATION, ReferenceStore
from activities.settings import Settings
from schemas.petition.notices import AddressBook

POLL: Final = 1.0
"""Seconds between looks at an empty outbox: one look is one indexed row. PostgreSQL's LISTEN/NOTIFY would be quicker, but a NOTIFY takes a
lock of the whole server at commit, and the commits are those of all cases."""


class NoticeActivities:
    """Bound to one dispatcher; registered on the workers of the notices queue."""

    def __init__(self, dispatcher: Dispatcher) -> None:
        self._dispatcher = dispatcher

    @activity.defn(name=DELIVER_DUE)
    async def deliver_due(self, order: DispatchOrder) -> Dispatched:
        """Delivers what falls due for ``order.patience`` seconds, or until the worker is told to stop."""
        loop = asyncio.get_running_loop()
        until = loop.time() + order.patience
        async with beating():
            done = Dispatched()
            while True:
                made = await self._dispatcher.deliver_batch()
                done += made
                left = until - loop.time()
                if left <= 0 or activity.is_worker_shutdown():
                    return done
                wait = await self._dispatcher.seconds_until_due()
                if wait == 0 and made == Dispatched():
                    # What is due is in another dispatcher's hands for the moment.
                    wait = POLL
                await _stopping_within(min(left, POLL if wait is None else min(wait, POLL)))


async def _stopping_within(seconds: float) -> None:
    """Waits so long, or less if the worker is told to stop."""
    if seconds > 0:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(activity.wait_for_worker_shutdown(), seconds)


class CurrentAddresses:
    """The address book by the newest version of the organisation, read anew only when there is a newer one."""

    def __init__(self, reference: ReferenceStore) -> None:
        self._reference = reference
        self._version = 0
        self._book: AddressBook | None = None

    async def __call__(self) -> AddressBook:
        """``UserError`` ``organisation_missing`` while there is none."""
        versions = await self._reference.versions(ORGANISATION)
        newest = versions[-1] if versions else None
        if self._book is None or newest != self._version:
            organisation = await self._reference.organisation(newest)
            self._version, self._book = organisation.version, AddressBook(organisation)
        return self._book


def transports(settings: Settings, client: httpx.AsyncClient) -> list[Transport]:
    """The transports that are set, besides the console, which always is. ``UserError`` for an address that can't be."""
    secret = settings.notice_webhook_secret
    chosen: list[Transport] = []
    if secret is not None:
        chosen += [
            WebhookTransport(client, url.get_secret_value(), secret.get_secret_value())
            for url in settings.notice_webhook_urls
        ]
    if settings.notice_apprise_urls:
        # a quarter of a second and many megabytes, for those only who use it
        from activities.notices.apprise_transport import AppriseTransport  # noqa: PLC0415

        chosen += [AppriseTransport(url.get_secret_value()) for url in settings.notice_apprise_urls]
    return chosen


@asynccontextmanager
async def notice_activities(
    settings: Settings, engine: AsyncEngine, addresses: Addresses | None = None
) -> AsyncGenerator[NoticeActivities]:
    """The activities of a notices worker, for as long as it serves. The engine needs two connections at least."""
    async with httpx.AsyncClient() as client:
        known = addresses or CurrentAddresses(ReferenceStore(engine))
        yield NoticeActivities(Dispatcher(engine, known, transports(settings, client)))
