"""Drives a case of a peer from its filing to its seal, with as many calls as ours takes."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from temporalio.client import Client, WithStartWorkflowOperation, WorkflowHandle
from temporalio.common import WorkflowIDConflictPolicy
from temporalio.service import GrpcCompression

from schemas.kernel.actor import Actor
from schemas.petition.state import Complexity
from tests.bench.engine_only import EngineOnlyPetition
from tests.bench.path import ANSWER, OPERATOR, TEXT_LETTERS, actions, wording
from tests.bench.textbook import Case, TextbookPetition
from tests.bench.textbook_record import Step

Peer = type[TextbookPetition | EngineOnlyPetition]


async def connect(address: str, *, namespace: str, compressed: bool = True) -> Client:
    """A client with the SDK's own settings, and the transport of ours where it is not ``compressed``."""
    compression = GrpcCompression.GZIP if compressed else GrpcCompression.NONE
    return await Client.connect(address, namespace=namespace, grpc_compression=compression)


def steps(complexity: Complexity) -> list[Step]:
    """The straight path in the words of the peers."""

    def step(name: str, actor: Actor, text: str = "") -> Step:
        return Step(name, actor.id, actor.role.value, actor.unit, complexity.value, text)

    taken = [
        step(command.kind, actor, ANSWER if command.kind == "reply" else "") for actor, command in actions(complexity)
    ]
    return [step("file", OPERATOR, wording(TEXT_LETTERS)), *taken]


async def lifecycle(client: Client, peer: Peer, queue: str, complexity: Complexity) -> str:
    """One case; the id of its workflow."""
    number = f"{peer.__name__}-{uuid4().hex}"
    first, *rest = steps(complexity)
    operation: WithStartWorkflowOperation[Any, object] = WithStartWorkflowOperation(
        peer.__name__,
        Case(number=number, steps=[first.name, *(step.name for step in rest)]),
        id=number,
        task_queue=queue,
        id_conflict_policy=WorkflowIDConflictPolicy.FAIL,
    )
    await client.execute_update_with_start_workflow("take", first, start_workflow_operation=operation)
    handle: WorkflowHandle[object, object] = client.get_workflow_handle(number)
    for step in rest:
        await handle.execute_update("take", step)
    return number
