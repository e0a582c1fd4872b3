"""What a case's first steps ask the record to write."""

from __future__ import annotations

from datetime import UTC, datetime

from schemas.kernel.calendar import seed_calendar
from schemas.kernel.refusal import Refusal
from schemas.petition import commands as c
from schemas.petition.commit import CommitOrder
from schemas.petition.rules import decide, fold
from schemas.petition.state import Petition
from tests.bench.path import OPERATOR, POLICY, SUPERVISOR, message

NOW = datetime(2026, 3, 2, 2, tzinfo=UTC)


def order_of(state: Petition | None, number: str, order: c.Order, command_id: str) -> CommitOrder:
    events = decide(state, order, NOW)
    assert not isinstance(events, Refusal)
    seq = state.seq if state is not None else 0
    return CommitOrder(number=number, command_id=command_id, expected_seq=seq, actor=order.actor, events=tuple(events))


def filed_order(number: str) -> CommitOrder:
    content = message().model_copy(update={"source_event_id": number})
    filing = c.File(number=number, content=content, policy=POLICY.figures("claim", "simple"), calendar=seed_calendar())
    return order_of(None, number, c.Order(actor=OPERATOR, command=filing), "file")


def assigned_order(filed: CommitOrder, command_id: str = "assign") -> CommitOrder:
    assign = c.Order(actor=SUPERVISOR, command=c.Assign(lead="XA/A3/02"))
    return order_of(fold(filed.events), filed.number, assign, command_id)
