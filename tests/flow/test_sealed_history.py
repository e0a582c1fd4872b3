"""What the engine stores: nothing clear, whoever asks it, and all of it replayable."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
import pytest_asyncio
from temporalio import activity, workflow
from temporalio.client import Client, WorkflowFailureError, WorkflowHistory, WorkflowUpdateFailedError
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Replayer, Worker

with workflow.unsafe.imports_passed_through():
    from activities.plugin import SanzhangPlugin
    from schemas.sealing.keys import KeyRing
    from schemas.sealing.personal import PersonalData

pytestmark = pytest.mark.flow

OLD, NEW = bytes(range(32)), bytes(range(32, 64))
NAME, PHONE, PROMISE = "张三丰", "13800001234", "机密内容"
CLEAR = PersonalData(name=NAME, phone=PHONE)


@activity.defn
async def call_back(person: PersonalData) -> str:
    """Answers with the phone it was given; fails with the name when there is none."""
    if person.phone is None:
        raise ApplicationError(f"no phone of {person.name}", person.name, non_retryable=True)
    return person.phone


@workflow.defn
class Spoken:
    """A case that carries clear text through every kind of payload there is."""

    def __init__(self) -> None:
        self._said: list[str] = []

    @workflow.run
    async def run(self, person: PersonalData) -> str:
        await workflow.wait_condition(lambda: len(self._said) > 0)
        phone = await workflow.execute_activity(call_back, person, start_to_close_timeout=timedelta(seconds=5))
        local = await workflow.execute_local_activity(call_back, person, start_to_close_timeout=timedelta(seconds=5))
        assert phone == local
        nameless = person.model_copy(update={"phone": None})
        # a local activity fails with its own error, not wrapped in an ActivityError as a regular one does
        with contextlib.suppress(ApplicationError):
            await workflow.execute_local_activity(call_back, nameless, start_to_close_timeout=timedelta(seconds=5))
        return await workflow.execute_activity(call_back, nameless, start_to_close_timeout=timedelta(seconds=5))

    @workflow.update
    async def say(self, text: str) -> str:
        """Refuses the empty text by name, keeps any other."""
        if not text:
            raise ApplicationError(f"nothing said to {NAME}")
        self._said.append(text)
        return f"heard {text}"

    @workflow.signal
    def leave_word(self, text: str) -> None:
        """Keeps what was said while nobody listened."""
        self._said.append(text)

    @workflow.query
    def said(self) -> list[str]:
        """What has been said so far."""
        return self._said


@pytest_asyncio.fixture
async def server() -> AsyncIterator[WorkflowEnvironment]:
    environment = await WorkflowEnvironment.start_local(
        dev_server_existing_path=str(Path(sys.executable).parent / "temporal")
    )
    try:
        yield environment
    finally:
        await environment.shutdown()


async def connect(server: WorkflowEnvironment, ring: KeyRing | None) -> Client:
    target = server.client.service_client.config.target_host
    return await Client.connect(target, plugins=[SanzhangPlugin(ring)])


async def test_the_history_holds_no_clear_text_and_replays_after_rotation(server: WorkflowEnvironment) -> None:
    client = await connect(server, KeyRing([("k1", OLD)]))
    async with Worker(client, task_queue="sealed", workflows=[Spoken], activities=[call_back]):
        handle = await client.start_workflow(
            Spoken.run, CLEAR, id="sealed", task_queue="sealed", memo={"note": PROMISE}
        )
        with pytest.raises(WorkflowUpdateFailedError) as refused:
            await handle.execute_update(Spoken.say, "")
        assert NAME in str(refused.value.cause)
        assert await handle.execute_update(Spoken.say, PROMISE) == f"heard {PROMISE}"
        with pytest.raises(WorkflowFailureError) as failed:
            await handle.result()
        assert NAME in str(failed.value.cause.__cause__)

    history = await handle.fetch_history()
    stored = b"".join(event.SerializeToString() for event in history.events)
    for text in (NAME, PHONE, PROMISE):
        assert text.encode() not in stored
    # the engine's own note in a local activity's marker (its id and type) is not ours to seal
    notes = [
        event.marker_recorded_event_attributes.details["data"].payloads
        for event in history.events
        if event.HasField("marker_recorded_event_attributes")
    ]
    assert stored.count(b"json/plain") == len(notes) == 2
    assert b"Encoded failure" in stored

    rotated = SanzhangPlugin(KeyRing([("k2", NEW), ("k1", OLD)]))
    replayed = await Replayer(workflows=[Spoken], plugins=[rotated]).replay_workflow(
        WorkflowHistory.from_json("sealed", history.to_json())
    )
    assert replayed.replay_failure is None


async def test_a_worker_without_the_key_waits_for_it_and_loses_nothing(server: WorkflowEnvironment) -> None:
    sender = await connect(server, KeyRing([("k2", NEW), ("k1", OLD)]))
    behind = await connect(server, KeyRing([("k1", OLD)]))
    handle = await sender.start_workflow(
        Spoken.run, CLEAR, id="waits", task_queue="waits", task_timeout=timedelta(seconds=1)
    )
    async with Worker(behind, task_queue="waits", workflows=[Spoken], activities=[call_back]):
        with pytest.raises(RPCError):
            await handle.query(Spoken.said, rpc_timeout=timedelta(seconds=2))
    events = (await handle.fetch_history()).events
    assert not any(event.HasField("workflow_execution_failed_event_attributes") for event in events)
    # an update is refused while the last task stands failed, so the word is left for the next worker
    await handle.signal(Spoken.leave_word, PROMISE)
    async with Worker(sender, task_queue="waits", workflows=[Spoken], activities=[call_back]):
        with pytest.raises(WorkflowFailureError):
            await handle.result()
        assert await handle.query(Spoken.said) == [PROMISE]
