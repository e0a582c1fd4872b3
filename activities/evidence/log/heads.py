"""The heads of all chains as the database has them now, against what the log said of them last.

Written for a million cases: rows come through a cursor of the driver's own, past SQLAlchemy, which would cost more than the hashing.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Any, Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from schemas.evidence.leaf import JournalLeaf, case_leaf_text

BATCH: Final = 1_024
"""Rows at once. With more of them alive at a time, the collector goes through the whole heap at every few batches: twice the CPU time."""

_CHANGED: Final = """
SELECT cases.case_number, head.seq, encode(head.link, 'hex'), coalesce(sealed.run, 0), coalesce(encode(sealed.history, 'hex'), ''),
       head.algorithm, said.leaf
FROM cases
LEFT JOIN LATERAL (
    SELECT run, history FROM seals WHERE seals.case_number = cases.case_number ORDER BY run DESC LIMIT 1
) AS sealed ON true
LEFT JOIN LATERAL (
    SELECT leaf FROM log_leaves WHERE log_leaves.case_number = cases.case_number ORDER BY index DESC LIMIT 1
) AS said ON true
JOIN LATERAL (
    SELECT seq, link, algorithm FROM events WHERE events.case_number = cases.case_number ORDER BY seq DESC LIMIT 1
) AS head ON true
WHERE said.leaf IS NULL
   OR strpos(said.leaf, '"link":"' || encode(cases.link, 'hex') || '"') = 0
   OR strpos(said.leaf, '"run":' || coalesce(sealed.run, 0) || ',') = 0
ORDER BY cases.case_number
"""
# The read model says quickly which cases may have moved; what goes into a leaf is taken from the events. The last leaf is not
# read as JSON: one that somebody has made unreadable is for the verification to name, and must not keep the other heads from being signed.

_JOURNAL: Final = """
SELECT number, encode(link, 'hex'), algorithm,
       (SELECT leaf FROM log_leaves WHERE case_number = '' ORDER BY index DESC LIMIT 1)
FROM journal ORDER BY number DESC LIMIT 1
"""


async def driver(connection: AsyncConnection) -> Any:
    """asyncpg's connection, in a transaction of this one, as its cursors need it."""
    await connection.execute(text("SELECT"))
    return (await connection.get_raw_connection()).driver_connection


async def changed_heads(connection: AsyncConnection) -> AsyncGenerator[list[tuple[str, str]]]:
    """``(case number, leaf)`` of every case whose head or newest seal is not what the log said of it last, ordered by case number, in
    batches; at the end the journal's (no case number), if it changed.
    """
    raw = await driver(connection)
    cursor = await raw.cursor(_CHANGED)
    while rows := await cursor.fetch(BATCH):
        yield [
            (number, leaf)
            for number, seq, link, run, history, algorithm, last in rows
            if (leaf := case_leaf_text(number, seq, link, run, history, algorithm)) != last
        ]
    if (head := await raw.fetchrow(_JOURNAL)) is not None:
        *said, last = head
        leaf = JournalLeaf(*said).text
        if leaf != last:
            yield [("", leaf)]
