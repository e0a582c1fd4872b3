"""Telling the followers of a case its reply: from outside its run, for a thousand messages in one would be more than the engine keeps of a run.

Whoever is told writes it into the record under the message's own id. So nobody is told twice who has heard, and whoever has not is known.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio import activity
from temporalio.client import Client
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError, RPCStatusCode

from activities.evidence.reachable import CALL_MAY_TAKE
from activities.record.case_record import CaseRecord, Clock, utc_now
from schemas.kernel.model import Frozen
from schemas.kernel.refusal import Refusal
from schemas.petition import events as e
from schemas.petition.relay import PetitionMessage, answer_of
from schemas.petition.rules import decide, fold
from schemas.record import tables as t

TELL_FOLLOWERS: Final = "tell_followers"

AT_ONCE: Final = 20
"""Followers told at the same time, so that the orders of others are not kept waiting by them."""


TOLD_WITHIN: Final = timedelta(minutes=10)
"""In which a thousand followers have heard a reply, also where a worker has died meanwhile; who has not by then is named."""


class TellOrder(Frozen):
    """The reply that is event ``seq`` of a case; 0: the newest there is."""

    number: str
    seq: int = 0


class Followers:
    """Those of the cases of one record who are to hear a reply; owns neither record nor client."""

    def __init__(self, record: CaseRecord, database: AsyncEngine, client: Client, *, clock: Clock = utc_now) -> None:
        self._record = record
        self._database = database
        self._client = client
        self._clock = clock

    async def owed(self, order: TellOrder) -> dict[str, PetitionMessage]:
        """The messages that have not been heard, by follower; none where there is no such reply."""
        history = await self._record.history(order.number)
        replies = [each.seq for each in history if isinstance(each.event, e.Replied) and not each.event.following]
        seq = order.seq or max(replies, default=0)
        told = [each.event for each in history if each.seq <= seq]
        state = fold(told)
        if state is None or not isinstance(told[-1], e.Replied):
            return {}
        messages = answer_of(state, seq, told[-1])
        heard = await self._heard(messages)
        return {number: message for number, message in messages.items() if number not in heard}

    async def overdue(self, number: str, *, within: timedelta | None = None) -> list[str]:
        """The followers who would still take the newest reply to the case, and have not heard it so long after it (``TOLD_WITHIN``)."""
        allowed = TOLD_WITHIN if within is None else within
        late: list[str] = []
        state = await self._record.state(number)
        if state is None or not state.answers or state.answers[-1].at > self._clock() - allowed:
            return []
        for follower, message in (await self.owed(TellOrder(number=number))).items():
            state = await self._record.state(follower)
            if state is not None and state.merged_into == number and state.open:
                answer = decide(state, message.order, self._clock())
                late += [] if isinstance(answer, Refusal) else [follower]
        return late

    async def _heard(self, messages: Mapping[str, PetitionMessage]) -> frozenset[str]:
        if not messages:
            return frozenset()
        commands = t.commands
        ids = {message.command_id for message in messages.values()}
        query = select(commands.c.case_number).where(
            commands.c.case_number.in_(messages), commands.c.command_id.in_(ids)
        )
        async with self._database.connect() as connection:
            return frozenset((await connection.execute(query)).scalars())

    async def tell(self, message: PetitionMessage) -> bool:
        """Whether the follower's run has the message; false where it has no run."""
        handle = self._client.get_workflow_handle(message.workflow_id)
        try:
            await handle.signal("relay", message, rpc_timeout=CALL_MAY_TAKE)
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise
            return False
        return True

    async def is_open(self, number: str) -> bool:
        """Whether that case is still to be told anything."""
        state = await self._record.state(number)
        return state is not None and state.open


class TellingActivities:
    """Bound to the followers of one record; registered on the workers that carry petitions."""

    def __init__(self, followers: Followers) -> None:
        self._followers = followers

    @activity.defn(name=TELL_FOLLOWERS)
    async def tell_followers(self, order: TellOrder) -> int:
        """Tells whoever has not heard; how many that were.

        An open follower without a run is told once it has one again, which takes a minute: until then this fails, and is repeated.
        """
        owed = list((await self._followers.owed(order)).items())
        missed: list[str] = []
        for first in range(0, len(owed), AT_ONCE):
            some = owed[first : first + AT_ONCE]
            reached = await asyncio.gather(*(self._followers.tell(message) for _, message in some))
            missed += [number for (number, _), told in zip(some, reached, strict=True) if not told]
            activity.heartbeat()
        waiting = [number for number in missed if await self._followers.is_open(number)]
        if waiting:
            raise ApplicationError(f"{len(waiting)} followers of {order.number} have no run now", type="not_reached")
        return len(owed)
