"""A run that somebody ends at the engine's port: seen by the next look, carried on from the record, told to the journal."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from uuid import uuid4

import pytest
import pytest_asyncio
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.enums.v1 import EventType
from temporalio.api.workflowservice.v1 import DeleteWorkflowExecutionRequest, ResetWorkflowExecutionRequest
from temporalio.client import WorkflowExecutionStatus
from temporalio.service import RPCError, RPCStatusCode

import workers.watching
from activities.evidence import run_watch
from activities.evidence.journal import Journal
from activities.evidence.reconcile import reconcile_all
from activities.evidence.run_watch import Looked, RunWatch
from activities.record.reference import ReferenceStore
from activities.settings import Settings
from schemas.evidence import trail
from schemas.evidence.journal import Entry, EntryKind
from schemas.evidence.trail import TRAIL, WARNINGS
from schemas.petition import commands as c
from schemas.petition.rules import next_alarm
from schemas.sealing.keys import KeyRing
from tests.databases import by_owner
from tests.flow.house import SUPERVISOR, House, own_house
from tests.flow.paths import LEAD, PATHS, approved, straight_simple
from workers.composition import System
from workers.evidence import SCHEDULES, keep_schedules, schedule_id, serving
from workers.watching import OwnWatch, watching
from workflows.contract import NOTICES_ID, PETITION_WORKFLOW, PETITIONS_QUEUE, SEAL_WORKFLOW, PetitionStart, workflow_id
from workflows.starting import carry_on

KEYS = "k1:" + base64.b64encode(bytes(32)).decode()

pytestmark = [pytest.mark.flow, pytest.mark.evidence, pytest.mark.asyncio(loop_scope="module")]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(database_dsn: str) -> AsyncIterator[House]:
    async with own_house(database_dsn, "ended_outside", keyring=KeyRing.parse(KEYS)) as house:
        yield house


def watch(house: House, later: timedelta = timedelta(0)) -> RunWatch:
    return RunWatch(
        house.database,
        house.client,
        Journal(house.database),
        partial(carry_on, house.client),
        workflow=PETITION_WORKFLOW,
        queue=PETITIONS_QUEUE,
        clock=lambda: datetime.now(UTC) + later,
    )


async def told(house: House, number: str | None = None) -> list[Entry]:
    entries = Journal(house.database).entries(case_number=number, kinds=[EntryKind.RUN_ENDED_OUTSIDE])
    return [entry async for entry in entries]


async def terminated(house: House, number: str) -> None:
    await house.handle(number).terminate(reason="清理\x1b[2J" + "x" * 500)


async def cancelled(house: House, number: str) -> None:
    await house.handle(number).cancel()
    await ended(house, number)


async def deleted(house: House, number: str) -> None:
    described = await house.handle(number).describe()
    execution = WorkflowExecution(workflow_id=described.id, run_id=described.run_id)
    await house.client.workflow_service.delete_workflow_execution(
        DeleteWorkflowExecutionRequest(namespace=house.client.namespace, workflow_execution=execution)
    )
    await ended(house, number)


async def replaced(house: House, number: str) -> None:
    await house.handle(number).terminate()
    await house.client.start_workflow("Impostor", id=workflow_id(number), task_queue="nobody-listens")


async def put_elsewhere(house: House, number: str) -> None:
    await house.handle(number).terminate()
    await house.client.start_workflow(PETITION_WORKFLOW, id=workflow_id(number), task_queue="nobody-listens")


async def garbled(house: House, number: str) -> None:
    await house.handle(number).terminate()
    await house.client.start_workflow(PETITION_WORKFLOW, "nonsense", id=workflow_id(number), task_queue=PETITIONS_QUEUE)


async def forged(house: House, number: str) -> None:
    state = await house.engine_state(number)
    await house.handle(number).terminate()
    await house.client.start_workflow(
        PETITION_WORKFLOW,
        PetitionStart(number=number, state=state.model_copy(update={"clocks": ()})),
        id=workflow_id(number),
        task_queue=PETITIONS_QUEUE,
    )


async def reset(house: House, number: str) -> None:
    described = await house.handle(number).describe()
    history = await house.handle(number).fetch_history()
    first = next(
        event.event_id for event in history.events if event.event_type == EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED
    )
    await house.client.workflow_service.reset_workflow_execution(
        ResetWorkflowExecutionRequest(
            namespace=house.client.namespace,
            workflow_execution=WorkflowExecution(workflow_id=described.id, run_id=described.run_id),
            workflow_task_finish_event_id=first,
            request_id=uuid4().hex,
            reason="zurück",
        )
    )


async def ended(house: House, number: str) -> None:
    async with asyncio.timeout(30):
        while True:
            try:
                if (await house.handle(number).describe()).status is not WorkflowExecutionStatus.RUNNING:
                    return
            except RPCError as error:
                assert error.status is RPCStatusCode.NOT_FOUND
                return


async def looked(house: House, wanted: int = 1, watching: RunWatch | None = None) -> Looked:
    """The first look that finds something: the engine's list follows a moment behind."""
    watching = watching or watch(house)
    async with asyncio.timeout(30):
        while True:
            found = await watching.look()
            if found.ended >= wanted:
                return found


