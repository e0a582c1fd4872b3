"""An event becomes a case: once, under the name its source gave it."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from gateway.doors import Door
from gateway.intake.cloud_events import CloudEvent
from gateway.intake.drafts import Drafts
from gateway.storable import check_storable
from schemas.kernel.actor import Actor, Role
from schemas.kernel.model import Frozen


class Arrival(Frozen):
    """What became of an event. ``known``: it had come before. ``refused``: it can't become a case as it is; ``code`` and sentences say why.

    ``parked``: its source has sent other content under that id before; it is kept until somebody decides whether it is a petition of its own.
    """

    source: str = ""
    id: str = ""
    outcome: Literal["filed", "known", "refused", "parked"]
    number: str = ""
    tracking_code: str = Field(default="", repr=False)
    pin: str = Field(default="", repr=False)
    code: str = ""
    title: str = ""
    title_en: str = ""


class Arrivals:
    """Files events at one desk."""

    def __init__(self, door: Door, drafts: Drafts) -> None:
        self._door = door
        self._drafts = drafts

    async def take(self, event: CloudEvent) -> Arrival:
        """Returns once the case is durable in engine and record. ``UserError`` for an event that is refused, ``system_unavailable`` for later."""
        check_storable(event.data)
        organisation = await self._door.organisation()
        # A source of events never speaks under the name of a desk or of a caller of the API.
        source = f"events:{event.source}"
        actor = Actor(id=source, role=Role.UPSTREAM, unit=organisation.city_code, credential="events")
        content, _ = await self._drafts.content(event.data.draft(source, event.id), actor)
        filing = await self._door.desk.file(actor, content, received_at=event.data.received_at)
        return Arrival(
            source=event.source,
            id=event.id,
            outcome="known" if filing.known else "filed",
            number=filing.number,
            tracking_code=filing.tracking_code,
            pin=filing.pin,
        )
