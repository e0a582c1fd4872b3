"""The ways out, and the way back in."""

from __future__ import annotations

import pytest

from schemas.kernel.errors import UserError
from schemas.petition import commands as c
from schemas.petition.state import Ground, Stage
from tests.flow.house import CHIEF, CITY_CHIEF, HANDLER, LEAD_CHIEF, OPERATOR, SUPERVISOR, VISITOR, House
from tests.flow.paths import (
    ANSWER,
    CONSENT,
    DISSATISFIED,
    PUBLISH,
    REOPEN,
    SATISFIED,
    answered,
    approved,
    closed,
    disclosed,
    supervised,
)

pytestmark = [pytest.mark.flow, pytest.mark.asyncio(loop_scope="session")]


async def test_a_withdrawn_petition_is_still_signed_off(house: House) -> None:
    number = await supervised(house)
    await house.act(number, OPERATOR, c.Withdraw(reason="已自行解决"))
    assert (await house.agreed(number)).stage is Stage.SIGN_OFF
    await house.act(number, CHIEF, c.SignOff())
    if not (await house.engine_state(number)).accounted:
        await house.act(number, SUPERVISOR, c.Account(no_fault=True))
    await disclosed(house, number, PUBLISH)
    await house.handle(number).result()
    assert (await house.agreed(number)).ground is Ground.WITHDRAWN


async def test_a_declined_petition_needs_its_ground(house: House) -> None:
    number = (await house.file()).number
    with pytest.raises(UserError) as refusal:
        await house.act(number, CHIEF, c.Decline(ground="too_busy", notice="XA-1"))
    assert refusal.value.code == "decline_ground_unknown"
    await house.act(number, CHIEF, c.Decline(ground="litigation", notice="XA-1"))
    state = await house.agreed(number)
    assert (state.stage, state.ground) == (Stage.ARCHIVE, Ground.DECLINED)


async def test_a_joint_team_signs_with_two_keys(house: House) -> None:
    number = await supervised(house, joint=True)
    await house.act(number, HANDLER, ANSWER)
    await house.act(number, VISITOR, SATISFIED)
    assert (await house.act(number, CHIEF, c.SignOff())).stage == Stage.SIGN_OFF
    with pytest.raises(UserError) as refusal:
        await house.act(number, CHIEF, c.SignOff())
    assert refusal.value.code == "key_turned_before"
    assert (await house.act(number, LEAD_CHIEF, c.SignOff())).stage == Stage.ARCHIVE


async def test_only_the_next_higher_chief_ends_a_case_unsatisfied(house: House) -> None:
    number = await answered(house)
    await house.act(number, VISITOR, DISSATISFIED)
    end = c.Terminate(basis="reviewed", review="复查1号", re_review="复核1号", reason="已尽责")
    with pytest.raises(UserError) as refusal:
        await house.act(number, CHIEF, end)
    assert refusal.value.code == "not_next_higher"
    await house.act(number, CITY_CHIEF, end)
    assert (await house.agreed(number)).ground is Ground.TERMINATED


async def test_a_sealed_case_is_taken_up_by_a_run_of_its_own(house: House) -> None:
    number = await answered(house)
    await closed(house, number)
    sealed, first = await house.events(number), await house.handle(number).describe()
    with pytest.raises(UserError) as refusal:
        await house.act(number, CHIEF, c.Approve())
    assert refusal.value.code == "stage_wrong"
    answer = await house.act(number, OPERATOR, REOPEN)
    again = await house.handle(number).describe()
    assert (again.id, answer.stage) == (first.id, Stage.APPROVE)
    assert again.run_id != first.run_id
    state = await house.agreed(number)
    assert (state.run, state.round) == (2, 2)
    assert (await house.events(number))[: len(sealed)] == sealed
    await house.act(number, CHIEF, c.Approve())
    await house.act(number, SUPERVISOR, c.Assign(lead="XA/A3/02"))
    await house.act(number, HANDLER, c.Accept())
    await house.act(number, HANDLER, ANSWER)
    await closed(house, number)
    assert (await house.kinds(number)).count("sealed") == 2
    await house.agreed(number)


async def test_a_published_summary_is_taken_back_after_the_seal(house: House) -> None:
    number = await answered(house)
    await closed(house, number)
    retract = c.RetractDisclosure(reason="写错地名")
    await house.act(number, SUPERVISOR, retract)
    await house.handle(number).result()
    assert not (await house.agreed(number)).disclosure_retracted
    assert (await house.act(number, OPERATOR, CONSENT)).stage == Stage.ARCHIVED
    await house.handle(number).result()
    with pytest.raises(UserError) as refusal:
        await house.act(number, SUPERVISOR, retract)
    assert refusal.value.code == "not_published"
    assert (await house.agreed(number)).disclosure_retracted


async def test_an_unknown_case_is_named(house: House) -> None:
    with pytest.raises(UserError) as refusal:
        await house.act("XA-2026-C-999998", CHIEF, c.Approve())
    assert refusal.value.code == "case_unknown"


async def test_a_case_the_engine_lost_goes_on_from_the_record(house: House) -> None:
    number = await approved(house)
    await house.handle(number).terminate()
    answer = await house.act(number, SUPERVISOR, c.Assign(lead="XA/A3/02"))
    assert answer.stage == Stage.SUPERVISE
    await house.agreed(number)
