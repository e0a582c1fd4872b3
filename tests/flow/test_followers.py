"""However many cases follow one, its reply is given at once and reaches each of them once; no run grows by it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator
from datetime import timedelta

import pytest
import pytest_asyncio
from temporalio.client import WorkflowExecutionStatus

from activities.evidence.journal import Journal
from activities.evidence.reconcile import reconcile_all, tell_again
from activities.evidence.reconcile.looking import NOT_TOLD
from activities.record import telling
from activities.record.telling import Followers
from schemas.kernel.actor import Actor, Role
from schemas.petition import commands as c
from schemas.petition import events as e
from schemas.petition.relay import PetitionMessage
from schemas.petition.state import Outcome
from tests.flow.house import HANDLER, OPERATOR, House, own_house
from tests.flow.paths import ANSWER, approved, supervised, until
from workflows.contract import workflow_id
from workflows.starting import carry_on

pytestmark = [pytest.mark.flow, pytest.mark.asyncio(loop_scope="module")]

LONG = c.Reply(outcome=Outcome.EXPLAINED, text="经查，" * 6_000)
"""A reply of 18,000 characters, 54 kB."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(database_dsn: str) -> AsyncIterator[House]:
    async with own_house(database_dsn, "followers") as house:
        yield house


async def led(house: House, followers: int) -> tuple[str, list[str]]:
    """A case that somebody handles, and its followers."""
    lead = await supervised(house)
    members = [await approved(house) for _ in range(followers)]
    for first in range(0, followers, 5):
        await asyncio.gather(
            *(house.act(each, OPERATOR, c.Merge(into=lead, basis="same_matter")) for each in members[first : first + 5])
        )
    await until(house, lead, lambda kinds: kinds.count("member_admitted") == followers)
    return lead, members


async def replies(house: House, number: str) -> list[e.Replied]:
    return [event for event in await house.events(number) if isinstance(event, e.Replied)]


async def all_told(house: House, members: list[str]) -> None:
    for member in members:
        await until(house, member, lambda kinds: "replied" in kinds)


async def test_a_long_reply_to_many_leaves_the_run_as_small_as_it_was(house: House) -> None:
    lead, members = await led(house, 2 * telling.AT_ONCE + 5)
    before = (await house.handle(lead).describe()).raw_description.workflow_execution_info.history_size_bytes
    await house.act(lead, HANDLER, LONG)
    await all_told(house, members)
    for member in members:
        [reply] = await replies(house, member)
        assert (reply.following, reply.text) == (lead, LONG.text)
    described = (await house.handle(lead).describe()).raw_description.workflow_execution_info
    # The reply itself is in it a few times: as the order, in its commit, and in its answer.
    assert described.history_size_bytes - before < 6 * len(LONG.text.encode())
    await house.agreed(lead)


async def test_telling_that_was_cut_off_goes_on_and_nobody_is_told_twice(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    lead, members = await led(house, telling.AT_ONCE + 3)
    tell, calls = Followers.tell, list[str]()

    async def cut_off(self: Followers, message: PetitionMessage) -> bool:
        calls.append(message.workflow_id)
        if len(calls) in (5, telling.AT_ONCE + 7):
            raise ConnectionError("the engine is away")
        return await tell(self, message)

    monkeypatch.setattr(Followers, "tell", cut_off)
    await house.act(lead, HANDLER, ANSWER)
    await all_told(house, members)
    assert len(calls) > len(members)
    assert [len(await replies(house, member)) for member in members] == [1] * len(members)


async def test_a_follower_without_a_run_hears_it_when_it_has_one_again(house: House) -> None:
    lead, [gone, there] = await led(house, 2)
    await house.handle(gone).terminate()
    await house.act(lead, HANDLER, ANSWER)
    await all_told(house, [there])
    state = await house.record.state(gone)
    assert state is not None
    assert await carry_on(house.client, state)
    await all_told(house, [gone])


@contextlib.asynccontextmanager
async def answered_unheard(house: House, monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[tuple[str, list[str]]]:
    """A lead case whose run was ended after its reply and before a follower heard it."""
    lead, members = await led(house, 3)
    hindered = asyncio.Event()

    async def never(self: Followers, message: PetitionMessage) -> bool:
        hindered.set()
        raise ConnectionError("the engine is away")

    with monkeypatch.context() as patched:
        patched.setattr(Followers, "tell", never)
        await house.act(lead, HANDLER, ANSWER)
        async with asyncio.timeout(30):
            await hindered.wait()
        await house.handle(lead).terminate()
    yield lead, members
    await all_told(house, members)
    assert await house.followers.overdue(lead, within=timedelta(0)) == []


async def test_who_carries_a_lead_case_on_tells_whom_the_run_before_did_not(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with answered_unheard(house, monkeypatch) as (lead, members):
        assert await house.followers.overdue(lead) == [], "they are still being told"
        assert sorted(await house.followers.overdue(lead, within=timedelta(0))) == sorted(members)
        state = await house.record.state(lead)
        assert state is not None
        assert await carry_on(house.client, state)
    assert (await house.handle(lead).describe()).status is WorkflowExecutionStatus.RUNNING


async def test_reconciling_names_who_waits_for_a_reply_that_was_given(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    auditor, journal = Actor(id="fu-zhiyuan", role=Role.AUDITOR, unit="XA"), Journal(house.database)
    monkeypatch.setattr(telling, "TOLD_WITHIN", timedelta(0))
    async with answered_unheard(house, monkeypatch) as (lead, members):
        outcome = await reconcile_all(house.database, house.client)
        [found] = [each for each in outcome.found if each.code == NOT_TOLD]
        assert found.case == lead
        assert all(member in found.zh and member in found.en for member in members)
        told = await tell_again(house.database, journal, auditor, lead, "漏告知", house.followers)
        assert told == len(members)
    assert await tell_again(house.database, journal, auditor, lead, "漏告知", house.followers) == 0
    outcome = await reconcile_all(house.database, house.client)
    assert NOT_TOLD not in outcome.by_code


async def test_a_message_of_the_release_before_is_the_same_message(house: House) -> None:
    """Told by signal then, told from outside now: a follower that has heard it hears nothing new."""
    lead, [member] = await led(house, 1)
    await house.act(lead, HANDLER, ANSWER)
    await all_told(house, [member])
    [told] = [row for row in await house.record.history(member) if row.event.kind == "replied"]
    [event] = await replies(house, lead)
    seq = next(row.seq for row in await house.record.history(lead) if row.event.kind == "replied")
    assert told.command_id == f"{lead}-{seq}-replied"
    order = c.Order(actor=told.actor, command=c.FollowReply(outcome=event.outcome, text=event.text, unit=event.unit))
    message = PetitionMessage(workflow_id=workflow_id(member), command_id=told.command_id, order=order)
    await house.handle(member).signal("relay", message)
    await house.settled(member)
    assert len(await replies(house, member)) == 1
