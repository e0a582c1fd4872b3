"""Filing thousands of messages, a few at a time, so that stopping anywhere loses nothing and repeating doubles nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field

from gateway.workbook.message import DuplicateRow, Message, RefusedRow
from schemas.kernel.errors import UserError

FilingOf = Callable[[Message], Awaitable[bool]]
"""Files one message; whether it was known before. A ``UserError`` refuses the row, or ends everything (``ENDING``)."""

ENDING = frozenset({"system_unavailable", "role_wrong", "key_missing"})
"""Refusals that speak of the whole import, not of a row: every further row would meet the same."""

GRACE_SECONDS = 5.0
"""What has been begun when the import is told to stop is given so long to be answered; what is not is found again by the repetition."""


@dataclass
class Tally:
    """How far an import has come. ``accepted``: filed by this import; ``already_known``: its number was given out before, or the row
    repeats another; ``ended_by``: what ended it before the last row, if it was not the person."""

    total: int
    accepted: int = 0
    already_known: int = 0
    refused: list[RefusedRow] = field(default_factory=list[RefusedRow])
    ended_by: Exception | None = None

    @property
    def done(self) -> int:
        """Rows answered."""
        return self.accepted + self.already_known + len(self.refused)

    @property
    def complete(self) -> bool:
        """Whether every row is answered."""
        return self.done == self.total


async def file_all(
    rows: Sequence[Message | RefusedRow | DuplicateRow],
    file: FilingOf,
    *,
    concurrency: int,
    stop: asyncio.Event,
    progress: Callable[[Tally], None] = lambda _: None,
    grace: float = GRACE_SECONDS,
) -> Tally:
    """Files every message, at most ``concurrency`` at a time, in the order of the rows, until ``stop`` is set or something ends it.

    Never raises for what happens while filing: the tally says it.
    """
    tally = Tally(total=len(rows))
    work = _messages(rows, tally)
    desks = [asyncio.create_task(_desk(work, file, tally, stop, progress)) for _ in range(concurrency)]
    told = asyncio.create_task(stop.wait())
    everything = asyncio.gather(*desks)
    try:
        await asyncio.wait({told, everything}, return_when=asyncio.FIRST_COMPLETED)
        if not everything.done():
            await asyncio.wait({everything}, timeout=grace)
    finally:
        told.cancel()
        for desk in desks:
            desk.cancel()
        await asyncio.gather(everything, *desks, return_exceptions=True)
    tally.refused.sort(key=lambda row: row.row)
    return tally


def _messages(rows: Sequence[Message | RefusedRow | DuplicateRow], tally: Tally) -> Iterator[Message]:
    for row in rows:
        if isinstance(row, Message):
            yield row
        elif isinstance(row, RefusedRow):
            tally.refused.append(row)
        else:
            tally.already_known += 1


async def _desk(
    work: Iterator[Message], file: FilingOf, tally: Tally, stop: asyncio.Event, progress: Callable[[Tally], None]
) -> None:
    # One iterator for all desks: taking the next row is one step of one thread, so no row is taken twice.
    for message in work:
        try:
            known = await file(message)
        except UserError as refusal:
            if refusal.code in ENDING:
                _end(tally, stop, refusal)
            else:
                tally.refused.append(
                    RefusedRow(
                        row=message.row,
                        message_id=message.message_id,
                        code=refusal.code,
                        zh=refusal.zh,
                        en=refusal.en,
                    )
                )
        except Exception as defect:  # a defect of ours: the rows before it are told nevertheless, then it is raised
            _end(tally, stop, defect)
        else:
            tally.accepted += not known
            tally.already_known += known
        progress(tally)
        if stop.is_set():
            return


def _end(tally: Tally, stop: asyncio.Event, error: Exception) -> None:
    tally.ended_by = tally.ended_by or error
    stop.set()
