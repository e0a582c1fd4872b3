"""A holiday notice is taken over by one rule at every door: what is wrong is told at once, and the journal says who did it."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from datetime import date
from pathlib import Path
from typing import Any, cast

import pytest
import pytest_asyncio
from temporalio.client import Client

from activities.evidence.journal import Journal
from activities.keys import load_keyring
from activities.record.case_record import CaseRecord
from activities.record.migrate import migrate, new_engine
from activities.record.reference import ReferenceStore
from activities.record.seed import seed
from activities.settings import Settings
from gateway.cli import calendars
from gateway.documents import import_calendar, planned_calendar, store_calendar
from gateway.doors import ADMINISTRATOR, Door
from schemas.evidence.journal import Entry, EntryKind
from schemas.kernel.calendar import CalendarDay, Notice
from schemas.kernel.errors import UserError
from tests.databases import own_database
from workers.composition import System

pytestmark = pytest.mark.asyncio(loop_scope="module")

DAY = "2026-12-30"


@pytest_asyncio.fixture(loop_scope="module")
async def door(database_dsn: str, tmp_path: Path) -> AsyncIterator[Door]:
    async with own_database(database_dsn, "calendar_import") as dsn:
        await migrate(dsn)
        await seed(dsn, demo=True)
        engine = new_engine(dsn, pool_size=2)
        key = base64.b64encode(b"k" * 32).decode()
        settings = Settings.from_environment({"SANZHANG_DATA_DIR": str(tmp_path), "SANZHANG_KEYS": f"k1:{key}"})
        door = Door(
            System(
                settings=settings,
                keyring=load_keyring(settings),
                database=engine,
                client=cast("Client", None),
                record=CaseRecord(engine),
                reference=ReferenceStore(engine),
            )
        )
        yield door
        await door.aclose()
        await engine.dispose()


def notice(*days: CalendarDay) -> Notice:
    first = date.fromisoformat(DAY)
    return Notice(number="更正", covers=(first, first), days=days)


def day(kind: Any, said: str = DAY) -> CalendarDay:
    return CalendarDay(day=date.fromisoformat(said), kind=kind, notice="更正")


async def imported(door: Door) -> list[Entry]:
    return [each async for each in Journal(door.system.database).entries(kinds=(EntryKind.IMPORTED,))]


async def by_command_line(door: Door, file: Path, monkeypatch: pytest.MonkeyPatch, **options: Any) -> None:
    @asynccontextmanager
    async def opened(data_dir: str | None) -> AsyncGenerator[Door]:
        yield door

    monkeypatch.setattr(calendars, "door_for", opened)
    run = cast("Any", calendars.import_).__wrapped__
    await run(
        file, **{"covers": f"{DAY}..{DAY}", "dry_run": False, "yes": True, "data_dir": None, "as_json": True} | options
    )


async def test_the_command_line_leaves_the_same_entry_as_the_pages(
    door: Door, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It had a copy of the import of its own, and that one was not in the journal."""
    file = tmp_path / "notice.json"
    file.write_text(json.dumps({"notice": "更正", "days": [{"day": DAY, "kind": "off"}]}), encoding="utf-8")
    before = (await door.system.reference.calendar()).version
    await by_command_line(door, file, monkeypatch, dry_run=True)
    assert json.loads(capsys.readouterr().out)["changed"] == [{"day": DAY, "old": "working", "new": "off"}]
    assert await imported(door) == []
    await by_command_line(door, file, monkeypatch)
    told = json.loads(capsys.readouterr().out)
    (entry,) = await imported(door)
    assert (entry.actor.id, entry.body) == (ADMINISTRATOR.id, {"what": "calendar", "version": before + 1})
    assert (told["old_version"], told["version"], told["already_known"]) == (before, before + 1, False)

    await by_command_line(door, file, monkeypatch)
    again, _ = await import_calendar(door, notice(day("off")), preview=False)
    assert json.loads(capsys.readouterr().out)["already_known"] is True
    assert (again.already_known, again.version) == (True, before + 1)
    assert len(await imported(door)) == 1


async def test_pages_and_the_api_tell_every_reason_at_once_too(door: Door) -> None:
    """Only the command line did; the others told the first, and the next one after that was mended."""
    wrong = notice(day("off"), day("working"), day("off", "2026-12-29"), day("working", "2026-12-29"))
    with pytest.raises(UserError) as refused:
        await import_calendar(door, wrong, preview=True)
    assert refused.value.code == "calendar_contradiction"
    assert len(refused.value.facts["problems"]) == 2
    assert DAY in refused.value.zh and "2026-12-29" in refused.value.zh


async def test_whoever_planned_on_another_calendar_begins_anew(door: Door) -> None:
    first, second = [await planned_calendar(door, notice(day("off"))) for _ in range(2)]
    await store_calendar(door, first)
    with pytest.raises(UserError) as refused:
        await store_calendar(door, second)
    assert refused.value.code == "calendar_changed_meanwhile"
