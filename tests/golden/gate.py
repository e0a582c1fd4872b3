"""``make replay-gate``: the golden histories of every release, and a sample from the system of this machine if one runs, decided again by today's code.

Ends with 1 where anything is decided otherwise, cannot be followed, or has no history.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from collections.abc import AsyncIterator

from activities.settings import Settings
from schemas.kernel.errors import UserError
from tests.golden.record_decisions import Golden, golden
from workers.composition import open_system
from workers.replay import Outcome, Verdict, compared, replaying
from workers.replay.engine_said import said
from workers.replay.judging import ReplayOptions, judged_here
from workers.replay.processes import sources_of
from workers.replay.sources import sampled_numbers
from workflows.petition import PetitionWorkflow

SAMPLE = 200
"""Cases of a running system that are looked at."""


async def golden_verdicts(*, workflow: type = PetitionWorkflow) -> AsyncIterator[tuple[Golden, Verdict]]:
    """One verdict a golden history."""
    async with replaying(None, workflow=workflow) as replay:
        for one in golden():
            history = one.history
            run = await replay.one(history)
            yield one, compared(one.name, [run], one.decided, began=said(history).state)


async def _sampled(count: int) -> list[Verdict] | None:
    """None where no system runs here."""
    verdicts: list[Verdict] = []
    try:
        async with open_system(Settings.from_environment(os.environ), os.environ, read_only=True) as system:
            numbers = await sampled_numbers(system.database, count)

            async def each() -> AsyncIterator[str]:
                for number in numbers:
                    yield number

            await judged_here(sources_of(system), ReplayOptions(), each(), verdicts.append)
    except UserError as error:
        if error.code != "system_not_running":
            raise
        return None
    return verdicts


def _told(name: str, verdict: Verdict) -> bool:
    if verdict.outcome is Outcome.SAME:
        return True
    found = verdict.difference
    print(f"✗ {name}: {found.zh if found else ''}\n  {found.en if found else ''}")
    if found is not None and found.sdk:
        print(f"  {found.sdk}")
    return False


async def main(sample: int) -> bool:
    """Whether everything was decided alike."""
    verdicts = [(f"{one.release}/{one.name}", verdict) async for one, verdict in golden_verdicts()]
    same = [_told(name, verdict) for name, verdict in verdicts]
    print(f"{len(same)} golden histories, {sum(same)} decided alike")
    sampled = await _sampled(sample)
    if sampled is None:
        print("no system runs on this data folder: no sample taken")
    else:
        alike = [_told(verdict.case, verdict) for verdict in sampled]
        print(f"{len(alike)} cases of the running system, {sum(alike)} decided alike")
        same += alike
    return bool(verdicts) and all(same)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tests.golden.gate", description=__doc__)
    parser.add_argument("--sample", type=int, default=SAMPLE, help="cases of the running system")
    sys.exit(0 if asyncio.run(main(parser.parse_args().sample)) else 1)
