"""What a workflow that is replayed offers to the record and tells other cases: the SDK's replayer itself looks at neither.

It compares the kinds of commands only: a step that is carried out by the same commands and decides something else passes it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, cast

from temporalio.exceptions import ApplicationError
from temporalio.worker import (
    HandleUpdateInput,
    Interceptor,
    SignalExternalWorkflowInput,
    StartLocalActivityInput,
    WorkflowInboundInterceptor,
    WorkflowInterceptorClassInput,
    WorkflowOutboundInterceptor,
)
from temporalio.workflow import ActivityHandle

from schemas.petition.commit import CommitOrder, Committed
from schemas.petition.relay import PetitionMessage
from schemas.streams.message import CaseMessage


@dataclass(frozen=True)
class Offer:
    """A commit as today's code offers it, and the record's answer by the history: None where the history ends before it."""

    order: CommitOrder
    answer: Committed | None


@dataclass
class Offered:
    """Everything one run said, in order. ``refused``: update ids of orders that were let in and then refused, each with the refusal's code."""

    commits: list[tuple[CommitOrder, ActivityHandle[Any]]] = field(
        default_factory=list[tuple[CommitOrder, ActivityHandle[Any]]]
    )
    relays: list[PetitionMessage] = field(default_factory=list[PetitionMessage])
    refused: dict[str, str] = field(default_factory=dict[str, str])

    def offers(self) -> list[Offer]:
        """The commits with their answers; to be asked once the replay of the run has ended."""
        return [Offer(order, _answer(handle)) for order, handle in self.commits]


def _answer(handle: ActivityHandle[Any]) -> Committed | None:
    if not handle.done() or handle.cancelled() or handle.exception() is not None:
        return None
    return handle.result()


class RecordingInterceptor(Interceptor):
    """Listens to one replayer, which replays one run after the other; :meth:`taken` gives what the last one said."""

    def __init__(self) -> None:
        self._heard = Offered()

    def taken(self) -> Offered:
        """What was said since this was asked last."""
        heard, self._heard = self._heard, Offered()
        return heard

    @property
    def heard(self) -> Offered:
        """What the run at hand has said so far."""
        return self._heard

    def workflow_interceptor_class(self, input: WorkflowInterceptorClassInput) -> type[WorkflowInboundInterceptor]:  # noqa: A002 - the SDK's name
        """See base class."""
        listening = self

        class Inbound(WorkflowInboundInterceptor):
            def init(self, outbound: WorkflowOutboundInterceptor) -> None:
                super().init(_Outbound(outbound, listening))

            async def handle_update_handler(self, input: HandleUpdateInput) -> Any:  # noqa: A002
                try:
                    return await super().handle_update_handler(input)
                except ApplicationError as refusal:
                    listening.heard.refused[input.id] = refusal.type or ""
                    raise

        return Inbound


class _Outbound(WorkflowOutboundInterceptor):
    def __init__(self, following: WorkflowOutboundInterceptor, listening: RecordingInterceptor) -> None:
        super().__init__(following)
        self._listening = listening

    def start_local_activity(self, input: StartLocalActivityInput) -> ActivityHandle[Any]:  # noqa: A002
        handle = super().start_local_activity(input)
        if input.args and isinstance(input.args[0], CommitOrder):
            self._listening.heard.commits.append((input.args[0], handle))
        return handle

    async def signal_external_workflow(self, input: SignalExternalWorkflowInput) -> None:  # noqa: A002
        if input.args and isinstance(input.args[0], CaseMessage):
            self._listening.heard.relays.append(cast("PetitionMessage", input.args[0]))
        await super().signal_external_workflow(input)
