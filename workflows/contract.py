"""What callers of a petition workflow need to know: its name, its queue, what goes in and what comes out."""

from __future__ import annotations

from typing import Any

from temporalio.common import SearchAttributeKey, SearchAttributeUpdate
from temporalio.exceptions import ApplicationError

from schemas.evidence.archive import workflow_id as workflow_id  # noqa: PLC0414 - part of what callers need to know
from schemas.kernel.model import Frozen
from schemas.petition.refusals import Refusal
from schemas.petition.state import Card, ClockName, Petition, Stage

PETITION_WORKFLOW = "petition"
PETITIONS_QUEUE = "petitions"

NOTICES_WORKFLOW = "notices"
NOTICES_QUEUE = "notices"
NOTICES_ID = "notice-dispatch"
"""The one workflow that dispatches notices."""

SEAL_WORKFLOW = "seal"
CHECKPOINT_WORKFLOW = "checkpoint"
RECONCILE_WORKFLOW = "reconcile"
EVIDENCE_QUEUE = "evidence"

CASE_LEDGER = SearchAttributeKey.for_keyword("CaseLedger")
CASE_UNIT = SearchAttributeKey.for_keyword("CaseUnit")
CASE_CARD = SearchAttributeKey.for_keyword("CaseCard")
CASE_DUE = SearchAttributeKey.for_datetime("CaseDue")


class PetitionStart(Frozen):
    """The input of a run: no state for a new case; the state so far after continue-as-new or for a reopened number."""

    number: str
    state: Petition | None = None


class Answer(Frozen):
    """An order was carried out: the case stands in ``stage`` after its event ``seq``."""

    number: str
    seq: int
    stage: Stage


def refused(refusal: Refusal) -> ApplicationError:
    """A refusal as it leaves a workflow; ``type`` is its code, the first detail the refusal itself."""
    return ApplicationError(refusal.en, refusal, type=refusal.code, non_retryable=True)


def shown(state: Petition) -> list[SearchAttributeUpdate[Any]]:
    """What the engine's own lists show of a case, besides what was set at its start: never personal data. ``CaseDue`` is the promise to finish.

    Not the stage: it changes at every step, which cost the engine a quarter of all its work for a case. Lists by stage are the read model's.
    """
    colours = {card.colour for card in state.cards}
    card = next((colour.value for colour in (Card.RED, Card.YELLOW) if colour in colours), None)
    finish = state.clock(ClockName.FINISH)
    updates: list[SearchAttributeUpdate[Any]] = []
    if card is not None:
        updates.append(CASE_CARD.value_set(card))
    if finish is not None:
        updates.append(CASE_DUE.value_set(finish.due))
    return updates
