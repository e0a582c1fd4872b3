"""``sanzhang up``: the whole system on one machine, in the foreground, until it is told to stop."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from activities.runtime import DEFAULT_NAMESPACE, Runtime, remove_runtime, write_runtime
from workers.machine.console import Reporter
from workers.machine.database import EmbeddedDatabase, environment
from workers.machine.doors import StillOpenError
from workers.machine.engine import EmbeddedEngine, engine_answers
from workers.machine.external import await_database, await_engine
from workers.machine.folder import MARK, check_folder, end_orphans, sole_owner
from workers.machine.parts import Part, State
from workers.machine.ports import HOST, Ports, choose_ports
from workers.machine.supervise import Supervisor

GATEWAY_PORT = "{gateway_port}"
"""In a program's arguments: the gateway's port."""


@dataclass(frozen=True)
class Program:
    """A part written by us: our interpreter with `arguments`.

    It learns the addresses from ``SANZHANG_TEMPORAL``, ``SANZHANG_NAMESPACE``, ``SANZHANG_DATABASE_DSN``
    and ``SANZHANG_DATA_DIR``, and says that it serves by creating the file ``SANZHANG_READY_FILE``, which
    does not exist when it starts. ``{gateway_port}`` in an argument becomes the gateway's port. On SIGTERM
    it finishes what it has begun within `stop_seconds` and ends.
    """

    name: str
    arguments: tuple[str, ...]
    stop_seconds: float = 20


SECOND_FROM_CORES = 4
"""Cores from which a second process carries petitions. On fewer it only takes the engine's and the database's time: a tenth fewer cases a second
on two. A killed one is back before the engine takes back what it held.
"""


def usable_cores() -> int:
    """Cores this process may run on, where the machine tells; a container may have fewer than there are."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def programs(cores: int | None = None) -> tuple[Program, ...]:
    """What runs beside engine and database on so many cores; by default on those there are."""
    second = (cores or usable_cores()) >= SECOND_FROM_CORES
    carrying = ("worker-petitions", "worker-petitions-2") if second else ("worker-petitions",)
    return (
        *(Program(name, ("-m", "workers.run", "petitions")) for name in carrying),
        Program("worker-notices", ("-m", "workers.run", "notices")),
        Program("worker-evidence", ("-m", "workers.run", "evidence")),
        Program("gateway", ("-m", "gateway.web.serve", "--port", GATEWAY_PORT)),
    )


async def _nothing_to_migrate(_: str) -> None:
    return None


@dataclass(frozen=True)
class Plan:
    """What `up` is to run.

    `keys` sees the data folder before anything starts, and whether it holds no data yet; `migrate` gets the
    DSN of the running database; `engine_ui` opens the screen of our own engine; `beside` runs next to the system once it is ready (a live board, robots)
    and is cancelled when the system stops.
    """

    data_dir: Path
    port_base: int | None = None
    programs: Sequence[Program] = field(default_factory=programs)
    keys: Callable[[Path, bool], None] = lambda _folder, _fresh: None
    migrate: Callable[[str], Awaitable[None]] = _nothing_to_migrate
    engine_ui: bool = False
    beside: Callable[[Runtime], Awaitable[None]] | None = None
    environment: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))