ATTACKS: dict[Callable[[House, str], Awaitable[None]], tuple[str, ...]] = {
    terminated: ("terminated",),
    cancelled: ("canceled",),
    deleted: ("deleted", "terminated"),
    replaced: ("replaced",),
    put_elsewhere: ("replaced",),
    garbled: ("replaced",),
    forged: ("replaced",),
    reset: ("reset",),
}


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.__name__)
async def test_a_run_that_was_ended_is_carried_on_and_told_of(
    house: House, attack: Callable[[House, str], Awaitable[None]]
) -> None:
    number = await approved(house)
    before = (await house.handle(number).describe()).run_id
    await attack(house, number)
    assert (await looked(house)).hindered == 0
    described = await house.handle(number).describe()
    assert described.status is WorkflowExecutionStatus.RUNNING
    assert (described.workflow_type, described.task_queue) == (PETITION_WORKFLOW, PETITIONS_QUEUE)
    assert described.run_id != before
    entry = (await told(house, number))[0]
    assert entry.body["status"] in ATTACKS[attack]
    assert entry.body["changed"] == {"run": [None, "running"]}
    assert entry.body.get("said", "").isprintable()
    # The case is as it was, rings when it is due, and takes orders.
    state = await house.agreed(number)
    due = next_alarm(state)
    assert due is not None
    await house.skip_to(number, due)
    assert (await house.agreed(number)).seq > state.seq
    await house.act(number, SUPERVISOR, c.Assign(lead=LEAD))
    await house.agreed(number)
    # Said for good: neither another host nor this one after a start begins anew.
    await settled(house)
    known = len(await told(house, number))
    assert await watch(house).look() == Looked()
    assert len(await told(house, number)) == known
    assert (await reconcile_all(house.database, house.client)).found == ()


async def settled(house: House) -> None:
    """Until looks find nothing more: a run that stood in another's place is told of besides."""
    async with asyncio.timeout(30):
        while (await watch(house).look()).ended:
            pass


async def test_who_ended_it_is_told_in_their_words(house: House) -> None:
    number = await approved(house)
    run = (await house.handle(number).describe()).run_id
    await terminated(house, number)
    await looked(house)
    [entry] = await told(house, number)
    assert (entry.actor.id, entry.body["run"]) == ("system", run)
    assert "@" in entry.body["by"]
    # The auditor is warned of it in the security trail.
    assert {entry.kind} <= {*TRAIL} & WARNINGS
    assert "status=terminated" in trail.told(entry)[1]
    assert entry.body["said"].startswith("清理 [2Jxxx")
    assert len(entry.body["said"]) == run_watch.LONGEST_WORDS


async def test_what_ends_or_goes_on_by_itself_is_left_alone(house: House) -> None:
    await settled(house)
    before = len(await told(house))
    numbers = [number for walk in list(PATHS.values())[:4] for number in await walk(house)]
    [sealed] = await straight_simple(house)
    runs = {number: (await house.handle(number).describe()).run_id for number in [*numbers, sealed]}
    for _ in range(3):
        assert await watch(house).look() == Looked()
    assert {number: (await house.handle(number).describe()).run_id for number in [*numbers, sealed]} == runs
    assert len(await told(house)) == before


async def test_an_order_that_was_faster_leaves_the_ending_to_be_told(house: House) -> None:
    number = await approved(house)
    run = (await house.handle(number).describe()).run_id
    await terminated(house, number)
    await house.act(number, SUPERVISOR, c.Assign(lead=LEAD))
    async with asyncio.timeout(30):
        # Two hosts: it is told once all the same.
        while not any(each.ended for each in await asyncio.gather(watch(house).look(), watch(house).look())):
            pass
    [entry] = await told(house, number)
    assert (entry.body["run"], entry.body["changed"]) == (run, {"run": ["terminated", "running"]})
    await house.agreed(number)


async def test_of_two_hosts_one_carries_on(house: House) -> None:
    numbers = [await approved(house) for _ in range(6)]
    await asyncio.gather(*(terminated(house, number) for number in numbers))
    found: list[Looked] = []
    async with asyncio.timeout(30):
        while sum(each.carried_on for each in found) < len(numbers):
            found += await asyncio.gather(watch(house).look(), watch(house).look(), watch(house).look())
    assert sum(each.carried_on for each in found) == len(numbers)
    for number in numbers:
        assert len(await told(house, number)) == 1
        await house.agreed(number)


