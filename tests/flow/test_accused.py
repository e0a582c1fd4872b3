"""A complaint about an officer, by the door and through the engine: hidden at once, decided in time, apart from whom it complains of."""

from __future__ import annotations

from datetime import timedelta

import pytest

from schemas.kernel.errors import UserError
from schemas.petition import commands as c
from schemas.petition import events as e
from schemas.petition.relay import CONFLICT
from schemas.petition.rules import may_see
from schemas.petition.rules_version import CURRENT_RULES
from schemas.petition.state import Complexity, Stage
from tests.flow.house import (
    CHIEF,
    CITY_CHIEF,
    COMPLAINTS_OFFICER,
    HANDLER,
    LEAD_CHIEF,
    OPERATOR,
    SECOND_OFFICER,
    SUPERVISOR,
    House,
    content,
)
from tests.flow.paths import ANSWER, approved, supervised, until

pytestmark = [pytest.mark.flow, pytest.mark.asyncio(loop_scope="session")]

ABOUT_AN_OFFICER = "梅溪派出所的江所长收了对面烧烤店的烟，我们投诉噪音他从来不管。"


async def complaint(house: House, **facts: object) -> str:
    said = content(text=ABOUT_AN_OFFICER, complexity=Complexity.SIMPLE, unit="XA/A3/02", **facts)
    return (await house.desk.file(OPERATOR, said)).number


async def test_it_is_held_above_the_officer_whatever_place_is_named(house: House) -> None:
    number = await complaint(house)
    state = await house.agreed(number)
    assert (state.unit, state.stage, state.rules) == ("XA/A3", Stage.APPROVE, CURRENT_RULES)
    assert state.held is not None
    assert (set(state.held.units), state.held.persons) == ({"XA/A3/02"}, ("chief2",))
    assert not may_see(state, LEAD_CHIEF) and not may_see(state, HANDLER)
    with pytest.raises(UserError) as refused:
        await house.act(number, CHIEF, c.Approve())
    assert refused.value.code == "accused_undecided"


async def test_the_alarm_rings_for_whom_it_waits(house: House) -> None:
    number = await complaint(house)
    await house.skip(number, timedelta(days=3))
    await until(house, number, lambda kinds: "escalated" in kinds)
    rungs = [event for event in await house.events(number) if isinstance(event, e.Escalated)]
    assert ("accused", "XA/A3") in {(each.clock.value, each.unit) for each in rungs}


async def test_two_people_let_off_and_it_goes_its_way(house: House) -> None:
    number = await complaint(house)
    decision = c.DecideAccused(nobody=True, reason="说的是另一座城市的江所长")
    await house.act(number, COMPLAINTS_OFFICER, decision)
    with pytest.raises(UserError) as refused:
        await house.act(number, COMPLAINTS_OFFICER, c.Countersign(agreed=True))
    assert refused.value.code == "second_person_same"
    await house.act(number, SECOND_OFFICER, c.Countersign(agreed=True))
    state = await house.agreed(number)
    assert (state.held, state.unit, state.accountable) == (None, "XA/A3/02", "XA/A3/02")
    await house.act(number, LEAD_CHIEF, c.Approve())


async def test_what_the_petitioner_adds_takes_it_from_the_office_at_work(house: House) -> None:
    number = await supervised(house)
    await house.act(number, OPERATOR, c.Remark(text="梅溪派出所的民警昨天上门威胁我"))
    state = await house.agreed(number)
    assert state.held is not None and state.held.units == ("XA/A3/02",)
    with pytest.raises(UserError) as refused:
        await house.act(number, HANDLER, ANSWER)
    assert refused.value.code == "recused"
    decision = c.DecideAccused(accused_units=("XA/A3/02",), reason="群众指认")
    await house.act(number, COMPLAINTS_OFFICER, decision)
    assert (await house.agreed(number)).stage is Stage.ASSIGN


async def test_a_complaint_is_not_merged_into_a_case_of_whom_it_complains_of(house: House) -> None:
    lead = await supervised(house)
    number = await complaint(house)
    await house.act(
        number,
        COMPLAINTS_OFFICER,
        c.DecideAccused(accused_units=("XA/A3/02",), accused_persons=("chief2",), reason="指认"),
    )
    await house.act(number, OPERATOR, c.Merge(into=lead, basis="same_matter"))
    await until(house, number, lambda kinds: kinds[-1] == "unmerged")
    assert (await house.agreed(number)).merged_into == ""
    assert "member_admitted" not in await house.kinds(lead)


async def test_two_cases_come_apart_when_one_turns_out_to_complain_of_the_others_office(house: House) -> None:
    lead, member = await supervised(house), await approved(house)
    await house.act(member, OPERATOR, c.Merge(into=lead, basis="same_matter"))
    await until(house, lead, lambda kinds: "member_admitted" in kinds)
    await house.act(member, SUPERVISOR, c.NameAccused(reason="来电补充", accused_units=("XA/A3/02",)))
    await until(house, member, lambda kinds: kinds[-1] == "unmerged")
    await until(house, lead, lambda kinds: "member_released" in kinds)
    left = (await house.events(member))[-1]
    assert isinstance(left, e.Unmerged) and left.reason == CONFLICT
    assert (await house.agreed(lead)).members == ()
    assert (await house.agreed(member)).merged_into == ""


async def test_a_lead_case_is_kept_from_the_officer_a_follower_complains_of(house: House) -> None:
    lead = await supervised(house)
    member = await approved(house)
    await house.act(member, SUPERVISOR, c.NameAccused(reason="来电补充", accused_persons=("han",)))
    await house.act(member, OPERATOR, c.Merge(into=lead, basis="same_matter"))
    await until(house, lead, lambda kinds: "member_admitted" in kinds)
    state = await house.agreed(lead)
    assert not may_see(state, HANDLER)
    assert may_see(state, CITY_CHIEF)
