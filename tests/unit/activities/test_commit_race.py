"""The same command at the record several times at once, as when an attempt is given up for lost and repeated while it still runs."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest

from activities.record.case_record import CaseRecord, CommitOrder
from activities.record.migrate import migrate, new_engine
from schemas import commands as c
from schemas.calendar import seed_calendar
from schemas.lifecycle import decide, fold
from schemas.petition import Petition
from schemas.refusals import Refusal
from tests.bench.path import OPERATOR, POLICY, SUPERVISOR, message

NOW = datetime(2026, 3, 2, 2, tzinfo=UTC)


def _order(state: Petition | None, number: str, order: c.Order, command_id: str) -> CommitOrder:
    events = decide(state, order, NOW)
    assert not isinstance(events, Refusal)
    seq = state.seq if state is not None else 0
    return CommitOrder(number=number, command_id=command_id, expected_seq=seq, actor=order.actor, events=tuple(events))


@pytest.mark.parametrize("times", [2, 8])
async def test_it_is_written_once_and_answered_to_all(database_dsn: str, times: int) -> None:
    await migrate(database_dsn)
    engine = new_engine(database_dsn, pool_size=10)
    record = CaseRecord(engine)
    number = f"RACE-{times}"
    figures = POLICY.figures("claim", "simple")
    content = message().model_copy(update={"source_event_id": number})
    filing = c.File(number=number, content=content, policy=figures, calendar=seed_calendar())
    try:
        filed = _order(None, number, c.Order(actor=OPERATOR, command=filing), "file")
        await record.commit(filed)
        assign = c.Order(actor=SUPERVISOR, command=c.Assign(lead="XA/A3/02"))
        assigned = _order(fold(filed.events), number, assign, "assign")
        answers = await asyncio.gather(*(record.commit(assigned) for _ in range(times)))
        last = assigned.expected_seq + len(assigned.events)
        assert sorted(answer.mine for answer in answers) == [0, *[last] * (times - 1)]
        assert all(answer.events in ((), assigned.events) for answer in answers)
        assert len(await record.history(number)) == last
    finally:
        await engine.dispose()
