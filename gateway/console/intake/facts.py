"""What stands beside the form: what the words propose, and which cases are like it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from activities.kept.forms import Boxes
from activities.record.queries import CaseQueries
from activities.record.resemblance import Resemblances
from activities.record.views import CaseView
from gateway.console.case.inputs import shown
from gateway.doors import Door
from gateway.intake.drafts import Drafts
from gateway.orders.drafting import Draft
from gateway.orders.reading import GUARDIAN_FIELDS, PERSONAL_FIELDS
from gateway.retry import READ_RETRY_SECONDS, retry_transient
from gateway.visible import visible_case_if_any
from schemas.kernel.actor import Actor
from schemas.proposals.proposal import Proposal

ENOUGH = 6
"""Characters from which a text says anything at all."""

DECIDED = ("ledger", "complexity", "category", "unit")


@dataclass(frozen=True)
class Alike:
    """A case like what is being typed, which the person who types may see. ``percent``: how alike, of 100."""

    number: str
    percent: int
    view: CaseView


@dataclass(frozen=True)
class Beside:
    """``proposals`` by field, in the order of the form."""

    proposals: dict[str, Proposal]
    alike: tuple[Alike, ...]


async def beside(door: Door, drafts: Drafts, readings: CaseQueries, actor: Actor, boxes: Boxes) -> Beside:
    """What is said beside a form with these boxes."""
    title, text = shown(boxes, "title"), shown(boxes, "text")
    if len(title + text) < ENOUGH:
        return Beside({}, ())
    proposed = await drafts.proposals(title, text)
    minima, resemblances = await door.reading.minima(title, text), Resemblances(door.system.database)
    found = await retry_transient(lambda: resemblances.likely(minima, actor), READ_RETRY_SECONDS)
    alike = [
        Alike(each.number, round(each.resemblance * 100), view)
        for each in found
        if (view := await visible_case_if_any(readings, each.number, actor)) is not None
    ]
    redactor = await door.redacting.of_cases([each.number for each in alike], actor, alike)
    offers: dict[str, Proposal] = {name: getattr(proposed, name) for name in DECIDED}
    return Beside({name: offer for name, offer in offers.items() if offer.value}, redactor.model(tuple(alike)))


def draft_of(boxes: Boxes, message: str) -> Draft:
    """The draft a filled-in form stands for; what was left empty is proposed."""
    people = [
        {name: value for name in (*PERSONAL_FIELDS, *GUARDIAN_FIELDS) if (value := shown(boxes, name, place).strip())}
        for place in range(len(boxes.get("name", ())))
    ]
    said: dict[str, Any] = {
        name: shown(boxes, name).strip() for name in ("title", "text", "channel", "category", "unit")
    }
    said |= {name: value for name in ("ledger", "complexity") if (value := shown(boxes, name))}
    return Draft(
        source="desk",
        source_event_id=message,
        petitioners=tuple(person for person in people if person),
        accused_units=_filled(boxes, "accused_units"),
        accused_persons=_filled(boxes, "accused_persons"),
        confidential=True if shown(boxes, "confidential") else None,
        **said,
    )


def _filled(boxes: Boxes, name: str) -> tuple[str, ...]:
    return tuple(each.strip() for each in boxes.get(name, ()) if each.strip())
