"""The worker that keeps the evidence, the schedules by which it does, and the watch over all runs."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial
from typing import Final

from temporalio.client import (
    Client,
    Schedule,
    ScheduleActionStartWorkflow,
    ScheduleAlreadyRunningError,
    ScheduleCalendarSpec,
    ScheduleIntervalSpec,
    ScheduleOverlapPolicy,
    SchedulePolicy,
    ScheduleRange,
    ScheduleSpec,
    ScheduleUpdate,
    ScheduleUpdateInput,
)
from temporalio.worker import Worker

from activities.evidence.activities import EvidenceActivities
from activities.evidence.forwarding import Forwarder, Syslog, keep_trail
from activities.evidence.reconcile import reconcile_all
from activities.evidence.seal import Sealer
from activities.evidence.trail import Trail
from schemas.kernel.actor import SYSTEM
from workers.composition import System
from workers.drain import BUILD, DRAIN
from workers.watching import OwnWatch, run_watch, watching
from workflows.contract import CHECKPOINT_WORKFLOW, EVIDENCE_QUEUE, RECONCILE_WORKFLOW, SEAL_WORKFLOW
from workflows.evidence import CheckpointWorkflow, ReconcileWorkflow, SealWorkflow

CATCH_UP: Final = timedelta(days=1)
"""For how long a turn that fell into an outage is made up for."""

TURN_MAY_TAKE: Final = timedelta(hours=23)
"""Until a turn is ended from outside, whatever holds it up: while it lasts, the schedule begins no other."""


def _daily(hour: int, minute: int) -> ScheduleSpec:
    at = ScheduleCalendarSpec(hour=[ScheduleRange(hour)], minute=[ScheduleRange(minute)])
    return ScheduleSpec(calendars=[at], time_zone_name="Asia/Shanghai")


SCHEDULES: Final = {
    SEAL_WORKFLOW: ScheduleSpec(intervals=[ScheduleIntervalSpec(every=timedelta(minutes=1))]),
    # After the day has ended, whose cases it signs; and at an hour when nobody works.
    CHECKPOINT_WORKFLOW: _daily(0, 10),
    RECONCILE_WORKFLOW: _daily(2, 30),
}
"""When each workflow runs."""


def schedule_id(workflow: str) -> str:
    """The schedule of a workflow, and the beginning of the ids of the runs it starts."""
    return f"evidence-{workflow}"


@asynccontextmanager
async def serving(system: System) -> AsyncGenerator[Worker]:
    """A serving worker of the evidence queue; the schedules are set up by it."""
    sealer = Sealer(system.database, system.client, system.keyring, system.archives, system.journal)
    reconcile = partial(reconcile_all, system.database, system.client, journal=system.journal, actor=SYSTEM)
    activities = EvidenceActivities(sealer, system.log, system.journal, reconcile)
    worker = Worker(
        system.client,
        task_queue=EVIDENCE_QUEUE,
        workflows=[SealWorkflow, CheckpointWorkflow, ReconcileWorkflow],
        activities=[activities.seal_closed, activities.make_checkpoint, activities.reconcile_all],
        graceful_shutdown_timeout=DRAIN,
        build_id=BUILD,
    )
    own = OwnWatch(
        system.client,
        system.journal,
        frozenset(map(schedule_id, SCHEDULES)),
        partial(keep_schedules, system.client),
    )
    async with worker, keeping_trail(system):
        await keep_schedules(system.client)
        looking = asyncio.create_task(watching(run_watch(system).look, own.look), name="watch over the runs")
        try:
            yield worker
        finally:
            looking.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await looking


@asynccontextmanager
async def keeping_trail(system: System) -> AsyncGenerator[None]:
    """While the body lasts, what was counted for the security trail gets into the journal, and the trail to the receiver of the settings."""
    address, forwarder = system.settings.syslog, None
    if address is not None:
        ca_file = system.settings.syslog_ca
        receiver = Syslog(address, ca_file=str(ca_file) if ca_file is not None else None)
        forwarder = Forwarder(system.database, receiver, address)
    task = asyncio.create_task(keep_trail(Trail(system.database, system.journal), forwarder))
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def keep_schedules(client: Client, task_queue: str = EVIDENCE_QUEUE) -> None:
    """Creates the schedules that are missing and brings the others up to this release; one that was paused stays so."""
    for workflow, spec in SCHEDULES.items():
        name = schedule_id(workflow)
        wanted = Schedule(
            action=ScheduleActionStartWorkflow(
                workflow, id=name, task_queue=task_queue, execution_timeout=TURN_MAY_TAKE
            ),
            spec=spec,
            policy=SchedulePolicy(overlap=ScheduleOverlapPolicy.SKIP, catchup_window=CATCH_UP),
        )
        try:
            # The first turn comes at once: an installation that has just been brought to this release waits for no midnight.
            await client.create_schedule(name, wanted, trigger_immediately=True)
        except ScheduleAlreadyRunningError:
            await client.get_schedule_handle(name).update(lambda held, new=wanted: _updated(held, new))


def _updated(held: ScheduleUpdateInput, wanted: Schedule) -> ScheduleUpdate:
    wanted.state = held.description.schedule.state
    return ScheduleUpdate(wanted)