async def test_a_storm_is_worked_off_in_bounded_batches(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_watch, "BATCH", 10)
    await settled(house)
    numbers = [(await house.file()).number for _ in range(35)]
    await asyncio.gather(*(terminated(house, number) for number in numbers))
    watching, found = watch(house), list[Looked]()
    async with asyncio.timeout(60):
        while sum(each.carried_on for each in found) < len(numbers):
            found.append(await watching.look())
    assert max(each.carried_on for each in found) == 10
    assert found[0].more
    assert not found[-1].more
    for number in numbers:
        assert len(await told(house, number)) == 1
        await house.agreed(number)


async def test_a_record_that_does_not_hold_is_told_once_and_holds_up_no_other(house: House) -> None:
    broken, sound = await approved(house), await approved(house)
    await by_owner(house.database, "DELETE FROM events WHERE case_number = :number AND seq = 2", number=broken)
    for number in (broken, sound):
        await terminated(house, number)
    watching = watch(house)
    found = await looked(house, 2, watching)
    assert (found.carried_on, found.hindered) == (1, 1)
    await house.agreed(sound)
    assert (await watching.look()).hindered == 0
    assert (await watch(house).look()).hindered == 1
    [entry] = await told(house, broken)
    assert entry.body["hindered"] == "chain_broken"
    await by_owner(house.database, "UPDATE cases SET sealed_at = now() WHERE case_number = :number", number=broken)


async def test_the_dispatch_of_notices_and_the_schedules_are_started_again(house: House) -> None:
    client, journal = house.client, Journal(house.database)
    keep = partial(keep_schedules, client, "nobody-listens")
    await keep()
    before = await told(house, "")
    own = OwnWatch(client, journal, frozenset(map(schedule_id, SCHEDULES)), keep)
    # What has never run was not ended.
    await own.look()
    await own.look()
    assert await told(house, "") == before
    dispatch, schedule = client.get_workflow_handle(NOTICES_ID), client.get_schedule_handle(schedule_id(SEAL_WORKFLOW))
    await dispatch.terminate()
    await schedule.delete()
    async with asyncio.timeout(30):
        while len(found := (await told(house, ""))[len(before) :]) < 2:
            await own.look()
    assert [entry.body for entry in found] == [
        {"workflow": NOTICES_ID, "status": "terminated"},
        {"schedule": [schedule_id(SEAL_WORKFLOW)]},
    ]
    assert (await dispatch.describe()).status is WorkflowExecutionStatus.RUNNING
    await schedule.describe()
    await own.look()
    assert len(await told(house, "")) == len(before) + 2
    await dispatch.terminate()
    for name in SCHEDULES:
        await client.get_schedule_handle(schedule_id(name)).delete()


async def test_whoever_looks_goes_on_looking() -> None:
    answers = [Looked(ended=1, carried_on=1, more=True), OSError("away"), Looked(more=True), Looked(), Looked()]
    seen: list[str] = []
    thrice = asyncio.Event()

    async def runs() -> Looked:
        seen.append("runs")
        answer = answers.pop(0)
        if isinstance(answer, OSError):
            raise answer
        return answer

    async def own() -> None:
        seen.append("own")

    async def pause() -> None:
        seen.append("pause")
        if seen.count("pause") == 3:
            thrice.set()
            await asyncio.Event().wait()

    looking = asyncio.create_task(watching(runs, own, pause))
    async with asyncio.timeout(5):
        await thrice.wait()
    looking.cancel()
    # A storm goes on at once, what is away after a pause, and what nobody could carry on after one too.
    assert seen == ["runs", "runs", "pause", "runs", "own", "pause", "runs", "own", "pause"]


async def test_the_evidence_worker_looks_by_itself(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workers.watching, "EVERY", timedelta(seconds=0.1))
    settings = Settings.from_environment(
        {
            "SANZHANG_DATA_DIR": str(tmp_path),
            "SANZHANG_AUDIT_KEYS": KEYS,
            "SANZHANG_SIGNING_KEY": base64.b64encode(bytes(32)).decode(),
        }
    )
    reference = ReferenceStore(house.database)
    system = System(settings, KeyRing.parse(KEYS), house.database, house.client, house.record, reference)
    number = await approved(house)
    async with serving(system):
        # Whoever ends runs may well pause the schedules first.
        for name in SCHEDULES:
            await house.client.get_schedule_handle(schedule_id(name)).pause()
        await terminated(house, number)
        async with asyncio.timeout(60):
            while not await told(house, number):
                await house.client.get_schedule_handle(schedule_id(SEAL_WORKFLOW)).describe()
    await house.agreed(number)
    for name in SCHEDULES:
        await house.client.get_schedule_handle(schedule_id(name)).delete()
