"""A whole system in one process: the real engine with skipped time, the real database, a worker, a desk."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TypeVar
from uuid import uuid4

from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.client import Client, WorkflowHandle
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from activities.converter import data_converter
from activities.defaults import police_words
from activities.plugin import workflow_runner
from activities.record.case_record import CaseRecord
from activities.record.commit import CommitActivities
from activities.record.intake import CaseNumberAllocator
from activities.record.migrate import migrate, new_engine
from activities.record.telling import Followers, TellingActivities
from gateway.case_service import CaseService, Filing, Rules
from schemas.kernel.actor import Actor, Role
from schemas.kernel.worktime import Calendar
from schemas.organisation import Organisation
from schemas.petition import commands as c
from schemas.petition.commit import CommitOrder, Committed
from schemas.petition.events import Event, FiledContent
from schemas.petition.rules import fold
from schemas.petition.state import Complexity, Ledger, Petition
from schemas.policy import CasePolicy, Channel, Policy
from schemas.proposals.holding import Hearing
from schemas.sealing.keys import KeyRing
from tests.databases import own_database
from tests.flow.uncached import UNCACHED, QuestionsApart
from tests.keys import RING
from tests.machine_fixtures import running_engine
from workers.activations import InlineExecutor
from workflows.contract import PETITIONS_QUEUE, Answer, workflow_id
from workflows.petition import PetitionWorkflow

T = TypeVar("T")

OPERATOR = Actor(id="op", role=Role.OPERATOR, unit="XA/xf", scope="XA")
SUPERVISOR = Actor(id="sup", role=Role.SUPERVISOR, unit="XA/dc", scope="XA")
VISITOR = Actor(id="vis", role=Role.VISITOR, unit="XA/xf", scope="XA")
HANDLER = Actor(id="han", role=Role.HANDLER, unit="XA/A3/02")
CO_HANDLER = Actor(id="co", role=Role.HANDLER, unit="XA/A3/03")
CITY_CHIEF = Actor(id="chief0", role=Role.CHIEF, unit="XA")
CHIEF = Actor(id="chief", role=Role.CHIEF, unit="XA/A3")
STATION_CHIEF = Actor(id="chief1", role=Role.CHIEF, unit="XA/A3/01")
LEAD_CHIEF = Actor(id="chief2", role=Role.CHIEF, unit="XA/A3/02")

WEEKDAYS = Calendar(version=1, published_from=date(2000, 1, 1), published_through=date(2150, 12, 31))
"""Plain Monday-Friday, published for ever: what a flow test expects must not depend on the day it is run."""


COMPLAINTS_OFFICER = Actor(id="dc1", role=Role.SUPERVISOR, unit="XA/dc", scope="XA", complaints=True)
SECOND_OFFICER = COMPLAINTS_OFFICER.model_copy(update={"id": "dc2"})


def bureau() -> Organisation:
    """The units and people that petitions of the flow tests may name."""
    units: dict[str, tuple[str, str, list[str]]] = {
        "XA": ("市公安局", "bureau", ["A市"]),
        "XA/xf": ("信访处", "department", []),
        "XA/dc": ("督察处", "department", []),
        "XA/A3": ("A3区公安分局", "branch", ["A3区"]),
        "XA/A3/01": ("麓谷派出所", "station", ["麓谷"]),
        "XA/A3/02": ("梅溪派出所", "station", ["梅溪"]),
        "XA/A3/03": ("洋湖派出所", "station", ["洋湖"]),
        "XA/A4": ("A4区公安分局", "branch", ["A4区"]),
        "XA/A4/01": ("捞刀河派出所", "station", ["捞刀河"]),
    }
    people = [
        *(("chief0", "陆一", "chief", "XA"), ("chief", "陆二", "chief", "XA/A3"), ("chief4", "陆三", "chief", "XA/A4")),
        *(("chief1", "魏国栋", "chief", "XA/A3/01"), ("chief2", "江大海", "chief", "XA/A3/02")),
        *(("chief3", "汤勇军", "chief", "XA/A3/03"), ("chief41", "熊刚毅", "chief", "XA/A4/01")),
        *(("op", "何晓芸", "operator", "XA/xf"), ("dc1", "曹建华", "supervisor", "XA/dc")),
        *(("dc2", "宁静远", "supervisor", "XA/dc"), ("han", "顾一峰", "handler", "XA/A3/02")),
    ]
    return Organisation.model_validate(
        {
            "version": 1,
            "city_code": "XA",
            "units": [
                {"path": path, "name": name, "kind": kind, "aliases": aliases}
                for path, (name, kind, aliases) in units.items()
            ],
            "people": [{"id": who, "name": name, "role": role, "unit": unit} for who, name, role, unit in people],
        }
    )


async def hearing(ask: Callable[[Hearing], T]) -> T:
    """What reads the words of petitions here."""
    return ask(Hearing(bureau(), police_words()))


def policy() -> Policy:
    """Both complexities for every ledger, approval implied for simple ones."""
    figures = {
        "simple": CasePolicy(version=1, approval_implied=True, statute_finish_working_days=10),
        "complex": CasePolicy(version=1),
    }
    channels = {"12345": Channel(name="热线"), "import": Channel(name="导入", trusted_time=True)}
    return Policy(version=1, ledgers=dict.fromkeys(("suggestion", "claim", "complaint"), figures), channels=channels)


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


Hook = Callable[[CommitOrder], Awaitable[None]]


class TroubledRecord(CaseRecord):
    """The record, with room for the troubles of the world: what happens before a commit, and after it but before its answer."""

    before_commit: Hook | None = None
    after_commit: Hook | None = None

    async def commit(self, order: CommitOrder) -> Committed:
        """Commits, with whatever trouble was arranged."""
        if self.before_commit is not None:
            await self.before_commit(order)
        done = await super().commit(order)
        if self.after_commit is not None:
            await self.after_commit(order)
        return done


@dataclass
class House:
    """What a flow test needs at hand."""

    environment: WorkflowEnvironment
    client: Client
    desk: CaseService
    record: TroubledRecord
    database: AsyncEngine

    @property
    def followers(self) -> Followers:
        """Those of a lead case who are to hear its reply."""
        return Followers(self.record, self.database, self.client)

    @property
    def dsn(self) -> str:
        return self.database.url.render_as_string(hide_password=False)

    def handle(self, number: str) -> WorkflowHandle[object, object]:
        return self.client.get_workflow_handle(workflow_id(number))

    async def file(self, *, received_at: datetime | None = None, **changes: object) -> Filing:
        return await self.desk.file(OPERATOR, content(**changes), received_at=received_at)

    async def act(self, number: str, actor: Actor, command: c.Command, *, command_id: str | None = None) -> Answer:
        return await self.desk.act(number, actor, command, command_id=command_id)

    async def engine_state(self, number: str) -> Petition:
        return await self.handle(number).query("state", result_type=Petition)

    async def events(self, number: str) -> list[Event]:
        return [row.event for row in await self.record.history(number)]

    async def kinds(self, number: str) -> list[str]:
        return [event.kind for event in await self.events(number)]

    async def now(self, number: str) -> datetime:
        """The case's own time; each case has a clock of its own, which only runs ahead when it is told to."""
        return (await self.environment.get_current_time(self.handle(number))).astimezone(UTC)

    async def skip(self, number: str, delta: timedelta) -> None:
        """Lets that much of the case's time pass; whatever rang in it is in the record afterwards."""
        await self.environment.fast_forward(self.handle(number), delta)
        await self.settled(number)

    async def settled(self, number: str) -> None:
        """Until the worker has dealt with all that has reached the case: the engine is content when a timer has fired."""
        while True:
            if not (await self.handle(number).describe()).raw_description.HasField("pending_workflow_task"):
                return
            await asyncio.sleep(0.005)

    async def skip_to(self, number: str, moment: datetime) -> None:
        """Until just after ``moment`` of the case's own time."""
        await self.skip(number, moment - await self.now(number) + timedelta(seconds=1))

    async def history_length(self, number: str) -> int:
        return len((await self.handle(number).fetch_history()).events)

    async def agreed(self, number: str) -> Petition:
        """The state of a case, which engine, read model and the fold of the record must hold alike."""
        engine, row = await self.engine_state(number), await self.record.state(number)
        assert engine == row == fold(await self.events(number))
        return engine


