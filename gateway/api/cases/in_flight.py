"""One door at a time works on a key: PostgreSQL itself holds the lock, so that it holds between gateways too."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from sqlalchemy import QueuePool, text
from sqlalchemy.ext.asyncio import AsyncEngine

from schemas.kernel.errors import UserError

_LOCK = text("SELECT pg_try_advisory_xact_lock(:key)")


class InFlight:
    """The keys being worked on, at this door and at others."""

    def __init__(self, database: AsyncEngine) -> None:
        self._database = database
        pool = database.pool
        size = pool.size() if isinstance(pool, QueuePool) else 5
        # Each holds a connection for its lock while it needs another for its work: without a bound all of them could hold one and wait for the other.
        self._turn = asyncio.Semaphore(max(1, size // 3))
        self._here: set[tuple[str, str]] = set()

    @asynccontextmanager
    async def held(self, source: str, key: str) -> AsyncGenerator[None]:
        """While the body lasts nobody else works on this key of this source. ``UserError`` ``in_flight`` where somebody does already."""
        if (source, key) in self._here:
            raise _in_flight()
        self._here.add((source, key))
        try:
            digest = hashlib.sha256(f"{source}\0{key}".encode()).digest()
            lock = {"key": int.from_bytes(digest[:8], "big", signed=True)}
            async with self._turn, self._database.connect() as connection:
                if not (await connection.execute(_LOCK, lock)).scalar_one():
                    raise _in_flight()
                yield
        finally:
            self._here.discard((source, key))


def _in_flight() -> UserError:
    return UserError(
        "in_flight",
        zh="同一 Idempotency-Key 的请求正在办理，请稍后用同一键重试。",
        en="A request with this Idempotency-Key is being worked on; repeat it with the same key in a moment.",
    )
