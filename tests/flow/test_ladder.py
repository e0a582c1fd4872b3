"""Cards by skipped time: each rung at its own instant, exactly once, also after an outage."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from schemas.kernel.actor import Role
from schemas.kernel.worktime import at_hour, counted_day, term
from schemas.petition import commands as c
from schemas.petition.events import Escalated
from schemas.petition.rules import fold, next_alarm
from schemas.petition.state import Card, ClockName, Petition
from tests.flow.house import HANDLER, SUPERVISOR, WEEKDAYS, House
from tests.flow.paths import ANSWER, LEAD, approved, supervised
from workflows.contract import PETITION_WORKFLOW, PETITIONS_QUEUE, PetitionStart, workflow_id

pytestmark = [pytest.mark.flow, pytest.mark.asyncio(loop_scope="session")]


async def rungs(house: House, number: str) -> list[Escalated]:
    return [event for event in await house.events(number) if isinstance(event, Escalated)]


def nth(state: Petition, days: int, hour: int) -> datetime:
    """That hour of the n-th counted day after receipt."""
    return at_hour(counted_day(WEEKDAYS, state.received_at, days), hour)


async def test_seven_working_days_without_an_answer(house: House) -> None:
    number = await supervised(house)
    received = await house.engine_state(number)
    await house.skip_to(number, nth(received, 11, 24))
    assert [(rung.at, rung.rung, rung.unit, rung.role, rung.card) for rung in await rungs(house, number)] == [
        (nth(received, 4, 9), "reminder", LEAD, Role.HANDLER, None),
        (nth(received, 7, 9), "yellow", LEAD, Role.HANDLER, Card.YELLOW),
        (nth(received, 7, 24), "red", LEAD, Role.CHIEF, Card.RED),
        (nth(received, 8, 24), "up1", "XA/A3", Role.CHIEF, None),
        (nth(received, 9, 24), "up2", "XA", Role.CHIEF, None),
    ]
    assert all(rung.clock is ClockName.FINISH for rung in await rungs(house, number))
    state = await house.agreed(number)
    assert [(card.colour, card.at) for card in state.cards] == [
        (Card.YELLOW, nth(received, 7, 9)),
        (Card.RED, nth(received, 7, 24)),
    ]


async def test_a_rung_waits_for_its_instant_and_an_answer_silences_the_rest(house: House) -> None:
    number = await supervised(house)
    received = await house.engine_state(number)
    await house.skip_to(number, nth(received, 7, 9) - timedelta(minutes=1))
    assert [rung.rung for rung in await rungs(house, number)] == ["reminder"]
    await house.skip(number, timedelta(minutes=2))
    assert [rung.rung for rung in await rungs(house, number)] == ["reminder", "yellow"]
    await house.act(number, HANDLER, ANSWER)
    await house.skip(number, timedelta(days=30))
    assert [rung.rung for rung in await rungs(house, number)] == ["reminder", "yellow"]


async def test_nobody_assigns_and_nobody_accepts_by_law(house: House) -> None:
    number = (await house.file()).number
    received = await house.engine_state(number)
    await house.skip_to(number, received.received_at + timedelta(days=17))
    law = [rung for rung in await rungs(house, number) if rung.clock is ClockName.STATUTE_ACCEPT]
    assert [(rung.rung, rung.due) for rung in law] == [("warning", law[0].due), ("breach", law[0].due)]
    assert law[1].at == law[0].due
    assert [rung.rung for rung in await rungs(house, number) if rung.clock is ClockName.ASSIGN] == [
        "reminder",
        "yellow",
        "red",
        "up1",
    ]
    await house.agreed(number)


async def test_what_an_outage_missed_is_recorded_each_at_its_instant(house: House) -> None:
    received_at = datetime.now(UTC) - timedelta(days=20)
    number = (await house.file(channel="import", received_at=received_at)).number
    missed = await rungs(house, number)
    finish = [rung for rung in missed if rung.clock is ClockName.FINISH]
    due = term(WEEKDAYS, received_at, 7).due
    assert next(rung.at for rung in finish if rung.rung == "red") == due
    assert [rung.at for rung in missed] == sorted(rung.at for rung in missed)
    assert len({(rung.clock, rung.rung) for rung in missed}) == len(missed)
    assert all(rung.at < datetime.now(UTC) for rung in missed)
    await house.agreed(number)


async def test_a_run_that_wakes_with_an_old_state_rings_nothing_twice(house: House) -> None:
    """As after an engine was restored from an older copy than the record."""
    number = (await house.file(channel="import", received_at=datetime.now(UTC) - timedelta(days=20))).number
    before = await house.events(number)
    old = fold(before[:1])
    assert old is not None
    alarm = next_alarm(old)
    assert alarm is not None
    assert alarm < datetime.now(UTC)
    await house.handle(number).terminate()
    await house.client.start_workflow(
        PETITION_WORKFLOW,
        PetitionStart(number=number, state=old),
        id=workflow_id(number),
        task_queue=PETITIONS_QUEUE,
    )
    async with asyncio.timeout(30):
        while True:
            if (await house.engine_state(number)).seq == len(before):
                break
            await asyncio.sleep(0.01)
    assert await house.events(number) == before
    await house.agreed(number)


async def test_a_rung_rings_for_the_office_that_has_the_case_then(house: House) -> None:
    number = await approved(house)
    received = await house.engine_state(number)
    await house.skip_to(number, nth(received, 1, 24))
    assert {rung.unit for rung in await rungs(house, number)} == {received.registrar}
    await house.act(number, SUPERVISOR, c.Assign(lead=LEAD))
    await house.skip_to(number, nth(received, 7, 24))
    finish = [rung for rung in await rungs(house, number) if rung.clock is ClockName.FINISH]
    assert {rung.unit for rung in finish} == {LEAD}
