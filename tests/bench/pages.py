"""How long a page takes in a browser that has never seen it, and what it weighs: each in a fresh context with an empty cache.

A city of the demonstration is served over HTTP on this machine, as its page tests have it, so that nothing of a network is in the times.
Usable is a page when all it asks for has been loaded and run (``load``) and htmx is there.
"""

from __future__ import annotations

import statistics
import time
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, sync_playwright

from gateway.access.callers import SESSION_COOKIE
from gateway.doors import Door
from tests.machine_fixtures import running_database
from tests.pages.conftest import CHROMIUM, City, living
from tests.pages.filled import fill
from workers.machine.database import SETTINGS

USABLE_MS, WEIGHT = 1_000, 150_000

PAGES: dict[str, tuple[str, str]] = {
    "sign-in": ("", "/sign-in"),
    "inbox": ("cao-jianhua", "/inbox"),
    "the three ledgers": ("cao-jianhua", "/ledgers/all"),
    "one ledger": ("cao-jianhua", "/ledgers/claim"),
    "a case": ("cao-jianhua", "/petitions/{number}"),
    "new petition": ("he-xiaoyun", "/petitions/new"),
    "board": ("lu-zhengping", "/board"),
    "cases behind a number": ("lu-zhengping", "/board/cases?of=received"),
    "replay": ("fu-zhiyuan", "/replay/{number}"),
    "calendar": ("lu-zhengping", "/calendar"),
    "policy": ("lu-zhengping", "/policy"),
    "organisation": ("lu-zhengping", "/organisation"),
    "public": ("", "/public"),
    "public, submit": ("", "/public/submit"),
    "public, track": ("", "/public/track"),
    "public, disclosed": ("", "/public/disclosed"),
}


def measure(home: Path, *, quick: bool) -> dict[str, dict[str, Any]]:
    """By page: milliseconds until usable (median and worst of several), bytes over the wire with their headers, requests."""
    if CHROMIUM is None:
        raise RuntimeError("chromium is not installed (README: the page tests need it)")

    async def filled(door: Door) -> list[str]:
        return await fill(door, petitions=24, street=4)

    with (
        running_database(home / "database", SETTINGS) as database,
        living(database.dsn, "pages", home / "city", filled) as city,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        try:
            _opened(browser, city, "", "/sign-in")
            return {
                name: _told([_opened(browser, city, *page) for _ in range(3 if quick else 10)])
                for name, page in PAGES.items()
            }
        finally:
            browser.close()


def _opened(browser: Browser, city: City, person: str, path: str) -> tuple[float, int, int]:
    """Milliseconds, bytes and requests of one page, seen for the first time."""
    context = browser.new_context(base_url=city.address, locale="zh-CN")
    try:
        if person:
            cookie = {"name": SESSION_COOKIE, "value": city.session(person), "url": city.address}
            context.add_cookies([cookie])  # type: ignore[list-item]
        page = context.new_page()
        sizes: list[int] = []
        network = context.new_cdp_session(page)
        network.send("Network.enable")

        def loaded(done: dict[str, Any]) -> None:
            sizes.append(int(done["encodedDataLength"]))

        network.on("Network.loadingFinished", loaded)
        begun = time.perf_counter()
        answer = page.goto(path.format(number=city.numbers[0]), wait_until="load")
        if page.evaluate("typeof htmx") != "object":
            raise RuntimeError(f"{path}: htmx is not there")
        taken = (time.perf_counter() - begun) * 1000
        if answer is None or answer.status != 200:
            raise RuntimeError(f"{path}: {answer.status if answer else 'no answer'}")
        return taken, sum(sizes), len(sizes)
    finally:
        context.close()


def _told(seen: list[tuple[float, int, int]]) -> dict[str, Any]:
    times = [taken for taken, _, _ in seen]
    return {
        "p50": round(statistics.median(times)),
        "worst": round(max(times)),
        "bytes": max(size for _, size, _ in seen),
        "requests": max(count for _, _, count in seen),
    }
