"""Running today's workflow over recorded histories, one after the other, through one replayer of the SDK."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from temporalio.client import WorkflowHistory
from temporalio.runtime import LoggingConfig, Runtime, TelemetryConfig, TelemetryFilter
from temporalio.worker import Replayer, WorkflowReplayResult

from activities.plugin import SanzhangPlugin
from schemas.petition.events import Event
from schemas.petition.relay import PetitionMessage
from schemas.sealing.keys import KeyRing
from workers.replay.offers import Offer, RecordingInterceptor
from workflows.petition import PetitionWorkflow


@dataclass(frozen=True)
class Replayed:
    """One run of the engine as today's code goes through it. ``failure``: why it could not get to the end of the history."""

    history: WorkflowHistory
    offers: tuple[Offer, ...]
    relays: tuple[PetitionMessage, ...]
    refused: dict[str, str]
    failure: Exception | None


class Replaying:
    """Takes histories one at a time; see :func:`replaying`."""

    def __init__(self, listening: RecordingInterceptor) -> None:
        self._listening = listening
        self._waiting: asyncio.Queue[WorkflowHistory | None] = asyncio.Queue()
        self._results: AsyncIterator[WorkflowReplayResult] | None = None

    async def one(self, history: WorkflowHistory) -> Replayed:
        """That run, replayed."""
        if self._results is None:
            raise RuntimeError("the replayer has not been opened")
        self._listening.taken()
        self._waiting.put_nowait(history)
        result = await anext(self._results)
        heard = self._listening.taken()
        return Replayed(history, tuple(heard.offers()), tuple(heard.relays), heard.refused, result.replay_failure)

    async def runs(self, histories: Iterable[WorkflowHistory]) -> list[Replayed]:
        """All the runs of a case, in the order given."""
        return [await self.one(history) for history in histories]

    async def given(self) -> AsyncGenerator[WorkflowHistory]:
        """What the replayer takes from; ends with :meth:`close`."""
        while (history := await self._waiting.get()) is not None:
            yield history

    def open(self, results: AsyncIterator[WorkflowReplayResult]) -> None:
        """Where the results come from."""
        self._results = results

    def close(self) -> None:
        """No more histories."""
        self._waiting.put_nowait(None)


@asynccontextmanager
async def replaying(
    keyring: KeyRing | None, *, sandbox: bool = False, workflow: type = PetitionWorkflow
) -> AsyncGenerator[Replaying]:
    """A replayer that listens. ``keyring`` opens histories as the engine keeps them; None for histories in clear.

    Without the sandbox it is about twice as fast; what the sandbox protects from (a workflow that asks the clock or the world) shows here as a
    difference all the same. ``workflow``: another class in the place of today's, for tests.
    """
    listening = RecordingInterceptor()
    replayer = Replayer(
        workflows=[workflow],
        plugins=[SanzhangPlugin(keyring, unsandboxed=not sandbox)],
        interceptors=[listening],
        runtime=_quiet(),
    )
    replay = Replaying(listening)
    async with replayer.workflow_replay_iterator(replay.given()) as results:
        replay.open(results)
        try:
            yield replay
        finally:
            replay.close()


def _quiet() -> Runtime:
    # What does not replay is told in words here; the SDK's core would write it to the terminal a second time.
    return Runtime(
        telemetry=TelemetryConfig(logging=LoggingConfig(filter=TelemetryFilter(core_level="OFF", other_level="OFF")))
    )


def taken_over(offer: Offer) -> tuple[Event, ...]:
    """The events the workflow folded after this commit."""
    told = offer.answer
    return told.events if told is not None and (told.events or told.mine) else offer.order.events
