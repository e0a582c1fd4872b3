"""What the workflow decided on a case, by its history: the witness that the record itself is not."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from schemas.petition.events import Event
from workers.replay.replaying import Replaying, taken_over
from workers.replay.sources import Sources

Decisions = Callable[[str], Awaitable[Sequence[Event] | None]]


def decisions_by(sources: Sources, replay: Replaying) -> Decisions:
    """Asked for a case, gives its events from the first on, as far as engine and archive still tell them; None where neither tells any.

    Where today's code can't follow a history any more, what it had decided up to there.
    """

    async def of_case(number: str) -> Sequence[Event] | None:
        told: dict[int, Event] = {}
        for history in await sources.histories(number):
            run = await replay.one(history)
            for offer in run.offers:
                if offer.answer is not None:
                    told |= enumerate(taken_over(offer), start=offer.order.expected_seq + 1)
        from_the_first: list[Event] = []
        while (event := told.get(len(from_the_first) + 1)) is not None:
            from_the_first.append(event)
        return from_the_first or None

    return of_case
