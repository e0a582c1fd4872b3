"""Live changes: all of them are told, however many come at once, and only as long as whoever listens could still come in."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI, Request
from sqlalchemy import text

from activities.record.migrate import migrate, new_engine
from gateway.api import stream as door
from gateway.pulse import MOST, Changed, Pulse
from gateway.web.viewer import Principal
from schemas.petition.state import Stage
from tests import strategies as s
from tests.clean_record import Book
from tests.databases import own_database

_COPIES = text(
    "INSERT INTO cases SELECT (jsonb_populate_record(cases, jsonb_build_object("
    "'case_number', case_number || '-' || place, 'updated_at', CAST(:at AS timestamptz)))).*"
    " FROM cases, generate_series(1, :many) AS place WHERE case_number = :number"
)


@pytest.mark.asyncio
async def test_what_comes_after_a_rush_is_told(database_dsn: str, tmp_path: Path) -> None:
    async with own_database(database_dsn, "pulse") as dsn:
        await migrate(dsn)
        engine = new_engine(dsn, pool_size=2)
        book = Book(engine, tmp_path)
        number = await book.file("解放路")

        async def copied(many: int, at: datetime) -> None:
            async with engine.begin() as connection:
                await connection.execute(_COPIES, {"number": number, "many": many, "at": at})

        pulse = Pulse(engine, clock=lambda: book.now, every=0.01)
        try:
            async with pulse.watched(s.AUDITOR) as watcher, asyncio.timeout(20):
                await copied(MOST + 200, book.now)
                number = f"{number}-1"
                await copied(1, book.now + timedelta(seconds=5))
                while (told := await watcher.changes.get()) is not None and told.number != f"{number}-1":
                    pass
        finally:
            await pulse.close()
            await engine.dispose()


class _Revoked:
    """Nobody comes in any more."""

    async def viewer(self, request: Request) -> Principal | None:
        return None


class _Rush:
    """A city in which something changes at every moment."""

    def __init__(self) -> None:
        self.changes, self.lost, self.ended = self, False, False

    def watching(self, person: str) -> int:
        return 0

    @asynccontextmanager
    async def watched(self, actor: Any) -> AsyncGenerator[_Rush]:
        yield self

    async def get(self) -> Changed:
        await asyncio.sleep(0)
        return Changed(
            number="XA-2026-C-000001",
            seq=2,
            stage=Stage.ASSIGN,
            unit=s.STATION,
            owner=s.STATION,
            lead="",
            due=None,
            card="",
            updated_at=s.MONDAY,
        )


@pytest.mark.asyncio
async def test_a_stream_that_is_never_idle_ends_too_when_its_token_is_revoked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door, "HEARTBEAT_SECONDS", 0.2)
    app = FastAPI()
    app.state.pulse, app.state.stopping, app.state.access = _Rush(), asyncio.Event(), _Revoked()
    request = Request({"type": "http", "app": app, "headers": [], "method": "GET", "path": "/"})
    told = await door.stream(request, Principal(s.SUPERVISOR, "", scopes=frozenset()))
    async with asyncio.timeout(5):
        assert str([part async for part in told.body_iterator][-1]).startswith("id: ")
