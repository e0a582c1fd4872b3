"""From the order to an office to its reply: what the engine's time does to terms, standstills, offers and calendars."""

from __future__ import annotations

from datetime import timedelta

import pytest

from schemas.kernel.actor import SYSTEM, Actor
from schemas.kernel.errors import UserError
from schemas.kernel.worktime import local_day, term
from schemas.petition import commands as c
from schemas.petition import events as e
from schemas.petition.state import Clock, ClockName, Ground, Stage
from tests.flow.house import CHIEF, CO_HANDLER, HANDLER, OPERATOR, SUPERVISOR, VISITOR, WEEKDAYS, House
from tests.flow.paths import ANSWER, CO_OFFICE, DISSATISFIED, answered, approved, supervised

pytestmark = [pytest.mark.flow, pytest.mark.asyncio(loop_scope="session")]


async def refused(house: House, number: str, actor: Actor, command: c.Command) -> str:
    with pytest.raises(UserError) as refusal:
        await house.act(number, actor, command)
    return refusal.value.code


async def finish_due(house: House, number: str) -> Clock:
    clock = (await house.engine_state(number)).clock(ClockName.FINISH)
    assert clock is not None
    return clock


async def test_a_refused_return_is_not_heard_twice(house: House) -> None:
    number = await approved(house)
    await house.act(number, SUPERVISOR, c.Assign(lead="XA/A3/02"))
    await house.act(number, HANDLER, c.Return(reason="不归我们管"))
    assert await refused(house, number, HANDLER, c.Accept()) == "return_pending"
    await house.act(number, SUPERVISOR, c.RefuseReturn(reason="就归你们"))
    assert await refused(house, number, HANDLER, c.Return(reason="真的不归")) == "return_refused_before"


async def test_the_lead_waits_for_its_co_offices(house: House) -> None:
    number = await supervised(house, co_offices=(CO_OFFICE,))
    assert await refused(house, number, HANDLER, ANSWER) == "co_report_missing"
    await house.act(number, CO_HANDLER, c.CoReport(text="电缆完好"))
    await house.act(number, HANDLER, ANSWER)


async def test_an_extension_moves_the_due_instant_once(house: House) -> None:
    number = await supervised(house)
    before = await finish_due(house, number)
    await house.act(number, HANDLER, c.RequestExtension(days=3, reason="等待配件"))
    await house.act(number, CHIEF, c.GrantExtension(told="配件三天后到"))
    assert (await finish_due(house, number)).due == term(WEEKDAYS, before.base, 10).due
    assert await refused(house, number, HANDLER, c.RequestExtension(days=1, reason="再等")) == "extension_used"


async def test_a_standstill_ends_at_its_cap_by_itself(house: House) -> None:
    number = await supervised(house)
    before = await finish_due(house, number)
    await house.act(number, HANDLER, c.Pause(reason="hearing"))
    paused = (await house.engine_state(number)).standstill
    assert paused is not None
    assert paused.until == term(WEEKDAYS, paused.since, 10).due
    await house.skip_to(number, paused.until - timedelta(minutes=1))
    assert (await house.engine_state(number)).paused
    await house.skip(number, timedelta(minutes=2))
    state = await house.agreed(number)
    assert not state.paused
    resumed = next(event for event in await house.events(number) if isinstance(event, e.Resumed))
    assert (resumed.at, resumed.by_cap) == (paused.until, True)
    assert (await finish_due(house, number)).due == term(WEEKDAYS, before.base, 17).due
    assert not state.cards
    assert await refused(house, number, HANDLER, c.Pause(reason="hearing")) == "pause_used_up"


