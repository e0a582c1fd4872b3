"""The system to measure, as ``sanzhang up`` runs it: ``python -m tests.bench.machine DATA_DIR [PROGRAM…]``.

Without programs only the engine and the database run; the measurements start workers of their own beside them.
"""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

from activities.keys import create_key_file
from activities.record.migrate import migrate
from workers.machine.console import JsonReporter
from workers.machine.up import WORKERS, Plan, up


def _keys(data_dir: Path, fresh: bool) -> None:
    if fresh:
        create_key_file(data_dir / "keys.json")


def main() -> None:
    data_dir, *wanted = sys.argv[1:]
    plan = Plan(
        Path(data_dir),
        programs=[program for program in WORKERS if program.name in wanted],
        keys=_keys,
        migrate=migrate,
        environment=dict(os.environ),
    )
    asyncio.run(up(plan, JsonReporter()))


if __name__ == "__main__":
    main()
