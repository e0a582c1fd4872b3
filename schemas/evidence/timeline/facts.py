"""The parts of a timeline. Moments are aware, UTC; personal data only as its masks."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from schemas.evidence.journal import EntryKind
from schemas.kernel.actor import Actor
from schemas.kernel.model import Frozen
from schemas.petition.rules.deeds import Basis
from schemas.petition.state import Petition, Stage
from schemas.petition.wording.due_reasons import Reasons


class Person(Frozen):
    """A petitioner by the masks; all empty for an anonymous one."""

    alias: str = ""
    representative: bool = True
    name: str = ""
    phone: str = ""
    id_number: str = ""
    address: str = ""


class Matter(Frozen):
    """What the petition says, with every correction made by then."""

    title: str
    text: str
    submitted_at: datetime | None = None
    source: str
    source_event_id: str
    petitioners: tuple[Person, ...] = ()


class Station(Frozen):
    """One of the eight steps of the loop, in the present round. ``awaited``: it is what the case waits for; ``passed_at`` None and not
    awaited: still to come, or, where a later one was passed, left out by the way the case took (``skipped``).
    """

    name: str
    zh: str
    passed_at: datetime | None = None
    actor: Actor | None = None
    awaited: bool = False
    skipped: bool = False


class Deed(Frozen):
    """One event: when it counts from, when it was written down, who, on what authority, and what it says."""

    seq: int
    kind: str
    at: datetime
    recorded_at: datetime
    actor: Actor
    command_id: str
    basis: Basis
    command: str
    right_zh: str
    right_en: str
    zh: str
    en: str


class Interval(Frozen):
    """A stretch of the case's life and the unit it belongs to."""

    unit: str
    stage: Stage
    paused: bool
    since: datetime
    until: datetime
    open: bool = False


class Share(Frozen):
    """A unit's part of the whole, in seconds; ``paused``: of these, while the promise stood still."""

    unit: str
    seconds: float
    paused: float


class Attribution(Frozen):
    """Whose time it was. ``whole``: seconds the case has lived; ``sums``: the stretches follow each other without gap or overlap and make
    up the whole.
    """

    whole: float
    attributed: float
    sums: bool
    shares: tuple[Share, ...]
    stretches: tuple[Interval, ...]


class Carried(Frozen):
    """What one transport did with a notice."""

    transport: str
    attempts: int
    delivered_at: datetime | None = None
    gave_up_at: datetime | None = None
    last_error: str = ""


class Received(Frozen):
    """A notice in a person's inbox."""

    person: str
    delivered_at: datetime
    read_at: datetime | None = None


class NoticeKept(Frozen):
    """A notice owed, and what became of it."""

    id: str
    kind: str
    unit: str
    role: str
    zh: str
    en: str
    created_at: datetime
    not_before: datetime
    attempts: int = 0
    delivered_at: datetime | None = None
    gave_up_at: datetime | None = None
    last_error: str = ""
    carried: tuple[Carried, ...] = ()
    received: tuple[Received, ...] = ()


class Handled(Frozen):
    """An entry of the journal about the case; ``reading``: it showed personal data in clear to ``actor``."""

    number: int
    at: datetime
    kind: EntryKind
    actor: Actor
    reason: str
    reading: bool
    body: dict[str, Any]


class Timeline(Frozen):
    """A case as of ``moment``. ``unwritten``: what had happened by then and was written down only later; nobody could see it."""

    number: str
    moment: datetime
    state: Petition
    matter: Matter
    stations: tuple[Station, ...]
    deeds: tuple[Deed, ...]
    unwritten: tuple[Deed, ...]
    clocks: Reasons
    attribution: Attribution
    notices: tuple[NoticeKept, ...]
    journal: tuple[Handled, ...]

    @property
    def readings(self) -> tuple[Handled, ...]:
        """Every reading of personal data."""
        return tuple(entry for entry in self.journal if entry.reading)
