"""How a long reply reaches the thousand cases that follow one, with the worker that holds the lead case killed meanwhile."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import psutil
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from gateway.case_service import CaseService
from schemas.petition import commands as c
from schemas.petition.state import Complexity, Outcome
from tests.bench.installation import desk, installation
from tests.bench.path import HANDLER, OPERATOR, actions, message
from tests.bench.recovery import holder
from workers.machine.up import programs
from workflows.contract import workflow_id

REPLY = c.Reply(outcome=Outcome.EXPLAINED, text="经查，情况属实。" * 2_500)
"""20,000 characters, 60 kB."""

AT_ONCE = 16
"""Orders given at the same time while the cases are filed and merged."""

LONGEST = 600.0
"""Seconds after which whoever has not heard is taken for forgotten."""


async def measure(data_dir: Path, followers: int) -> dict[str, Any]:
    """Seconds until the reply is answered and until everybody has it, the size of the lead's run, and how many have it how often."""
    with installation(data_dir, *(program.name for program in programs())) as place:
        async with desk(place) as (people, system):
            lead = await _filed(people)
            for actor, command in actions(Complexity.SIMPLE)[:2]:
                await people.act(lead, actor, command)
            members = await _each(range(followers), lambda _: _filed(people))
            merge = c.Merge(into=lead, basis="same_matter")
            await _each(members, lambda member: people.act(member, OPERATOR, merge))
            await _until(system.database, "member_admitted", (lead,), followers)
            run = system.client.get_workflow_handle(workflow_id(lead))
            before = (await run.describe()).raw_description.workflow_execution_info
            holding = await holder(system.client, place, lead)
            began = time.perf_counter()
            await people.act(lead, HANDLER, REPLY)
            answered = time.perf_counter() - began
            await _until(system.database, "replied", members, followers // 3)
            psutil.Process(place.runtime.pids[holding]).kill()
            killed = time.perf_counter() - began
            heard = await _until(system.database, "replied", members, followers)
            everybody = time.perf_counter() - began
            after = (await run.describe()).raw_description.workflow_execution_info
    return {
        "followers": followers,
        "answered": round(answered, 2),
        "worker_killed": round(killed, 2),
        "everybody": round(everybody, 2),
        "heard_once": sum(count == 1 for count in heard.values()),
        "heard_more_often": sum(count > 1 for count in heard.values()),
        "run_events_before": before.history_length,
        "run_events": after.history_length,
        "run_bytes_before": before.history_size_bytes,
        "run_bytes": after.history_size_bytes,
    }


async def _filed(people: CaseService) -> str:
    return (await people.file(OPERATOR, message())).number


async def _each(of: Sequence[Any], do: Callable[[Any], Awaitable[Any]]) -> list[Any]:
    turn = asyncio.Semaphore(AT_ONCE)

    async def one(each: Any) -> Any:
        async with turn:
            return await do(each)

    return await asyncio.gather(*map(one, of))


async def _until(database: AsyncEngine, kind: str, numbers: Sequence[str], count: int) -> dict[str, int]:
    """Until so many events of that kind are in the record of these cases; how many of each, by case."""
    query = text(
        "SELECT case_number, count(*) FROM events WHERE kind = :kind AND case_number = ANY(:numbers) GROUP BY case_number"
    )
    give_up = time.monotonic() + LONGEST
    while True:
        async with database.connect() as connection:
            rows = (await connection.execute(query, {"kind": kind, "numbers": list(numbers)})).all()
        found = {row[0]: row[1] for row in rows}
        if sum(found.values()) >= count:
            return found
        if time.monotonic() > give_up:
            raise RuntimeError(f"{count - sum(found.values())} of {count} have not heard after {LONGEST:.0f} s")
        await asyncio.sleep(0.1)
