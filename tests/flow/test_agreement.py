"""The engine and the pure lifecycle agree: a script of orders through both makes the same record, times included."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import Phase, given, settings
from temporalio.client import WithStartWorkflowOperation, WorkflowUpdateFailedError
from temporalio.common import WorkflowIDConflictPolicy
from temporalio.exceptions import ApplicationError

from schemas.kernel.actor import SYSTEM
from schemas.kernel.refusal import Refusal
from schemas.petition import commands as c
from schemas.petition.events import Event
from schemas.petition.rules import decide, fold
from schemas.petition.state import Petition
from tests.flow.house import House
from tests.strategies import Step, scripts
from workflows.contract import PETITION_WORKFLOW, PETITIONS_QUEUE, Answer, PetitionStart, workflow_id

pytestmark = [pytest.mark.flow, pytest.mark.asyncio(loop_scope="session")]

SCRIPTS = 24
AT_ONCE = 6
PATIENCE = 30
LONGEST_PAUSE = timedelta(days=9)
FOREIGN = ("merge", "ring_alarm")
"""Orders that are no single case's matter, or nobody's to give."""


def lives() -> list[list[Step]]:
    """The same random scripts at every run of the tests."""
    drawn: list[list[Step]] = []

    @settings(max_examples=SCRIPTS, derandomize=True, database=None, phases=(Phase.generate,), deadline=None)
    @given(scripts(max_steps=14))
    def draw(script: list[Step]) -> None:
        drawn.append(script)

    draw()
    return drawn


@dataclass(frozen=True)
class Given:
    """An order as the engine took it: at which instant, or within which the engine refused it, and why."""

    order: c.Order
    earliest: datetime
    latest: datetime
    refused: str = ""


async def live(house: House, script: list[Step]) -> tuple[str, list[Given], datetime]:
    """Carries a script through the engine until it ends or the case is sealed."""
    number = f"XA-{uuid4().hex[:8]}"
    taken: list[Given] = []
    for at, (order, after) in enumerate(script):
        if isinstance(order.command, c.File):
            filing = order.command.model_copy(update={"number": number})
            taken.append(await start(house, number, order.model_copy(update={"command": filing})))
            continue
        if order.command.kind in FOREIGN:
            continue
        if after > timedelta(seconds=1):
            await house.skip(number, min(after, LONGEST_PAUSE))
        taken.append(await put(house, number, order, f"step-{at}"))
        state = await house.record.state(number)
        if state is not None and not state.open:
            break
    return number, taken, await house.now(number)


async def start(house: House, number: str, order: c.Order) -> Given:
    operation: WithStartWorkflowOperation[Any, Any] = WithStartWorkflowOperation(
        PETITION_WORKFLOW,
        PetitionStart(number=number),
        id=workflow_id(number),
        task_queue=PETITIONS_QUEUE,
        id_conflict_policy=WorkflowIDConflictPolicy.FAIL,
    )
    await house.client.execute_update_with_start_workflow(
        "file", order, start_workflow_operation=operation, id="file", result_type=Answer
    )
    instant = await taken_at(house, number, "file")
    return Given(order, instant, instant)


async def put(house: House, number: str, order: c.Order, identity: str) -> Given:
    earliest = await house.now(number)
    try:
        await house.handle(number).execute_update(order.command.kind, order, id=identity, result_type=Answer)
    except WorkflowUpdateFailedError as error:
        assert isinstance(error.cause, ApplicationError)
        return Given(order, earliest, await house.now(number), error.cause.type or "")
    instant = await taken_at(house, number, identity)
    return Given(order, instant, instant)


async def taken_at(house: House, number: str, identity: str) -> datetime:
    """The workflow's own time when it took that order: the start of the task that accepted it."""
    task = 0
    for event in (await house.handle(number).fetch_history()).events:
        if event.HasField("workflow_task_started_event_attributes"):
            task = event.event_time.ToNanoseconds()
        accepted = event.workflow_execution_update_accepted_event_attributes
        if accepted.accepted_request.meta.update_id == identity:
            return datetime.fromtimestamp(task / 1e9, UTC)
    raise AssertionError(identity)


def replayed(taken: list[Given], until: datetime) -> list[Event]:
    """What the pure lifecycle makes of the same orders at the same instants, with the alarms up to ``until``."""
    state: Petition | None = None
    events: list[Event] = []
    for step in taken:
        decided = decide(state, step.order, step.earliest)
        if step.refused:
            later = decide(state, step.order, step.latest)
            assert step.refused in {each.code for each in (decided, later) if isinstance(each, Refusal)}
            continue
        assert not isinstance(decided, Refusal), decided
        events += decided
        state = fold(decided, state)
    rest = decide(state, c.Order(actor=SYSTEM, command=c.RingAlarm()), until)
    return events if isinstance(rest, Refusal) else events + rest


async def test_the_engine_and_the_pure_lifecycle_agree(house: House) -> None:
    room = asyncio.Semaphore(AT_ONCE)

    async def agreed(script: list[Step]) -> int:
        async with room:
            number, taken, now = await live(house, script)
            expected = replayed(taken, now)
            # A timer that has rung by now is written down when the worker comes to it, which takes a moment where it has much to do.
            async with asyncio.timeout(PATIENCE):
                while len(recorded := await house.events(number)) < len(expected):  # noqa: ASYNC110 (what is waited for is in a database)
                    await asyncio.sleep(0.005)
            await house.agreed(number)
            assert recorded == expected
            return len(recorded)

    lengths = await asyncio.gather(*(agreed(script) for script in lives()))
    assert sum(lengths) > 5 * SCRIPTS
