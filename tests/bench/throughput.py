"""Full lifecycles per second, 100 at a time, ours and the peers in turns on the same engine and database."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

import psutil

from tests.bench.installation import cpu_seconds
from tests.bench.stolen import UNDISTURBED, Stolen

ONCE = 100

Lifecycle = Callable[[], Awaitable[str]]


@dataclass
class Contender:
    """One way to carry a case. ``workers``: its worker processes, whose CPU time is told apart."""

    name: str
    lifecycle: Lifecycle
    workers: list[psutil.Process]
    rates: list[float] = field(default_factory=list[float])
    stolen: list[float] = field(default_factory=list[float])
    cpu: dict[str, list[float]] = field(default_factory=dict[str, list[float]])


async def race(contenders: list[Contender], parts: Mapping[str, psutil.Process], rounds: int) -> None:
    """Rounds in turns; each fills in the contender's rates and CPU milliseconds per lifecycle by part."""
    for contender in contenders:
        await asyncio.gather(*(contender.lifecycle() for _ in range(ONCE // 2)))
    for turn in range(rounds):
        # A different one goes first in each round: whatever drifts meets all alike.
        for contender in contenders[turn % len(contenders) :] + contenders[: turn % len(contenders)]:
            await _round(contender, {**{name: [part] for name, part in parts.items()}, "workers": contender.workers})


async def _round(contender: Contender, parts: Mapping[str, list[psutil.Process]]) -> None:
    before = {name: _spent(processes) for name, processes in parts.items()}
    stolen, began = Stolen(), time.perf_counter()
    await asyncio.gather(*(contender.lifecycle() for _ in range(ONCE)))
    contender.rates.append(ONCE / (time.perf_counter() - began))
    contender.stolen.append(stolen.share)
    for name, processes in parts.items():
        contender.cpu.setdefault(name, []).append((_spent(processes) - before[name]) / ONCE * 1000)


def _spent(processes: list[psutil.Process]) -> float:
    return sum(cpu_seconds(process) for process in processes)


def told(contenders: list[Contender]) -> dict[str, object]:
    """Medians, and what each round gave."""
    return {
        contender.name: {
            "per_second": round(statistics.median(contender.rates), 2),
            "rounds": [round(rate, 2) for rate in contender.rates],
            "stolen": contender.stolen,
            "cpu_ms_per_case": {name: round(statistics.median(each), 2) for name, each in contender.cpu.items()},
        }
        for contender in contenders
    }


def ratios(one: Contender, peers: list[Contender]) -> dict[str, float]:
    """By peer, the median over the rounds of the one's rate by the peer's in the same round; of :func:`undisturbed` rounds where there are any."""
    return {peer.name: round(_ratio(one, peer), 2) for peer in peers}


def _ratio(one: Contender, peer: Contender) -> float:
    compared = undisturbed(one, peer) or range(len(one.rates))
    return statistics.median(one.rates[turn] / peer.rates[turn] for turn in compared)


def undisturbed(one: Contender, peer: Contender) -> list[int]:
    """The rounds in which next to nothing was stolen from either."""
    pairs = zip(one.stolen, peer.stolen, strict=True)
    return [turn for turn, shares in enumerate(pairs) if max(shares) <= UNDISTURBED]
