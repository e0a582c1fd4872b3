"""Starting the run of a case."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final, cast

from temporalio.client import Client
from temporalio.common import SearchAttributePair, TypedSearchAttributes, WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError

from activities.evidence.reachable import CALL_MAY_TAKE
from schemas.petition.case_type import attributes as shown_of
from schemas.petition.state import Petition
from workflows.contract import (
    CASE_LEDGER,
    CASE_UNIT,
    PETITION_WORKFLOW,
    PETITIONS_QUEUE,
    PetitionStart,
    shown,
    workflow_id,
)

TASK_TIMEOUT: Final = timedelta(seconds=2.5)
"""How long the engine waits for the worker that took a task: one that was killed holds its case up no longer, instead of ten seconds."""


async def carry_on(client: Client, state: Petition) -> bool:
    """Starts the run of an open case that has none, from its state by the record; false where one runs after all."""
    try:
        await client.start_workflow(
            PETITION_WORKFLOW,
            PetitionStart(number=state.number, state=state),
            id=workflow_id(state.number),
            task_queue=PETITIONS_QUEUE,
            task_timeout=TASK_TIMEOUT,
            id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
            search_attributes=attributes(state),
            # Who calls holds the case and the journal meanwhile.
            rpc_timeout=CALL_MAY_TAKE,
        )
    except WorkflowAlreadyStartedError:
        return False
    return True


def attributes(state: Petition | None) -> TypedSearchAttributes:
    """What the engine's own lists show of a case from its start."""
    if state is None:
        return TypedSearchAttributes.empty
    fixed = [
        SearchAttributePair(CASE_LEDGER, state.ledger.value),
        SearchAttributePair(CASE_UNIT, state.unit),
    ]
    changing: list[SearchAttributePair[Any]] = [
        SearchAttributePair(update.key, cast("Any", update.value)) for update in shown(shown_of(state))
    ]
    return TypedSearchAttributes([*fixed, *changing])
