"""The lifecycle may be called by workflow code: it lives under the engine's sandbox and brings no machinery along."""

from __future__ import annotations

import subprocess
import sys

from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions
from temporalio.workflow import _Definition  # pyright: ignore[reportPrivateUsage]

from tests.unit.schemas.petition.rules import lived_in_sandbox

MACHINERY = ("temporalio", "sqlalchemy", "asyncpg", "structlog", "httpx", "chinese_calendar", "cryptography")


async def test_a_case_is_decided_and_folded_inside_the_sandbox() -> None:
    # As in production: ``schemas`` passes through, since a restricted time zone is none that datetime would take.
    restrictions = SandboxRestrictions.default.with_passthrough_modules("schemas", "pydantic")
    definition = _Definition.must_from_class(lived_in_sandbox.Lived)
    SandboxedWorkflowRunner(restrictions=restrictions).prepare_workflow(definition)


def test_importing_the_lifecycle_brings_no_machinery_along() -> None:
    script = (
        "import sys, schemas.petition.rules; "
        f"brought = sorted(set({MACHINERY!r}) & {{name.partition('.')[0] for name in sys.modules}}); "
        "sys.exit(', '.join(brought) or None)"
    )
    done = subprocess.run([sys.executable, "-c", script], check=False, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
