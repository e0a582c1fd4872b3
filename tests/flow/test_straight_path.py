"""From filing to seal, through the real engine."""

from __future__ import annotations

import pytest

from schemas.kernel.errors import UserError
from schemas.petition import commands as c
from schemas.petition.state import Complexity, Outcome, Stage
from tests.flow.house import (
    CHIEF,
    HANDLER,
    OPERATOR,
    STATION_CHIEF,
    SUPERVISOR,
    VISITOR,
    House,
    content,
)

pytestmark = [pytest.mark.flow, pytest.mark.asyncio(loop_scope="session")]


async def test_a_complex_case_reaches_its_seal(house: House) -> None:
    filing = await house.desk.file(OPERATOR, content())
    number = filing.number
    assert filing.stage is Stage.APPROVE
    with pytest.raises(UserError) as refusal:
        await house.act(number, SUPERVISOR, c.Assign(lead="XA/A3/02"))
    assert refusal.value.code == "stage_wrong"
    await house.act(number, CHIEF, c.Approve())
    await house.act(number, SUPERVISOR, c.Assign(lead="XA/A3/02"))
    await house.act(number, HANDLER, c.Accept())
    await house.act(number, HANDLER, c.Reply(outcome=Outcome.SUPPORTED, text="已修复。"))
    await house.act(
        number,
        VISITOR,
        c.RecordRevisit(reached=True, solved=True, satisfied_with_office=True, satisfied_with_unit=True),
    )
    await house.act(number, CHIEF, c.SignOff())
    await house.act(number, SUPERVISOR, c.Disclose(published=True, summary="路灯已修复"))
    answer = await house.act(number, OPERATOR, c.Countersign(agreed=True))
    assert answer.stage == Stage.ARCHIVED
    await house.handle(number).result()
    history = await house.record.history(number)
    kinds = [row.event.kind for row in history]
    assert kinds == [
        "filed",
        "approved",
        "assigned",
        "accepted",
        "replied",
        "revisit_recorded",
        "signed_off",
        "accounted",
        "disclosure_proposed",
        "disclosed",
        "sealed",
    ]


async def test_the_same_message_is_filed_once(house: House) -> None:
    message = content(complexity=Complexity.SIMPLE)
    first = await house.desk.file(OPERATOR, message)
    again = await house.desk.file(OPERATOR, message)
    assert (again.number, again.tracking_code, again.known) == (first.number, first.tracking_code, True)
    with pytest.raises(UserError) as refusal:
        await house.desk.file(OPERATOR, message.model_copy(update={"text": "另一件事"}))
    assert refusal.value.code == "source_event_conflict"


async def test_a_simple_case_costs_few_events(house: House) -> None:
    filing = await house.desk.file(OPERATOR, content(complexity=Complexity.SIMPLE))
    number = filing.number
    assert filing.stage is Stage.ASSIGN
    await house.act(number, SUPERVISOR, c.Assign(lead="XA/A3/02"))
    await house.act(number, HANDLER, c.Accept())
    await house.act(number, HANDLER, c.Reply(outcome=Outcome.SUPPORTED, text="已修复。"))
    satisfied = c.RecordRevisit(reached=True, solved=True, satisfied_with_office=True, satisfied_with_unit=True)
    await house.act(number, VISITOR, satisfied)
    await house.act(number, STATION_CHIEF, c.SignOff())
    await house.act(number, SUPERVISOR, c.Disclose(published=False, exemption="privacy"))
    await house.act(number, OPERATOR, c.Countersign(agreed=True))
    await house.handle(number).result()
    history = await house.handle(number).fetch_history()
    assert len(history.events) <= 52
    assert sum(event.ByteSize() for event in history.events) <= 10_500
