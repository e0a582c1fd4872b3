"""A case beside another, as far as a person may see it."""

from __future__ import annotations

from activities.record.queries import CaseQueries
from activities.record.views import CaseView
from gateway.api.entering import seen
from schemas.kernel.actor import Actor
from schemas.kernel.errors import UserError


async def seen_at_all(readings: CaseQueries, named: str, actor: Actor) -> CaseView | None:
    """As :func:`gateway.api.entering.seen`; None where there is nothing for this person."""
    try:
        return await seen(readings, named, actor)
    except UserError:
        return None
