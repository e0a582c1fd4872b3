"""Orders on their way: repeated, lost, refused, crowding; each takes effect once or not at all."""

from __future__ import annotations

import asyncio

import pytest
from temporalio.client import WorkflowUpdateFailedError

from activities.record.case_record import RecordBehindError
from schemas.kernel.actor import Actor
from schemas.kernel.errors import UserError
from schemas.petition import commands as c
from schemas.petition.commit import CommitOrder
from schemas.petition.events import Urged
from schemas.petition.rules import decide
from schemas.petition.state import Stage
from tests.flow.house import CHIEF, HANDLER, OPERATOR, SUPERVISOR, VISITOR, House
from tests.flow.paths import ANSWER, CONSENT, LEAD, PUBLISH, SATISFIED, answered, approved, supervised

pytestmark = [pytest.mark.flow, pytest.mark.asyncio(loop_scope="session")]


class LostError(RuntimeError):
    """The worker's power went after the commit, before anybody heard of it."""


async def refusal_of(house: House, number: str, actor: Actor, command: c.Command) -> str:
    with pytest.raises(UserError) as refusal:
        await house.act(number, actor, command)
    return refusal.value.code


async def test_a_repeated_order_is_one_order_with_one_answer(house: House) -> None:
    number = (await house.file()).number
    first = await house.act(number, CHIEF, c.Approve(), command_id="once")
    assert await house.act(number, CHIEF, c.Approve(), command_id="once") == first
    assert await house.kinds(number) == ["filed", "approved"]
    assert await refusal_of(house, number, CHIEF, c.Approve()) == "stage_wrong"


async def test_an_order_repeated_after_the_seal_gets_its_first_answer(house: House) -> None:
    number = await answered(house)
    await house.act(number, VISITOR, SATISFIED)
    await house.act(number, CHIEF, c.SignOff(), command_id="sign")
    await house.act(number, SUPERVISOR, PUBLISH)
    sealed = await house.act(number, OPERATOR, CONSENT, command_id="last")
    await house.handle(number).result()
    assert await house.act(number, OPERATOR, CONSENT, command_id="last") == sealed
    assert (await house.act(number, CHIEF, c.SignOff(), command_id="sign")).stage == Stage.ARCHIVE
    assert (await house.kinds(number)).count("signed_off") == 1


async def test_a_callers_ids_do_not_meet_the_systems(house: House) -> None:
    number = (await house.file()).number
    await house.act(number, CHIEF, c.Approve(), command_id="file")
    assert await house.kinds(number) == ["filed", "approved"]
    await house.act(number, SUPERVISOR, c.Assign(lead=LEAD), command_id="alarm-2")
    assert (await house.kinds(number))[-1] == "assigned"


async def test_one_id_given_by_two_people_or_for_two_commands_is_as_many_orders(house: House) -> None:
    number = (await house.file()).number
    await house.act(number, CHIEF, c.Approve(), command_id="1")
    await house.act(number, SUPERVISOR, c.Assign(lead=LEAD), command_id="1")
    await house.act(number, HANDLER, c.Accept(), command_id="1")
    await house.act(number, HANDLER, c.ReportProgress(text="已到现场"), command_id="1")
    assert await house.kinds(number) == ["filed", "approved", "assigned", "accepted", "progress_reported"]
    with pytest.raises(UserError) as refusal:
        await house.act(number, VISITOR, c.Approve(), command_id="1")
    assert refusal.value.code == "role_wrong"


async def test_a_commit_whose_answer_was_lost_is_not_made_twice(house: House) -> None:
    number = await approved(house)
    losses = iter(range(2))

    async def lose(order: CommitOrder) -> None:
        if next(losses, None) is not None:
            raise LostError(order.command_id)

    house.record.after_commit = lose
    await house.act(number, SUPERVISOR, c.Assign(lead=LEAD))
    house.record.after_commit = None
    assert next(losses, None) is None
    assert await house.kinds(number) == ["filed", "approved", "assigned"]
    state = await house.agreed(number)
    await house.act(number, HANDLER, c.Accept())
    assert (await house.agreed(number)).seq == state.seq + 1


async def test_a_case_behind_its_record_catches_up_and_decides_again(house: House) -> None:
    number = await supervised(house)
    state = await house.engine_state(number)
    order = c.Order(actor=SUPERVISOR, command=c.Urge(text="请抓紧", card="yellow"))
    decided = decide(state, order, await house.now(number))
    assert isinstance(decided, list)
    behind_its_back = CommitOrder(
        number=number, command_id="elsewhere", expected_seq=state.seq, actor=SUPERVISOR, events=tuple(decided)
    )
    assert not (await house.record.commit(behind_its_back)).events
    assert (await house.engine_state(number)).urged == 0
    await house.act(number, HANDLER, ANSWER)
    after = await house.agreed(number)
    assert (after.urged, after.stage, len(after.cards)) == (1, Stage.REVISIT, 1)


