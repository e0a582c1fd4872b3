"""Mending a case from its events, never the other way round: its read model rebuilt, its run in the engine started where there is none."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from pydantic import JsonValue
from sqlalchemy import RowMapping, func, insert, select, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from activities.evidence.journal import Journal
from activities.evidence.reconcile.disagreement import FieldOnBothSides
from activities.evidence.reconcile.read_model import Folded, Rows, compared, folded, rows_of
from activities.record.telling import Followers, TellOrder
from schemas.evidence.chain import content, genesis, link
from schemas.evidence.journal import EntryKind
from schemas.kernel.actor import Actor
from schemas.kernel.errors import UserError
from schemas.petition.state import Petition
from schemas.record import tables as t

REPAIRABLE = frozenset({"row_differs", "row_missing", "petitioners_differ"})
"""What is out of step with the read model only, and so can be mended from the events."""

RUN_MISSING = "run_missing"
"""That no workflow runs for an open case: it rings no alarm, until somebody acts on it or it is carried on."""


async def repair(database: AsyncEngine, journal: Journal, actor: Actor, number: str, reason: str) -> int:
    """Makes ``cases`` and ``petitioners`` of a case what its events say, in one transaction with the journal's entry; how many fields changed.

    Old and new values go into the journal; people's words and data as digests only. ``UserError`` ``chain_broken`` where the chain of the case
    does not hold, or its events end before something else says that they went on: a read model made from them would hide it.
    """
    async with database.begin() as connection:
        rows, made = await _held(connection, number)
        fields = [field for each in compared(number, rows, made) for field in each.fields]
        if rows.case is None:
            fields += [FieldOnBothSides(name="case_number", record=number, other=None)]
        if not fields:
            return 0
        await connection.execute(t.petitioners.delete().where(t.petitioners.c.case_number == number))
        if made.petitioners:
            await connection.execute(insert(t.petitioners), [dict(row) for row in made.petitioners])
        await connection.execute(t.cases.delete().where(t.cases.c.case_number == number))
        await connection.execute(insert(t.cases), dict(made.case))
        changed = {field.name: [_exact(field.other), _exact(field.record)] for field in fields}
        await journal.append_with(
            connection, EntryKind.REPAIRED, actor, case_number=number, reason=reason, body={"changed": changed}
        )
    return len(fields)


async def carry_on(
    database: AsyncEngine,
    journal: Journal,
    actor: Actor,
    number: str,
    reason: str,
    start: Callable[[Petition], Awaitable[bool]],
    *,
    kind: EntryKind = EntryKind.REPAIRED,
    facts: Mapping[str, Any] | None = None,
) -> bool:
    """Has the run of an open case started that has none, from what its events make of it; whether it was, which goes into the journal.

    ``kind`` and ``facts``: as what, and what besides the journal is told. ``start`` says false where one runs after all. ``UserError`` ``chain_broken`` as for :func:`repair`.
    """
    async with database.connect() as connection:
        _, made = await _held(connection, number)
        body = {**(facts or {}), "changed": {"run": [None, "running"]}}
        await journal.append_with(connection, kind, actor, case_number=number, reason=reason, body=body)
        # Last, for it cannot be taken back: with the case still held, so that nothing is decided meanwhile that it does not know.
        started = made.state.open and await start(made.state)
        if started:
            await connection.commit()
    return started


async def tell_again(
    database: AsyncEngine, journal: Journal, actor: Actor, number: str, reason: str, followers: Followers
) -> int:
    """Tells the followers of a case its newest reply who have not heard it, after the journal was told; how many that are."""
    owed = await followers.owed(TellOrder(number=number))
    if not owed:
        return 0
    async with database.begin() as connection:
        body = {"changed": {"told": [None, sorted(owed)]}}
        await journal.append_with(connection, EntryKind.REPAIRED, actor, case_number=number, reason=reason, body=body)
    return sum([await followers.tell(message) for message in owed.values()])


def _exact(value: JsonValue) -> JsonValue:
    """The journal holds no floats: they have no one spelling."""
    return value if value is None or isinstance(value, str | int) else json.dumps(value, ensure_ascii=False)


async def _held(connection: AsyncConnection, number: str) -> tuple[Rows, Folded]:
    """The rows of a case, held until the transaction ends, and what its events make of it, if they can be relied on."""
    await connection.execute(text("SET LOCAL lock_timeout = '5s'"))
    rows = await rows_of(connection, number, lock=True)
    try:
        made = folded(number, rows.events)
    except ValueError:
        made = None
    if made is None or not holds(number, rows.events) or not await _whole(connection, number, rows):
        raise UserError(
            "chain_broken",
            zh=f"{number} 的事件链不完整，不能据以修复；请先核验（sanzhang audit verify {number}）。",
            en=f"The chain of {number} does not hold, so nothing can be rebuilt from it; verify first (sanzhang audit verify {number}).",
            number=number,
        )
    return rows, made


def holds(number: str, events: Sequence[RowMapping]) -> bool:
    """Whether every link follows from the one before, without a gap from the first event on."""
    previous: bytes | None = None
    for seq, row in enumerate(events, start=1):
        algorithm = row["algorithm"]
        actor = (row["actor_id"], row["actor_role"], row["actor_unit"])
        written = content(
            number,
            row["seq"],
            row["version"],
            row["recorded_at"],
            actor,
            row["command_id"],
            row["payload"],
            row["credential"],
        )
        previous = link(previous if previous is not None else genesis(number, algorithm), written, algorithm)
        if row["seq"] != seq or previous != row["link"] or row["payload"].get("kind") != row["kind"]:
            return False
    return True


async def _whole(connection: AsyncConnection, number: str, rows: Rows) -> bool:
    """Whether nothing else knows of events that are not there, or of other links: the read model's own head, the commands, the seals, the log.

    The head may be one of an earlier event: then the row was only left behind.
    """
    links = {row["seq"]: bytes(row["link"]) for row in rows.events}
    if rows.case is not None and bytes(rows.case["link"]) not in links.values():
        return False
    last = select(func.max(t.commands.c.last_seq)).where(t.commands.c.case_number == number)
    if ((await connection.execute(last)).scalar_one_or_none() or 0) != rows.seq:
        return False
    seals = select(t.seals.c.seq, t.seals.c.link).where(t.seals.c.case_number == number)
    if any(links.get(row.seq) != bytes(row.link) for row in await connection.execute(seals)):
        return False
    leaves = (
        select(t.log_leaves.c.leaf).where(t.log_leaves.c.case_number == number).order_by(t.log_leaves.c.index.desc())
    )
    newest = (await connection.execute(leaves.limit(1))).scalar_one_or_none()
    if newest is None:
        return True
    head = json.loads(newest)
    return links.get(head["seq"], b"").hex() == head["link"]
