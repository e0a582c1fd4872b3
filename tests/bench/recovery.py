"""How long a person waits when a part is killed with -9 under ``up`` just before they act."""

from __future__ import annotations

import asyncio
import statistics
import time
from pathlib import Path

import psutil

from schemas import commands as c
from schemas.petition import Complexity
from tests.bench.installation import desk, installation
from tests.bench.path import HANDLER, OPERATOR, actions, message
from workers.machine.up import WORKERS

PARTS = ("worker-petitions", "engine", "database")


async def recoveries(data_dir: Path, times: int) -> dict[str, object]:
    """Seconds from the kill to the answer of the next human action, for each part, each time."""
    report = c.ReportProgress(text="正在办理。")
    waits: dict[str, list[float]] = {}
    with installation(data_dir, *(program.name for program in WORKERS)) as place:
        async with desk(place) as (people, _):
            number = (await people.file(OPERATOR, message())).number
            for actor, command in actions(Complexity.SIMPLE)[:2]:
                await people.act(number, actor, command)
            for _ in range(times):
                for part in PARTS:
                    await people.act(number, HANDLER, report)
                    psutil.Process(place.runtime.pids[part]).kill()
                    began = time.perf_counter()
                    await people.act(number, HANDLER, report)
                    waits.setdefault(part, []).append(round(time.perf_counter() - began, 2))
                    await asyncio.to_thread(
                        place.up.wait_for,
                        lambda line, part=part: line.get("part") == part and line["state"] == "ready",
                    )
                    # Every part whole again before the next: also those that lost the one that was killed.
                    await people.act(number, HANDLER, report)
                    await asyncio.sleep(2)
    return {
        part: {"seconds": each, "median": statistics.median(each), "max": max(each)} for part, each in waits.items()
    }