async def up(plan: Plan, reporter: Reporter) -> None:
    """Run the system until SIGINT, SIGTERM or SIGHUP; then drain and stop it. A second signal changes
    nothing: every part has its own limit of time.

    ``SANZHANG_TEMPORAL`` and ``SANZHANG_DATABASE_DSN`` in the environment name an engine and a database to
    use instead of our own. Refuses with the codes of `folder`, `ports`, `external` and `supervise`;
    whatever had been started is stopped then.
    """
    told_to_stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    signals = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    for number in signals:
        loop.add_signal_handler(number, told_to_stop.set)
    running = asyncio.create_task(_run(plan, reporter))
    stopping = asyncio.create_task(told_to_stop.wait())
    try:
        await asyncio.wait({running, stopping}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        stopping.cancel()
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running
        for number in signals:
            loop.remove_signal_handler(number)


async def _run(plan: Plan, reporter: Reporter) -> None:
    data_dir = plan.data_dir.expanduser().absolute()
    check_folder(data_dir)
    with sole_owner(data_dir):
        remove_runtime(data_dir)
        if orphans := end_orphans(data_dir):
            reporter.note(f"已清理上次遗留的进程 {orphans}。", f"Ended processes left by an earlier run: {orphans}.")
        system = _System(plan, data_dir, reporter)
        try:
            await system.run()
        finally:
            # shielded: nothing that happens now may leave a part running
            await asyncio.shield(asyncio.create_task(system.stop()))
            remove_runtime(data_dir)


class _System:
    """The parts of one `Plan`, put together."""

    def __init__(self, plan: Plan, data_dir: Path, reporter: Reporter) -> None:
        self._plan = plan
        self._data_dir = data_dir
        self._reporter = reporter
        self._supervisor = Supervisor(reporter.part, self._publish)
        self._runtime: Runtime | None = None
        self._namespace = plan.environment.get("SANZHANG_NAMESPACE") or DEFAULT_NAMESPACE
        self._database: EmbeddedDatabase | None = None

    async def run(self) -> None:
        plan = self._plan
        fresh = not (self._data_dir / "database" / "cluster").exists()
        plan.keys(self._data_dir, fresh)
        ports = choose_ports(plan.port_base, self._data_dir)
        foreign_engine = plan.environment.get("SANZHANG_TEMPORAL")
        foreign_dsn = plan.environment.get("SANZHANG_DATABASE_DSN")
        own: list[Part] = []
        engine = EmbeddedEngine(self._data_dir / "engine", ports, self._namespace, with_ui=plan.engine_ui)
        if foreign_dsn:
            await await_database(foreign_dsn)
        else:
            self._database = EmbeddedDatabase(self._data_dir / "database")
            own.append(self._database_part(self._database))
        if foreign_engine:
            await await_engine(foreign_engine, self._namespace)
        else:
            own.append(self._engine_part(engine))
        await self._supervisor.start(*own)
        self._tell_opened([] if self._database is None else self._database.opened, "数据库", "database")
        self._tell_opened(engine.opened, "流程引擎", "engine")
        if not foreign_engine and engine.with_ui:
            self._tell_screen()
        dsn = foreign_dsn or self._dsn()
        self._reporter.part("migrations", State.STARTING, "")
        await plan.migrate(dsn)
        self._reporter.part("migrations", State.READY, "")
        runtime = Runtime(
            temporal=foreign_engine or engine.target,
            namespace=self._namespace,
            ui=None if foreign_engine else engine.ui,
            gateway=f"http://{HOST}:{ports.gateway}" if self._has_gateway else None,
            database_dsn=dsn,
            pids={},
            started_at=datetime.now(UTC),
        )
        await self._supervisor.start(*(self._program_part(each, runtime, ports) for each in plan.programs))
        self._runtime = runtime
        self._publish(self._supervisor.pids)
        self._reporter.ready(self._runtime)
        if plan.beside is not None:
            await plan.beside(self._runtime)
        await asyncio.Event().wait()

    @property
    def _has_gateway(self) -> bool:
        return any(GATEWAY_PORT in program.arguments for program in self._plan.programs)

    async def stop(self) -> None:
        await self._supervisor.stop()
        if self._database is not None:
            self._database.forget_sockets()

    def _tell_opened(self, folders: Sequence[Path], zh: str, en: str) -> None:
        """Rights given on folders that are not ours are never given silently."""
        if opened := "、".join(str(each) for each in folders if not each.is_relative_to(self._data_dir)):
            self._reporter.note(
                f"为{zh}账户放开目录通行权限（o+x）：{opened}。",
                f"Opened for passage (o+x) to the {en}'s account: {opened}.",
            )

    def _tell_screen(self) -> None:
        self._reporter.note(
            "已按要求打开引擎界面：本机任何账户、任何浏览器页面都能用它，用完请去掉 --engine-ui 重启。",
            "The engine's screen is open, as asked for: it asks nobody on this machine who they are. Start without --engine-ui when done.",
        )

    def _publish(self, pids: Mapping[str, int]) -> None:
        if self._runtime is not None:
            self._runtime = self._runtime.model_copy(update={"pids": {"up": os.getpid(), **pids}})
            write_runtime(self._data_dir, self._runtime)

    def _dsn(self) -> str:
        assert self._database is not None  # noqa: S101 - ours when it is not foreign
        return self._database.dsn

    def _database_part(self, database: EmbeddedDatabase) -> Part:
        return Part(
            name="database",
            command=database.command,
            prepare=database.prepare,
            answers=lambda: asyncio.to_thread(database.answers),
            settle=lambda: asyncio.to_thread(database.create_database),
            account=lambda: database.account,
            log=self._log("database"),
            folder=database.home,
            environment={**environment(), MARK: str(self._data_dir)},
            # fast shutdown; SIGTERM would wait for every client to leave
            stop_signal=signal.SIGINT,
            death_signal=signal.SIGINT,
            start_seconds=120,
        )

    def _engine_part(self, engine: EmbeddedEngine) -> Part:
        return Part(
            name="engine",
            command=engine.command,
            prepare=engine.prepare,
            answers=lambda: engine_answers(engine.target, engine.namespace),
            settle=lambda: self._settle_engine(engine),
            account=lambda: engine.account,
            log=self._log("engine"),
            folder=engine.home,
            environment={**engine.environment(), MARK: str(self._data_dir)},
        )

    async def _settle_engine(self, engine: EmbeddedEngine) -> None:
        try:
            await asyncio.to_thread(engine.shut_doors, self._supervisor.pids["engine"])
        except StillOpenError as error:
            self._reporter.note(
                f"本系统不允许关闭引擎的 HTTP 与指标端口（{error}）：HTTP 接口仍一概拒绝，指标可在本机读取。",
                f"This system does not let the engine's HTTP and metrics ports be shut ({error}): HTTP still refuses every call, the figures can be read on this machine.",
            )
        await engine.keep_histories()

    def _program_part(self, program: Program, runtime: Runtime, ports: Ports) -> Part:
        ready = self._data_dir / "run" / f"{program.name}.ready"

        def prepare() -> None:
            ready.parent.mkdir(mode=0o700, exist_ok=True)
            ready.unlink(missing_ok=True)

        async def answers() -> bool:
            return ready.exists()

        arguments = [word.replace(GATEWAY_PORT, str(ports.gateway)) for word in program.arguments]
        return Part(
            name=program.name,
            command=lambda: [sys.executable, "-P", *arguments],
            prepare=prepare,
            answers=answers,
            log=self._log(program.name),
            folder=Path.cwd(),
            stop_seconds=program.stop_seconds,
            environment={
                "SANZHANG_LOG_FORMAT": "json",
                **self._plan.environment,
                "SANZHANG_TEMPORAL": runtime.temporal,
                "SANZHANG_NAMESPACE": runtime.namespace,
                "SANZHANG_DATABASE_DSN": runtime.database_dsn,
                "SANZHANG_DATA_DIR": str(self._data_dir),
                "SANZHANG_READY_FILE": str(ready),
                MARK: str(self._data_dir),
            },
        )

    def _log(self, name: str) -> Path:
        return self._data_dir / "log" / f"{name}.log"
