"""The workflows of the evidence and their schedules, on the real engine."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, timedelta
from functools import partial
from pathlib import Path

import pytest
import pytest_asyncio
from temporalio.client import (
    Client,
    ScheduleActionExecutionStartWorkflow,
    ScheduleActionStartWorkflow,
    ScheduleHandle,
    ScheduleOverlapPolicy,
    WorkflowFailureError,
    WorkflowHandle,
)
from temporalio.worker import Worker

from activities.evidence.activities import EvidenceActivities
from activities.evidence.archive import Archives
from activities.evidence.contract import CheckpointMade, SealOrder, Swept
from activities.evidence.journal import Journal
from activities.evidence.log import MerkleLog
from activities.evidence.reconcile import reconcile_all
from activities.evidence.seal import Sealer
from activities.evidence.signing import Signer
from activities.evidence.store import CheckpointStore
from activities.plugin import workflow_runner
from activities.record.migrate import migrate, new_engine
from schemas.evidence.journal import EntryKind
from schemas.kernel.actor import SYSTEM
from schemas.sealing.keys import KeyRing
from tests.databases import own_database
from tests.flow import paths
from tests.flow.house import House, own_house
from workers.evidence import SCHEDULES, TURN_MAY_TAKE, keep_schedules, schedule_id
from workflows.contract import CHECKPOINT_WORKFLOW, SEAL_WORKFLOW
from workflows.evidence import CheckpointWorkflow, ReconcileWorkflow, SealWorkflow

pytestmark = [pytest.mark.flow, pytest.mark.evidence, pytest.mark.asyncio(loop_scope="session")]

AUDIT = KeyRing([("k1", bytes(32))])
QUEUE = "evidence-tested"


@dataclass(frozen=True)
class Evidence:
    """What the worker under test keeps; the log is of a database of its own, for a log has one store all its life."""

    archives: Archives
    journal: Journal
    store: Path


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def house(database_dsn: str) -> AsyncIterator[House]:
    """On an engine and a record of its own: these workflows look at all there is, and other tests leave behind what never ends."""
    async with own_house(database_dsn, "evidence") as house:
        yield house


@pytest_asyncio.fixture(loop_scope="session")
async def evidence(house: House, database_dsn: str, tmp_path: Path) -> AsyncIterator[Evidence]:
    """A worker at work, and no schedules before and after."""
    async with own_database(database_dsn, "logged") as dsn:
        await migrate(dsn)
        database = new_engine(dsn, pool_size=4)
        kept = Evidence(Archives(house.database, AUDIT), Journal(database), tmp_path / "checkpoints")
        log = MerkleLog(database, CheckpointStore.at(str(kept.store)), Signer(bytes(32), "test"), origin="test")
        sealer = Sealer(house.database, house.client, None, kept.archives, kept.journal)
        reconcile = partial(reconcile_all, database, house.client, journal=kept.journal, actor=SYSTEM)
        activities = EvidenceActivities(sealer, log, kept.journal, reconcile)
        worker = Worker(
            house.client,
            task_queue=QUEUE,
            workflows=[SealWorkflow, CheckpointWorkflow, ReconcileWorkflow],
            activities=[activities.seal_closed, activities.make_checkpoint, activities.reconcile_all],
            workflow_runner=workflow_runner(),
        )
        async with worker:
            yield kept
            async for listed in await house.client.list_schedules():
                await house.client.get_schedule_handle(listed.id).delete()
        await database.dispose()


async def test_what_has_closed_is_sealed_and_signed(house: House, evidence: Evidence) -> None:
    (number,) = await paths.straight_simple(house)
    swept = await house.client.execute_workflow(SealWorkflow.run, id="seal-tested", task_queue=QUEUE)
    assert swept.sealed >= 1
    assert await evidence.archives.runs(number) == [1]
    await evidence.journal.append(EntryKind.VERIFIED, SYSTEM)
    made = await house.client.execute_workflow(CheckpointWorkflow.run, id="checkpoint-tested", task_queue=QUEUE)
    assert made == CheckpointMade(number=1, size=1)
    entry = await evidence.journal.latest(EntryKind.CHECKPOINTED)
    assert entry is not None
    assert CheckpointMade.model_validate(entry.body) == made


async def test_a_store_that_is_not_what_it_was_is_told_of_at_once(house: House, evidence: Evidence) -> None:
    await evidence.journal.append(EntryKind.VERIFIED, SYSTEM)
    await house.client.execute_workflow(CheckpointWorkflow.run, id="checkpoint-before", task_queue=QUEUE)
    shutil.rmtree(evidence.store)
    with pytest.raises(WorkflowFailureError):
        await house.client.execute_workflow(CheckpointWorkflow.run, id="checkpoint-after", task_queue=QUEUE)
    entry = await evidence.journal.latest(EntryKind.CHECKPOINTED)
    assert entry is not None
    assert entry.body["failed"] == "CheckpointStoreMissingError"
    assert "checkpoints/0000000001" in entry.body["problem"]


async def test_the_three_copies_are_compared(house: House, evidence: Evidence) -> None:
    found = await house.client.execute_workflow(ReconcileWorkflow.run, id="reconcile-tested", task_queue=QUEUE)
    entry = await evidence.journal.latest(EntryKind.RECONCILED)
    assert entry is not None
    assert (entry.body["cases"], entry.body["findings"]) == (found.cases, found.findings)
    # The log's own database knows no cases, so whatever runs in the engine is nobody's.
    assert found.cases == 0


async def test_the_schedules_are_set_up_once_and_brought_up_to_date(house: House, evidence: Evidence) -> None:
    await keep_schedules(house.client, QUEUE)
    handles = {name: house.client.get_schedule_handle(schedule_id(name)) for name in SCHEDULES}
    await handles[CHECKPOINT_WORKFLOW].pause(note="除夕")
    await keep_schedules(house.client, QUEUE)
    described = {name: (await handle.describe()).schedule for name, handle in handles.items()}
    assert all(each.policy.overlap is ScheduleOverlapPolicy.SKIP for each in described.values())
    assert all(each.policy.catchup_window == timedelta(days=1) for each in described.values())
    # A turn that never ended would be the last one.
    actions = [each.action for each in described.values()]
    assert {isinstance(each, ScheduleActionStartWorkflow) and each.execution_timeout for each in actions} == {
        TURN_MAY_TAKE
    }
    assert (described[CHECKPOINT_WORKFLOW].state.paused, described[SEAL_WORKFLOW].state.paused) == (True, False)
    upcoming = (await handles[CHECKPOINT_WORKFLOW].describe()).info.next_action_times
    assert {(moment.astimezone(UTC).hour, moment.minute) for moment in upcoming} == {(16, 10)}

    # What a scheduled sweep says is handed to the next one.
    first = await ended(house.client, handles[SEAL_WORKFLOW], 0)
    await handles[SEAL_WORKFLOW].trigger()
    second = await ended(house.client, handles[SEAL_WORKFLOW], 1)
    swept = await first.result()
    events = (await second.fetch_history()).events
    asked = [event.activity_task_scheduled_event_attributes for event in events if event.HasField(SCHEDULED)]
    given = asked[0].input.payloads
    assert await house.client.data_converter.decode(given, [SealOrder]) == [SealOrder(since=swept.settled_before)]
    # Only the first looked at everything; a day later one does again.
    assert swept.whole_at is not None
    assert (await second.result()).whole_at == swept.whole_at


SCHEDULED = "activity_task_scheduled_event_attributes"


async def ended(client: Client, schedule: ScheduleHandle, place: int) -> WorkflowHandle[SealWorkflow, Swept]:
    """The run the schedule started at that place, once it has ended."""
    async with asyncio.timeout(60):
        while True:
            actions = (await schedule.describe()).info.recent_actions
            if len(actions) > place:
                break
            await asyncio.sleep(0.05)
    action = actions[place].action
    assert isinstance(action, ScheduleActionExecutionStartWorkflow)
    # Two runs of one second have one id.
    handle = client.get_workflow_handle_for(SealWorkflow.run, action.workflow_id, run_id=action.first_execution_run_id)
    await handle.result()
    return handle
