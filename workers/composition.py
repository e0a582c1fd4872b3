"""The composition root: the one place where settings become clients, engines and the services built on them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cached_property, partial
from typing import TYPE_CHECKING

from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.client import Client
from temporalio.runtime import LoggingConfig, Runtime, TelemetryConfig, TelemetryFilter
from temporalio.service import GrpcCompression, RPCError

from activities.keys import load_keyring
from activities.plugin import SanzhangPlugin
from activities.record.case_record import CaseRecord
from activities.record.migrate import new_engine
from activities.record.reference import ReferenceStore
from activities.runtime import find_system
from activities.settings import Settings
from schemas.kernel.errors import UserError
from schemas.sealing.keys import KeyRing

if TYPE_CHECKING:
    from activities.evidence.archive import Archives
    from activities.evidence.journal import Journal
    from activities.evidence.log import MerkleLog
    from activities.evidence.signing import Signer

ENGINE_PATIENCE = 60.0
"""Seconds a worker waits for the engine when it starts."""


@dataclass(frozen=True)
class System:
    """Everything a process needs to work on one installation. Built by :func:`open_system`, which also ends it."""

    settings: Settings
    keyring: KeyRing
    database: AsyncEngine
    client: Client
    record: CaseRecord
    reference: ReferenceStore

    # What only audits and the evidence worker need is made when it is asked for: a killed petition worker is back the sooner.

    @cached_property
    def journal(self) -> Journal:
        """What was done with the record."""
        from activities.evidence.journal import Journal  # noqa: PLC0415

        return Journal(self.database, algorithm=self.settings.hash_algorithm)

    @cached_property
    def archives(self) -> Archives:
        """The histories of closed runs. Errors of :func:`activities.evidence.keys.load_audit_keyring`."""
        from activities.evidence.archive import Archives  # noqa: PLC0415
        from activities.evidence.keys import load_audit_keyring  # noqa: PLC0415

        return Archives(self.database, load_audit_keyring(self.settings), algorithm=self.settings.hash_algorithm)

    @cached_property
    def log(self) -> MerkleLog:
        """The log over all chains; where the signing key is not at hand, for taking proofs only.

        ``UserError`` ``checkpoint_store_invalid``, and those of a signing key that is there and can't be used.
        """
        from activities.evidence.log import MerkleLog  # noqa: PLC0415
        from activities.evidence.store import CheckpointStore  # noqa: PLC0415

        settings = self.settings
        store = CheckpointStore.at(settings.checkpoint_place)
        return MerkleLog(
            self.database, store, _signer(settings), origin=settings.log_origin, algorithm=settings.hash_algorithm
        )


def addresses(settings: Settings, environ: Mapping[str, str]) -> tuple[str, str, str]:
    """``host:port`` of the engine, its namespace, and the database's DSN: as set, or as ``sanzhang up`` wrote them down.

    ``UserError`` ``system_not_running`` where neither says.
    """
    temporal, namespace = settings.temporal, settings.namespace
    dsn = settings.database_dsn.get_secret_value() if settings.database_dsn is not None else None
    if temporal is None or dsn is None:
        runtime = find_system(settings.data_dir, environ)
        if temporal is None:
            temporal, namespace = runtime.temporal, runtime.namespace
        dsn = dsn or runtime.database_dsn
    return temporal, namespace, dsn


@asynccontextmanager
async def open_system(
    settings: Settings,
    environ: Mapping[str, str],
    *,
    pool_size: int = 10,
    identity: str | None = None,
    for_worker: bool = False,
    read_only: bool = False,
) -> AsyncGenerator[System]:
    """``read_only``: see :func:`new_engine`. A door connects lazily: an engine that is being restarted is waited for by its first call. A worker waits for the engine here."""
    temporal, namespace, dsn = addresses(settings, environ)
    keyring = load_keyring(settings)
    database = new_engine(dsn, pool_size=pool_size, read_only=read_only)
    try:
        plugin = SanzhangPlugin(keyring, unsandboxed=settings.unsandboxed)
        connect = partial(
            Client.connect,
            temporal,
            namespace=namespace,
            plugins=[plugin],
            identity=identity,
            runtime=_quiet_runtime(),
            # Sealed payloads do not shrink; trying cost a sixth of the CPU time of a whole case.
            grpc_compression=GrpcCompression.NONE,
        )
        client = await _when_there(connect) if for_worker else await connect(lazy=True)
        yield System(
            settings=settings,
            keyring=keyring,
            database=database,
            client=client,
            record=CaseRecord(database, algorithm=settings.hash_algorithm),
            reference=ReferenceStore(database),
        )
    finally:
        await database.dispose()


def _signer(settings: Settings) -> Signer | None:
    from activities.evidence.keys import load_signing_seed  # noqa: PLC0415
    from activities.evidence.signing import Signer  # noqa: PLC0415

    try:
        return Signer(load_signing_seed(settings).get_secret_value(), settings.log_origin)
    except UserError as error:
        # An auditor's machine takes proofs and has no business with this key.
        if error.code == "key_file_missing":
            return None
        raise


async def _when_there(connect: Callable[[], Awaitable[Client]]) -> Client:
    loop = asyncio.get_running_loop()
    give_up = loop.time() + ENGINE_PATIENCE
    while True:
        try:
            return await connect()
        except (RuntimeError, RPCError) as error:
            # The SDK reports an engine that is not there yet as a plain RuntimeError.
            if loop.time() > give_up:
                raise UserError(
                    "engine_unavailable",
                    zh=f"{ENGINE_PATIENCE:.0f} 秒内无法连接流程引擎，请确认其正在运行。",
                    en=f"The engine did not answer within {ENGINE_PATIENCE:.0f} seconds; see that it runs.",
                ) from error
        await asyncio.sleep(0.2)


def _quiet_runtime() -> Runtime:
    # The SDK's core writes to the terminal by itself, past our logging and its rules on personal data.
    return Runtime(
        telemetry=TelemetryConfig(
            logging=LoggingConfig(filter=TelemetryFilter(core_level="ERROR", other_level="ERROR"))
        )
    )
