"""The system to measure, as ``sanzhang up`` runs it: ``python -m tests.bench.machine DATA_DIR [PROGRAM…]``.

Without programs only the engine and the database run; the measurements start workers of their own beside them.
"""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

from activities.evidence.keys import load_audit_keyring, load_signing_seed
from activities.keys import load_keyring
from activities.record.migrate import migrate
from activities.settings import Settings
from workers.machine.console import JsonReporter
from workers.machine.up import Plan, programs, up


def _keys(data_dir: Path, fresh: bool) -> None:
    settings = Settings.from_environment({**os.environ, "SANZHANG_DATA_DIR": str(data_dir)})
    for load in (load_keyring, load_audit_keyring, load_signing_seed):
        load(settings, create=fresh)


def main() -> None:
    data_dir, *wanted = sys.argv[1:]
    plan = Plan(
        Path(data_dir),
        programs=[program for program in programs() if program.name in wanted],
        keys=_keys,
        migrate=migrate,
        environment=dict(os.environ),
    )
    asyncio.run(up(plan, JsonReporter()))


if __name__ == "__main__":
    main()
