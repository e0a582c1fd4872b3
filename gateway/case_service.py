"""What every door gives orders to: files petitions and carries orders to their cases, exactly once, whatever happens on the way.

Numbers, update ids and workflow ids are derived from what the caller holds, so that the same call repeated (by a person, by a retry here, by
an upstream system after a crash) ends in the same answer.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import uuid4

from pydantic import Field
from temporalio.client import (
    Client,
    WithStartWorkflowOperation,
    WorkflowUpdateFailedError,
)
from temporalio.common import (
    WorkflowIDConflictPolicy,
    WorkflowIDReusePolicy,
)
from temporalio.exceptions import ApplicationError, WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from activities.record.case_record import CaseRecord, utc_now
from activities.record.codes import new_code
from activities.record.intake import CaseNumberAllocator, Reservation
from activities.record.queries import case_unknown
from gateway.reading.careful import Hears
from gateway.retry import ORDER_RETRY_SECONDS, retry_transient
from gateway.storable import check_storable
from schemas.kernel.actor import SYSTEM, Actor
from schemas.kernel.errors import UserError
from schemas.kernel.model import Frozen
from schemas.kernel.refusal import Refusal
from schemas.kernel.worktime import Calendar, local_day
from schemas.petition import commands as c
from schemas.petition.events import Filed, FiledContent
from schemas.petition.refusals import SENTENCES
from schemas.petition.rules import decide, fold, may_know
from schemas.petition.rules_version import CURRENT_RULES
from schemas.petition.state import Petition, Stage
from schemas.policy import Policy
from schemas.proposals.holding import brings_words
from schemas.sealing.factors import Factor
from workflows.contract import (
    PETITION_WORKFLOW,
    PETITIONS_QUEUE,
    Answer,
    PetitionStart,
    workflow_id,
)
from workflows.starting import TASK_TIMEOUT, attributes, carry_on

CALENDAR_DAYS = 370
"""How far past receipt a case's own slice of the calendar reaches; later days are counted as provisional until it is renewed."""

CALENDAR_AHEAD = 120
"""Days a case's own slice must reach past a day from which a term is counted; the longest terms and pauses of any sane policy fit."""

SETS_A_TERM = ("rework", "uphold_return", "grant_extension", "pause", "resume", "transfer", "name_accused")
"""Commands from which working days are counted anew: the case first takes over the calendar in force."""


FILING = "file"
"""The command id of every filing: a case is filed once."""


class Filing(Frozen):
    """The answer to an intake: the number and the public's tracking code. ``known``: this message was filed before.

    ``factor``: what is asked for besides the code. ``pin`` is for the petitioner, like the code, where no number they gave serves. Both are shown
    here and nowhere else; empty where this message was filed before and they are shown no more.
    """

    number: str
    tracking_code: str = Field(repr=False)
    stage: Stage
    known: bool = False
    pin: str = Field(default="", repr=False)
    factor: Factor = Factor.PIN


@dataclass(frozen=True)
class Rules:
    """The versions in force at this moment."""

    policy: Policy
    calendar: Calendar
    city: str

    def window(self, moment: datetime) -> Calendar:
        """The part of the calendar a case received at ``moment`` pins."""
        day = local_day(moment)
        return self.calendar.slice(day, day + timedelta(days=CALENDAR_DAYS))

    def renewed(self, state: Petition, now: datetime) -> Calendar:
        """The part of the calendar a case takes over at ``now``: from its receipt, and as far ahead as a new case's."""
        ahead = max(now, *(clock.due for clock in state.clocks))
        return self.calendar.slice(local_day(state.received_at), local_day(ahead) + timedelta(days=CALENDAR_DAYS))

    def outdates(self, state: Petition, now: datetime) -> bool:
        """Whether a term counted at ``now`` by the case's own calendar could differ from one counted by this."""
        mine = state.calendar
        if mine.version != self.calendar.version:
            return mine.version < self.calendar.version
        return mine.window is not None and mine.window[1] < local_day(now) + timedelta(days=CALENDAR_AHEAD)


