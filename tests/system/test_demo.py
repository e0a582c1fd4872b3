"""The demonstration: everything can be seen within two minutes, a lost database only interrupts it, and a second start goes on."""

from __future__ import annotations

import asyncio
import signal
import time
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Integer, cast, func, select
from sqlalchemy.exc import SQLAlchemyError

from activities.record.migrate import new_engine
from activities.runtime import Runtime, find_system
from gateway.demo.city import SOURCE
from gateway.demo.invented import PREFIX
from schemas.record import tables as t
from tests.system.running import RunningUp, family
from workers.machine.processes import has_ended

pytestmark = pytest.mark.system

DEMO = ("-c", "from gateway.cli import main; main()", "up", "--demo", "--json", "--data-dir")

WITHIN = 120.0
"""Seconds from ready in which everything is to be seen."""

STAGES = {"filed", "approved", "assigned", "replied", "revisit_recorded", "signed_off", "sealed"}
"""Each stage has been reached when these events have happened: the first of them is the receipt, each next one opens the next stage."""

SIGHTS = STAGES | {"accepted", "reworked", "merged", "member_admitted", "disclosed", "accounted"}


async def seen(runtime: Runtime) -> tuple[set[str], set[str], int, int]:
    """The kinds of events and the cards in the record, how many events there are, and how many of the forty are filed."""
    engine = new_engine(runtime.database_dsn, pool_size=1)
    events, intake = t.events, t.intake
    try:
        async with engine.connect() as connection:
            kinds = (await connection.execute(select(events.c.kind).distinct())).scalars().all()
            card = events.c.payload["card"].astext
            cards = (await connection.execute(select(card).where(card.is_not(None)).distinct())).scalars().all()
            count = (await connection.execute(select(cast(func.count(), Integer)).select_from(events))).scalar_one()
            of_ours = intake.c.source_event_id.not_like(f"{PREFIX}%")
            forty = select(func.count()).where(intake.c.source == SOURCE, intake.c.filed_at.is_not(None), of_ours)
            filed = (await connection.execute(forty)).scalar_one()
    finally:
        await engine.dispose()
    return set(kinds), set(cards), count, filed


async def until_all_is_seen(runtime: Runtime) -> None:
    give_up = time.monotonic() + WITHIN
    found: Any = None
    while time.monotonic() < give_up:
        try:
            found = await seen(runtime)
        except (SQLAlchemyError, OSError):
            # the database that this test has killed
            await asyncio.sleep(0.5)
            continue
        kinds, cards, _, filed = found
        if kinds >= SIGHTS and cards == {"yellow", "red"} and filed == 40:
            return
        await asyncio.sleep(1)
    raise AssertionError(f"not seen in time: {found}")


async def test_everything_is_seen_soon_and_a_second_start_goes_on(tmp_path: Path) -> None:
    folder = tmp_path / "示范 city"
    first = RunningUp(folder, command=DEMO)
    try:
        runtime = first.ready()
        first.wait_for(lambda line: line["event"] == "case" and line["kind"] == "assigned")
        first.kill_part("database")
        await until_all_is_seen(runtime)
        children = family(first.process.pid)
    finally:
        code = first.stop(signal.SIGTERM)
    assert code == 0
    assert all(has_ended(child) for child in children)
    stopped = first.wait_for(lambda line: line["event"] == "stopped")
    assert stopped["data_dir"] == str(folder)
    refused = {line["error"]["code"] for line in first.seen if line["event"] == "refused"}
    assert refused <= {"co_report_missing", "system_unavailable"}

    second = RunningUp(folder, command=DEMO)
    try:
        runtime = second.ready()
        _, _, before, _ = await seen(runtime)
        second.wait_for(lambda line: line["event"] == "case")
        _, _, after, filed = await seen(find_system(folder))
        assert after > before
        assert filed == 40
    finally:
        assert second.stop(signal.SIGINT) == 0
