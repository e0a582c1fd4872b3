"""How fast a record is verified, beside bare hashing of the same canonical bytes; and whether memory stays flat over a million events.

The record is a real one as far as a check can see: lives as in :mod:`tests.bench.folding`, every chain of its own, heads, commands and
register beside them. Chains are made here and come in by COPY. The check is a process of its own, so that its CPU time and its peak of memory
are its own and the database's are not in them.

``python -m tests.bench.verifying DSN`` is that process.
"""

from __future__ import annotations

import asyncio
import gc
import hashlib
import itertools
import json
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import uvloop
from sqlalchemy import insert, text

from activities.evidence.verify.verification import Verification
from activities.record.intake import content_hash
from activities.record.migrate import migrate, new_engine
from activities.record.rows import case_row
from schemas.evidence.chain import EVENT, content, genesis, link
from schemas.petition.events import Filed
from schemas.petition.rules import fold
from schemas.petition.state import Complexity
from schemas.record import tables as t
from tests.bench.folding import RECEIVED, Row, life
from tests.machine_fixtures import running_database

EVENTS = 1_000_000
COLUMNS = {table.name: [column.name for column in table.columns] for table in (t.events, t.commands, t.cases, t.intake)}
BATCH = 2_000
"""Cases that are written at once."""


@dataclass(frozen=True)
class Life:
    """A life to be written many times, each under a number of its own: its rows, its row in ``cases``, the hash of what was brought."""

    rows: list[Row]
    head: dict[str, Any]
    digest: bytes

    @classmethod
    def lived(cls, complexity: Complexity, pace: timedelta) -> Life:
        """See :func:`tests.bench.folding.life`."""
        rows = life(complexity, pace)
        events = [EVENT.validate_python(row["payload"]) for row in rows]
        state, filed = fold(events), events[0]
        assert state is not None
        assert isinstance(filed, Filed)
        return cls(rows, case_row(state, events, rows[-1]["recorded_at"]), content_hash(filed.content))

    def numbered(self, number: str) -> Iterator[tuple[Row, bytes]]:
        """The rows under that number, and their canonical bytes."""
        for row in self.rows:
            stored = row["payload"]
            if row["kind"] == "filed":
                stored = stored | {"number": number, "content": stored["content"] | {"source_event_id": number}}
            actor = (row["actor_id"], row["actor_role"], row["actor_unit"])
            command = f"{row['command_id']}-{row['seq']}"
            said = content(number, row["seq"], row["version"], row["recorded_at"], actor, command, stored)
            yield row | {"case_number": number, "command_id": command, "payload": stored}, said


Rows = dict[str, list[tuple[Any, ...]]]


def _case(life: Life, number: str, into: Rows) -> None:
    previous = genesis(number)
    for row, said in life.numbered(number):
        previous = link(previous, said)
        filled = row | {"payload": json.dumps(row["payload"]), "algorithm": "sha256", "link": previous}
        into["events"].append(tuple(filled[name] for name in COLUMNS["events"]))
        into["commands"].append((number, row["command_id"], row["seq"], row["seq"]))
    head = life.head | {"case_number": number, "link": previous, "state": "{}"}
    into["cases"].append(tuple(head[name] for name in COLUMNS["cases"]))
    first = life.rows[0]
    source = first["payload"]["content"]["source"]
    into["intake"].append((source, number, life.digest, number, number, first["at"], first["at"]))


async def write(dsn: str, events: int) -> int:
    """So many events, or a few more; how many."""
    paces = [timedelta(hours=hours) for hours in (1, 20, 30)]
    lives = [Life.lived(complexity, pace) for complexity, pace in itertools.product(Complexity, paces)]
    engine = new_engine(dsn, pool_size=1)
    written = case = 0
    try:
        async with engine.connect() as connection:
            raw: Any = (await connection.get_raw_connection()).driver_connection
            while written < events:
                rows: Rows = {name: [] for name in COLUMNS}
                for _ in range(BATCH):
                    case += 1
                    _case(lives[case % len(lives)], f"XA-2026-C-{case:06d}", rows)
                for name, columns in COLUMNS.items():
                    await raw.copy_records_to_table(name, records=rows[name], columns=columns)
                written += len(rows["events"])
        async with engine.begin() as connection:
            await connection.execute(insert(t.series), {"city": "XA", "year": 2026, "ledger": "C", "last": case})
        async with engine.connect() as connection:
            outside = await connection.execution_options(isolation_level="AUTOCOMMIT")
            await outside.execute(text("VACUUM ANALYZE"))
    finally:
        await engine.dispose()
    return written


def bare(seconds: float) -> float:
    """Events per second of CPU time that hashlib chains over canonical bytes in memory."""
    lived = Life.lived(Complexity.COMPLEX, timedelta(hours=1))
    chains = [[said for _, said in lived.numbered(f"XA-2026-C-{case:06d}")] for case in range(2_000)]
    best = 0.0
    for _ in range(5):
        begun, done = time.thread_time(), 0
        while (spent := time.thread_time() - begun) < seconds / 5:
            for chain in chains:
                previous = b""
                for said in chain:
                    previous = hashlib.sha256(previous + said).digest()
            done += sum(map(len, chains))
        best = max(best, done / spent)
    return best


async def checked(dsn: str) -> dict[str, Any]:
    """One check of that database, in this process."""
    engine = new_engine(dsn, pool_size=1)
    try:
        # At the moment of filing: runs that will have closed need no seal yet.
        check = Verification(engine, clock=lambda: RECEIVED)
        # As the command does.
        gc.freeze()
        begun, spent = time.monotonic(), time.process_time()
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        found = [each.en async for each in check.everything()]
        return {
            "events": check.counts.events,
            "found": found[:3],
            "seconds": time.monotonic() - begun,
            "cpu_seconds": time.process_time() - spent,
            "peak_before_mb": before / 1024,
            "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        }
    finally:
        await engine.dispose()


async def measure(home: Path, *, quick: bool) -> dict[str, Any]:
    """Events per second and core, the ratio to bare hashing, and the peak of memory over few events and over all."""
    sizes = (10_000, 50_000) if quick else (50_000, EVENTS)
    results: dict[str, Any] = {}
    for size in sizes:
        with running_database(home / f"verify-{size}") as database:
            await migrate(database.dsn)
            await write(database.dsn, size)
            results[str(size)] = await asyncio.to_thread(_apart, database.dsn)
    last = results[str(sizes[-1])]
    hashing = bare(1.0 if quick else 5.0)
    per_second = last["events"] / last["cpu_seconds"]
    return {
        "events": last["events"],
        "events_per_cpu_second": round(per_second),
        "events_per_second": round(last["events"] / last["seconds"]),
        "bare_hashing_per_cpu_second": round(hashing),
        "ratio_to_bare_hashing": round(per_second / hashing, 3),
        "peak_mb": {size: round(each["peak_mb"], 1) for size, each in results.items()},
    }


def _apart(dsn: str) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.verifying", dsn], check=True, capture_output=True, text=True
    )
    facts = json.loads(done.stdout)
    if facts["found"]:
        raise RuntimeError(f"a clean record does not verify: {facts['found']}")
    return facts


if __name__ == "__main__":
    json.dump(uvloop.run(checked(sys.argv[1])), sys.stdout)
