"""A whole system in one process: the real engine with skipped time, the real database, a worker, a desk."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import uuid4

import pytest
import pytest_asyncio
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.client import Client, WorkflowHandle
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from activities.converter import data_converter
from activities.plugin import workflow_runner
from activities.record.case_record import CaseRecord
from activities.record.commit import CommitActivities
from activities.record.intake import NumberOffice
from activities.record.migrate import migrate, new_engine
from gateway.desk import Desk, Rules
from schemas import commands as c
from schemas.calendar import seed_calendar
from schemas.events import FiledContent
from schemas.petition import Actor, Complexity, Ledger, Petition, Role
from schemas.policy import CasePolicy, Channel, Policy
from workflows.contract import PETITIONS_QUEUE, Answer, workflow_id
from workflows.petition import PetitionWorkflow


def policy() -> Policy:
    """Both complexities for every ledger, approval implied for simple ones."""
    figures = {
        "simple": CasePolicy(version=1, approval_implied=True, statute_finish_working_days=10),
        "complex": CasePolicy(version=1),
    }
    channels = {"12345": Channel(name="热线"), "import": Channel(name="导入", trusted_time=True)}
    return Policy(
        version=1, ledgers=dict.fromkeys(("suggestion", "claim", "complaint"), figures), channels=channels
    )


OPERATOR = Actor(id="op", role=Role.OPERATOR, unit="XA/xf", scope="XA")
SUPERVISOR = Actor(id="sup", role=Role.SUPERVISOR, unit="XA/dc", scope="XA")
VISITOR = Actor(id="vis", role=Role.VISITOR, unit="XA/xf", scope="XA")
HANDLER = Actor(id="han", role=Role.HANDLER, unit="XA/A3/02")
CHIEF = Actor(id="chief", role=Role.CHIEF, unit="XA/A3")
STATION_CHIEF = Actor(id="chief1", role=Role.CHIEF, unit="XA/A3/01")


def content(**changes: object) -> FiledContent:
    """A message as a source sends it."""
    fields: dict[str, object] = {
        "source": "test",
        "source_event_id": uuid4().hex,
        "channel": "12345",
        "title": "路灯不亮",
        "text": "路口的路灯坏了一个月，晚上行人很不安全。",
        "ledger": Ledger.CLAIM,
        "complexity": Complexity.COMPLEX,
        "unit": "XA/A3/01",
    }
    return FiledContent.model_validate(fields | changes)


@dataclass
class House:
    """What a flow test needs at hand."""

    environment: WorkflowEnvironment
    client: Client
    desk: Desk
    record: CaseRecord
    database: AsyncEngine

    def handle(self, number: str) -> WorkflowHandle[object, object]:
        return self.client.get_workflow_handle(workflow_id(number))

    async def act(self, number: str, actor: Actor, command: c.Command) -> Answer:
        return await self.desk.act(number, actor, command)

    async def engine_state(self, number: str) -> Petition:
        return await self.handle(number).query("state", result_type=Petition)

    async def skip(self, number: str, delta: timedelta) -> None:
        await self.environment.fast_forward(self.handle(number), delta)

    async def skip_to(self, number: str, moment: datetime, now: datetime) -> None:
        await self.skip(number, moment - now)


@pytest.fixture(params=[200])
def cached_workflows(request: pytest.FixtureRequest) -> int:
    """How many cases a worker keeps in memory."""
    return int(request.param)


@pytest_asyncio.fixture(loop_scope="session")
async def house(engine: WorkflowEnvironment, database_dsn: str, cached_workflows: int) -> AsyncIterator[House]:
    await migrate(database_dsn)
    database = new_engine(database_dsn, pool_size=10)
    record = CaseRecord(database)
    config = engine.client.config()
    client = Client(**{**config, "data_converter": data_converter(None)})
    calendar = seed_calendar()

    async def rules() -> Rules:
        return Rules(policy=policy(), calendar=calendar, city="XA")

    desk = Desk(client, record, NumberOffice(database), rules)
    worker = Worker(
        client,
        task_queue=PETITIONS_QUEUE,
        workflows=[PetitionWorkflow],
        activities=[CommitActivities(record).commit],
        workflow_runner=workflow_runner(),
        max_cached_workflows=cached_workflows,
        graceful_shutdown_timeout=timedelta(seconds=5),
    )
    async with worker:
        yield House(engine, client, desk, record, database)
    await database.dispose()
