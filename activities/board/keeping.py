"""Keeping the sums in step with the record: every case whose events are further than its sums is taken out, folded anew and put in again.

Not in the commit itself: there the cases of a unit would wait for each other's sums. Whoever reads the board brings the sums up first, which is
the work of the cases changed since the look before; the sums can be thrown away and are then made anew.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, RowMapping, delete, select, text
from sqlalchemy.ext.asyncio import AsyncEngine

from activities.record.case_record import Clock, recorded, utc_now
from schemas.kernel.units import ancestors
from schemas.kernel.worktime import Calendar
from schemas.petition.measures import NEVER_SINCE, CaseCells, cells_of
from schemas.record import tables as t
from schemas.record.tables.board import board_cells, case_counts, case_measures

STEP = 200
"""Cases folded in one transaction."""

OVERLAP = timedelta(minutes=1)
"""How far back each look goes past the last: rows bear the time of their writer and become visible a little later."""

_LOCK = text("SELECT pg_advisory_xact_lock(hashtext('sanzhang.board_cells'))")

_BEHIND = text(
    "SELECT cases.case_number FROM cases LEFT JOIN case_measures kept ON kept.case_number = cases.case_number"
    " WHERE cases.updated_at > :after AND kept.seq IS DISTINCT FROM cases.seq ORDER BY cases.updated_at LIMIT :step"
)

_ADD = text(
    "INSERT INTO board_cells (unit, ledger, what, since, below, own)"
    " SELECT unit, ledger, what, since, below, own FROM json_populate_recordset(CAST(NULL AS board_cells), CAST(:cells AS json))"
    " ON CONFLICT (unit, ledger, what, since) DO UPDATE"
    " SET below = board_cells.below + EXCLUDED.below, own = board_cells.own + EXCLUDED.own"
)

_KEEP = text(
    "INSERT INTO case_measures (case_number, seq, unit, ledger, cells)"
    " SELECT case_number, seq, unit, ledger, cells"
    " FROM json_populate_recordset(CAST(NULL AS case_measures), CAST(:kept AS json))"
    " ON CONFLICT (case_number) DO UPDATE"
    " SET seq = EXCLUDED.seq, unit = EXCLUDED.unit, ledger = EXCLUDED.ledger, cells = EXCLUDED.cells"
)

_PROFILES = text(
    "INSERT INTO count_profiles (ledger, counts) SELECT DISTINCT ledger, counts"
    " FROM jsonb_to_recordset(CAST(:phases AS jsonb)) AS given (ledger text, counts jsonb)"
    " WHERE NOT EXISTS (SELECT FROM count_profiles known WHERE known.ledger = given.ledger AND known.counts = given.counts)"
)

_PHASES = text(
    "INSERT INTO case_counts (case_number, since, until, profile, unit, received_at, owed_since)"
    " SELECT case_number, since, until, known.id, unit, received_at, owed_since"
    " FROM jsonb_to_recordset(CAST(:phases AS jsonb)) AS given (case_number text, since timestamptz, until timestamptz,"
    " ledger text, counts jsonb, unit text, received_at timestamptz, owed_since timestamptz)"
    " JOIN count_profiles known ON known.ledger = given.ledger AND known.counts = given.counts"
)

_PAST = text(
    "DELETE FROM case_counts WHERE (case_number, since) IN (SELECT case_number, since FROM case_counts"
    " WHERE until < :before AND until < 'infinity' ORDER BY until LIMIT :step)"
)

PAST = timedelta(hours=1)
"""How long a phase that is over is kept: somebody may still be looking at its end."""

Place = tuple[str, str, str, str]
"""Unit, ledger, what, since."""


class BoardSums:
    """The sums of one database."""

    def __init__(
        self, engine: AsyncEngine, calendar: Callable[[], Awaitable[Calendar]], *, clock: Clock = utc_now
    ) -> None:
        self._engine = engine
        self._calendar = calendar
        self._clock = clock
        self._looked: datetime | None = None

    async def catch_up(self, most: int | None = None) -> bool:
        """Brings the sums up to what is recorded now, ``most`` cases of it; whether they are there."""
        calendar = await self._calendar()
        done = 0
        begun = self._clock()
        while most is None or done < most:
            async with self._engine.begin() as connection:
                step = await connection.run_sync(self._step, calendar, begun)
            done += step
            if step < STEP:
                self._looked = begun
                return True
        return False

    def _step(self, connection: Connection, calendar: Calendar, now: datetime) -> int:
        # Two that add the same case would count it twice; whoever waits finds less to do.
        connection.execute(_LOCK)
        # The first look of a process compares every case; what the clock says begins where that look began.
        after = self._looked - OVERLAP if self._looked is not None else NEVER_SINCE
        numbers = connection.execute(_BEHIND, {"after": after, "step": STEP}).scalars().all()
        connection.execute(_PAST, {"before": now - PAST, "step": STEP})
        if not numbers:
            return 0
        lives = _folded(connection, numbers, calendar)
        kept = [kept_row(number, seq, counted) for number, seq, counted in lives]
        cells: defaultdict[Place, list[int]] = defaultdict(lambda: [0, 0])
        before = select(case_measures).where(case_measures.c.case_number.in_(numbers))
        for row in connection.execute(before).mappings():
            _put(cells, row["unit"], row["ledger"], row["cells"], -1)
        for row in kept:
            _put(cells, row["unit"], row["ledger"], row["cells"], 1)
        changed = [
            dict(zip(("unit", "ledger", "what", "since", "below", "own"), (*place, *counts), strict=True))
            for place, counts in sorted(cells.items())
            if any(counts)
        ]
        connection.execute(_ADD, {"cells": json.dumps(changed)})
        connection.execute(_KEEP, {"kept": json.dumps(kept)})
        phases = json.dumps([row for number, _, counted in lives for row in phase_rows(number, counted, now - PAST)])
        connection.execute(delete(case_counts).where(case_counts.c.case_number.in_(numbers)))
        connection.execute(_PROFILES, {"phases": phases})
        connection.execute(_PHASES, {"phases": phases})
        connection.execute(delete(board_cells).where(board_cells.c.below == 0, board_cells.c.own == 0))
        return len(numbers)


def _folded(connection: Connection, numbers: Sequence[str], calendar: Calendar) -> list[tuple[str, int, CaseCells]]:
    events = t.events
    query = select(events).where(events.c.case_number.in_(numbers)).order_by(events.c.case_number, events.c.seq)
    lives: defaultdict[str, list[RowMapping]] = defaultdict(list)
    for row in connection.execute(query).mappings():
        lives[row["case_number"]].append(row)
    found: list[tuple[str, int, CaseCells]] = []
    for number, life in lives.items():
        counted = cells_of((recorded(row).event for row in life), calendar)
        if counted is not None:
            found.append((number, life[-1]["seq"], counted))
    return found


def kept_row(number: str, seq: int, counted: CaseCells) -> dict[str, Any]:
    """The row of ``case_measures`` for a case."""
    cells = [[what, since.isoformat(), count] for (what, since), count in counted.cells.items()]
    return {"case_number": number, "seq": seq, "unit": counted.unit, "ledger": counted.ledger.value, "cells": cells}


def phase_rows(number: str, counted: CaseCells, after: datetime) -> list[dict[str, Any]]:
    """The rows of ``case_counts`` for a case, but those that were over by ``after``."""
    return [
        {
            "case_number": number,
            "since": phase.since.isoformat(),
            "until": "infinity" if phase.until is None else phase.until.isoformat(),
            "ledger": counted.ledger.value,
            "counts": dict(phase.counts),
            "unit": counted.unit,
            "received_at": counted.received_at.isoformat(),
            "owed_since": None if phase.owed_since is None else phase.owed_since.isoformat(),
        }
        for phase in counted.phases
        if phase.until is None or phase.until >= after
    ]


def _put(
    cells: dict[Place, list[int]], unit: str, ledger: str, counted: Iterable[tuple[str, str, int]], sign: int
) -> None:
    for what, since, count in counted:
        for at in (unit, *ancestors(unit)):
            sums = cells[at, ledger, what, since]
            sums[0] += sign * count
            if at == unit:
                sums[1] += sign * count
