"""One commit per command: dedupe row, hash-chained events, read model and notices, all or nothing.

The engine is not trusted to be in step with the database: after a crash a command may have been committed whose workflow task was lost. A
commit therefore names the event it builds on. If the record is further, nothing is written and the caller gets the events it does not know;
it folds them and decides again. That makes every commit exactly-once without any lock outside the row of its case.

Whoever wrote the last event of a case knows how it ends, and writes the next in one statement that holds only if it still ends so. Everybody
else, and whoever was wrong, looks first.
"""

from __future__ import annotations

import contextlib
from collections import OrderedDict
from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, NamedTuple

from asyncpg.exceptions import IntegrityConstraintViolationError
from sqlalchemy import Connection, RowMapping, Select, insert, select
from sqlalchemy.ext.asyncio import AsyncEngine

from activities.record.driver.direct import RawExecutor
from activities.record.driver.group_commit import GroupCommit
from activities.record.migrate import at_once
from activities.record.rows import case_row, petitioner_rows
from activities.record.statements import Rows, as_bytea, head, writing
from schemas.evidence.chain import Recorded, canonical, genesis, link, payload
from schemas.evidence.upcast import event_of
from schemas.kernel.actor import Actor, Role
from schemas.petition.commit import CommitOrder, Committed
from schemas.petition.events import Amended
from schemas.petition.notices import notices_of
from schemas.petition.rules import fold
from schemas.petition.state import Petition
from schemas.record import tables as t

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """The wall clock, aware, UTC."""
    return datetime.now(UTC)


class RecordBehindError(RuntimeError):
    """The engine builds on events the record has not: the database is an older copy. Nothing is written until it has been restored."""


class _End(NamedTuple):
    """How a case ends: its last link and its state, None before its first event."""

    link: bytes | None
    state: Petition | None

    @property
    def seq(self) -> int:
        return self.state.seq if self.state is not None else 0


NEW = _End(None, None)

ENDS_KEPT = 512
"""Cases whose end a process remembers: those in motion, not those that lie open for weeks."""


