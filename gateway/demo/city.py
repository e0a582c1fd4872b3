"""The city of the demonstration and the petitions it gets: the forty that lie there at the start, and the ones that walk in afterwards.

Each is filed through the desk under a key of its own, so that a demonstration started again files none twice. What a machine stamped (the
hotline, 110, an import) was received on the working days before, and its terms have run since; what people bring is received when it is filed.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Protocol

from activities.defaults import DemoPetition, demo_organisation, demo_petitions
from activities.personal import seal
from activities.record.reference import ORGANISATION, ReferenceStore
from gateway.case_service import Filing
from gateway.demo.offices.cast import Cast
from gateway.importing.proposing import Proposer
from schemas.kernel.actor import Actor
from schemas.kernel.worktime import Calendar, at_hour, local_day
from schemas.organisation import Organisation
from schemas.petition.events import FiledContent, Petitioner
from schemas.policy import Policy
from schemas.sealing.keys import KeyRing

SOURCE = "demo"
"""The robots act on cases of this source only; whatever somebody files beside them is theirs to handle."""

AGES = (9, 7, 8, 1, 4, 2, 9, 6, 0, 7, 3, 0, 8, 1)
"""Working days since receipt, of the petitions that were waiting: with the promise of 7 some are due today, some late."""

UPSTREAM = {"12345": "hotline-12345", "110": "command-110"}
"""Channels on which an upstream system files by itself."""


async def settle(reference: ReferenceStore) -> Organisation:
    """The city's organisation, stored as a new version where the newest is another."""
    city = demo_organisation()
    if await reference.versions(ORGANISATION):
        newest = await reference.organisation()
        if newest.model_copy(update={"version": city.version}) == city:
            return newest
    return await reference.add_organisation(city)


def waiting(policy: Policy) -> tuple[DemoPetition, ...]:
    """The forty, in the order they are filed: what was received before, then matters that several raise, then the rest."""
    petitions = demo_petitions()
    shared = {key for each in petitions if each.same_matter_as for key in (each.key, each.same_matter_as)}

    def rank(petition: DemoPetition) -> int:
        if policy.channels[petition.channel].trusted_time:
            return 0
        return 1 if petition.key in shared else 2

    return tuple(sorted(petitions, key=rank))


def receipts(petitions: Sequence[DemoPetition], policy: Policy, calendar: Calendar, now: datetime) -> list[datetime]:
    """When each was received: in office hours of a working day before ``now``, or ``now`` itself where the channel's own time is not trusted."""
    moments: list[datetime] = []
    stamped = 0
    for petition in petitions:
        if policy.channels[petition.channel].trusted_time:
            moments.append(_working_days_ago(calendar, now, AGES[stamped % len(AGES)], minute=37 * stamped))
            stamped += 1
        else:
            moments.append(now)
    return moments


def _working_days_ago(calendar: Calendar, now: datetime, days: int, minute: int) -> datetime:
    if not days:
        return now - timedelta(minutes=40 + minute % 120)
    day = local_day(now)
    while days:
        day -= timedelta(days=1)
        days -= calendar.is_working(day)
    return at_hour(day, 8) + timedelta(minutes=30 + minute % 540)


class Desk(Protocol):
    """Where petitions are filed: the one desk of all doors."""

    async def file(self, actor: Actor, content: FiledContent, *, received_at: datetime | None = None) -> Filing:
        """Files a message once."""
        ...


class Registry:
    """Files the petitions of the demonstration."""

    def __init__(self, desk: Desk, organisation: Organisation, proposer: Proposer, keyring: KeyRing) -> None:
        self._desk = desk
        self._organisation = organisation
        self._proposer = proposer
        self._keyring = keyring
        self._cast = Cast(organisation)

    async def file(self, petition: DemoPetition, received_at: datetime | None) -> Filing:
        """Files one petition; ``received_at`` None: now. Refusals are ``UserError``."""
        content = self._content(petition)
        return await self._desk.file(self._operator(petition), content, received_at=received_at)

    def _operator(self, petition: DemoPetition) -> Actor:
        machine = UPSTREAM.get(petition.channel, "")
        if any(person.id == machine for person in self._organisation.people):
            return self._organisation.actor(machine)
        return self._cast.desk(petition.unit, petition.accused_units, petition.accused_persons)

    def _content(self, petition: DemoPetition) -> FiledContent:
        category = self._proposer.propose(petition.title, petition.text).category.value
        return FiledContent(
            source=SOURCE,
            source_event_id=petition.key,
            channel=petition.channel,
            title=petition.title,
            text=petition.text,
            ledger=petition.ledger,
            complexity=petition.complexity,
            category=category or "",
            unit=petition.unit,
            accused_units=petition.accused_units,
            accused_persons=petition.accused_persons,
            conflicted_units=self._organisation.conflicted_units(petition.accused_persons),
            petitioners=tuple(
                Petitioner(alias=f"群众{position}", sealed=seal(self._keyring, person))
                for position, person in enumerate(petition.petitioners, start=1)
            ),
        )
