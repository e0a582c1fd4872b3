"""``GET /petitions/{number}``, its history and its clocks."""

from __future__ import annotations

from datetime import UTC, datetime

from fastapi import APIRouter

from gateway.api.answers import problems
from gateway.api.cases.shapes import CaseAnswer, History, HistoryEvent
from gateway.api.entering import CaseReader
from gateway.orders.carrying import history_line, without_ciphertext
from gateway.retry import READ_RETRY_SECONDS, retry_transient
from gateway.visible import visible_case
from gateway.web.viewer import Readings, TheDoor
from schemas.evidence.chain import payload
from schemas.kernel.errors import UserError
from schemas.petition.rules import allowed
from schemas.petition.wording.due_reasons import Reasons, due_reasons

router = APIRouter()

UNSEEN = problems("case_unknown")


@router.get("/petitions/{number}", response_model=CaseAnswer, operation_id="read_petition", responses=UNSEEN)
async def read_petition(number: str, viewer: CaseReader, readings: Readings, door: TheDoor) -> CaseAnswer:
    """案件详情 / one case by number or tracking code; what the caller may do now, and why not the rest."""
    view = await visible_case(readings, number, viewer.actor)
    redactor = await door.redacting.of_case(view.state.number, viewer.actor)
    answer = CaseAnswer.of(view, actions=allowed(view.state, viewer.actor))
    return redactor.model(answer)


@router.get("/petitions/{number}/history", response_model=History, operation_id="read_history", responses=UNSEEN)
async def read_history(number: str, viewer: CaseReader, readings: Readings, door: TheDoor) -> History:
    """案件经过 / everything that happened, by whom, when."""
    own = (await visible_case(readings, number, viewer.actor)).state.number
    events = await retry_transient(lambda: door.system.record.history(own), READ_RETRY_SECONDS)
    redactor = await door.redacting.of_case(own, viewer.actor)
    told = History(
        number=own,
        events=tuple(
            HistoryEvent(**history_line(each).model_dump(), event=without_ciphertext(payload(each.event)))
            for each in events
        ),
    )
    return redactor.model(told)


@router.get("/petitions/{number}/clocks", response_model=Reasons, operation_id="read_clocks", responses=UNSEEN)
async def read_clocks(number: str, viewer: CaseReader, readings: Readings, door: TheDoor) -> Reasons:
    """期限从何而来 / both clocks, and why each term ends when it does, day by day."""
    own = (await visible_case(readings, number, viewer.actor)).state.number
    events = await retry_transient(lambda: door.system.record.history(own), READ_RETRY_SECONDS)
    reasons = due_reasons([each.event for each in events], datetime.now(UTC))
    if reasons is None:
        raise UserError("case_unknown", zh=f"没有编号为 {own} 的件。", en=f"There is no case {own}.", number=own)
    return (await door.redacting.of_case(own, viewer.actor)).model(reasons)
