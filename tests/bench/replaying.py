"""How fast cases are replayed and compared, beside the SDK's bare replayer over the same histories; in one process and in two.

The histories are the golden ones that begin with a filing, over and over. No engine and no database: a case's histories lie in memory, its rows
are as the driver gives them, payloads parsed but not yet read as events. Bare and ours take turns in the same processes.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import statistics
import time
from collections.abc import AsyncIterator, Sequence
from multiprocessing.connection import Connection
from typing import Any, cast

from temporalio.client import WorkflowHistory
from temporalio.worker import Replayer

from activities.plugin import SanzhangPlugin
from schemas.evidence.chain import Recorded, payload
from schemas.evidence.upcast import event_of
from tests.golden.record_decisions import golden
from workers.replay import Outcome, Verdict
from workers.replay.engine_said import said
from workers.replay.judging import ReplayOptions, judged_here
from workers.replay.sources import CaseHistory, Sources
from workflows.petition import PetitionWorkflow

PROCESSES = (1, 2)


class _Case:
    """A golden case: its history, and its rows as they lie in the database."""

    def __init__(self, number: str, history: WorkflowHistory, rows: Sequence[Recorded]) -> None:
        self.number, self.history = number, history
        self._rows = [(row, payload(row.event)) for row in rows]

    def material(self) -> CaseHistory:
        read = [row.model_copy(update={"event": event_of(stored, row.version)}) for row, stored in self._rows]
        return CaseHistory(self.number, (self.history,), read)


class _InMemory:
    """Stands in the place of engine and database."""

    def __init__(self, cases: Sequence[_Case]) -> None:
        self._cases = {case.number: case for case in cases}

    async def material(self, number: str, **_: bool) -> CaseHistory:
        return self._cases[number].material()


def _cases() -> list[_Case]:
    from_filing = [one for one in golden() if said(one.history).state is None]
    return [_Case(one.name, one.history, one.decided) for one in from_filing]


async def _bare(cases: Sequence[_Case], rounds: int) -> None:
    replayer = Replayer(workflows=[PetitionWorkflow], plugins=[SanzhangPlugin(None, unsandboxed=True)])

    async def histories() -> AsyncIterator[WorkflowHistory]:
        for _ in range(rounds):
            for case in cases:
                yield case.history

    await replayer.replay_workflows(histories())


async def _ours(cases: Sequence[_Case], rounds: int) -> None:
    async def numbers() -> AsyncIterator[str]:
        for _ in range(rounds):
            for case in cases:
                yield case.number

    def tell(verdict: Verdict) -> None:
        if verdict.outcome is not Outcome.SAME:
            raise RuntimeError(verdict.model_dump_json())

    await judged_here(cast("Sources", _InMemory(cases)), ReplayOptions(), numbers(), tell)


def _process(told: Connection) -> None:
    cases = _cases()
    work = {"bare": _bare, "ours": _ours}
    told.send(len(cases))
    while (asked := told.recv()) is not None:
        name, rounds = asked
        begun, spent = time.perf_counter(), time.process_time()
        asyncio.run(work[name](cases, rounds))
        told.send((time.perf_counter() - begun, time.process_time() - spent))


def measure(*, quick: bool) -> dict[str, Any]:
    """Histories a second, by the clock and by CPU time: medians of several rounds."""
    rounds, times = (4, 3) if quick else (12, 7)
    measured: dict[str, Any] = {}
    for processes in PROCESSES:
        measured[str(processes)] = _race(processes, rounds, times)
    one, two = (measured[str(processes)]["ours"]["per_second"] for processes in PROCESSES)
    return {"processes": measured, "scaling_to_two_processes": round(two / one, 2)}


def _race(processes: int, rounds: int, times: int) -> dict[str, Any]:
    spawning = multiprocessing.get_context("spawn")
    pipes: list[Connection] = []
    children: list[Any] = []
    for _ in range(processes):
        mine, theirs = spawning.Pipe()
        child = spawning.Process(target=_process, args=(theirs,), daemon=True)
        child.start()
        theirs.close()
        pipes.append(mine)
        children.append(child)
    histories = sum(pipe.recv() for pipe in pipes) * rounds
    rates: dict[str, list[float]] = {"bare": [], "ours": []}
    per_cpu: dict[str, list[float]] = {"bare": [], "ours": []}
    # One turn of each to warm up.
    for turn in range(times + 1):
        for name in ("bare", "ours"):
            for pipe in pipes:
                pipe.send((name, rounds if turn else 1))
            answers = [pipe.recv() for pipe in pipes]
            if turn:
                rates[name].append(histories / max(wall for wall, _ in answers))
                per_cpu[name].append(histories / sum(cpu for _, cpu in answers))
    for pipe in pipes:
        pipe.send(None)
    for child in children:
        child.join()
    told: dict[str, Any] = {
        name: {
            "per_second": round(statistics.median(rates[name]), 1),
            "per_cpu_second": round(statistics.median(per_cpu[name]), 1),
        }
        for name in rates
    }
    pairs = zip(rates["ours"], rates["bare"], strict=True)
    cpu_pairs = zip(per_cpu["ours"], per_cpu["bare"], strict=True)
    return told | {
        "ratio_to_bare": round(statistics.median(ours / bare for ours, bare in pairs), 2),
        "ratio_to_bare_by_cpu": round(statistics.median(ours / bare for ours, bare in cpu_pairs), 2),
    }
