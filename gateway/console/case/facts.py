"""What the page of a case shows, put together from the record; nothing here draws."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from activities.record.queries import CaseQueries
from activities.record.reading.kept_proof import KeptProof, kept_proof
from activities.record.resemblance import Resemblances
from activities.record.views import CaseView
from gateway.console.case.inputs import Input, inputs_of
from gateway.doors import Door
from gateway.dossier.gathering import timeline_of
from gateway.orders.fields import HUMAN
from gateway.retry import READ_RETRY_SECONDS, retry_transient
from gateway.visible import visible_case_if_any
from schemas.access.redaction import Redactor
from schemas.access.revealing import Need, needs_of
from schemas.evidence.timeline.facts import Deed, Station, Timeline
from schemas.kernel.actor import Actor, Role
from schemas.kernel.errors import UserError
from schemas.kernel.refusal import Refusal
from schemas.petition.rules.awaited import possible, waiting_for
from schemas.petition.state import Petition
from schemas.petition.wording.due_reasons import Explained

TALK = (
    "assigned",
    "progress_reported",
    "co_reported",
    "co_report_waived",
    "return_requested",
    "return_upheld",
    "return_refused",
    "extension_requested",
    "extension_granted",
    "extension_refused",
    "paused",
    "resumed",
    "urged",
    "replied",
    "revisit_recorded",
    "rated",
    "revisit_contradicted",
    "reworked",
)
"""Events in which the people who work on a case speak to each other and to the petitioner."""


@dataclass(frozen=True)
class Stop:
    """A station with how long it took, in seconds: from the one passed before it, until it was passed or, if it is awaited, until now."""

    station: Station
    seconds: float | None


@dataclass(frozen=True)
class Action:
    """A command this person may give now. ``first``: the case waits for it."""

    kind: str
    inputs: tuple[Input, ...]
    first: bool


@dataclass(frozen=True)
class Likeness:
    """A case this person sees that may be the same matter."""

    number: str
    view: CaseView


@dataclass(frozen=True)
class CaseFacts:
    """Everything on the page. ``others``: how many merged cases get the answer too, seen or not. ``elsewhere``: commands of other roles; ``refused``: those of this role that are not possible now, with the reason.

    ``needs``: for what this person may see personal data in clear; none: ``not_revealed`` says why.
    """

    view: CaseView
    others: int
    told: Timeline
    stops: tuple[Stop, ...]
    promise: tuple[Explained, ...]
    statute: tuple[Explained, ...]
    actions: tuple[Action, ...]
    refused: tuple[tuple[str, Refusal], ...]
    elsewhere: tuple[str, ...]
    own_answer: Deed | None
    talk: tuple[Deed, ...]
    alike: tuple[Likeness, ...]
    proof: KeptProof
    redactor: Redactor
    needs: tuple[Need, ...]
    not_revealed: UserError | None

    @property
    def state(self) -> Petition:
        """The case as it stands."""
        return self.view.state


async def facts_of_case(
    door: Door, readings: CaseQueries, view: CaseView, actor: Actor, now: datetime, *, revealed: bool = False
) -> CaseFacts:
    """The facts of a case this person may see, as of ``now``; ``revealed``: personal data has been opened to them for this one answer."""
    redactor = await door.redacting.of_case(view.state.number, actor)
    told = await timeline_of(door, view.state.number, now)
    if actor.role is not Role.AUDITOR:
        # Nobody is told that their own readings are being looked at.
        watched = tuple(each for each in told.notices if each.role != Role.AUDITOR.value)
        told = told.model_copy(update={"notices": watched})
    redactor = redactor.only_numbers() if revealed else redactor
    told = redactor.model(told)
    first = waiting_for(view.state, actor)
    verdicts = {kind: possible(view.state, kind, actor, now) for kind in HUMAN}
    may = [kind for kind, refusal in verdicts.items() if refusal is None]
    needs, not_revealed = _needs(view.state, actor)
    return CaseFacts(
        view=redactor.model(view),
        others=len(view.state.members),
        told=told,
        redactor=redactor,
        stops=stops(told.stations, told.moment),
        promise=tuple(clock for clock in told.clocks.clocks if clock.promise),
        statute=tuple(clock for clock in told.clocks.clocks if not clock.promise),
        actions=tuple(
            Action(kind=kind, inputs=inputs_of(kind, view.state, actor), first=kind in first)
            for kind in sorted(may, key=lambda kind: first.index(kind) if kind in first else len(first))
        ),
        refused=tuple(
            (kind, redactor.model(refusal))
            for kind, refusal in verdicts.items()
            if refusal is not None and refusal.code not in ("role_wrong", "recused")
        ),
        elsewhere=tuple(
            kind for kind, refusal in verdicts.items() if refusal is not None and refusal.code == "role_wrong"
        ),
        own_answer=next(
            (deed for deed in reversed(told.deeds) if deed.kind == "rated" and view.state.own_rating is not None), None
        ),
        talk=tuple(deed for deed in told.deeds if deed.kind in TALK),
        alike=await _alike(door, readings, view.state.number, actor),
        proof=await retry_transient(lambda: kept_proof(door.system.database, view.state.number), READ_RETRY_SECONDS),
        needs=needs,
        not_revealed=not_revealed,
    )


def _needs(state: Petition, actor: Actor) -> tuple[tuple[Need, ...], UserError | None]:
    try:
        return needs_of(state, actor), None
    except UserError as refusal:
        return (), refusal


def stops(stations: Sequence[Station], now: datetime) -> tuple[Stop, ...]:
    """The stations with their lengths; one that is still to come has none."""
    made: list[Stop] = []
    since: datetime | None = None
    for station in stations:
        until = station.passed_at if station.passed_at is not None else now if station.awaited else None
        length = (until - since).total_seconds() if until is not None and since is not None else None
        made.append(Stop(station, length))
        since = station.passed_at or since
    return tuple(made)


async def _alike(door: Door, readings: CaseQueries, number: str, actor: Actor) -> tuple[Likeness, ...]:
    resemblances = Resemblances(door.system.database)
    found = await retry_transient(lambda: resemblances.of(number, actor), READ_RETRY_SECONDS)
    views = [(each.number, await visible_case_if_any(readings, each.number, actor)) for each in found]
    alike = tuple(Likeness(each, view) for each, view in views if view is not None)
    return (await door.redacting.of_cases([each.number for each in alike], actor, alike)).model(alike)
