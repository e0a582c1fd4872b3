"""Drives ``sanzhang import`` from outside and looks at what it left: in the database, and in the engine."""

from __future__ import annotations

import asyncio
import csv
import json
import os
import subprocess
import sys
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import text

from activities.settings import Settings
from gateway.doors import Door
from tests.system.running import PATIENCE_SECONDS
from workers.composition import System, open_system

SANZHANG = str(Path(sys.executable).parent / "sanzhang")


@dataclass(frozen=True)
class Ended:
    """How an import ended."""

    code: int
    facts: Mapping[str, Any]

    @property
    def counts(self) -> tuple[int, int, int]:
        """Accepted, already known, refused."""
        return self.facts["accepted"], self.facts["already_known"], self.facts["refused"]


class Running:
    """A command in a process of its own."""

    def __init__(self, *arguments: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, SANZHANG, *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
            text=True,
        )

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate()


class Importing(Running):
    """An import in a process of its own."""

    def __init__(self, data_dir: Path, file: Path, *options: str) -> None:
        super().__init__("import", str(file), "--json", "--data-dir", str(data_dir), *options)

    def ended(self) -> Ended:
        out, err = self.process.communicate(timeout=4 * PATIENCE_SECONDS)
        assert not err, err
        return Ended(self.process.returncode, json.loads(out) if out else {})


def sanzhang(*arguments: str) -> subprocess.CompletedProcess[str]:
    """A command, as it ended."""
    return subprocess.run(
        [sys.executable, SANZHANG, *arguments], capture_output=True, check=False, text=True, timeout=PATIENCE_SECONDS
    )


@asynccontextmanager
async def looking_at(data_dir: Path) -> AsyncGenerator[Door]:
    """The system from inside, for those who check and for people who act."""
    environment = {**os.environ, "SANZHANG_DATA_DIR": str(data_dir)}
    settings = Settings.from_environment(environment)
    async with open_system(settings, environment, pool_size=4) as system:
        yield Door(system)


async def filed(system: System, source: str) -> dict[str, str]:
    """Case numbers by message id: those of a source that are in the record."""
    query = "SELECT source_event_id, case_number FROM intake JOIN cases USING (case_number) WHERE source = :source"
    async with system.database.connect() as connection:
        rows = await connection.execute(text(query), {"source": source})
        return {row.source_event_id: row.case_number for row in rows}


async def until(met: Callable[[], Awaitable[bool]], what: str) -> None:
    """Waits for something that another process brings about; a part that is away meanwhile is waited for too."""
    give_up = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            if await met():
                return
        except Exception as error:  # whatever a database raises that was just killed
            what = f"{what} ({error!r})"
        assert time.monotonic() < give_up, f"waited in vain for {what}"
        await asyncio.sleep(0.05)


async def check_exactly_once(system: System, source: str, ids: Sequence[str]) -> None:
    """Every message has one case, filed once; no number is a gap; the engine carries exactly the open cases."""
    async with system.database.connect() as connection:
        reserved = await connection.execute(
            text("SELECT source_event_id, filed_at FROM intake WHERE source = :source"), {"source": source}
        )
        rows = reserved.all()
        assert sorted(row.source_event_id for row in rows) == sorted(ids)
        assert all(row.filed_at is not None for row in rows)
        filings = await connection.execute(
            text(
                "SELECT case_number, count(*) AS times FROM events JOIN intake USING (case_number)"
                " WHERE source = :source AND kind = 'filed' GROUP BY case_number"
            ),
            {"source": source},
        )
        assert [row.times for row in filings] == [1] * len(ids)
        repeated = await connection.execute(
            text("SELECT count(*) FROM cases WHERE case_number NOT IN (SELECT case_number FROM intake)")
        )
        assert repeated.scalar_one() == 0
        series = await connection.execute(
            text("SELECT sum(last) AS given, (SELECT count(*) FROM intake) AS used FROM series")
        )
        given, used = series.one()
        assert given == used
    await until(lambda: _agree(system), "engine and record to hold the same open cases")


async def _agree(system: System) -> bool:
    async with system.database.connect() as connection:
        found = await connection.execute(text("SELECT case_number FROM cases WHERE sealed_at IS NULL"))
        recorded = set(found.scalars())
    running = "WorkflowType = 'petition' AND ExecutionStatus = 'Running'"
    carried = {each.id.removeprefix("petition-") async for each in system.client.list_workflows(running)}
    return carried == recorded


def write_csv(path: Path, rows: Sequence[tuple[str, str, str, str, str]]) -> Path:
    """Id, user, subject, time, text."""
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("工单编号", "网友", "标题", "受理时间", "内容"))
        writer.writerows(rows)
    return path
