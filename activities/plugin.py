"""Everything client, worker and replayer must agree on, said once."""

from __future__ import annotations

from typing import Final

from temporalio.plugin import SimplePlugin
from temporalio.worker import UnsandboxedWorkflowRunner, WorkflowRunner
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions

from activities.converter import data_converter
from schemas.sealing.keys import KeyRing

# Imported once and shared with every workflow run: `schemas` is pure, `activities` is only named by
# workflows, never run in them, and the libraries would cost each run megabytes and a slow first task if they
# were imported anew. Each is here for being imported by one of the first two.
PASSED_THROUGH: Final = (
    "schemas",
    "activities",
    "alembic",
    "annotated_types",
    "cryptography",
    "pydantic",
    "pydantic_core",
    "sqlalchemy",
    "structlog",
    "typing_extensions",
    "typing_inspection",
    "tzdata",
    "yaml",
)


class SanzhangPlugin(SimplePlugin):
    """Converter, codec and workflow runner. Give it to the client, whose workers inherit it, and to the replayer; giving it to
    a worker as well would apply it twice.

    ``keyring=None`` leaves payloads readable: for measuring and for exported histories only. ``unsandboxed`` is for production
    workers, behind the import test and the replay gate; tests keep the sandbox. No exception type fails a workflow: a defect
    blocks the task until the code is mended, and the case goes on.
    """

    def __init__(self, keyring: KeyRing | None, *, unsandboxed: bool = False) -> None:
        super().__init__(
            "sanzhang",
            data_converter=data_converter(keyring),
            workflow_runner=workflow_runner(unsandboxed=unsandboxed),
        )


def workflow_runner(*, unsandboxed: bool = False) -> WorkflowRunner:
    """The runner of all workers and replayers."""
    if unsandboxed:
        return UnsandboxedWorkflowRunner()
    return SandboxedWorkflowRunner(restrictions=SandboxRestrictions.default.with_passthrough_modules(*PASSED_THROUGH))