@contextlib.asynccontextmanager
async def opened(
    engine: WorkflowEnvironment,
    database_dsn: str,
    *,
    cached_workflows: int = 200,
    patience: float = 60.0,
    keyring: KeyRing | None = None,
) -> AsyncGenerator[House]:
    """A house with its worker running; without a ring its payloads can be read."""
    await migrate(database_dsn)
    database = new_engine(database_dsn, pool_size=10)
    record = TroubledRecord(database)
    config = engine.client.config()
    config["data_converter"] = data_converter(keyring)
    if UNCACHED:
        config["interceptors"] = [QuestionsApart()]
    client = Client(**config)

    async def rules() -> Rules:
        return Rules(policy=policy(), calendar=WEEKDAYS, city="XA")

    desk = CaseService(client, record, CaseNumberAllocator(database, RING), rules, hearing, patience=patience)
    cached = 0 if UNCACHED else cached_workflows
    executor = InlineExecutor()
    worker = Worker(
        client,
        task_queue=PETITIONS_QUEUE,
        workflows=[PetitionWorkflow],
        activities=[
            CommitActivities(record).commit,
            TellingActivities(Followers(record, database, client)).tell_followers,
        ],
        workflow_runner=workflow_runner(),
        max_cached_workflows=cached,
        # With nothing cached, a second case's task makes the SDK's core drop the first one's commit under way; so one at a time.
        max_concurrent_workflow_tasks=None if cached else 1,
        workflow_task_executor=executor,
        graceful_shutdown_timeout=timedelta(seconds=5),
    )
    with executor:
        async with worker:
            yield House(engine, client, desk, record, database)
    await database.dispose()


@contextlib.asynccontextmanager
async def own_house(database_dsn: str, name: str, *, keyring: KeyRing | None = None) -> AsyncGenerator[House]:
    """A house on an engine and a database of its own, of that name: two records behind one engine would take each other's cases."""
    async with (
        own_database(database_dsn, name) as dsn,
        running_engine() as engine,
        opened(engine, dsn, keyring=keyring) as house,
    ):
        yield house