async def test_a_standstill_that_is_ended_gives_back_its_days(house: House) -> None:
    number = await supervised(house)
    before = await finish_due(house, number)
    await house.act(number, HANDLER, c.Pause(reason="hearing"))
    paused = (await house.engine_state(number)).standstill
    assert paused is not None
    # noon of a later day, so that midnight is not near whenever the test runs
    await house.skip_to(number, term(WEEKDAYS, paused.since, 2).due - timedelta(hours=12))
    await house.act(number, HANDLER, c.Resume())
    assert (await finish_due(house, number)).due == term(WEEKDAYS, before.base, 9).due
    await house.skip(number, timedelta(days=40))
    assert [event for event in await house.events(number) if isinstance(event, e.Resumed)][1:] == []


async def test_a_rework_has_a_round_and_a_term_of_its_own(house: House) -> None:
    number = await answered(house)
    await house.act(number, VISITOR, DISSATISFIED)
    assert await refused(house, number, CHIEF, c.SignOff()) == "stage_wrong"
    await house.act(number, VISITOR, c.Rework(reason="晚上还是不亮"))
    state = await house.agreed(number)
    clock = await finish_due(house, number)
    assert (state.stage, state.round) == (Stage.SUPERVISE, 2)
    assert clock.due == term(WEEKDAYS, clock.base, 5).due
    await house.act(number, HANDLER, ANSWER)
    assert [answer.round for answer in (await house.agreed(number)).answers] == [1, 2]


async def test_nobody_answers_an_offer_so_it_lapses_at_its_instant(house: House) -> None:
    number = await approved(house)
    await house.act(number, CHIEF, c.Transfer(to="110", reason="治安案件"))
    offer = (await house.engine_state(number)).offer
    assert offer is not None
    assert await refused(house, number, SUPERVISOR, c.Assign(lead="XA/A3/02")) == "transfer_pending"
    await house.skip_to(number, offer.until)
    lapsed = [event for event in await house.events(number) if isinstance(event, e.TransferTimedOut)]
    assert [event.at for event in lapsed] == [offer.until]
    await house.act(number, SUPERVISOR, c.Assign(lead="XA/A3/02"))


async def test_an_acknowledged_transfer_ends_the_promise(house: House) -> None:
    number = await approved(house)
    await house.act(number, CHIEF, c.Transfer(to="12345", reason="市政事项"))
    await house.act(number, OPERATOR, c.AnswerTransfer(accepted=True, reference="12345-88"))
    await house.skip(number, timedelta(days=90))
    state = await house.agreed(number)
    assert (state.stage, state.ground) == (Stage.ARCHIVE, Ground.TRANSFERRED)
    assert "escalated" not in await house.kinds(number)


async def test_a_newer_calendar_moves_the_date_and_the_alarm(house: House) -> None:
    number = await supervised(house)
    before = await finish_due(house, number)
    holiday = WEEKDAYS.model_copy(update={"version": 2, "off": (before.last_day,)})
    await house.act(number, SYSTEM, c.RecomputeDue(calendar=holiday))
    after = await finish_due(house, number)
    assert after.due == term(holiday, before.base, 7).due > before.due
    assert await refused(house, number, SYSTEM, c.RecomputeDue(calendar=holiday)) == "calendar_not_newer"
    await house.skip_to(number, after.due)
    red = [event for event in await house.events(number) if isinstance(event, e.Escalated) and event.rung == "red"]
    assert [event.at for event in red] == [after.due]


async def test_a_calendar_that_shortens_a_term_wakes_the_case_earlier(house: House) -> None:
    number = await supervised(house)
    before = await finish_due(house, number)
    saturday = before.last_day - timedelta(days=before.last_day.weekday() + 2)
    assert saturday > local_day(before.base)
    made_up = WEEKDAYS.model_copy(update={"version": 2, "made_up": (saturday,)})
    await house.act(number, SYSTEM, c.RecomputeDue(calendar=made_up))
    after = await finish_due(house, number)
    assert after.due < before.due
    await house.skip_to(number, after.due)
    red = [event for event in await house.events(number) if isinstance(event, e.Escalated) and event.rung == "red"]
    assert [event.at for event in red] == [after.due]
