"""Carries invented petitions along every path of this release and keeps what the engine wrote of them, in clear, for ever.

``make golden`` runs it when a release is made. Histories of a release that has gone out are never written again: cases of that time are
still open, and code that can't replay them may not go out. So a folder that exists is left alone unless ``--again`` is given.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from importlib.metadata import version
from pathlib import Path

from temporalio.client import WorkflowHistory

from tests.flow.house import House, opened
from tests.flow.paths import PATHS, reworked
from tests.machine_fixtures import running_database, running_engine

HISTORIES = Path(__file__).with_name("histories")

SHORT = {"limit__historyCount__suggestContinueAsNew": "30"}
"""An engine that finds any history long, so that a case goes through several runs."""

Walk = Callable[[House], Awaitable[list[str]]]


async def recorded(house: House, walk: Walk) -> AsyncIterator[WorkflowHistory]:
    """The histories of all runs of all cases of a path."""
    for number in await walk(house):
        await house.settled(number)
        newest: str | None = None
        while newest != "":
            handle = house.client.get_workflow_handle(house.handle(number).id, run_id=newest)
            history = await handle.fetch_history()
            yield history
            started = history.events[0].workflow_execution_started_event_attributes
            newest = started.continued_execution_run_id


async def record(folder: Path, dsn: str, paths: dict[str, Walk], settings: dict[str, str]) -> None:
    """Writes one file per run."""
    async with running_engine(**settings) as engine, opened(engine, dsn) as house:
        for name, walk in paths.items():
            at = 0
            async for history in recorded(house, walk):
                at += 1
                body = {"workflow_id": history.workflow_id, "history": json.loads(history.to_json())}
                text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
                # Whose machine recorded it is nobody's business.
                text = text.replace(house.client.identity, "recorder")
                (folder / f"{name}-{at}.json").write_text(text + "\n", "utf-8")


async def main(folder: Path) -> None:
    """Everything this release writes."""
    home = Path(tempfile.mkdtemp(prefix="sanzhang-golden-"))
    try:
        with running_database(home / "database") as database:
            await record(folder, database.dsn, PATHS, {})
            await record(folder, database.dsn, {"continued": reworked}, SHORT)
    finally:
        shutil.rmtree(home, ignore_errors=True)


if __name__ == "__main__":
    target = HISTORIES / version("sanzhang")
    if target.exists():
        if "--again" not in sys.argv:
            sys.exit(f"{target} exists; --again writes it anew, which only an unreleased version may do")
        shutil.rmtree(target)
    target.mkdir(parents=True)
    asyncio.run(main(target))
