"""How fast a case is brought to a moment of its life, from its stored events; beside bare validation of the same events.

One core, no database: the rows are as the driver gives them, payloads parsed. Lives are of the usual length, 8 to 15 events, and each is
folded at a random moment of its life and at its end.
"""

from __future__ import annotations

import itertools
import random
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

from activities.record.case_record import recorded
from schemas.evidence.chain import EVENT, payload
from schemas.evidence.timeline import state_as_of
from schemas.kernel.actor import Actor
from schemas.kernel.calendar import seed_calendar
from schemas.kernel.refusal import Refusal
from schemas.petition import commands as c
from schemas.petition.rules import decide, fold
from schemas.petition.state import Complexity
from tests.bench import path

RECEIVED = datetime(2026, 3, 2, 2, tzinfo=UTC)

Row = dict[str, Any]


def life(complexity: Complexity, pace: timedelta) -> list[Row]:
    """The rows of one case whose people act every ``pace``; a slow one collects reminders and cards."""
    calendar = seed_calendar().slice(date(2026, 3, 2), date(2026, 3, 2) + timedelta(days=800))
    figures = path.POLICY.figures("claim", complexity.value)
    filing = c.File(number="XA-2026-C-000001", content=path.message(complexity), policy=figures, calendar=calendar)
    orders: list[tuple[Actor, c.Command]] = [(path.OPERATOR, filing), *path.actions(complexity)]
    state, rows, now = None, list[Row](), RECEIVED
    for actor, command in orders:
        made = decide(state, c.Order(actor=actor, command=command), now)
        if isinstance(made, Refusal):
            raise RuntimeError(made.en)
        state = fold(made, state)
        for event in made:
            rows.append(
                {
                    "case_number": "XA-2026-C-000001",
                    "seq": len(rows) + 1,
                    "kind": event.kind,
                    "version": 1,
                    "at": event.at,
                    "recorded_at": now,
                    "actor_id": actor.id,
                    "actor_role": actor.role.value,
                    "actor_unit": actor.unit,
                    "command_id": "c",
                    "payload": payload(event),
                }
            )
        now += pace
    return rows


def as_of(rows: list[Row], moment: datetime) -> None:
    """What an auditor's "as of" does with the rows of a case."""
    state_as_of((recorded(row) for row in rows), moment)  # type: ignore[arg-type]


def bare(rows: list[Row]) -> None:
    """The same events through pydantic, and no more."""
    for row in rows:
        EVENT.validate_python(row["payload"])


def per_second(work: Callable[[list[Row]], None], lives: list[list[Row]], seconds: float) -> float:
    """Cases per second of this thread's own CPU time; the best of five rounds."""
    best = 0.0
    for _ in range(5):
        begun, done = time.thread_time(), 0
        while (spent := time.thread_time() - begun) < seconds / 5:
            for rows in lives:
                work(rows)
            done += len(lives)
        best = max(best, done / spent)
    return best


def measure(*, quick: bool) -> dict[str, Any]:
    """Cases per second at the end of their lives and at random moments, and the ratio to bare validation."""
    paces = [timedelta(hours=hours) for hours in (1, 20, 30)]
    lives = [life(complexity, pace) for complexity, pace in itertools.product(Complexity, paces)]
    lives = [rows for rows in lives if 8 <= len(rows) <= 15]
    lot = random.Random(1)
    moments = {id(rows): lot.choice(rows)["recorded_at"] for rows in lives}
    seconds = 1.0 if quick else 5.0
    at_the_end = per_second(lambda rows: as_of(rows, rows[-1]["recorded_at"]), lives, seconds)
    anywhere = per_second(lambda rows: as_of(rows, moments[id(rows)]), lives, seconds)
    validation = per_second(bare, lives, seconds)
    return {
        "events_per_case": round(sum(map(len, lives)) / len(lives), 1),
        "cases_per_second_at_the_end": round(at_the_end),
        "cases_per_second_at_a_random_moment": round(anywhere),
        "bare_validation_per_second": round(validation),
        "ratio_to_bare_validation": round(at_the_end / validation, 2),
    }
