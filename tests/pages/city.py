"""The city of the demonstration as one running system in this process: a real database, a real engine, a worker, a door."""

from __future__ import annotations

import base64
import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path

import uvicorn
from argon2 import PasswordHasher
from temporalio.testing import WorkflowEnvironment

from activities.access.accounts import Accounts
from activities.defaults import default_policy
from activities.record.migrate import migrate, new_engine
from activities.record.reference import ReferenceStore
from activities.record.seed import seed
from activities.settings import Settings
from gateway.access.callers import Authenticator
from gateway.doors import Door
from gateway.web.app import create_app
from gateway.web.limits import Limits
from gateway.web.viewer import Access
from schemas.kernel.worktime import SHANGHAI
from schemas.policy import Policy
from tests.serving import listening
from workers import notices, petitions
from workers.composition import open_system


@asynccontextmanager
async def running_city(
    engine: WorkflowEnvironment, dsn: str, data_dir: Path, *, demo: bool = True, **more: str
) -> AsyncGenerator[Door]:
    """A door to a system of its own on that engine and that empty database; ``demo``: with the invented units and people;
    ``more``: further settings.
    """
    await migrate(dsn)
    await _awake(dsn)
    await seed(dsn, demo=demo)
    key = base64.b64encode(os.urandom(32)).decode()
    environment = {
        "SANZHANG_DATA_DIR": str(data_dir),
        "SANZHANG_DATABASE_DSN": dsn,
        "SANZHANG_TEMPORAL": engine.client.service_client.config.target_host,
        "SANZHANG_NAMESPACE": engine.client.namespace,
        "SANZHANG_KEYS": f"k1:{key}",
        "SANZHANG_AUDIT_KEYS": f"a1:{key}",
        **more,
    }
    async with (
        open_system(Settings.from_environment(environment), environment, pool_size=20, for_worker=True) as system,
        petitions.serving(system),
        notices.serving(system),
    ):
        yield Door(system)


def awake_policy() -> Policy:
    """Its quiet hour is on the other side of the clock: these tests are run at night, too, and wait for what people are told."""
    far = datetime.now(SHANGHAI).hour + 12
    quiet = {"quiet_from": far % 24, "quiet_until": (far + 1) % 24}
    policy = default_policy()
    ledgers = {
        name: {
            complexity: figures.model_copy(update={"ladder": figures.ladder.model_copy(update=quiet)})
            for complexity, figures in each.items()
        }
        for name, each in policy.ledgers.items()
    }
    return policy.model_copy(update={"ledgers": ledgers})


async def _awake(dsn: str) -> None:
    engine = new_engine(dsn, pool_size=1)
    await ReferenceStore(engine).add_policy(awake_policy())
    await engine.dispose()


@asynccontextmanager
async def served(door: Door) -> AsyncGenerator[tuple[str, Authenticator]]:
    """The pages of that city at an address of this machine, and who may come in."""
    callers = Authenticator(door, limits=Limits())
    callers.accounts = Accounts(door.system.database, hasher=PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))

    @asynccontextmanager
    async def opening() -> AsyncGenerator[tuple[Door, Access]]:
        yield door, callers

    config = uvicorn.Config(create_app(opening), port=0, log_level="warning", ws="none", timeout_graceful_shutdown=2)
    async with listening(config) as port:
        yield f"http://127.0.0.1:{port}", callers
