"""The flows with no workflow kept in memory, so that every task is a replay."""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

from temporalio.client import (
    Interceptor,
    OutboundInterceptor,
    QueryWorkflowInput,
    StartWorkflowUpdateInput,
    StartWorkflowUpdateWithStartInput,
    WorkflowUpdateHandle,
)

UNCACHED = os.environ.get("UNCACHED") == "1"


class QuestionsApart(Interceptor):
    """Keeps a question to a case from arriving in one task with an update.

    The SDK's core (1.35.0 of the package) ends such a task with the answer to the question. If the update's commit came to its end in that moment,
    what the workflow makes of it belongs to the next task; evicted before that one, the case is replayed, the update counts as replayed too, and the
    message of its completion is left out: the engine refuses every task of the case from then on. See docs/architecture.md.
    """

    def intercept_client(self, next: OutboundInterceptor) -> OutboundInterceptor:  # noqa: A002 - so the SDK names it
        return _Apart(next)


class _Apart(OutboundInterceptor):
    def __init__(self, next: OutboundInterceptor) -> None:  # noqa: A002 - so the SDK names it
        super().__init__(next)
        self._changed = asyncio.Condition()
        self._questions: Counter[str] = Counter()
        self._updates: Counter[str] = Counter()

    async def query_workflow(self, input: QueryWorkflowInput) -> Any:  # noqa: A002 - so the SDK names it
        # Counted before its turn comes, so that updates one after the other do not keep it waiting for ever.
        async with self._counted(self._questions, input.id):
            async with self._changed:
                await self._changed.wait_for(lambda: not self._updates[input.id])
            return await super().query_workflow(input)

    async def start_workflow_update(self, input: StartWorkflowUpdateInput) -> WorkflowUpdateHandle[Any]:  # noqa: A002 - so the SDK names it
        async with self._unasked(input.id):
            return await super().start_workflow_update(input)

    async def start_update_with_start_workflow(
        self,
        input: StartWorkflowUpdateWithStartInput,  # noqa: A002 - so the SDK names it
    ) -> WorkflowUpdateHandle[Any]:
        async with self._unasked(input.start_workflow_input.id):
            return await super().start_update_with_start_workflow(input)

    @asynccontextmanager
    async def _unasked(self, case: str) -> AsyncGenerator[None]:
        async with self._changed:
            await self._changed.wait_for(lambda: not self._questions[case])
        async with self._counted(self._updates, case):
            yield

    @asynccontextmanager
    async def _counted(self, under_way: Counter[str], case: str) -> AsyncGenerator[None]:
        under_way[case] += 1
        try:
            yield
        finally:
            under_way[case] -= 1
            async with self._changed:
                self._changed.notify_all()
