"""A term is never counted by a calendar that has been replaced since: the desk has the case take over the one in force first."""

from __future__ import annotations

from datetime import timedelta

import pytest

from activities.record.intake import CaseNumberAllocator
from gateway.case_service import CaseService, Rules
from schemas.kernel.errors import UserError
from schemas.kernel.worktime import Calendar, local_day, term
from schemas.petition import commands as c
from schemas.petition import events as e
from schemas.petition.state import ClockName
from tests.flow.house import CHIEF, HANDLER, SUPERVISOR, VISITOR, WEEKDAYS, House, hearing, policy
from tests.flow.paths import DISSATISFIED, answered
from tests.keys import RING

pytestmark = [pytest.mark.flow, pytest.mark.asyncio(loop_scope="session")]


def desk_of(house: House, calendar: Calendar) -> CaseService:
    """The desk of a door that reads this calendar."""

    async def rules() -> Rules:
        return Rules(policy=policy(), calendar=calendar, city="XA")

    return CaseService(
        house.client, house.record, CaseNumberAllocator(house.database, RING), rules, hearing, patience=60.0
    )


async def pinned(house: House, number: str) -> list[int]:
    return [event.calendar.version for event in await house.events(number) if isinstance(event, e.CalendarPinned)]


async def test_a_newer_calendar_is_taken_over_before_a_term_is_set(house: House) -> None:
    number = await answered(house)
    state = await house.agreed(number)
    now = await house.now(number)
    by_old = term(WEEKDAYS, now, state.policy.rework_days)
    newer = WEEKDAYS.model_copy(update={"version": 2, "off": (local_day(by_old.due - timedelta(seconds=1)),)})
    desk = desk_of(house, newer)

    # Any other order leaves the calendar alone, and so does one that is refused.
    await desk.act(number, VISITOR, DISSATISFIED)
    with pytest.raises(UserError) as refused:
        await desk.act(number, HANDLER, c.Rework(reason="再办"))
    assert refused.value.code == "role_wrong"
    assert await pinned(house, number) == []

    await desk.act(number, CHIEF, c.Rework(reason="再办"))
    assert await pinned(house, number) == [2]
    set_anew = (await house.agreed(number)).clock(ClockName.FINISH)
    assert set_anew is not None
    assert (set_anew.calendar, set_anew.due) == (2, term(newer, set_anew.base, state.policy.rework_days).due)
    assert set_anew.due > by_old.due
    kinds = await house.kinds(number)
    assert kinds.index("calendar_pinned") < kinds.index("reworked")

    # Once is enough; and a door that has not heard of the newer one sets nothing back.
    await desk.act(number, HANDLER, c.Pause(reason="hearing"))
    await desk_of(house, WEEKDAYS).act(number, SUPERVISOR, c.Resume())
    assert await pinned(house, number) == [2]
    assert (await house.agreed(number)).calendar.version == 2
