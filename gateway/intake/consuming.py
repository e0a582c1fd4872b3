"""What every broker has in common: a message is acknowledged once each of its events is a durable case, or the message is parked.

Delivery is at least once, and the reservation by source and id makes of it exactly one case. What passes (a part that is away) goes back to the
broker; what never will (no event, refused by a rule) is parked, so that it holds up nothing behind it.
"""

from __future__ import annotations

from enum import Enum

import structlog

from activities.parked import Letter, Parked
from gateway.intake.arrivals import Arrival, Arrivals
from gateway.intake.cloud_events import events_of
from gateway.retry import READ_RETRY_SECONDS, retry_transient
from gateway.web.problems import HTTPStatus, status_of
from schemas.kernel.errors import UserError

CONFLICT = "source_event_conflict"
"""Its source has sent other content under the same id before."""


class Settled(Enum):
    """What the broker is told."""

    DONE = "done"
    AGAIN = "again"


class Consumer:
    """Takes messages for one installation. ``source``: which broker, as told of parked messages."""

    def __init__(self, arrivals: Arrivals, parked: Parked, *, source: str) -> None:
        self._arrivals = arrivals
        self._parked = parked
        self._source = source
        self._log = structlog.get_logger()

    async def settle(self, letter: Letter) -> Settled:
        """Files the events of a message, or parks it; ``AGAIN`` only where the same message may succeed in a moment."""
        try:
            await self.take(letter)
        except UserError as refusal:
            if status_of(refusal) is HTTPStatus.SERVICE_UNAVAILABLE:
                return Settled.AGAIN
            try:
                await self._park(letter, refusal)
            except UserError:
                # It could not be kept either, for the moment: then the broker keeps it.
                return Settled.AGAIN
            self._log.warning("message_parked", code=refusal.code)
        return Settled.DONE

    async def take(self, letter: Letter, *, as_new: bool = False) -> list[Arrival]:
        """The cases of a message. ``UserError`` for the first of its events that is refused; those before and after it are cases nevertheless.

        ``as_new``: under an id of its own, the same whenever that is asked, because its source has used its id for something else.
        """
        refused: UserError | None = None
        arrived: list[Arrival] = []
        for event in events_of(letter.content_type, letter.attributes, letter.body):
            try:
                if isinstance(event, UserError):
                    raise event
                own = event.model_copy(update={"id": f"{event.id}~{letter.id}"}) if as_new else event
                arrived.append(await self._arrivals.take(own))
            except UserError as refusal:
                if status_of(refusal) is HTTPStatus.SERVICE_UNAVAILABLE:
                    raise
                refused = refused or refusal
        if refused is not None:
            raise refused
        return arrived

    async def drive(self, parked_id: str, *, as_new: bool = False) -> list[Arrival]:
        """Sends a parked message in again, ``as_new`` as in :meth:`take`. ``UserError``: ``parked_unknown``, or why it is refused still; it then stays where it is."""
        letter = await self._parked.letter(parked_id)
        try:
            arrived = await self.take(letter, as_new=as_new)
        except UserError as refusal:
            if status_of(refusal) is not HTTPStatus.SERVICE_UNAVAILABLE:
                await self._park(letter, refusal)
            raise
        await self._parked.driven(parked_id)
        return arrived

    async def _park(self, letter: Letter, refusal: UserError) -> None:
        reason = f"{refusal.code}: {refusal.zh}"
        once = refusal.code == CONFLICT
        await retry_transient(
            lambda: self._parked.park(letter, source=self._source, reason=reason, once=once), READ_RETRY_SECONDS
        )
