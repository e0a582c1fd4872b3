"""An outbox with cases behind it, on the real database."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from activities.notices.contract import Dispatched
from activities.notices.dispatch import Dispatcher
from activities.notices.transports import Transport
from activities.record.case_record import CaseRecord
from schemas.kernel.actor import Actor, Role
from schemas.kernel.calendar import seed_calendar
from schemas.kernel.refusal import Refusal
from schemas.kernel.worktime import SHANGHAI
from schemas.organisation import Organisation
from schemas.petition import commands as c
from schemas.petition.commit import CommitOrder
from schemas.petition.events import FiledContent
from schemas.petition.notices import AddressBook
from schemas.petition.rules import decide, fold
from schemas.petition.state import Complexity, Ledger, Petition
from schemas.policy import CasePolicy
from schemas.record import tables as t
from tests.small_bureau import organisation

NOON = datetime(2026, 3, 2, 12, tzinfo=SHANGHAI).astimezone(UTC)
CHIEF = Actor(id="chief", role=Role.CHIEF, unit="XA/A3")
OPERATOR = Actor(id="op", role=Role.OPERATOR, unit="XA/xf", scope="XA")
SUPERVISOR = Actor(id="sup", role=Role.SUPERVISOR, unit="XA/dc", scope="XA")


@dataclass
class Office:
    """Cases, their outbox, and a clock to be set."""

    engine: AsyncEngine
    now: datetime = NOON
    states: dict[str, Petition] = field(default_factory=dict[str, Petition])
    people: Organisation = field(default_factory=organisation)

    def clock(self) -> datetime:
        return self.now

    def dispatcher(self, *transports: Transport) -> Dispatcher:
        async def addresses() -> AddressBook:
            return AddressBook(self.people)

        return Dispatcher(self.engine, addresses, transports, clock=self.clock)

    async def file(self, **changes: object) -> str:
        number = f"XA-2026-C-{uuid4().hex[:6]}"
        fields: dict[str, object] = {
            "source": "test",
            "source_event_id": number,
            "channel": "12345",
            "title": "路灯不亮",
            "text": "路口的路灯坏了。",
            "ledger": Ledger.CLAIM,
            "complexity": Complexity.COMPLEX,
            "unit": "XA/A3/01",
        }
        content = FiledContent.model_validate(fields | changes)
        command = c.File(number=number, content=content, policy=CasePolicy(version=1), calendar=seed_calendar())
        await self.give(number, OPERATOR, command)
        return number

    async def assigned(self) -> str:
        number = await self.file()
        await self.give(number, CHIEF, c.Approve())
        await self.give(number, SUPERVISOR, c.Assign(lead="XA/A3/02"))
        return number

    async def give(self, number: str, actor: Actor, command: c.Command) -> None:
        before = self.states.get(number)
        decided = decide(before, c.Order(actor=actor, command=command), self.now)
        assert not isinstance(decided, Refusal)
        after = fold(decided, before)
        assert after is not None
        self.states[number] = after
        order = CommitOrder(
            number=number,
            command_id=uuid4().hex,
            expected_seq=before.seq if before else 0,
            actor=actor,
            events=tuple(decided),
        )
        await CaseRecord(self.engine, clock=self.clock).commit(order)

    async def rows(self, table: Any, number: str) -> Sequence[Any]:
        async with self.engine.connect() as connection:
            column = table.c.case_number if "case_number" in table.c else table.c.notice_id
            order = list(table.primary_key.columns)
            query = select(table).where(column.like(f"{number}%")).order_by(*order)
            return (await connection.execute(query)).mappings().all()

    async def outbox(self, number: str) -> list[Any]:
        return list(await self.rows(t.outbox, number))

    async def inbox(self, number: str) -> list[tuple[str, str]]:
        return [(row["notice_id"], row["person"]) for row in await self.rows(t.inbox, number)]

    async def people_told(self, number: str) -> list[str]:
        return sorted(person for _, person in await self.inbox(number))


async def drained(dispatcher: Dispatcher) -> Dispatched:
    """Until nothing is due."""
    total = Dispatched()
    while (made := await dispatcher.deliver_batch()) != Dispatched():
        total += made
    return total


def later(office: Office, **span: float) -> None:
    office.now += timedelta(**span)
