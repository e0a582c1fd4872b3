"""A checkpoint over very many heads at once, and a proof for one case of them; beside bare hashing of the same leaves.

The worst day of a log is its first, when every head is new. The database is set up as in production (what is committed is on the disk).
"""

from __future__ import annotations

import hashlib
import random
import time
from pathlib import Path
from statistics import median
from typing import Any

import psutil
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from activities.evidence.log import MerkleLog
from activities.evidence.signing import Signer
from activities.evidence.store import CheckpointStore
from activities.record.migrate import migrate, new_engine
from schemas.record import tables as t
from tests.heads import add_heads, number
from tests.machine_fixtures import running_database
from workers.machine.database import SETTINGS

AT_ONCE = 100_000
PROOFS = 50


async def measure(home: Path, heads: int) -> dict[str, Any]:
    """Seconds and milliseconds; CPU time beside them, for a machine that others use too."""
    with running_database(home / "database", SETTINGS) as database:
        await migrate(database.dsn)
        engine = new_engine(database.dsn, pool_size=4)
        try:
            for first in range(1, heads + 1, AT_ONCE):
                async with engine.begin() as connection:
                    await add_heads(connection, first, min(heads, first + AT_ONCE - 1))
            return await _measured(engine, home, heads)
        finally:
            await engine.dispose()


async def _measured(engine: AsyncEngine, home: Path, heads: int) -> dict[str, Any]:
    log = MerkleLog(
        engine, CheckpointStore.at(str(home / "checkpoints")), Signer(bytes(32), "bench.example/log"), origin="bench"
    )
    database = _database_cpu()
    began, cpu = time.perf_counter(), time.process_time()
    made = await log.checkpoint()
    seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
    database = _database_cpu() - database
    assert made is not None
    assert made.size == heads

    began = time.perf_counter()
    assert await log.checkpoint() is None
    unchanged = time.perf_counter() - began

    chosen = random.Random(3)
    proofs: list[float] = []
    for _ in range(PROOFS):
        case = number(chosen.randint(1, heads))
        began = time.perf_counter()
        found = await log.proof(case)
        proofs.append((time.perf_counter() - began) * 1_000)
        assert found.includes()
    bare = await _bare_hashing(engine)
    return {
        "heads": heads,
        "checkpoint_s": round(seconds, 1),
        "checkpoint_cpu_s": {"ours": round(cpu, 1), "database": round(database, 1)},
        "bare_hashing_cpu_s": round(bare, 2),
        "cpu_ratio_to_bare_hashing": round((cpu + database) / bare, 1),
        "unchanged_s": round(unchanged, 1),
        "proof_ms": {"p50": round(median(proofs), 1), "worst": round(max(proofs), 1)},
    }


async def _bare_hashing(engine: AsyncEngine) -> float:
    """CPU seconds for the hashes that any such tree needs, and nothing else: of every leaf, and of one node for each."""
    spent = 0.0
    sha256 = hashlib.sha256
    async with engine.connect() as connection:
        rows = await connection.stream(select(t.log_leaves.c.leaf).execution_options(yield_per=8_192))
        async for part in rows.scalars().partitions():
            leaves = [leaf.encode() for leaf in part]
            began = time.process_time()
            for leaf in leaves:
                hashed = sha256(leaf).digest()
                sha256(hashed + hashed).digest()
            spent += time.process_time() - began
    return spent


def _database_cpu() -> float:
    """CPU seconds of all our database processes so far, those that ended included."""
    total = 0.0
    for process in psutil.Process().children(recursive=True):
        times = process.cpu_times()
        total += times.user + times.system + times.children_user + times.children_system
    return total