async def test_what_the_record_knows_better_may_refuse_the_order(house: House) -> None:
    number = await supervised(house)
    state = await house.engine_state(number)
    order = c.Order(actor=HANDLER, command=ANSWER)
    decided = decide(state, order, await house.now(number))
    assert isinstance(decided, list)
    await house.record.commit(
        CommitOrder(number=number, command_id="x", expected_seq=state.seq, actor=HANDLER, events=tuple(decided))
    )
    assert await refusal_of(house, number, HANDLER, ANSWER) == "stage_wrong"
    assert (await house.kinds(number)).count("replied") == 1
    await house.agreed(number)


async def test_a_record_older_than_the_engine_takes_nothing(house: House) -> None:
    number = await approved(house)
    ahead = CommitOrder(number=number, command_id="ahead", expected_seq=9, actor=CHIEF)
    with pytest.raises(RecordBehindError):
        await house.record.commit(ahead)
    assert await house.record.after(number, "ahead") is None


async def test_a_refusal_writes_nothing_anywhere(house: House) -> None:
    number = await approved(house)
    length, rows = await house.history_length(number), await house.record.history(number)
    for actor, command in (
        (CHIEF, c.Approve()),
        (HANDLER, ANSWER),
        (OPERATOR, c.Assign(lead="")),
        (VISITOR, SATISFIED),
    ):
        await refusal_of(house, number, actor, command)
    assert await house.history_length(number) == length
    assert await house.record.history(number) == rows
    misnamed, internal = c.Order(actor=CHIEF, command=c.Urge(text="x")), c.Order(actor=CHIEF, command=c.RingAlarm())
    for name, argument in (("approve", misnamed), ("ring_alarm", internal), ("urge", "no order at all")):
        with pytest.raises(WorkflowUpdateFailedError):
            await house.handle(number).execute_update(name, argument)
    assert await house.history_length(number) == length


async def test_text_that_no_database_holds_is_refused_at_the_door(house: House) -> None:
    number = await supervised(house)
    for text in ("a\x00b", "half \ud800"):
        assert await refusal_of(house, number, HANDLER, c.ReportProgress.model_construct(text=text)) == (
            "text_unstorable"
        )
    with pytest.raises(UserError) as refusal:
        await house.file(text="a\x00b")
    assert refusal.value.code == "text_unstorable"
    await house.act(number, HANDLER, c.ReportProgress(text=r"a path like C:\u0000 is text"))


@pytest.mark.parametrize("people", [10, 15])
async def test_many_people_at_once(house: House, people: int) -> None:
    """The engine takes ten at a time and disturbs its own tasks when there are more; each order is still carried out once."""
    number = await supervised(house)
    urges = (house.act(number, SUPERVISOR, c.Urge(text=f"第{at}次")) for at in range(people))
    await asyncio.gather(*urges)
    said = [event.text for event in await house.events(number) if isinstance(event, Urged)]
    assert sorted(said) == sorted(f"第{at}次" for at in range(people))
    assert (await house.agreed(number)).urged == people


async def test_of_many_same_orders_one_is_carried_out(house: House) -> None:
    number = (await house.file()).number
    done = await asyncio.gather(*(house.act(number, CHIEF, c.Approve()) for _ in range(8)), return_exceptions=True)
    refused = [error.code for error in done if isinstance(error, UserError)]
    assert refused == ["stage_wrong"] * 7
    assert await house.kinds(number) == ["filed", "approved"]


async def test_an_order_waits_behind_one_that_waits_for_the_database(house: House) -> None:
    number = await supervised(house)
    arrived, opened = asyncio.Event(), asyncio.Event()

    async def wait(order: CommitOrder) -> None:
        arrived.set()
        await opened.wait()

    house.record.before_commit = wait
    reply = asyncio.create_task(house.act(number, HANDLER, ANSWER))
    await arrived.wait()
    urge = asyncio.create_task(house.act(number, SUPERVISOR, c.Urge(text="请抓紧")))
    visit = asyncio.create_task(house.act(number, VISITOR, SATISFIED))
    _, waiting = await asyncio.wait((reply, urge, visit), timeout=0.3)
    assert reply in waiting
    opened.set()
    house.record.before_commit = None
    assert (await reply).stage == Stage.REVISIT
    results = await asyncio.gather(urge, visit, return_exceptions=True)
    # each of the two was judged by what stood in the record when its turn came
    assert [getattr(result, "code", "done") for result in results] in (["stage_wrong", "done"], ["done", "done"])
    await house.agreed(number)
