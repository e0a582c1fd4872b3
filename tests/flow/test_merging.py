"""Merging is a conversation of two workflows; whatever one of them can't do, the other comes apart by itself."""

from __future__ import annotations

import asyncio

import pytest

from schemas.petition import commands as c
from schemas.petition import events as e
from schemas.petition.relay import PetitionMessage
from schemas.petition.state import Outcome, Stage
from tests.flow.house import HANDLER, OPERATOR, VISITOR, House
from tests.flow.paths import ANSWER, DISSATISFIED, SATISFIED, answered, approved, closed, supervised, until
from workflows.contract import workflow_id

pytestmark = [pytest.mark.flow, pytest.mark.asyncio(loop_scope="session")]


async def follower(house: House, lead: str) -> str:
    number = await approved(house)
    await house.act(number, OPERATOR, c.Merge(into=lead, basis="same_matter"))
    await until(house, lead, lambda kinds: "member_admitted" in kinds)
    return number


async def test_a_follower_gets_its_leads_answer_and_keeps_its_own_satisfaction(house: House) -> None:
    lead = await supervised(house)
    member = await follower(house, lead)
    await house.act(lead, HANDLER, ANSWER)
    await until(house, member, lambda kinds: "replied" in kinds)
    state = await house.agreed(member)
    assert (state.stage, state.answers[-1].outcome) == (Stage.REVISIT, Outcome.SUPPORTED)
    reply = next(event for event in await house.events(member) if isinstance(event, e.Replied))
    assert (reply.following, reply.text) == (lead, ANSWER.text)
    await house.act(lead, VISITOR, SATISFIED)
    await house.act(member, VISITOR, DISSATISFIED)
    await house.act(member, VISITOR, c.Rework(reason="我家门口还是黑的"))
    await until(house, lead, lambda kinds: "member_released" in kinds)
    assert (await house.agreed(lead)).stage is Stage.SIGN_OFF
    alone = await house.agreed(member)
    assert (alone.stage, alone.merged_into, alone.round) == (Stage.SUPERVISE, "", 2)


@pytest.mark.parametrize("sealed", [False, True])
async def test_a_case_that_takes_no_members_is_left_again(house: House, sealed: bool) -> None:
    lead = await answered(house)
    if sealed:
        await closed(house, lead)
    number = await approved(house)
    await house.act(number, OPERATOR, c.Merge(into=lead, basis="same_person"))
    await until(house, number, lambda kinds: kinds[-1] == "unmerged")
    state = await house.agreed(number)
    assert (state.stage, state.merged_into) == (Stage.ASSIGN, "")
    assert not (await house.agreed(lead)).members


async def test_a_case_that_never_was_is_left_again(house: House) -> None:
    number = await approved(house)
    await house.act(number, OPERATOR, c.Merge(into="XA-2026-C-999999", basis="same_matter"))
    assert (await house.kinds(number))[-2:] == ["merged", "unmerged"]
    await house.agreed(number)


async def test_two_cases_that_follow_each_other_are_not_left_so(house: House) -> None:
    one, other = await approved(house), await approved(house)
    await asyncio.gather(
        house.act(one, OPERATOR, c.Merge(into=other, basis="same_matter")),
        house.act(other, OPERATOR, c.Merge(into=one, basis="same_matter")),
        return_exceptions=True,  # the slower one may find that it has a member already
    )
    async with asyncio.timeout(30):
        while True:
            first, second = await house.engine_state(one), await house.engine_state(other)
            sides = ((first, second), (second, first))
            if all((a.merged_into == b.number) == (a.number in b.members) for a, b in sides):
                break
            await asyncio.sleep(0.01)
    assert not (first.merged_into and second.merged_into)
    for number in (one, other):
        await house.settled(number)
        await house.agreed(number)


async def test_the_answer_to_many_followers_is_one_order(house: House) -> None:
    lead = await supervised(house)
    members = [await approved(house) for _ in range(6)]
    await asyncio.gather(*(house.act(each, OPERATOR, c.Merge(into=lead, basis="same_matter")) for each in members))
    await until(house, lead, lambda kinds: kinds.count("member_admitted") == len(members))
    await house.act(lead, HANDLER, ANSWER)
    for member in members:
        await until(house, member, lambda kinds: kinds[-1] == "replied")
    assert set((await house.agreed(lead)).members) == set(members)


async def test_a_message_told_twice_is_heard_once(house: House) -> None:
    lead = await supervised(house)
    member = await follower(house, lead)
    rows = await house.record.history(lead)
    told = next(row for row in rows if row.event.kind == "member_admitted")
    again = PetitionMessage(
        workflow_id=workflow_id(lead),
        command_id=told.command_id,
        order=c.Order(actor=told.actor, command=c.AdmitMember(number=member)),
    )
    await house.handle(lead).signal("relay", again)
    await house.settled(lead)
    assert len(await house.record.history(lead)) == len(rows)
