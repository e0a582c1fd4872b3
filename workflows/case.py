"""A case of any kind, carried from its filing to its seal.

The workflow decides nothing by itself: every update and every alarm is an order put to the ``decide`` of its kind of case, whose events are committed
to the record and folded into the state. What is left here is what only a workflow can do: survive, wait, and take orders one at a time.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, ClassVar, NamedTuple, NoReturn, Protocol

from temporalio import workflow
from temporalio.common import RawValue, RetryPolicy
from temporalio.exceptions import ApplicationError

with workflow.unsafe.imports_passed_through():
    from activities.record.telling import TELL_FOLLOWERS, TellOrder
    from schemas.kernel.refusal import Refusal
    from schemas.petition.refusals import refuse
    from schemas.streams.case_type import CaseType, Order, State
    from schemas.streams.commit import Committed
    from schemas.streams.message import CaseMessage
    from workflows.contract import Answer, refused, shown

COMMIT_RETRY = RetryPolicy(
    initial_interval=timedelta(milliseconds=100), backoff_coefficient=2.0, maximum_interval=timedelta(seconds=2)
)
"""A database that is away comes back; an order waits for it rather than fail."""

TELL_RETRY = RetryPolicy(
    initial_interval=timedelta(seconds=1), backoff_coefficient=2.0, maximum_interval=timedelta(seconds=30)
)
"""Without end: a follower that has no run gets one again."""

FILING_PATIENCE = timedelta(minutes=10)
"""How long a run waits for its filing where that did not come with the start."""


class _Heard(NamedTuple):
    """An order as its validator read and decided it, kept for its handler in the same task: nothing it was decided by has changed.

    A replay has no validators; there the handler decides the same by itself.
    """

    data: bytes
    order: Order
    state: State | None
    at: datetime
    decided: Sequence[Any]


class Start(Protocol):
    """The input of a run: no state for a new case; the state so far after continue-as-new or for a reopened number."""

    @property
    def number(self) -> str: ...
    @property
    def state(self) -> State | None: ...


class CaseWorkflow:
    """What carries one case. Human actions are updates named for the command; the system's own orders come as signals or from its alarms.

    A kind of case names its :class:`CaseType`, and has ``@workflow.defn``, ``@workflow.init`` and ``@workflow.run``, which the SDK wants there.
    """

    case_type: ClassVar[CaseType[Any, Any]]

    def __init__(self, start: Start) -> None:
        self._number = start.number
        self._state: Any = start.state
        self._lock = asyncio.Lock()
        self._armed: datetime | None = None
        self._rung = False
        self._reckoned: tuple[State, datetime | None] | None = None
        self._heard: _Heard | None = None
        self._telling: asyncio.Task[None] | None = None

    async def carry(self) -> None:
        """Until the case is sealed: wait for people, ring in time, and start afresh when the history grows long."""
        await workflow.wait_condition(workflow.all_handlers_finished)
        if self._state is None:
            await self._filing()
        elif self.case_type.owes_announcement(self._state, workflow.patched):
            self._announce(TellOrder(number=self._number))
        while self._open and not workflow.info().is_continue_as_new_suggested():
            self._arm()
            await workflow.wait_condition(self._something_to_do)
            if self._rung:
                await self._ring()
        await workflow.wait_condition(workflow.all_handlers_finished)
        if self._open:
            self.start_afresh(self._number, self._state)
        if self._telling is not None:
            await self._telling

    def start_afresh(self, number: str, state: Any) -> NoReturn:
        """Continues as new with the case as it stands."""
        raise NotImplementedError

    async def _filing(self) -> None:
        """An engine under load can start a run and lose the order that came with it. The door sends it again, and must find the run open.

        A run that never got its case fails, for only the number of a failed run may be started again.
        """
        with contextlib.suppress(TimeoutError):
            await workflow.wait_condition(lambda: self._state is not None, timeout=FILING_PATIENCE)
        await workflow.wait_condition(workflow.all_handlers_finished)
        if self._state is None:
            raise ApplicationError("nothing was filed", type="not_filed", non_retryable=True)

    @property
    def _open(self) -> bool:
        return self._state is not None and self._state.open

    def _something_to_do(self) -> bool:
        return (
            self._rung
            or not self._open
            or workflow.info().is_continue_as_new_suggested()
            or self._wants_earlier_alarm()
        )

    def _next_alarm(self) -> datetime | None:
        # Asked several times a task, and the same as long as the state is.
        if self._state is None:
            return None
        if self._reckoned is None or self._reckoned[0] is not self._state:
            self._reckoned = (self._state, self.case_type.next_alarm(self._state))
        return self._reckoned[1]

    def _wants_earlier_alarm(self) -> bool:
        instant = self._next_alarm()
        return instant is not None and (self._armed is None or instant < self._armed)

    def _arm(self) -> None:
        """One timer for the next alarm. A timer that rings too early is cheaper than one that is set anew at every step."""
        instant = self._next_alarm()
        if instant is None or (self._armed is not None and self._armed <= instant):
            return
        self._armed = instant
        delay = max(0.0, (instant - workflow.now()).total_seconds())
        asyncio.get_running_loop().call_later(delay, self._ring_at, instant)

    def _ring_at(self, instant: datetime) -> None:
        if self._armed == instant:
            self._armed, self._rung = None, True

    async def _ring(self) -> None:
        self._rung = False
        async with self._lock:
            instant = self._next_alarm()
            if instant is not None and instant <= workflow.now() and self._state is not None:
                await self._carry_out(self.case_type.alarm, f"alarm-{self._state.seq}")

    @workflow.update(dynamic=True)
    async def act(self, name: str, args: Sequence[RawValue]) -> Answer:
        """A command of the lifecycle, by its name; answered once it is in the record."""
        order = self._order(args)
        information = workflow.current_update_info()
        command_id = information.id if information is not None else ""
        async with self._lock:
            refusal = await self._carry_out(order, command_id)
        if refusal is not None:
            raise refused(refusal)
        return self._answer()

    @act.validator
    def check(self, name: str, args: Sequence[RawValue]) -> None:
        """A dry decision, so that a refusal writes nothing, not even history."""
        order = self._order(args)
        if order.command.kind != name or name not in self.case_type.commands:
            raise ApplicationError(f"no command {name}", type="command_unknown", non_retryable=True)
        decided = self.case_type.decide(self._state, order, workflow.now())
        if isinstance(decided, Refusal):
            raise refused(decided)
        self._heard = _Heard(args[0].payload.data, order, self._state, workflow.now(), decided)

    @workflow.signal
    async def relay(self, sent: RawValue) -> None:
        """An order from another case. One that can't be carried out is answered, not lost."""
        message = workflow.payload_converter().from_payload(sent.payload, self.case_type.message)
        async with self._lock:
            refusal = await self._carry_out(message.order, message.command_id)
        if refusal is not None and message.otherwise is not None:
            await self._send(message.otherwise)

    @workflow.query
    def state(self) -> Any:
        """The state as the engine holds it."""
        return self._state

    def _order(self, args: Sequence[RawValue]) -> Order:
        if len(args) != 1:
            raise refused(refuse("field_missing", field="order"))
        payload = args[0].payload
        if self._heard is not None and self._heard.data == payload.data:
            return self._heard.order
        return workflow.payload_converter().from_payload(payload, self.case_type.order)

    def _decide(self, order: Order) -> Sequence[Any] | Refusal:
        heard, self._heard = self._heard, None
        at = workflow.now()
        if heard is not None and heard.order is order and heard.state is self._state and heard.at == at:
            return heard.decided
        return self.case_type.decide(self._state, order, at)

    def _answer(self) -> Answer:
        if self._state is None:
            raise ApplicationError("nothing was filed", type="not_filed", non_retryable=True)
        return Answer(number=self._number, seq=self._state.seq, stage=self.case_type.stage(self._state))

    async def _carry_out(self, order: Order, command_id: str) -> Refusal | None:
        """Decide, commit, fold. Where the record is ahead (a task was lost after its commit), catch up and decide again."""
        while True:
            decided = self._decide(order)
            if isinstance(decided, Refusal):
                return decided
            done = await self._commit(order, command_id, decided)
            news = done.events if (done.events or done.mine) else decided
            await self._fold(news)
            if done.mine or not done.events:
                return None

    async def _commit(self, order: Order, command_id: str, events: Sequence[Any]) -> Committed[Any]:
        offered = self.case_type.commit(
            number=self._number,
            command_id=command_id,
            expected_seq=self._state.seq if self._state is not None else 0,
            actor=order.actor,
            events=tuple(events),
        )
        return await workflow.execute_local_activity(
            "commit",
            offered,
            result_type=self.case_type.committed,
            start_to_close_timeout=timedelta(seconds=10),
            retry_policy=COMMIT_RETRY,
        )

    async def _fold(self, events: Sequence[Any]) -> None:
        before = self._state
        for event in events:
            self._state = self.case_type.evolve(self._state, event)
        if self._state is None:
            return
        self._show(before, self._state)
        for message in self.case_type.messages(self._state, events, workflow.patched):
            await self._send(message)
        for seq in self.case_type.announces(self._state, events, workflow.patched):
            self._announce(TellOrder(number=self._number, seq=seq))

    def _announce(self, order: TellOrder) -> None:
        """From outside the run, which a thousand copies of a long message would end; one after the other, and nobody who acts waits for it."""
        before = self._telling

        async def tell() -> None:
            if before is not None:
                await before
            await workflow.execute_activity(
                TELL_FOLLOWERS,
                order,
                result_type=int,
                start_to_close_timeout=timedelta(minutes=30),
                # A worker that dies in the middle of it keeps the rest waiting no longer.
                heartbeat_timeout=timedelta(seconds=10),
                retry_policy=TELL_RETRY,
            )

        self._telling = asyncio.create_task(tell())

    def _show(self, before: Any, after: Any) -> None:
        """For people at the engine's own pages. Search attributes: only what changed, and nothing at the seal, which the run's end shows."""
        workflow.set_current_details(self.case_type.stage(after))
        if before is None or not after.open:
            return
        old = self.case_type.attributes(before)
        changed = {name: value for name, value in self.case_type.attributes(after).items() if old.get(name) != value}
        if changed:
            workflow.upsert_search_attributes(shown(changed))

    async def _send(self, message: CaseMessage[Any]) -> None:
        other = workflow.get_external_workflow_handle(message.workflow_id)
        try:
            await other.signal("relay", message)
        except ApplicationError:
            # The other case is closed and can't be told; what follows from that is decided here.
            if message.undelivered is not None:
                await self._carry_out(message.undelivered, f"{message.command_id}-undelivered")
