"""What callers of a petition workflow need to know: its name, its queue, what goes in and what comes out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, cast

from temporalio.common import SearchAttributeKey, SearchAttributeUpdate
from temporalio.exceptions import ApplicationError

from schemas.evidence.archive import workflow_id as workflow_id  # noqa: PLC0414 - part of what callers need to know
from schemas.kernel.model import Frozen
from schemas.kernel.refusal import Refusal
from schemas.petition.state import Petition
from schemas.streams.case_type import Attribute

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

KEYS: Final[Mapping[str, SearchAttributeKey[Any]]] = {
    key.name: key for key in (CASE_LEDGER, CASE_UNIT, CASE_CARD, CASE_DUE)
}
"""By name; the engine holds no others for us."""


class PetitionStart(Frozen):
    """The input of a run: no state for a new case; the state so far after continue-as-new or for a reopened number."""

    number: str
    state: Petition | None = None


class Answer(Frozen):
    """An order was carried out: the case stands in ``stage`` after its event ``seq``."""

    number: str
    seq: int
    stage: str


def refused(refusal: Refusal) -> ApplicationError:
    """A refusal as it leaves a workflow; ``type`` is its code, the first detail the refusal itself."""
    return ApplicationError(refusal.en, refusal, type=refusal.code, non_retryable=True)


def shown(attributes: Mapping[str, Attribute]) -> list[SearchAttributeUpdate[Any]]:
    """What is set of the engine's own lists, by the names of search attributes."""
    return [KEYS[name].value_set(cast("Any", value)) for name, value in attributes.items()]