class CaseRecord:
    """The record of all cases in one database."""

    def __init__(self, engine: AsyncEngine, *, clock: Clock = utc_now, algorithm: str = "sha256") -> None:
        self._engine = engine
        self._at_once = at_once(engine)
        self._together = GroupCommit(RawExecutor(engine))
        self._clock = clock
        self._algorithm = algorithm
        self._ends: OrderedDict[str, _End] = OrderedDict()

    async def commit(self, order: CommitOrder) -> Committed:
        """Writes the events, or says what the record holds instead; idempotent by command id.

        ``RecordBehindError`` where the record lacks events the caller has seen; other errors are the database's own.
        """
        # Forgotten until it is written: whatever goes wrong on the way, the next attempt looks.
        end = NEW if order.expected_seq == 0 else self._ends.pop(order.number, None)
        if end is not None and end.seq == order.expected_seq and _plain(order):
            with contextlib.suppress(IntegrityConstraintViolationError):
                rows, after = self._rows(order, end)
                if await self._together.wrote(order.number, *writing(rows, end.link)):
                    self._remember(order.number, after)
                    return Committed()
        while True:
            async with self._engine.begin() as connection:
                done = await connection.run_sync(self._commit, order)
                if done is not None:
                    return done

    def _commit(self, connection: Connection, order: CommitOrder) -> Committed | None:
        """None where another process filed the case just now."""
        found = head(connection, order.number, order.command_id, order.expected_seq)
        seq = found.seq if found is not None else 0
        if seq < order.expected_seq:
            raise RecordBehindError(
                f"case {order.number}: event {order.expected_seq} is known, the record ends at {seq}"
            )
        known = found.known if found is not None else None
        if known is not None or seq != order.expected_seq:
            return self._instead(connection, order, known)
        end = NEW if found is None else _End(found.link, Petition.model_validate_json(found.state))
        return Committed() if self._write(connection, order, end) else None

    def _instead(self, connection: Connection, order: CommitOrder, known: int | None) -> Committed:
        rows = connection.execute(_events(order.number, after=order.expected_seq)).mappings().all()
        # Whoever repeats a lost task repeats all its commands, each in turn, so each is told its own events and no later ones; a filing,
        # repeated by a run that knows nothing, is told the whole life.
        last = None if order.expected_seq == 0 else known
        told = [row for row in rows if last is None or row["seq"] <= last]
        return Committed(events=tuple(event_of(row["payload"], row["version"]) for row in told), mine=known or 0)

    def _write(self, connection: Connection, order: CommitOrder, end: _End) -> bool:
        if not order.events and end.state is not None:
            connection.execute(insert(t.commands), _command(order, end.seq))
            return True
        rows, after = self._rows(order, end)
        if connection.exec_driver_sql(*writing(rows, end.link)).one_or_none() is None:
            return False
        if end.link is not None and rows.petitioners:
            connection.execute(t.petitioners.delete().where(t.petitioners.c.case_number == order.number))
            connection.execute(insert(t.petitioners), rows.petitioners)
        self._remember(order.number, after)
        return True

    def _rows(self, order: CommitOrder, end: _End) -> tuple[Rows, _End]:
        """What the events become on top of that end, and the end they make."""
        now = self._clock()
        after = fold(order.events, end.state)
        if after is None:
            raise ValueError(f"case {order.number} has no events to begin with")
        events, tip = self._linked(order, now, end.link)
        rows = Rows(
            command=_command(order, after.seq),
            events=events,
            case=case_row(after, order.events, now) | {"link": as_bytea(tip)},
            notices=[
                notice.model_dump() | {"created_at": now, "next_attempt_at": notice.not_before}
                for notice in notices_of(end.state, order.events, after, now)
            ],
            petitioners=[row for event in order.events for row in petitioner_rows(order.number, event)],
            filed_at=now,
        )
        return rows, _End(tip, after)

    def _remember(self, number: str, end: _End) -> None:
        self._ends[number] = end
        if len(self._ends) > ENDS_KEPT:
            self._ends.popitem(last=False)

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
                    "link": as_bytea(previous),
                    "credential": order.actor.credential,
                }
            )
        return rows, previous

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
            rows = (await connection.execute(_events(number))).mappings().all()
        return fold(recorded(row).event for row in rows if row["seq"] <= last)

    async def history(self, number: str) -> list[Recorded]:
        """All events of a case, oldest first; empty if there is no such case."""
        async with self._at_once.connect() as connection:
            rows = (await connection.execute(_events(number))).mappings().all()
        return [recorded(row) for row in rows]


def _command(order: CommitOrder, last_seq: int) -> dict[str, object]:
    return {
        "case_number": order.number,
        "command_id": order.command_id,
        "first_seq": order.expected_seq + 1,
        "last_seq": last_seq,
    }


def _plain(order: CommitOrder) -> bool:
    """Whether one statement writes all of it."""
    return bool(order.events) and not any(isinstance(event, Amended) for event in order.events)


def _events(number: str, *, after: int = 0) -> Select[Any]:
    return select(t.events).where(t.events.c.case_number == number, t.events.c.seq > after).order_by(t.events.c.seq)


@lru_cache(maxsize=10_000)
def _actor(person: str, role: str, unit: str, credential: str) -> Actor:
    # The same few people act again and again.
    return Actor(id=person, role=Role(role), unit=unit, credential=credential)


def recorded(row: RowMapping) -> Recorded:
    """A row of ``events`` as it was recorded, its event as this release reads it; ``version`` stays the one it was written with."""
    return Recorded(
        case_number=row["case_number"],
        seq=row["seq"],
        version=row["version"],
        recorded_at=row["recorded_at"],
        actor=_actor(row["actor_id"], row["actor_role"], row["actor_unit"], row["credential"]),
        command_id=row["command_id"],
        event=event_of(row["payload"], row["version"]),
    )
