"""Case after case: its histories read, replayed and compared; the next is being read while one is replayed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

from pydantic import ValidationError

from schemas.kernel.errors import first_of
from schemas.sealing.keys import SealBrokenError
from workers.replay.comparing import compared
from workers.replay.replaying import Replaying, replaying
from workers.replay.sources import CaseHistory, Source, Sources
from workers.replay.verdict import Difference, Outcome, Verdict
from workflows.petition import PetitionWorkflow

LANES = 2
"""Replayers of a process: while one waits for the SDK's core, another has Python's attention."""

LOOKS = 3
"""How often a case is looked at that changes meanwhile."""

Next = Callable[[], Awaitable[str | None]]
Tell = Callable[[Verdict], None]


@dataclass(frozen=True)
class ReplayOptions:
    """How to replay. ``workflow``: another class in the place of today's, for tests."""

    source: Source = Source.EITHER
    sandbox: bool = False
    workflow: type = PetitionWorkflow


class ReplayRunner:
    """Gives verdicts on cases by one replayer."""

    def __init__(self, sources: Sources, replay: Replaying, source: Source) -> None:
        self._sources = sources
        self._replay = replay
        self._source = source

    def reading(self, number: str) -> Awaitable[CaseHistory]:
        """The case as the source has it at first."""
        archive = self._source is Source.ARCHIVE
        return self._sources.material(number, engine=not archive, archive=archive)

    async def verdict(self, number: str, reading: Awaitable[CaseHistory]) -> Verdict:
        """Of one case. Errors of engine and database are raised; what is wrong with the case is its verdict."""
        try:
            verdict = await self._of(await reading)
            for _ in range(LOOKS - 1):
                if verdict.outcome is Outcome.MISSING and self._source is Source.EITHER:
                    verdict = await self._of(await self._sources.material(number, archive=True))
                elif verdict.difference is not None and verdict.difference.code == "record_long":
                    # Written between the two readings, perhaps.
                    verdict = await self._of(
                        await self._sources.material(
                            number, engine=self._source is not Source.ARCHIVE, archive=self._source is not Source.ENGINE
                        )
                    )
                else:
                    break
        except (ValidationError, SealBrokenError) as error:
            return _unreadable(number, error)
        return verdict

    async def _of(self, material: CaseHistory) -> Verdict:
        return compared(material.number, await self._replay.runs(material.histories), material.recorded)


def _unreadable(number: str, error: Exception) -> Verdict:
    what = "封存的历史" if isinstance(error, SealBrokenError) else "记录"
    difference = Difference(
        code="unreadable",
        zh=f"{what}读不出来，请先核验（sanzhang audit verify {number}）。",
        en=f"The {'sealed history' if isinstance(error, SealBrokenError) else 'record'} can't be read; verify it first"
        f" (sanzhang audit verify {number}).",
        sdk=type(error).__name__,
    )
    return Verdict(case=number, outcome=Outcome.DIFFERS, difference=difference)


async def judge(sources: Sources, manner: ReplayOptions, following: Next, tell: Tell) -> None:
    """Takes numbers until there are no more; tells the verdicts in whatever order they come. Raises the first error there is."""
    try:
        async with asyncio.TaskGroup() as lanes:
            for _ in range(LANES):
                lanes.create_task(_lane(sources, manner, following, tell))
    except BaseExceptionGroup as group:
        raise first_of(group.exceptions) from group


async def _lane(sources: Sources, manner: ReplayOptions, following: Next, tell: Tell) -> None:
    async with replaying(None, sandbox=manner.sandbox, workflow=manner.workflow) as replay:
        judge = ReplayRunner(sources, replay, manner.source)
        number = await following()
        reading = asyncio.ensure_future(judge.reading(number)) if number is not None else None
        try:
            while number is not None and reading is not None:
                upcoming = await following()
                ahead = asyncio.ensure_future(judge.reading(upcoming)) if upcoming is not None else None
                at_hand, reading = reading, ahead
                tell(await judge.verdict(number, at_hand))
                number = upcoming
        finally:
            if reading is not None:
                reading.cancel()


def one_after_another(numbers: AsyncIterator[str]) -> Next:
    """Numbers for several who ask, each given once."""
    lock = asyncio.Lock()

    async def following() -> str | None:
        async with lock:
            return await anext(numbers, None)

    return following


async def judged_here(sources: Sources, manner: ReplayOptions, numbers: AsyncIterator[str], tell: Tell) -> None:
    """All of them in this process."""
    await judge(sources, manner, one_after_another(numbers), tell)
