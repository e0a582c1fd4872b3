"""``make pictures``: inbox, case, board and replay of the city of the demonstration, as the README shows them."""

from __future__ import annotations

import asyncio
import shutil
import sys
import tempfile
from pathlib import Path

from playwright.async_api import Page, async_playwright

from activities.logs import configure_logging
from gateway.access.callers import SESSION_COOKIE, Authenticator
from gateway.doors import Door
from schemas.petition.state import Stage
from tests.machine_fixtures import running_database, running_engine
from tests.pages.city import running_city, served
from tests.pages.filled import fill

INTO = Path(__file__).parent.parent.parent / "docs" / "images"
WIDTH, HEIGHT = 1280, 800


async def take() -> None:
    """Takes them all; some seconds, and nothing of it stays but the pictures."""
    configure_logging(log_format="json", log_level="error", stream=sys.stderr)
    with tempfile.TemporaryDirectory(prefix="pictures-") as folder, running_database(Path(folder) / "db") as database:
        async with running_engine() as engine, running_city(engine, database.dsn, Path(folder)) as door:
            numbers = await fill(door)
            async with served(door) as (address, callers):
                await _pictures(address, callers, door, numbers)


async def _pictures(address: str, callers: Authenticator, door: Door, numbers: list[str]) -> None:
    shown, lived = await _most_lived(door, numbers)
    wanted = (
        ("inbox", "he-xiaoyun", "/inbox", "light"),
        ("case", "cao-jianhua", f"/petitions/{shown}", "light"),
        ("board", "lu-zhengping", "/board", "dark"),
        ("replay", "fu-zhiyuan", f"/replay/{lived}?step=4", "light"),
    )
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        for name, person, path, scheme in wanted:
            context = await browser.new_context(
                viewport={"width": WIDTH, "height": HEIGHT}, color_scheme="dark" if scheme == "dark" else "light"
            )
            secret = (await callers.sessions.begin(person, "zh")).secret
            await context.add_cookies([{"name": SESSION_COOKIE, "value": secret, "url": address}])
            page: Page = await context.new_page()
            await page.goto(f"{address}{path}")
            await page.screenshot(path=INTO / f"{name}.png")
            await context.close()
        await browser.close()


async def _most_lived(door: Door, numbers: list[str]) -> tuple[str, str]:
    """A case at work with much behind it, and one that came far."""
    found = [await door.system.record.state(number) for number in numbers]
    states = [state for state in found if state is not None]
    at_work = [state for state in states if state.stage is Stage.SUPERVISE]
    return (
        max(at_work, key=lambda state: (len(state.co_offices), state.seq)).number,
        max(states, key=lambda state: (len(state.answers), bool(state.cards), state.seq)).number,
    )


if __name__ == "__main__":
    asyncio.run(take())
