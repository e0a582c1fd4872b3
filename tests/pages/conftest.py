"""One city and one browser for all page tests: the application as it is served, at an address of this machine."""

from __future__ import annotations

import asyncio
import shutil
import sys
import threading
from collections.abc import Awaitable, Callable, Coroutine, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from activities.logs import configure_logging
from activities.record.views import CaseView
from gateway.access.callers import SESSION_COOKIE, Authenticator
from gateway.doors import Door
from schemas.petition.state import Petition
from tests.databases import own_database
from tests.machine_fixtures import running_engine
from tests.pages.city import running_city, served
from tests.pages.filled import fill

CHROMIUM = shutil.which("chromium")
PETITIONS = 24
EXPECTED = ("Failed to load resource", "htmx:sendAbort", "htmx:afterRequest")
"""What a browser says of a refused page, and htmx of a question that a later one replaced."""


Answer = TypeVar("Answer")


@dataclass
class City:
    """The running city as a test sees it. ``numbers``: its cases, in the order they were filed."""

    address: str = ""
    numbers: list[str] = field(default_factory=list[str])
    door: Door | None = None
    callers: Authenticator | None = None
    loop: asyncio.AbstractEventLoop | None = None
    trouble: BaseException | None = None

    def ask(self, question: Coroutine[Any, Any, Answer]) -> Answer:
        """What the system answers, from its own loop."""
        assert self.loop is not None
        return asyncio.run_coroutine_threadsafe(question, self.loop).result(30)

    def session(self, person: str) -> str:
        """What the browser of somebody who has signed in holds."""
        assert self.callers is not None
        return self.ask(self.callers.sessions.begin(person, "zh")).secret

    def state(self, number: str) -> Petition:
        """A case, by the record."""
        assert self.door is not None
        state = self.ask(self.door.system.record.state(number))
        assert state is not None
        return state

    def case(self, number: str) -> CaseView:
        """A case with its words."""
        assert self.door is not None
        return self.ask(self.door.queries.case(number))

    def events(self, number: str) -> list[Any]:
        """What happened to a case, by the record."""
        assert self.door is not None
        return [each.event for each in self.ask(self.door.system.record.history(number))]

    def kinds(self, number: str) -> list[str]:
        """The kinds of it."""
        return [event.kind for event in self.events(number)]

    def stage(self, number: str) -> str:
        """Where a case stands, by the record."""
        return self.state(number).stage.value


@pytest.fixture(scope="session")
def city(database_dsn: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[City]:
    """The city of the demonstration, at work."""

    async def filled(door: Door) -> list[str]:
        return await fill(door, petitions=PETITIONS, street=4)

    with living(database_dsn, "pages", tmp_path_factory.mktemp("city"), filled) as found:
        yield found


@contextmanager
def living(
    database_dsn: str, name: str, home: Path, fill_it: Callable[[Door], Awaitable[list[str]]], *, demo: bool = True
) -> Generator[City]:
    """A city of its own, in a thread beside the browser; ``demo``: with the invented units and people."""
    found, ready, over = City(), threading.Event(), threading.Event()

    async def live() -> None:
        async with (
            own_database(database_dsn, name) as dsn,
            running_engine() as engine,
            running_city(engine, dsn, home, demo=demo) as door,
        ):
            found.numbers = await fill_it(door)
            async with served(door) as (address, callers):
                found.address, found.door, found.callers = address, door, callers
                found.loop = asyncio.get_running_loop()
                ready.set()
                await asyncio.to_thread(over.wait)

    def run() -> None:
        configure_logging(log_format="json", log_level="error", stream=sys.stderr)
        try:
            asyncio.run(live())
        except BaseException as error:  # told to the test that waits for it
            found.trouble = error
        finally:
            ready.set()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    ready.wait(90)
    if found.trouble is not None or not found.address:
        raise RuntimeError("the city did not start") from found.trouble
    yield found
    over.set()
    thread.join(60)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's Chromium; no longer than a module, for Playwright keeps a loop running in which no other test could run its own."""
    if CHROMIUM is None:
        pytest.skip("chromium is not installed (README: the page tests need it)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@dataclass
class Desk:
    """Somebody's browser. Whatever the browser itself complains of, a broken rule of the CSP say, fails the test that opened it."""

    page: Page
    complaints: list[str]

    def see(self, path: str) -> Page:
        """Goes there."""
        self.page.goto(path)
        return self.page


@pytest.fixture
def desk_of(browser: Browser, city: City) -> Iterator[DeskOf]:
    """Opens somebody's browser; ``""`` for the public."""
    opener = DeskOf(browser, city)
    yield opener
    opener.close()


class DeskOf:
    """See :func:`desk_of`."""

    def __init__(self, browser: Browser, city: City) -> None:
        self._browser = browser
        self._city = city
        self._open: list[tuple[BrowserContext, Desk]] = []

    def __call__(
        self,
        person: str,
        *,
        language: str = "zh",
        width: int = 1280,
        scheme: str = "light",
        scripts: bool = True,
    ) -> Desk:
        context = self._browser.new_context(
            viewport={"width": width, "height": 900},
            color_scheme="dark" if scheme == "dark" else "light",
            java_script_enabled=scripts,
            base_url=self._city.address,
            reduced_motion="reduce",
        )
        context.set_default_timeout(15_000)
        cookies = {"language": language}
        if person:
            cookies[SESSION_COOKIE] = self._city.session(person)
        context.add_cookies(
            [{"name": name, "value": value, "url": self._city.address} for name, value in cookies.items()]
        )
        desk = Desk(context.new_page(), [])
        desk.page.on("console", lambda said: desk.complaints.append(said.text) if said.type == "error" else None)
        desk.page.on("pageerror", lambda error: desk.complaints.append(str(error)))
        self._open.append((context, desk))
        return desk

    def close(self) -> None:
        """Closes them all."""
        for context, desk in self._open:
            context.close()
            unexpected = [each for each in desk.complaints if not each.startswith(EXPECTED)]
            assert not unexpected, unexpected
