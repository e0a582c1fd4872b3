"""The work on the evidence as Temporal sees it: regular activities on a queue of their own. Each may be repeated and run twice at once."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from temporalio import activity

from activities.evidence.contract import (
    MAKE_CHECKPOINT,
    RECONCILE_ALL,
    SEAL_CLOSED,
    CheckpointMade,
    Reconciled,
    SealOrder,
    Swept,
)
from activities.evidence.journal import Journal
from activities.evidence.log import LogCutError, MerkleLog
from activities.evidence.reconcile import Outcome
from activities.evidence.seal import Sealer
from activities.evidence.store import CheckpointStoreError
from activities.heartbeat import beating
from schemas.evidence.journal import EntryKind
from schemas.kernel.actor import SYSTEM
from schemas.kernel.errors import UserError


class EvidenceActivities:
    """Registered on the workers of the evidence queue."""

    def __init__(
        self, sealer: Sealer, log: MerkleLog, journal: Journal, reconcile: Callable[[], Awaitable[Outcome]]
    ) -> None:
        self._sealer = sealer
        self._log = log
        self._journal = journal
        self._reconcile = reconcile

    @activity.defn(name=SEAL_CLOSED)
    async def seal_closed(self, order: SealOrder) -> Swept:
        """Seals the runs that have closed. Errors are the engine's and the database's."""
        async with beating():
            return await self._sealer.sweep(order.since)

    @activity.defn(name=MAKE_CHECKPOINT)
    async def make_checkpoint(self) -> CheckpointMade:
        """Puts the heads of all chains into the log and signs it. Errors of :meth:`MerkleLog.checkpoint`.

        One is made each day, also over the same tree, to show that the log is alive. Where the log or its store is not what it was, or a
        person has to do something first, that is written into the journal too: nobody watches a nightly failure.
        """
        async with beating():
            try:
                made = await self._log.checkpoint(heartbeat=True)
            except (CheckpointStoreError, LogCutError) as error:
                await self._failed(type(error).__name__, str(error))
                raise
            except UserError as error:
                if activity.info().attempt == 1:
                    await self._failed(error.code, error.en)
                raise
            if made is None:
                return CheckpointMade()
            done = CheckpointMade(number=made.number, size=made.size)
            await self._journal.append(EntryKind.CHECKPOINTED, SYSTEM, body=done.model_dump())
            return done

    async def _failed(self, failed: str, problem: str) -> None:
        await self._journal.append(EntryKind.CHECKPOINTED, SYSTEM, body={"failed": failed, "problem": problem})

    @activity.defn(name=RECONCILE_ALL)
    async def reconcile_all(self) -> Reconciled:
        """Compares engine, record and read model. Errors are the engine's and the database's."""
        async with beating():
            found = await self._reconcile()
        return Reconciled.model_validate(found.model_dump(include=set(Reconciled.model_fields)))
