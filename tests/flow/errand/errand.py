"""An errand: a kind of case that exists only here, with three stages, an alarm and a message to the errand before it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

from pydantic import Field
from temporalio import activity

from schemas.kernel.actor import SYSTEM, Actor
from schemas.kernel.model import Frozen
from schemas.kernel.refusal import Refusal
from schemas.streams import commit
from schemas.streams.case_type import Attribute, CaseType, Patched
from schemas.streams.message import CaseMessage

WITHIN = timedelta(days=2)


class Ask(Frozen):
    kind: Literal["ask"] = "ask"
    number: str
    after: str = ""


class Do(Frozen):
    kind: Literal["do"] = "do"


class Remind(Frozen):
    kind: Literal["remind"] = "remind"


class Hear(Frozen):
    kind: Literal["hear"] = "hear"
    of: str


class ErrandOrder(Frozen):
    actor: Actor
    command: Annotated[Ask | Do | Remind | Hear, Field(discriminator="kind")]


class Asked(Frozen):
    kind: Literal["asked"] = "asked"
    at: datetime
    number: str
    after: str = ""


class Done(Frozen):
    kind: Literal["done"] = "done"
    at: datetime


class Reminded(Frozen):
    kind: Literal["reminded"] = "reminded"
    at: datetime


class Heard(Frozen):
    kind: Literal["heard"] = "heard"
    at: datetime
    of: str


ErrandEvent = Annotated[Asked | Done | Reminded | Heard, Field(discriminator="kind")]


class Errand(Frozen):
    number: str
    seq: int = 0
    stage: str = "waiting"
    due: datetime
    after: str = ""
    reminded: bool = False
    heard: tuple[str, ...] = ()

    @property
    def open(self) -> bool:
        return self.stage != "done"


class ErrandCommit(commit.CommitOrder[ErrandEvent]):
    pass


class ErrandCommitted(commit.Committed[ErrandEvent]):
    pass


ErrandMessage = CaseMessage[ErrandOrder]


class ErrandStart(Frozen):
    number: str
    state: Errand | None = None


def decide(state: Errand | None, order: ErrandOrder, at: datetime) -> list[Any] | Refusal:
    match order.command:
        case Ask(number=number, after=after) if state is None:
            return [Asked(at=at, number=number, after=after)]
        case Do() if state is not None and state.stage != "done":
            return [Done(at=at)]
        case Remind() if state is not None and not state.reminded:
            return [Reminded(at=state.due)]
        case Hear(of=of) if state is not None:
            return [Heard(at=at, of=of)]
        case _:
            return Refusal(code="stage_wrong", zh="此时不能办理。", en="Not now.")


def evolve(state: Errand | None, event: Any) -> Errand:
    if isinstance(event, Asked):
        return Errand(number=event.number, seq=1, due=event.at + WITHIN, after=event.after)
    assert state is not None
    update: dict[str, Any] = {"seq": state.seq + 1}
    match event:
        case Done():
            update |= {"stage": "done"}
        case Reminded():
            update |= {"stage": "late", "reminded": True}
        case _:
            update |= {"heard": (*state.heard, event.of)}
    return state.model_copy(update=update)


def messages(state: Errand, events: Sequence[Any], patched: Patched) -> list[ErrandMessage]:
    """Who waits for this errand hears that it is done."""
    if not state.after or not any(isinstance(event, Done) for event in events):
        return []
    order = ErrandOrder(actor=SYSTEM, command=Hear(of=state.number))
    tag = f"{state.number}-{state.seq}-done"
    return [ErrandMessage(workflow_id=f"errand-{state.after}", command_id=tag, order=order)]


def attributes(state: Errand) -> dict[str, Attribute]:
    return {"CaseDue": state.due}


ERRAND = CaseType[Errand, Any](
    kind="errand",
    order=ErrandOrder,
    message=ErrandMessage,
    commit=ErrandCommit,
    committed=ErrandCommitted,
    commands=frozenset({"ask", "do"}),
    decide=decide,
    evolve=evolve,
    next_alarm=lambda state: None if state.reminded else state.due,
    alarm=ErrandOrder(actor=SYSTEM, command=Remind()),
    messages=messages,
    announces=lambda state, events, patched: (),
    owes_announcement=lambda state, patched: False,
    attributes=attributes,
    stage=lambda state: state.stage,
)


class ErrandRecord:
    """Keeps events in memory; told by number, each command once."""

    def __init__(self) -> None:
        self.written = asyncio.Condition()
        self.events: dict[str, list[Any]] = {}
        self.commands: dict[tuple[str, str], int] = {}

    @activity.defn(name="commit")
    async def commit(self, order: ErrandCommit) -> ErrandCommitted:
        held = self.events.setdefault(order.number, [])
        mine = self.commands.get((order.number, order.command_id), 0)
        if mine or len(held) != order.expected_seq:
            return ErrandCommitted(events=tuple(held[order.expected_seq :]), mine=mine)
        held.extend(order.events)
        self.commands[order.number, order.command_id] = len(held)
        async with self.written:
            self.written.notify_all()
        return ErrandCommitted()

    def kinds(self, number: str) -> list[str]:
        return [event.kind for event in self.events[number]]

    async def until(self, number: str, *kinds: str) -> None:
        """Until these are the events of that errand."""
        async with asyncio.timeout(30), self.written:
            await self.written.wait_for(lambda: self.kinds(number) == [*kinds])
