"""One door at a time works on a key: PostgreSQL itself holds the lock, so that it holds between gateways too."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from schemas.errors import UserError

_LOCK = text("SELECT pg_try_advisory_xact_lock(:key)")


@asynccontextmanager
async def held(database: AsyncEngine, source: str, key: str) -> AsyncGenerator[None]:
    """While the body lasts nobody else works on this key of this source. ``UserError`` ``in_flight`` where somebody does already."""
    digest = hashlib.sha256(f"{source}\0{key}".encode()).digest()
    async with database.connect() as connection:
        lock = {"key": int.from_bytes(digest[:8], "big", signed=True)}
        if not (await connection.execute(_LOCK, lock)).scalar_one():
            raise UserError(
                "in_flight",
                zh="同一 Idempotency-Key 的请求正在办理，请稍后用同一键重试。",
                en="A request with this Idempotency-Key is being worked on; repeat it with the same key in a moment.",
            )
        yield
