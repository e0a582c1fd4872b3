"""How long a person waits when a part is killed with -9 under ``up`` just before they act."""

from __future__ import annotations

import asyncio
import statistics
import time
from pathlib import Path

import psutil
from temporalio.client import Client

from schemas.petition import commands as c
from schemas.petition.state import Complexity
from tests.bench.installation import Installation, desk, installation
from tests.bench.path import HANDLER, OPERATOR, actions, message
from workers.machine.up import programs
from workflows.contract import workflow_id

WORKER = "worker that holds the case"
PARTS = (WORKER, "engine", "database")


async def recoveries(data_dir: Path, times: int) -> dict[str, object]:
    """Seconds from the kill to the answer of the next human action, for each part, each time."""
    report = c.ReportProgress(text="正在办理。")
    waits: dict[str, list[float]] = {}
    with installation(data_dir, *(program.name for program in programs())) as place:
        async with desk(place) as (people, system):
            number = (await people.file(OPERATOR, message())).number
            for actor, command in actions(Complexity.SIMPLE)[:2]:
                await people.act(number, actor, command)
            for _ in range(times):
                for part in PARTS:
                    await people.act(number, HANDLER, report)
                    named = await holder(system.client, place, number) if part == WORKER else part
                    psutil.Process(place.runtime.pids[named]).kill()
                    began = time.perf_counter()
                    await people.act(number, HANDLER, report)
                    waits.setdefault(part, []).append(round(time.perf_counter() - began, 2))
                    await asyncio.to_thread(
                        place.up.wait_for,
                        lambda line, named=named: line.get("part") == named and line["state"] == "ready",
                    )
                    # Every part whole again before the next: also those that lost the one that was killed.
                    await people.act(number, HANDLER, report)
                    await asyncio.sleep(2)
    return {
        part: {"seconds": each, "median": statistics.median(each), "max": max(each)} for part, each in waits.items()
    }


async def holder(client: Client, place: Installation, number: str) -> str:
    """The part that did the last task of a case and keeps it: to kill any other would prove nothing."""
    history = await client.get_workflow_handle(workflow_id(number)).fetch_history()
    started = [event for event in history.events if event.HasField("workflow_task_started_event_attributes")]
    identity = started[-1].workflow_task_started_event_attributes.identity
    return next(part for part, pid in place.runtime.pids.items() if identity == f"petitions-{pid}")
