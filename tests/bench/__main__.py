"""``python -m tests.bench [--quick] [--out FILE] [--only PART…]``: measures, prints a table, writes JSON."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import shutil
import sys
import tempfile
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil
import uvloop
from temporalio.client import Client

from schemas.petition.state import Complexity
from tests.bench import (
    folding,
    followers,
    http,
    latency,
    log,
    memory,
    million,
    pages,
    path,
    peers,
    recovery,
    replaying,
    throughput,
    verifying,
)
from tests.bench.engine_only import (
    EMPTY_COMMIT_QUEUE,
    ENGINE_ONLY_QUEUE,
    OUR_WAY_QUEUE,
    EngineOnlyPetition,
)
from tests.bench.histories import history_size
from tests.bench.installation import OURS, Installation, desk, installation, workers
from tests.bench.report import show
from tests.bench.stolen import Stolen
from tests.bench.textbook import TEXTBOOK_QUEUE, TextbookPetition
from tests.bench.throughput import Contender, Lifecycle
from workflows.contract import workflow_id

PARTS = (
    "throughput",
    "latency",
    "memory",
    "recovery",
    "followers",
    "fold",
    "replay",
    "log",
    "verify",
    "http",
    "million",
    "pages",
)
PEERS = {
    queue: ("-m", "tests.bench.peer_worker", queue)
    for queue in (TEXTBOOK_QUEUE, ENGINE_ONLY_QUEUE, OUR_WAY_QUEUE, EMPTY_COMMIT_QUEUE)
}


async def measure(options: argparse.Namespace, home: Path) -> dict[str, Any]:
    """Everything asked for, on one machine in one run."""
    stolen = Stolen()
    results: dict[str, Any] = {"conditions": conditions(), "quick": options.quick}
    if "fold" in options.only:
        results["fold"] = folding.measure(quick=options.quick)
    if "log" in options.only:
        results["log"] = await log.measure(home / "log", 100_000 if options.quick else 1_000_000)
    if "replay" in options.only:
        results["replay"] = replaying.measure(quick=options.quick)
    if "verify" in options.only:
        results["verify"] = await verifying.measure(home, quick=options.quick)
    if "million" in options.only:
        results["million"] = await million.measure(home / "million", 100_000 if options.quick else 1_000_000)
    if "pages" in options.only:
        # Playwright's plain interface allows no loop in its thread.
        results["pages"] = await asyncio.to_thread(pages.measure, home / "pages", quick=options.quick)
    if {"throughput", "latency", "memory", "http"} & set(options.only):
        with installation(home / "one") as place:
            await _with_installation(options, place, results)
    if "recovery" in options.only:
        results["recovery"] = await recovery.recoveries(home / "two", 1 if options.quick else 3)
    if "followers" in options.only:
        results["followers"] = await followers.measure(home / "three", 100 if options.quick else 1_000)
    results["conditions"] |= {"load_at_end": os.getloadavg(), "stolen": stolen.share}
    return results


async def _with_installation(options: argparse.Namespace, place: Installation, results: dict[str, Any]) -> None:
    if "throughput" in options.only or "latency" in options.only:
        await _with_workers(options, place, results)
    if "http" in options.only:
        results["http"] = await http.measure(place, quick=options.quick)
    if "memory" in options.only:
        cases = 400 if options.quick else 2_000
        results["memory"] = {
            "cached": await memory.kilobytes_per_case(place, cases, cached=True),
            "evicted": await memory.kilobytes_per_case(place, 4 * cases, cached=False),
        }


async def _with_workers(options: argparse.Namespace, place: Installation, results: dict[str, Any]) -> None:
    with ExitStack() as stack:
        ours, *theirs = (stack.enter_context(workers(place, each)) for each in (OURS, *PEERS.values()))
        at = place.runtime
        plain = await peers.connect(at.temporal, namespace=at.namespace)
        uncompressed = await peers.connect(at.temporal, namespace=at.namespace, compressed=False)
        async with desk(place) as (people, system):

            def contenders(complexity: Complexity) -> list[Contender]:
                def peer(client: Client, kind: peers.Peer, queue: str) -> Lifecycle:
                    return lambda: peers.lifecycle(client, kind, queue, complexity)

                lives = (
                    peer(plain, TextbookPetition, TEXTBOOK_QUEUE),
                    peer(plain, EngineOnlyPetition, ENGINE_ONLY_QUEUE),
                    peer(uncompressed, EngineOnlyPetition, OUR_WAY_QUEUE),
                    peer(uncompressed, EngineOnlyPetition, EMPTY_COMMIT_QUEUE),
                )
                names = ("textbook", "engine_only", "engine_only_our_way", "empty_commit")
                return [
                    Contender("ours", lambda: path.lifecycle(people, complexity), ours),
                    *(Contender(*each) for each in zip(names, lives, theirs, strict=True)),
                ]

            if "throughput" in options.only:
                codec = system.client.data_converter.payload_codec
                results["history"], results["throughput"] = {}, {}
                for complexity in (Complexity.SIMPLE, Complexity.COMPLEX):
                    racers = contenders(complexity)
                    mine, textbook, bare = [await each.lifecycle() for each in racers[:3]]
                    results["history"][complexity.value] = {
                        "ours": await history_size(plain, workflow_id(mine), codec),
                        "textbook": await history_size(plain, textbook, None),
                        "engine_only": await history_size(plain, bare, None),
                    }
                    pids = place.runtime.pids
                    parts = {
                        "engine": psutil.Process(pids["engine"]),
                        "database": psutil.Process(pids["database"]),
                        "client": psutil.Process(),
                    }
                    full = options.rounds if complexity is Complexity.SIMPLE else max(2, options.rounds // 2)
                    await throughput.race(racers, parts, 2 if options.quick else full)
                    results["throughput"][complexity.value] = throughput.told(racers) | {
                        "ratios_of_an_empty_commit": throughput.ratios(racers[-1], racers[1:3]),
                        "ratios": throughput.ratios(racers[0], racers[1:]),
                        "undisturbed": {each.name: throughput.undisturbed(racers[0], each) for each in racers[1:]},
                    }
                    if options.quick:
                        break
            if "latency" in options.only:
                results["latency"] = [
                    await latency.open_loop(
                        lambda: people.file(path.OPERATOR, path.message()), per_second=rate, calls=calls
                    )
                    for rate, calls in ((5, 50 if options.quick else 300), (20, 100 if options.quick else 600))
                ]


def conditions() -> dict[str, Any]:
    """On what, and beside what, this was measured."""
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "machine": platform.machine(),
        "cores": os.cpu_count(),
        "load_at_start": os.getloadavg(),
    }


def main() -> None:
    """Reads the options, measures, tells."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a look in about a minute; not for comparisons")
    parser.add_argument("--out", type=Path, default=Path("build") / "bench.json")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS)
    parser.add_argument("--rounds", type=int, default=6)
    options = parser.parse_args()
    home = Path(tempfile.mkdtemp(prefix="sanzhang-bench-"))
    try:
        results = uvloop.run(measure(options, home))
    finally:
        shutil.rmtree(home, ignore_errors=True)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps(results, ensure_ascii=False, indent=2) + "\n")
    show(results, sys.stdout)


if __name__ == "__main__":
    main()
