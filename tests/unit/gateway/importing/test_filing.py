"""Filing thousands of rows: every row is answered once, or the tally says that it was not."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from gateway.importing.filing import Tally, file_all
from gateway.workbook.message import DuplicateRow, Message, RefusedRow
from schemas.kernel.errors import UserError

Row = Message | RefusedRow | DuplicateRow


def message(row: int) -> Message:
    return Message(
        row=row, message_id=str(row), subject="", submitted_at=datetime(2026, 3, 2, tzinfo=UTC), text="路灯不亮"
    )


def refusal(code: str) -> UserError:
    return UserError(code, zh="不行", en="no")


class Desk:
    """Answers by the rest of the row's number; counts what it was asked."""

    def __init__(self, ending_at: int = -1, error: Exception | None = None) -> None:
        self.asked: list[int] = []
        self.at_once = 0
        self.most_at_once = 0
        self._ending_at = ending_at
        self._error = error

    async def __call__(self, message: Message) -> bool:
        self.asked.append(message.row)
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        await asyncio.sleep(0)
        self.at_once -= 1
        if message.row == self._ending_at and self._error is not None:
            raise self._error
        if message.row % 3 == 0:
            raise refusal("source_event_conflict")
        return message.row % 3 == 1


async def filed(rows: list[Row], desk: Desk, concurrency: int, stop: asyncio.Event | None = None) -> Tally:
    return await file_all(rows, desk, concurrency=concurrency, stop=stop or asyncio.Event())


@given(st.lists(st.sampled_from("mrd"), max_size=40), st.integers(1, 8))
def test_every_row_is_answered_once(kinds: list[str], concurrency: int) -> None:
    rows: list[Row] = []
    for row, kind in enumerate(kinds):
        if kind == "m":
            rows.append(message(row))
        elif kind == "r":
            rows.append(RefusedRow(row=row, message_id="", code="id_missing", zh="", en=""))
        else:
            rows.append(DuplicateRow(row=row, message_id="", first_row=0))
    desk = Desk()
    tally = asyncio.run(filed(rows, desk, concurrency))
    messages = [row.row for row in rows if isinstance(row, Message)]
    assert sorted(desk.asked) == messages
    assert desk.most_at_once <= concurrency
    assert tally.complete
    assert tally.ended_by is None
    assert tally.accepted == sum(row % 3 == 2 for row in messages)
    assert tally.already_known == sum(row % 3 == 1 for row in messages) + kinds.count("d")
    assert [row.row for row in tally.refused] == sorted(row.row for row in tally.refused)
    assert len(tally.refused) == sum(row % 3 == 0 for row in messages) + kinds.count("r")


async def test_a_system_that_is_away_ends_it() -> None:
    desk = Desk(5, refusal("system_unavailable"))
    tally = await filed([message(row) for row in range(100)], desk, 2)
    assert not tally.complete
    assert isinstance(tally.ended_by, UserError)
    assert len(desk.asked) < 10


async def test_a_defect_ends_it_and_is_told() -> None:
    tally = await filed([message(row) for row in range(100)], Desk(4, ZeroDivisionError()), 3)
    assert isinstance(tally.ended_by, ZeroDivisionError)
    assert not tally.complete


async def test_told_to_stop_it_takes_no_further_row() -> None:
    stop = asyncio.Event()
    desk = Desk()

    def progress(tally: Tally) -> None:
        if tally.done >= 10:
            stop.set()

    rows: list[Row] = [message(row) for row in range(100)]
    tally = await file_all(rows, desk, concurrency=4, stop=stop, progress=progress)
    assert 10 <= tally.done == len(desk.asked) <= 14


async def test_what_does_not_answer_is_left_to_the_repetition() -> None:
    stop = asyncio.Event()

    async def never(_: Message) -> bool:
        stop.set()
        await asyncio.Event().wait()
        return True

    tally = await asyncio.wait_for(file_all([message(1)], never, concurrency=1, stop=stop, grace=0.01), 5)
    assert (tally.done, tally.complete) == (0, False)
