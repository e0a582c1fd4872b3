"""One commit per command: dedupe row, hash-chained events, read model and notices, all or nothing.

The engine is not trusted to be in step with the database: after a crash a command may have been committed whose workflow task was lost. A
commit therefore names the event it builds on. If the record is further, nothing is written and the caller gets the events it does not know;
it folds them and decides again. That makes every commit exactly-once without any lock outside the row of its case.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import RowMapping, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from activities.record.rows import case_row, petitioner_rows
from schemas import tables as t
from schemas.events import Amended, Event, Filed
from schemas.evidence import EVENT, Recorded, canonical, genesis, link, payload
from schemas.lifecycle import fold
from schemas.notices import notices_of
from schemas.petition import Actor, Frozen, Petition

Clock = Callable[[], datetime]


class CommitOrder(Frozen):
    """What to write: the events a command made, on top of event ``expected_seq`` (0: the case is new)."""

    number: str
    command_id: str
    expected_seq: int = 0
    actor: Actor
    events: tuple[Event, ...] = ()


class Committed(Frozen):
    """What the record holds after ``expected_seq`` instead of what was offered; nothing at all where it was written as offered.

    ``mine``: the last of these events that the same command wrote earlier (a repeated command), else 0.
    """

    events: tuple[Event, ...] = ()
    mine: int = 0


def utc_now() -> datetime:
    """The wall clock, aware, UTC."""
    return datetime.now(UTC)


class RecordBehindError(RuntimeError):
    """The engine builds on events the record has not: the database is an older copy. Nothing is written until it has been restored."""


class CaseRecord:
    """The record of all cases in one database."""

    def __init__(self, engine: AsyncEngine, *, clock: Clock = utc_now, algorithm: str = "sha256") -> None:
        self._engine = engine
        self._clock = clock
        self._algorithm = algorithm

    async def commit(self, order: CommitOrder) -> Committed:
        """Writes the events, or says what the record holds instead; idempotent by command id.

        ``RecordBehindError`` where the record lacks events the caller has seen; other errors are the database's own.
        """
        async with self._engine.begin() as connection:
            head = await self._head(connection, order.number)
            known = await self._answered(connection, order)
            seq = head["seq"] if head is not None else 0
            if seq < order.expected_seq:
                raise RecordBehindError(
                    f"case {order.number}: event {order.expected_seq} is known, the record ends at {seq}"
                )
            if known is not None or seq != order.expected_seq:
                return await self._instead(connection, order, known)
            await self._write(connection, order, head)
        return Committed()

    async def _head(self, connection: AsyncConnection, number: str) -> RowMapping | None:
        cases = t.cases
        query = select(cases.c.seq, cases.c.link, cases.c.state).where(cases.c.case_number == number).with_for_update()
        return (await connection.execute(query)).mappings().one_or_none()

    async def _answered(self, connection: AsyncConnection, order: CommitOrder) -> int | None:
        commands = t.commands
        query = select(commands.c.last_seq).where(
            commands.c.case_number == order.number, commands.c.command_id == order.command_id
        )
        return (await connection.execute(query)).scalar_one_or_none()

    async def _instead(self, connection: AsyncConnection, order: CommitOrder, known: int | None) -> Committed:
        rows = await self._events(connection, order.number, after=order.expected_seq)
        # A repeated command gets its own events and no later ones: whoever repeats a lost task repeats its other commands too, each in turn.
        told = [row for row in rows if known is None or row["seq"] <= known]
        return Committed(events=tuple(EVENT.validate_python(row["payload"]) for row in told), mine=known or 0)

    async def _events(self, connection: AsyncConnection, number: str, *, after: int = 0) -> Sequence[RowMapping]:
        query = (
            select(t.events).where(t.events.c.case_number == number, t.events.c.seq > after).order_by(t.events.c.seq)
        )
        return (await connection.execute(query)).mappings().all()

    async def _write(self, connection: AsyncConnection, order: CommitOrder, head: RowMapping | None) -> None:
        now = self._clock()
        before = Petition.model_validate(head["state"]) if head is not None else None
        after = fold(order.events, before)
        if after is None:
            raise ValueError(f"case {order.number} has no events to begin with")
        rows, tip = self._linked(order, now, head["link"] if head is not None else None)
        await connection.execute(
            insert(t.commands),
            {
                "case_number": order.number,
                "command_id": order.command_id,
                "first_seq": order.expected_seq + 1,
                "last_seq": after.seq,
            },
        )
        if not rows:
            return
        await connection.execute(insert(t.events), rows)
        case = case_row(after, order.events, now) | {"link": tip}
        await self._project(connection, case, order.events, new=head is None)
        notices = notices_of(before, order.events, after, now)
        if notices:
            await connection.execute(
                insert(t.outbox),
                [notice.model_dump() | {"created_at": now, "next_attempt_at": notice.not_before} for notice in notices],
            )

    def _linked(self, order: CommitOrder, now: datetime, tip: bytes | None) -> tuple[list[dict[str, Any]], bytes]:
        previous = tip if tip is not None else genesis(order.number, self._algorithm)
        rows: list[dict[str, Any]] = []
        for seq, event in enumerate(order.events, start=order.expected_seq + 1):
            record = Recorded(
                case_number=order.number,
                seq=seq,
                recorded_at=now,
                actor=order.actor,
                command_id=order.command_id,
                event=event,
            )
            stored = payload(event)
            previous = link(previous, canonical(record, stored), self._algorithm)
            rows.append(
                {
                    "case_number": order.number,
                    "seq": seq,
                    "kind": event.kind,
                    "version": record.version,
                    "at": event.at,
                    "recorded_at": now,
                    "actor_id": order.actor.id,
                    "actor_role": order.actor.role.value,
                    "actor_unit": order.actor.unit,
                    "command_id": order.command_id,
                    "payload": stored,
                    "algorithm": self._algorithm,
                    "link": previous,
                }
            )
        return rows, previous

    async def _project(
        self, connection: AsyncConnection, case: Mapping[str, Any], events: Sequence[Event], *, new: bool
    ) -> None:
        number = case["case_number"]
        if new:
            await connection.execute(insert(t.cases), case)
        else:
            await connection.execute(update(t.cases).where(t.cases.c.case_number == number), case)
        for event in events:
            rows = petitioner_rows(number, event)
            if isinstance(event, Amended) and rows:
                await connection.execute(t.petitioners.delete().where(t.petitioners.c.case_number == number))
            if rows:
                await connection.execute(insert(t.petitioners), rows)
            if isinstance(event, Filed):
                await connection.execute(self._filed(event, case["updated_at"]))

    def _filed(self, event: Filed, now: datetime) -> Any:
        intake = t.intake
        return (
            update(intake).where(intake.c.case_number == event.number, intake.c.filed_at.is_(None)).values(filed_at=now)
        )

    async def state(self, number: str) -> Petition | None:
        """The state of a case as last committed, or None if there is no such case."""
        async with self._engine.connect() as connection:
            query = select(t.cases.c.state).where(t.cases.c.case_number == number)
            found = (await connection.execute(query)).scalar_one_or_none()
        return None if found is None else Petition.model_validate(found)

    async def after(self, number: str, command_id: str) -> Petition | None:
        """The state of a case just after that command, or None if the record has no such command."""
        async with self._engine.connect() as connection:
            query = select(t.commands.c.last_seq).where(
                t.commands.c.case_number == number, t.commands.c.command_id == command_id
            )
            last = (await connection.execute(query)).scalar_one_or_none()
            if last is None:
                return None
            rows = await self._events(connection, number)
        return fold(recorded(row).event for row in rows if row["seq"] <= last)

    async def history(self, number: str) -> list[Recorded]:
        """All events of a case, oldest first; empty if there is no such case."""
        async with self._engine.connect() as connection:
            rows = await self._events(connection, number)
        return [recorded(row) for row in rows]


def recorded(row: RowMapping) -> Recorded:
    """A row of ``events`` as it was recorded."""
    return Recorded(
        case_number=row["case_number"],
        seq=row["seq"],
        version=row["version"],
        recorded_at=row["recorded_at"],
        actor=Actor.model_validate({"id": row["actor_id"], "role": row["actor_role"], "unit": row["actor_unit"]}),
        command_id=row["command_id"],
        event=EVENT.validate_python(row["payload"]),
    )
