"""Programs for the tests of the machine: ``up`` with workers that do nothing.

``python machine_program.py up DATA_DIR [PORT_BASE]`` is a system with ``python machine_program.py worker`` twice.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path


def worker() -> None:
    def end(*_: object) -> None:
        sys.exit(0)

    signal.signal(signal.SIGTERM, end)
    print("serving", os.environ["SANZHANG_TEMPORAL"], flush=True)
    Path(os.environ["SANZHANG_READY_FILE"]).touch()
    while True:
        signal.pause()


def system(data_dir: str, port_base: str | None = None) -> None:
    # imported here, for a worker that imported them would take seconds to start
    import asyncio
    import json

    from schemas.kernel.errors import UserError
    from workers.machine.console import JsonReporter
    from workers.machine.up import Plan, Program, up

    programs = [Program(name, (__file__, "worker")) for name in ("worker-petitions", "worker-notices")]
    plan = Plan(
        Path(data_dir),
        port_base=None if port_base is None else int(port_base),
        programs=programs,
        engine_ui="SANZHANG_ENGINE_UI" in os.environ,
    )
    try:
        asyncio.run(up(plan, JsonReporter()))
    except UserError as error:
        print(json.dumps({"event": "error", **error.as_dict()}, ensure_ascii=False), flush=True)
        sys.exit(2)


if __name__ == "__main__":
    if sys.argv[1] == "worker":
        worker()
    else:
        system(*sys.argv[2:])
