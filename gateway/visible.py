"""Finding the case a person names, as far as they may see it: whoever may not is told what is told where there is none."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from activities.record.queries import CaseQueries, case_unknown
from activities.record.views import CaseView
from gateway.retry import READ_RETRY_SECONDS, retry_transient
from schemas.kernel.actor import Actor
from schemas.kernel.errors import UserError
from schemas.petition.rules import may_see

Finding = Callable[[str], Awaitable[str]]


async def visible_case(
    readings: CaseQueries, named: str, viewer: Actor | None, find: Finding | None = None
) -> CaseView:
    """The case of that number. ``viewer``: None stands for whoever administers this machine; ``find``: by what else than its number it may be named.

    ``UserError`` ``case_unknown`` also for a viewer who may not see it, in the words that were typed: the accused are not even told that it exists.
    """

    async def look() -> CaseView:
        return await readings.case(await (find or readings.number)(named))

    view = await retry_transient(look, READ_RETRY_SECONDS)
    if viewer is not None and not may_see(view.state, viewer):
        raise case_unknown(named)
    return view


async def visible_case_if_any(readings: CaseQueries, named: str, viewer: Actor) -> CaseView | None:
    """As :func:`visible_case`; None where there is nothing for this person."""
    try:
        return await visible_case(readings, named, viewer)
    except UserError:
        return None
