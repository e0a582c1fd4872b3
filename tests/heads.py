"""Cases that consist of a head alone, straight into the tables: for what is measured or tested on heads and not on what led to them."""

from __future__ import annotations

from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

_EVENTS: Final = """
INSERT INTO events (case_number, seq, kind, version, at, recorded_at, actor_id, actor_role, actor_unit, command_id, payload, algorithm, link)
SELECT 'XA-2026-S-' || lpad(n::text, 7, '0'), CAST(:seq AS integer), 'filed', 1, now(), now(), 'op', 'operator', 'XA', '', '{}', 'sha256',
       sha256(convert_to(n || ':' || CAST(:seq AS integer), 'UTF8'))
FROM generate_series(CAST(:first AS integer), :last) AS n
"""

_CASES: Final = """
INSERT INTO cases (case_number, seq, link, stage, ledger, complexity, channel, category, confidential, unit, registrar, accountable, lead,
                   owner, title, text, received_at, due_provisional, card, round, run, merged_into, calendar_version, policy_version,
                   persons, state, updated_at)
SELECT case_number, seq, link, 'approve', 'suggestion', 'simple', 'letter', '', false, 'XA', 'XA', 'XA', '', '', '', '', now(), false, 'none',
       1, 1, '', 1, 1, '{}', '{}', now()
FROM events WHERE seq = :seq AND case_number BETWEEN :from AND :to
ON CONFLICT (case_number) DO UPDATE SET seq = excluded.seq, link = excluded.link
"""


def number(position: int) -> str:
    """The case number of a head."""
    return f"XA-2026-S-{position:07d}"


async def add_heads(connection: AsyncConnection, first: int, last: int, *, seq: int = 1) -> None:
    """Event ``seq`` becomes the head of the cases ``first`` to ``last``."""
    await connection.execute(text(_EVENTS), {"first": first, "last": last, "seq": seq})
    await connection.execute(text(_CASES), {"seq": seq, "from": number(first), "to": number(last)})
