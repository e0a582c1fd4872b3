"""The security trail as auditors read it: at the command line, by the API, on the page."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Collection
from datetime import datetime

from gateway.doors import Door
from schemas.evidence.journal import Entry, EntryKind
from schemas.evidence.trail import TRAIL
from schemas.kernel.actor import Actor
from schemas.kernel.errors import UserError
from schemas.petition.rules import may_see


def kinds_named(named: Collection[str]) -> tuple[EntryKind, ...]:
    """The kinds of these names, all of them for none. ``UserError`` ``kind_unknown``."""
    known = {kind.value: kind for kind in TRAIL}
    wrong = [name for name in named if name not in known]
    if wrong:
        raise UserError(
            "kind_unknown",
            zh=f"没有“{'、'.join(wrong)}”这类记录；可选：{'、'.join(known)}。",
            en=f"There are no entries of kind {', '.join(wrong)}; choose from: {', '.join(known)}.",
            kinds=list(known),
        )
    return tuple(known[name] for name in named) or TRAIL


async def trail_for(
    door: Door,
    viewer: Actor | None,
    *,
    kinds: Collection[EntryKind] = TRAIL,
    person: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> AsyncGenerator[Entry]:
    """The trail without what is of cases that accuse the viewer, of which they are not even told that they exist; oldest first."""
    await door.settled()
    hidden: dict[str, bool] = {"": False}
    async for entry in door.trail.entries(kinds, person=person, since=since, until=until):
        number = entry.case_number
        if viewer is not None and number not in hidden:
            state = await door.system.record.state(number)
            hidden[number] = state is not None and not may_see(state, viewer)
        if not hidden.get(number, False):
            yield entry
