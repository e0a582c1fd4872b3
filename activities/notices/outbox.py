"""The outbox as its dispatchers see it: which notices are due, who has taken them, what came of them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import RowMapping, bindparam, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from schemas.access import named
from schemas.kernel.actor import Role
from schemas.kernel.model import Frozen
from schemas.petition.notices import Exclusions
from schemas.policy import LadderPolicy
from schemas.record import tables as t

LEASE: Final = timedelta(minutes=2)
"""How long a notice that is being sent outside belongs to the one who sends it; after a crash the next one takes it when this has passed."""

FIRST_PAUSE: Final = timedelta(seconds=10)
LONGEST_PAUSE: Final = timedelta(hours=1)


class DueNotification(Frozen):
    """A notice that is due, with what its case says of who may get it and when. ``done``: transports that are through with it."""

    id: str
    case_number: str
    kind: str
    unit: str
    role: Role
    zh: str
    en: str
    created_at: datetime
    not_before: datetime
    attempts: int
    ladder: LadderPolicy
    barred: Exclusions
    done: Mapping[str, bool] = {}


class DeliveryOutcome(Frozen):
    """What becomes of a notice: exactly one of the instants is set. No ``last_error``: the one before stands."""

    id: str
    attempts: int
    delivered_at: datetime | None = None
    gave_up_at: datetime | None = None
    next_attempt_at: datetime | None = None
    last_error: str | None = None


class Attempt(Frozen):
    """What one transport did with a notice."""

    notice_id: str
    transport: str
    delivered_at: datetime | None = None
    gave_up_at: datetime | None = None
    last_error: str = ""


def pause(attempts: int) -> timedelta:
    """How long to wait after that many attempts: 10 s, doubled each time, at most an hour."""
    return min(FIRST_PAUSE * 2 ** min(attempts - 1, 20), LONGEST_PAUSE)


_WAITING = (t.outbox.c.delivered_at.is_(None), t.outbox.c.gave_up_at.is_(None))


async def next_due(connection: AsyncConnection) -> datetime | None:
    """When the next notice falls due, or None if none waits."""
    query = select(func.min(t.outbox.c.next_attempt_at)).where(*_WAITING)
    return (await connection.execute(query)).scalar_one()


async def take(connection: AsyncConnection, now: datetime, limit: int) -> list[DueNotification]:
    """The notices due, oldest first, locked until the transaction ends; those another dispatcher has locked are passed over."""
    o, state = t.outbox, t.cases.c.state
    query = (
        select(
            o,
            state["policy"]["ladder"].label("ladder"),
            t.cases.c.kept_from,
            state["lead"].label("lead"),
            state["co_offices"].label("co_offices"),
        )
        .join(t.cases, t.cases.c.case_number == o.c.case_number)
        .where(*_WAITING, o.c.next_attempt_at <= now)
        .order_by(o.c.next_attempt_at, o.c.id)
        .limit(limit)
        .with_for_update(of=o, skip_locked=True)
    )
    rows = (await connection.execute(query)).mappings().all()
    done = await _done(connection, [row["id"] for row in rows])
    return [_waiting(row, done.get(row["id"], {})) for row in rows]


async def _done(connection: AsyncConnection, ids: Collection[str]) -> dict[str, dict[str, bool]]:
    d = t.deliveries
    query = select(d.c.notice_id, d.c.transport, d.c.delivered_at.is_not(None).label("arrived")).where(
        d.c.notice_id.in_(ids), d.c.delivered_at.is_not(None) | d.c.gave_up_at.is_not(None)
    )
    done: dict[str, dict[str, bool]] = {}
    for row in (await connection.execute(query)).mappings() if ids else ():
        done.setdefault(row["notice_id"], {})[row["transport"]] = row["arrived"]
    return done


def _waiting(row: RowMapping, done: Mapping[str, bool]) -> DueNotification:
    # A state is stored without its defaults.
    offices = [office["unit"] for office in row["co_offices"] or ()]
    barred = Exclusions(
        units=named(row["kept_from"], "unit"),
        persons=named(row["kept_from"], "person"),
        chiefs=named(row["kept_from"], "chief"),
        offices=tuple(filter(None, (row["lead"], *offices))),
    )
    kept = {name: row[name] for name in ("id", "case_number", "kind", "unit", "zh", "en")}
    return DueNotification(
        **kept,
        role=Role(row["role"]),
        created_at=row["created_at"],
        not_before=row["not_before"],
        attempts=row["attempts"],
        ladder=LadderPolicy.model_validate(row["ladder"] or {}),
        barred=barred,
        done=done,
    )


async def lease(connection: AsyncConnection, notices: Iterable[DueNotification], until: datetime) -> None:
    """Nobody else takes these before ``until``; the attempt counts even if nobody lives to tell what came of it."""
    ids = [notice.id for notice in notices]
    statement = (
        update(t.outbox).where(t.outbox.c.id.in_(ids)).values(next_attempt_at=until, attempts=t.outbox.c.attempts + 1)
    )
    if ids:
        await connection.execute(statement)


async def record_tries(connection: AsyncConnection, tries: Sequence[Attempt]) -> None:
    """What the transports did. What has arrived stays arrived."""
    if not tries:
        return
    d = t.deliveries
    statement = insert(d)
    statement = statement.on_conflict_do_update(
        index_elements=[d.c.notice_id, d.c.transport],
        set_={
            "attempts": d.c.attempts + 1,
            "delivered_at": statement.excluded.delivered_at,
            "gave_up_at": statement.excluded.gave_up_at,
            "last_error": statement.excluded.last_error,
        },
        where=d.c.delivered_at.is_(None),
    )
    await connection.execute(statement, [tried.model_dump() | {"attempts": 1} for tried in tries])


async def settle(connection: AsyncConnection, settled: Sequence[DeliveryOutcome]) -> None:
    """Writes what becomes of the notices; one that is delivered stays so."""
    if not settled:
        return
    o = t.outbox
    values: dict[str, Any] = {name: bindparam(f"to_{name}") for name in ("attempts", "delivered_at", "gave_up_at")}
    for column in (o.c.next_attempt_at, o.c.last_error):
        values[column.name] = func.coalesce(bindparam(f"to_{column.name}", type_=column.type), column)
    statement = update(o).where(o.c.id == bindparam("which"), o.c.delivered_at.is_(None)).values(values)
    rows = [
        {"which": each.id} | {f"to_{name}": value for name, value in each.model_dump(exclude={"id"}).items()}
        for each in settled
    ]
    await connection.execute(statement, rows)
