"""``sanzhang up --demo``: runs beside the system once it is ready, until the system stops."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from random import Random
from shlex import quote

from rich.console import Console

from activities.defaults import DemoPetition, demo_petitions
from activities.logs import configure_logging
from activities.record.case_record import utc_now
from activities.runtime import Runtime
from activities.settings import Settings
from gateway.demo.accounts import doorway, print_accounts
from gateway.demo.city import SOURCE, Registry, receipts, settle, waiting
from gateway.demo.invented import PREFIX, invented
from gateway.demo.offices.plan import Plan
from gateway.demo.offices.robots import Refused, Robots
from gateway.demo.screen.book import Book
from gateway.demo.screen.parts import PartsReporter
from gateway.demo.screen.screens import JsonScreen, LiveScreen, PlainScreen, Screen, print_line
from gateway.demo.screen.sentences import Names
from gateway.demo.screen.watch import Watch
from gateway.doors import Door, open_door
from gateway.importing.proposing import Proposer, load_taxonomy
from gateway.retry import is_transient
from schemas.kernel.actor import Actor
from schemas.kernel.errors import UserError
from schemas.kernel.worktime import Calendar
from schemas.organisation import Organisation
from schemas.petition.commands import Command
from workers.machine.console import Reporter
from workflows.contract import Answer

LOOK_EVERY = 1.0
"""Seconds between two looks at the record, and two drawings of the board."""

STAMPED_GAP = 0.4
BROUGHT_GAP = 1.6
"""Seconds between two filings: of what was waiting already, and of what people bring."""

STREET_GAP = (20.0, 45.0)
"""Seconds between two invented petitions, once the forty are filed."""


class Show:
    """The demonstration of one ``up``. ``reporter`` is what the system is to report to while it runs."""

    def __init__(
        self, data_dir: Path, environment: Mapping[str, str], console: Console, reporter: Reporter, *, as_json: bool
    ) -> None:
        self._data_dir = data_dir
        self._environment = environment
        self._console = console
        self._as_json = as_json
        self.reporter = PartsReporter(reporter)

    async def play(self, runtime: Runtime) -> None:
        """Plays until cancelled."""
        environment = {
            **self._environment,
            "SANZHANG_DATA_DIR": str(self._data_dir),
            "SANZHANG_TEMPORAL": runtime.temporal,
            "SANZHANG_NAMESPACE": runtime.namespace,
            "SANZHANG_DATABASE_DSN": runtime.database_dsn,
        }
        settings = Settings.from_environment(environment)
        with _logging_to(self._data_dir / "log" / "demo.log", settings):
            async with open_door(settings, environment) as door:
                await self._play(door, settings, runtime.gateway)

    async def _play(self, door: Door, settings: Settings, gateway: str | None) -> None:
        city = await settle(door.system.reference)
        watch = Watch(door.system.database)
        screen = self._screen(watch.book, (await door.rules()).calendar, Names(city), gateway)
        past = await watch.look()

        def heard(refused: Refused) -> None:
            screen.refused(refused, utc_now())

        async def act(number: str, actor: Actor, command: Command, command_id: str) -> Answer:
            return await door.desk.act(number, actor, command, command_id=command_id)

        twins = {each.key: each.same_matter_as for each in demo_petitions() if each.same_matter_as}
        robots = Robots(Plan(city), watch.book, act, SOURCE, twins, heard)
        registry = Registry(door.desk, city, Proposer(city, load_taxonomy(settings.taxonomy_file)), door.system.keyring)
        with screen:
            screen.before(past)
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(_show(watch, screen))
                tasks.create_task(_Arrivals(door, watch, registry, city, heard).run())
                tasks.create_task(robots.run())

    def _screen(self, book: Book, calendar: Calendar, names: Names, gateway: str | None) -> Screen:
        if self._as_json:
            return JsonScreen(book, calendar, names)
        print_accounts(self._console, gateway)
        if self._console.is_terminal:
            return LiveScreen(self._console, book, calendar, names, self.reporter, doorway(gateway))
        return PlainScreen(self._console, book, calendar, names)

    def farewell(self) -> None:
        """Where the data lies, and how to go on."""
        if self._as_json:
            print_line("stopped", utc_now(), data_dir=str(self._data_dir))
            return
        folder = str(self._data_dir)
        lines = (
            f"演示已停止，数据保存在 {folder}",
            f"  继续演示    sanzhang up --demo --data-dir {quote(str(folder))}",
            f"  只开系统    sanzhang up --data-dir {quote(str(folder))}",
            f"  运行时查看  sanzhang case list --data-dir {quote(str(folder))}",
            "  The demonstration has stopped; its data stays, and the same commands go on with it.",
        )
        for line in lines:
            self._console.print(line, highlight=False, markup=False, soft_wrap=True)


async def _show(watch: Watch, screen: Screen) -> None:
    while True:
        trouble = ""
        try:
            screen.happened(await watch.look())
        except Exception as error:  # a database that is being restarted: said on the screen, and looked again
            if not is_transient(error):
                raise
            trouble = "数据库暂不可用，正在等待恢复"
        screen.tick(utc_now(), trouble)
        await asyncio.sleep(LOOK_EVERY)


class _Arrivals:
    """Files the forty petitions, those that are filed already left out, and then one from the street now and then."""

    def __init__(
        self, door: Door, watch: Watch, registry: Registry, city: Organisation, heard: Callable[[Refused], None]
    ) -> None:
        self._door = door
        self._watch = watch
        self._registry = registry
        self._city = city
        self._heard = heard

    async def run(self) -> None:
        rules = await self._door.rules()
        petitions = waiting(rules.policy)
        moments = receipts(petitions, rules.policy, rules.calendar, utc_now())
        for petition, moment in zip(petitions, moments, strict=True):
            if self._watch.book.number(SOURCE, petition.key):
                continue
            stamped = rules.policy.channels[petition.channel].trusted_time
            await self._file(petition, moment if stamped else None)
            await asyncio.sleep(STAMPED_GAP if stamped else BROUGHT_GAP)
        index = sum(seen.source == SOURCE and seen.key.startswith(PREFIX) for seen in self._watch.book.cases.values())
        while True:
            await asyncio.sleep(Random(index).uniform(*STREET_GAP))  # noqa: S311 - a rhythm, not a secret
            await self._file(invented(index, self._city), None)
            index += 1

    async def _file(self, petition: DemoPetition, received_at: datetime | None) -> None:
        while True:
            try:
                await self._registry.file(petition, received_at)
                return
            except UserError as error:
                self._heard(Refused(number="", actor="system", kind="file", error=error))
                if error.code != "system_unavailable":
                    return


@contextmanager
def _logging_to(file: Path, settings: Settings) -> Generator[None]:
    # A log line between two drawings of the board would tear it.
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with file.open("a", encoding="utf-8") as stream:
        configure_logging(log_format="json", log_level=settings.log_level, stream=stream)
        try:
            yield
        finally:
            configure_logging(log_format=settings.log_format, log_level=settings.log_level)
