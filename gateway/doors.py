"""What every door has at hand: the desk, the queries, and the rules and people in force now."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Generic, TypeVar

from activities.evidence.trail import Trail
from activities.record.codes import TrackingCodes
from activities.record.intake import CaseNumberAllocator
from activities.record.known import KnownPeople, NamedCases
from activities.record.queries import CaseQueries
from activities.record.views import CaseView
from activities.settings import Settings
from gateway.case_service import CaseService, Rules
from gateway.importing.proposing import load_taxonomy
from gateway.reading.careful import CarefulReader, Hears
from gateway.reading.pool import ReadingPool
from gateway.redacting import Redacting
from gateway.retry import ORDER_RETRY_SECONDS, READ_RETRY_SECONDS, retry_transient
from gateway.visible import visible_case
from schemas.evidence.journal import EntryKind
from schemas.evidence.trail import Counted
from schemas.kernel.actor import Actor, Role
from schemas.kernel.errors import UserError
from schemas.organisation import Organisation
from workers.composition import System, open_system

if TYPE_CHECKING:
    from activities.evidence.readings import ReadingBook
    from activities.evidence.reveal import Revealer

T = TypeVar("T")

ADMINISTRATOR = Actor(id="administrator", role=Role.SYSTEM, unit="", credential="cli")
"""Whoever works at the machine itself and names no person: recorded as such, never as somebody."""

KEPT_SECONDS = 5.0
"""How long a version read is taken for the newest: an import reaches every door within so many seconds, and none asks for each petition."""


class Door:
    """Built on a :class:`System`; owns nothing of it. ``patience``: how long an order waits for a part that is away, in seconds."""

    def __init__(self, system: System, *, patience: float = ORDER_RETRY_SECONDS) -> None:
        self.system = system
        self._looking: set[asyncio.Task[None]] = set()
        self.trail = Trail(system.database, system.journal)
        self.queries = CaseQueries(system.database)
        self.codes = TrackingCodes(system.database, system.keyring)
        self.organisation = _Kept(system.reference.organisation, max(patience, READ_RETRY_SECONDS))
        self.rules = _Kept(self._rules, max(patience, READ_RETRY_SECONDS))
        self.pool = ReadingPool(processes=system.settings.reading_processes)
        self.reading = CarefulReader(self.organisation, lambda: load_taxonomy(system.settings.taxonomy_file), self.pool)
        self.hearing: Hears = self.reading.hearing
        self.redacting = Redacting(
            KnownPeople(system.database, system.keyring), NamedCases(system.database), self.organisation
        )
        self.desk = CaseService(
            system.client,
            system.record,
            CaseNumberAllocator(system.database, system.keyring),
            self.rules,
            self.hearing,
            minima=self.reading.minima,
            patience=patience,
        )

    def sought(self, actor: Actor, place: str, named: str) -> None:
        """Counts that somebody asked for a case that they may not see or that is not there. Whether it is there is looked up beside the answer."""

        async def look() -> None:
            number = named.strip().upper()
            try:
                state = await retry_transient(lambda: self.system.record.state(number), READ_RETRY_SECONDS)
            except UserError:
                # Counted all the same, when the record is there again.
                state = None
            # What was asked for is told only where it is a case: it can be anything else.
            self.trail.count(Counted(EntryKind.CASE_SOUGHT, actor, "", place, number if state is not None else ""))

        task = asyncio.create_task(look())
        self._looking.add(task)
        task.add_done_callback(self._looking.discard)

    async def settled(self) -> None:
        """Returns when all that was counted beside answers is written."""
        await asyncio.gather(*self._looking)
        await self.trail.settled()

    async def aclose(self) -> None:
        """Ends the processes that read for it."""
        await self.pool.close()

    async def organisation_now(self) -> Organisation:
        """The organisation in force at this very moment, for what must not be a few seconds late."""
        return await retry_transient(self.system.reference.organisation, READ_RETRY_SECONDS)

    async def actor(self, person_id: str) -> Actor:
        """The person as one who acts, by the organisation in force. ``UserError`` ``person_unknown``."""
        return (await self.organisation()).actor(person_id)

    async def case(self, named: str, viewer: Actor | None = None) -> CaseView:
        """A case by its number or tracking code. ``viewer``: None stands for whoever administers this machine.

        ``UserError`` ``case_unknown`` also for a viewer who may not see it: the accused are not even told that it exists.
        """

        return await visible_case(self.queries, named, viewer, self.number)

    async def reading_book(self) -> ReadingBook:
        """Where readings of personal data are entered, by the policy in force."""
        from activities.evidence.readings import Limits, ReadingBook  # noqa: PLC0415

        rules, system = await self.rules(), self.system
        return ReadingBook(system.database, system.journal, Limits(rules.policy.reveal, rules.calendar))

    async def revealer(self) -> Revealer:
        """What opens personal data for people."""
        from activities.evidence.reveal import Revealer  # noqa: PLC0415

        return Revealer(self.system.database, self.system.keyring, await self.reading_book())

    async def number(self, named: str) -> str:
        """The case number of what a person types: a number, or a tracking code that a petitioner has read to them. ``UserError`` ``case_unknown``."""
        try:
            return await self.queries.number(named)
        except UserError:
            found = await self.codes.number(named)
            if found is None:
                raise
            return found

    async def _rules(self) -> Rules:
        reference = self.system.reference
        organisation = await self.organisation()
        return Rules(policy=await reference.policy(), calendar=await reference.calendar(), city=organisation.city_code)


class _Kept(Generic[T]):
    """The result of a read, read anew when it is a few seconds old. A database that is being restarted is waited for."""

    def __init__(self, read: Callable[[], Awaitable[T]], patience: float) -> None:
        self._read = read
        self._patience = patience
        self._lock = asyncio.Lock()
        self._kept: tuple[float, T] | None = None

    async def __call__(self) -> T:
        async with self._lock:
            now = asyncio.get_running_loop().time()
            if self._kept is None or now - self._kept[0] > KEPT_SECONDS:
                self._kept = now, await retry_transient(self._read, self._patience)
            return self._kept[1]


@asynccontextmanager
async def open_door(
    settings: Settings, environ: Mapping[str, str], *, pool_size: int = 5, read_only: bool = False
) -> AsyncGenerator[Door]:
    """A door to the system these settings name. ``UserError`` as in :func:`open_system`; ``read_only`` as in :func:`new_engine`."""
    async with open_system(settings, environ, pool_size=pool_size, read_only=read_only) as system:
        door = Door(system)
        try:
            yield door
        finally:
            await door.aclose()
