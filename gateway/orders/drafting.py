"""A single petition heard at a desk: what is left out is proposed, with the reason, and may be corrected until it is approved."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pydantic import Field, ValidationError

from gateway.importing.proposing import Proposals
from gateway.orders.fields import field_error
from gateway.orders.reading import resolved_unit, sealed_petitioners
from schemas.kernel.actor import Actor
from schemas.kernel.model import Frozen
from schemas.organisation import Organisation
from schemas.petition.events import FiledContent
from schemas.petition.health_tags import check_tag
from schemas.petition.state import Complexity, Ledger
from schemas.proposals.proposal import Proposal
from schemas.sealing.keys import KeyRing


class Draft(Frozen):
    """What the desk was told. ``petitioners``: in clear, sealed on the way; none: anonymous."""

    title: str = ""
    text: str
    source: str = "desk"
    source_event_id: str
    channel: str = "walk_in"
    ledger: Ledger | None = None
    complexity: Complexity | None = None
    category: str = ""
    unit: str = ""
    confidential: bool | None = None
    submitted_at: datetime | None = None
    accused_units: tuple[str, ...] = ()
    accused_persons: tuple[str, ...] = ()
    petitioners: tuple[Mapping[str, Any], ...] = Field(default=(), repr=False)


def content_of(
    draft: Draft, actor: Actor, *, organisation: Organisation, proposals: Proposals, keyring: KeyRing
) -> tuple[FiledContent, dict[str, Proposal]]:
    """The content to file, and by field what was proposed for it. ``proposals``: of its title (:func:`title_of`) and its text.

    A case is filed on a unit that has a chief: of a department, on the unit it hangs off; where neither the desk nor the text names one, on the
    desk's own. ``UserError``: ``unit_unknown``, ``person_unknown``, ``field_missing``, ``field_invalid``, ``text_too_long``, ``guardian_missing``,
    ``health_tag``.
    """
    title = title_of(draft)
    check_tag("category", draft.category)
    unit, named = _unit(draft, actor, organisation, proposals)
    accused_units = tuple(resolved_unit(organisation, each) for each in draft.accused_units)
    try:
        content = FiledContent(
            source=draft.source,
            source_event_id=draft.source_event_id,
            channel=draft.channel,
            title=title,
            text=draft.text,
            submitted_at=draft.submitted_at,
            ledger=draft.ledger or Ledger(proposals.ledger.value),
            complexity=draft.complexity or Complexity(proposals.complexity.value),
            category=draft.category or proposals.category.value or "",
            unit=unit,
            confidential=draft.confidential,
            accused_units=accused_units,
            accused_persons=draft.accused_persons,
            conflicted_units=organisation.conflicted_units(draft.accused_persons),
            petitioners=sealed_petitioners(draft.petitioners, keyring),
        )
    except ValidationError as wrong:
        raise field_error(wrong) from None
    left_out: dict[str, Proposal | None] = {
        "ledger": None if draft.ledger else proposals.ledger,
        "complexity": None if draft.complexity else proposals.complexity,
        "category": None if draft.category or proposals.category.value is None else proposals.category,
        "unit": named,
    }
    return content, {field: proposal for field, proposal in left_out.items() if proposal is not None}


def _unit(draft: Draft, actor: Actor, organisation: Organisation, proposals: Proposals) -> tuple[str, Proposal | None]:
    if draft.unit.strip():
        return organisation.answerable(resolved_unit(organisation, draft.unit)), None
    if proposals.unit.value and proposals.unit.confidence > UNNAMED:
        return proposals.unit.value, proposals.unit
    here = organisation.answerable(actor.reach)
    own = Proposal(
        value=here,
        confidence=UNNAMED,
        why="文中没有提到已知地名，暂归受理单位。",
        why_en="No known place is named; taken for the desk's own unit.",
    )
    return here, own


UNNAMED = 0.2
"""The confidence of a unit that no text named."""

TITLE_FROM_TEXT = 40
"""Characters of the text that stand for a title nobody gave."""


def title_of(draft: Draft) -> str:
    """Its title, or what stands for one."""
    return draft.title.strip() or _title(draft.text)


def _title(text: str) -> str:
    line = text.strip().split("\n", 1)[0]
    return line if len(line) <= TITLE_FROM_TEXT else f"{line[:TITLE_FROM_TEXT]}…"
