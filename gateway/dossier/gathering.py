"""What a timeline is told from, read through a door."""

from __future__ import annotations

from datetime import datetime

from activities.notices.kept import notices_kept
from gateway.doors import Door
from gateway.retry import READ_RETRY_SECONDS, retry_transient
from schemas.evidence.journal import Entry
from schemas.evidence.timeline import Timeline, timeline
from schemas.kernel.errors import UserError
from schemas.kernel.worktime import SHANGHAI


async def timeline_of(door: Door, number: str, moment: datetime) -> Timeline:
    """The case as of ``moment`` (aware). ``UserError`` ``not_yet_filed`` where the record had nothing of it then."""

    async def look() -> Timeline | None:
        system = door.system
        journal: list[Entry] = [entry async for entry in system.journal.entries(case_number=number)]
        return timeline(
            await system.record.history(number),
            moment,
            notices=await notices_kept(system.database, number),
            journal=journal,
        )

    found = await retry_transient(look, READ_RETRY_SECONDS)
    if found is None:
        said = moment.astimezone(SHANGHAI)
        raise UserError(
            "not_yet_filed",
            zh=f"{said:%Y-%m-%d %H:%M} 时记录中尚无 {number}；请给出较晚的时刻。",
            en=f"At {said:%Y-%m-%d %H:%M} the record had nothing of {number}; give a later moment.",
            number=number,
            moment=moment.isoformat(),
        )
    return found