class CaseService:
    """Talks to the engine and to the record; owns neither. ``hearing``: what every petitioner's words are read by, whatever the door.

    ``patience``: how long, in seconds, to wait out a part that is away.
    """

    def __init__(
        self,
        client: Client,
        record: CaseRecord,
        numbers: CaseNumberAllocator,
        rules: Callable[[], Awaitable[Rules]],
        hearing: Hears,
        *,
        minima: Callable[[str, str], Awaitable[tuple[int, ...]]] | None = None,
        patience: float = ORDER_RETRY_SECONDS,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self._client = client
        self._record = record
        self._numbers = numbers
        self._rules = rules
        self._hearing = hearing
        self._minima = minima
        self._patience = patience
        self._clock = clock

    async def file(self, actor: Actor, content: FiledContent, *, received_at: datetime | None = None) -> Filing:
        """Files a message once. Refusals and conflicts are ``UserError``; nothing is written before the filing is known to be allowed."""
        check_storable(content)
        given = content
        rules = await self._rules()
        now = self._clock()
        content = await self._hearing(lambda hearing: hearing.of_filing(given))
        command = c.File(
            number="?",
            content=content,
            received_at=received_at,
            trusted_time=_trusted(rules.policy, content.channel),
            policy=rules.policy.figures(content.ledger, content.complexity),
            calendar=rules.window(received_at or now),
            rules=CURRENT_RULES,
        )
        decided = decide(None, c.Order(actor=actor, command=command), now)
        if isinstance(decided, Refusal):
            raise refusal_error(decided)
        content, reservation = await self._reserved(actor, content, rules.city, received_at or now)
        number = reservation.number
        known = reservation.filed
        if known and (state := await retry_transient(lambda: self._record.state(number), self._patience)) is not None:
            return _filing(reservation, state.stage, known=True)
        order = c.Order(actor=actor, command=command.model_copy(update={"number": number, "content": content}))
        filed = fold(decided)
        answer = await self._carried(number, FILING, lambda: self._start(number, order, FILING, shown_as=filed))
        return _filing(reservation, Stage(answer.stage), known=reservation.known)

    async def may_be_told(self, actor: Actor, number: str) -> bool:
        """Whether that a message with this number is there already is no news to the actor: they may know of its case, or filed it."""
        state = await retry_transient(lambda: self._record.state(number), self._patience)
        if state is None or may_know(state, actor):
            return True
        return (await retry_transient(lambda: self._record.history(number), self._patience))[0].actor.id == actor.id

    async def _reserved(
        self, actor: Actor, content: FiledContent, city: str, received_at: datetime
    ) -> tuple[FiledContent, Reservation]:
        """The number of the message, and the message under the id it has it by.

        Where another's message has that id and the actor may not be told, theirs is one of its own: whoever tries ids learns of no case.
        """
        code = new_code()
        minima = await self._minima(content.title, content.text) if self._minima is not None else None

        async def reserve(message: FiledContent) -> Reservation:
            return await retry_transient(
                lambda: self._numbers.reserve(message, city, received_at, code=code, minima=minima), self._patience
            )

        try:
            reservation = await reserve(content)
        except UserError as conflict:
            if conflict.code != "source_event_conflict" or await self.may_be_told(actor, str(conflict.facts["number"])):
                raise
        else:
            if not reservation.filed or await self.may_be_told(actor, reservation.number):
                return content, reservation
        own = content.model_copy(update={"source_event_id": f"{content.source_event_id}~{actor.id}"})
        return own, await reserve(own)

    async def act(self, number: str, actor: Actor, command: c.Command, *, command_id: str | None = None) -> Answer:
        """Carries an order to its case. Refusals are ``UserError``; ``command_id`` makes an order that a person repeats one order."""
        order = c.Order(actor=actor, command=await self._heard_out(number, command))
        check_storable(order.actor)
        check_storable(order.command)
        # A caller's own ids must meet neither those of the system's orders (the filing, alarms, messages between cases) nor those of other
        # people and of other commands: whoever is answered from somebody else's order believes something done that nobody did.
        identity = f"by-{command.kind}/{actor.id}/{command_id}" if command_id else uuid4().hex
        if command.kind in SETS_A_TERM:
            await self._take_over_calendar(number, order)
        return await self._carried(number, identity, lambda: self._update(number, order, identity))

    async def _heard_out(self, number: str, command: c.Command) -> c.Command:
        """The command with whom of the organisation its words may complain of."""
        if not isinstance(command, c.Heard) or isinstance(command, c.ProposeAccused):
            return command
        if not brings_words(command):
            return command.model_copy(update={"accusation": None})
        state = await retry_transient(lambda: self._record.state(number), self._patience)
        if state is None:
            return command
        said = await self._said_before(number)
        return await self._hearing(lambda hearing: hearing.of_command(state, command, said))

    async def _said_before(self, number: str) -> str:
        """The title and text a case was filed with: what is added is understood by them."""
        history = await retry_transient(lambda: self._record.history(number), self._patience)
        filed = history[0].event if history else None
        return f"{filed.content.title}\n{filed.content.text}" if isinstance(filed, Filed) else ""

    async def heard_besides(self, state: Petition, words: str) -> None:
        """Words that no command brings (the name of a file): hides the case from whom they may mean, once however often they come."""
        said = await self._said_before(state.number)
        accusation = await self._hearing(lambda hearing: hearing.of_words(state, words, said))
        if accusation is not None:
            command = c.ProposeAccused(accusation=accusation)
            await self.act(state.number, SYSTEM, command, command_id=f"besides-{sha256(words.encode()).hexdigest()}")

    async def carry_on(self, state: Petition) -> bool:
        """Starts the run of an open case that has none, from its state by the record; false where one runs after all."""
        return await carry_on(self._client, state)

    async def _carried(self, number: str, command_id: str, attempt: Callable[[], Awaitable[Answer]]) -> Answer:
        """The order's answer. One carried out before, in a run the engine asks no more, gets the answer it got then."""
        try:
            return await retry_transient(attempt, self._patience)
        except UserError as refusal:
            if refusal.code not in SENTENCES:
                raise
            done = await retry_transient(lambda: self._record.after(number, command_id), self._patience)
            if done is None:
                raise
            return Answer(number=number, seq=done.seq, stage=done.stage)

    async def _take_over_calendar(self, number: str, order: c.Order) -> None:
        """A term is never counted by a calendar that has been replaced since, nor past the days the case knows.

        An order that will be refused must leave no trace, not even this.
        """
        rules, now = await self._rules(), self._clock()
        state = await retry_transient(lambda: self._record.state(number), self._patience)
        if state is None or not state.open or not rules.outdates(state, now):
            return
        if isinstance(decide(state, order, now), Refusal):
            return
        window = rules.renewed(state, now)
        renewal = c.Order(actor=SYSTEM, command=c.RecomputeDue(calendar=window))
        identity = f"calendar-{window.version}-{window.window[1] if window.window else ''}"
        try:
            await retry_transient(lambda: self._update(number, renewal, identity), self._patience)
        except UserError as error:
            # Another door was faster with the same calendar, or the case was sealed meanwhile: then there is nothing to do here.
            if error.code not in SENTENCES:
                raise

    async def _update(self, number: str, order: c.Order, command_id: str) -> Answer:
        handle = self._client.get_workflow_handle(workflow_id(number))
        try:
            return await handle.execute_update(order.command.kind, order, id=command_id, result_type=Answer)
        except WorkflowUpdateFailedError as error:
            raise _refused(error) from error
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise
        return await self._closed(number, order, command_id)

    async def _closed(self, number: str, order: c.Order, command_id: str) -> Answer:
        """No run carries the case: it never was, or it is sealed; only a few commands take a sealed case up again."""
        state = await self._record.state(number)
        if state is None:
            raise case_unknown(number)
        decided = decide(state, order, self._clock())
        if isinstance(decided, Refusal):
            raise refusal_error(decided)
        return await self._start(number, order, command_id, state=state, shown_as=state)

    async def _start(
        self,
        number: str,
        order: c.Order,
        command_id: str,
        *,
        state: Petition | None = None,
        shown_as: Petition | None = None,
    ) -> Answer:
        operation: WithStartWorkflowOperation[Any, Any] = WithStartWorkflowOperation(
            PETITION_WORKFLOW,
            PetitionStart(number=number, state=state),
            id=workflow_id(number),
            task_queue=PETITIONS_QUEUE,
            task_timeout=TASK_TIMEOUT,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            # A run fails only where its filing never reached it.
            id_reuse_policy=(
                WorkflowIDReusePolicy.ALLOW_DUPLICATE_FAILED_ONLY
                if state is None
                else WorkflowIDReusePolicy.ALLOW_DUPLICATE
            ),
            search_attributes=attributes(shown_as),
        )
        try:
            return await self._client.execute_update_with_start_workflow(
                order.command.kind,
                order,
                start_workflow_operation=operation,
                id=command_id,
                result_type=Answer,
            )
        except WorkflowUpdateFailedError as error:
            raise _refused(error) from error
        except WorkflowAlreadyStartedError:
            # Filed, carried to its end and closed meanwhile: the record has the answer.
            done = await self._record.state(number)
            if done is None:
                raise
            return Answer(number=number, seq=done.seq, stage=done.stage)
        finally:
            await _heard(operation)


def _filing(reservation: Reservation, stage: Stage, *, known: bool) -> Filing:
    return Filing(
        number=reservation.number,
        tracking_code=reservation.tracking_code,
        pin=reservation.pin,
        factor=reservation.factor,
        stage=stage,
        known=known,
    )


async def _heard(operation: WithStartWorkflowOperation[Any, Any]) -> None:
    """Reads the start's own answer, which the SDK keeps in a future besides the update's: an error left in it is shouted at the process's end.

    That error, whatever it is, has been raised by the update already.
    """
    with contextlib.suppress(Exception, asyncio.CancelledError):
        async with asyncio.timeout(1):
            await operation.workflow_handle()


def _trusted(policy: Policy, channel: str) -> bool:
    known = policy.channels.get(channel)
    if known is None:
        raise UserError(
            "channel_unknown",
            zh=f"没有渠道“{channel}”，可选：{'、'.join(policy.channels)}。",
            en=f"There is no channel “{channel}”; choose one of: {', '.join(policy.channels)}.",
            channel=channel,
        )
    return known.trusted_time


def refusal_error(refusal: Refusal) -> UserError:
    """A refusal as the error a door shows."""
    return UserError(refusal.code, zh=refusal.zh, en=refusal.en)


def _refused(error: WorkflowUpdateFailedError) -> Exception:
    cause = error.cause
    if isinstance(cause, ApplicationError) and cause.type in SENTENCES and cause.details:
        return refusal_error(Refusal.model_validate(cause.details[0]))
    return error
