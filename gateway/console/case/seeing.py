"""A case as a person may see it: by the database's own rule first, and by the lifecycle's once more."""

from __future__ import annotations

from activities.record.queries import CaseQueries, case_unknown
from activities.record.views import CaseView
from gateway.patience import READING_PATIENCE, patiently
from schemas.errors import UserError
from schemas.lifecycle import may_see
from schemas.petition import Actor


async def seen(readings: CaseQueries, named: str, actor: Actor) -> CaseView:
    """The case of that number or tracking code. ``UserError`` ``case_unknown`` also where the person may not even know that it is there."""

    async def look() -> CaseView:
        return await readings.case(await readings.number(named))

    view = await patiently(look, READING_PATIENCE)
    if not may_see(view.state, actor):
        raise case_unknown(named)
    return view


async def seen_at_all(readings: CaseQueries, named: str, actor: Actor) -> CaseView | None:
    """As :func:`seen`; None where there is nothing for this person."""
    try:
        return await seen(readings, named, actor)
    except UserError:
        return None
