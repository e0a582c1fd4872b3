"""Every page, for the people who see it: nothing for axe to say, nothing wider than a telephone, nothing heavy."""

from __future__ import annotations

from typing import Any, cast

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, Response

from tests.pages.conftest import City, DeskOf

RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
WEIGHT = 150_000
"""Bytes of a page with all it fetches, compressed."""

PAGES = (
    ("", "/sign-in"),
    ("", "/public"),
    ("", "/public/submit"),
    ("", "/public/track"),
    ("", "/public/disclosed"),
    ("cao-jianhua", "/inbox"),
    ("gu-feng", "/inbox"),
    ("he-xiaoyun", "/petitions/new"),
    ("cao-jianhua", "/ledgers/all"),
    ("cao-jianhua", "/ledgers/claim?text=路&column=title&column=due&overdue=1"),
    ("cao-jianhua", "/ledgers/all?unit=nowhere"),
    ("lu-zhengping", "/board"),
    ("lu-zhengping", "/board/cases?of=received"),
    ("lu-zhengping", "/board/bulletin?weeks=4"),
    ("lu-zhengping", "/calendar"),
    ("lu-zhengping", "/calendar?year=2027&version=1&beside=1"),
    ("lu-zhengping", "/policy"),
    ("lu-zhengping", "/organisation"),
    ("lu-zhengping", "/accounts/me"),
    ("fu-zhiyuan", "/replay"),
    ("fu-zhiyuan", "/audit/security"),
    ("fu-zhiyuan", "/audit/security?kind=nothing"),
    ("gu-feng", "/nowhere"),
    ("gu-feng", "/replay"),
)


def violations(page: Page) -> list[str]:
    """What axe has to say, one line each."""
    found = cast("list[dict[str, Any]]", Axe().run(page, options=RULES).response["violations"])
    return [f"{each['id']}: {each['help']} {[node['target'] for node in each['nodes']][:4]}" for each in found]


def overflow(page: Page) -> int:
    """By how many pixels the page is wider than the window."""
    return page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")


MANNERS = (("zh", 1280, "light"), ("en", 360, "dark"))
"""Chinese and light at a desk; English and dark on a telephone. Pages take them by turns, and those used all day take both."""


def look(desk_of: DeskOf, person: str, path: str, manner: tuple[str, int, str], *, opened: bool = False) -> None:
    """Opens the page in that manner and asks axe, and the window, what they think of it."""
    language, width, scheme = manner
    page = desk_of(person, language=language, width=width, scheme=scheme).see(path)
    if opened:
        page.evaluate("document.querySelectorAll('main details').forEach(each => each.open = true)")
    assert page.locator("html").get_attribute("lang") == ("zh-CN" if language == "zh" else "en")
    assert violations(page) == []
    assert overflow(page) <= 0


@pytest.mark.parametrize(
    ("person", "path", "manner"),
    [(person, path, MANNERS[place % 2]) for place, (person, path) in enumerate(PAGES)],
    ids=lambda said: str(said) if said else "public",
)
def test_a_page_is_for_everybody(person: str, path: str, manner: tuple[str, int, str], desk_of: DeskOf) -> None:
    look(desk_of, person, path, manner)


@pytest.mark.parametrize("manner", MANNERS, ids=lambda said: said[0])
def test_a_case_is_for_everybody_who_may_see_it(manner: tuple[str, int, str], city: City, desk_of: DeskOf) -> None:
    number = city.numbers[6]
    look(desk_of, "he-xiaoyun", f"/petitions/{number}", manner, opened=True)
    look(desk_of, "fu-zhiyuan", f"/replay/{number}?step=2", manner)
    look(desk_of, "lu-zhengping", "/inbox", manner)


@pytest.mark.parametrize("manner", MANNERS, ids=lambda said: said[0])
def test_several_at_once_is_for_everybody(manner: tuple[str, int, str], desk_of: DeskOf) -> None:
    language, width, scheme = manner
    page = desk_of("cao-jianhua", language=language, width=width, scheme=scheme).see("/inbox?kind=assign")
    page.locator("[data-all]").check()
    page.locator("[data-bulk] button[formaction$=assign]").click()
    page.wait_for_url("**/inbox/together/assign")
    assert page.locator("input[name=number]").count() > 0
    assert violations(page) == []
    assert overflow(page) <= 0


@pytest.mark.parametrize("path", ["/inbox", "/board", "/ledgers/all", "/petitions/{}"])
def test_a_page_is_light(path: str, city: City, desk_of: DeskOf) -> None:
    desk = desk_of("cao-jianhua")
    sizes: list[int] = []

    def arrived(response: Response) -> None:
        if "/stream" not in response.url:
            sizes.append(int(response.headers.get("content-length", 0)))

    desk.page.on("response", arrived)
    desk.see(path.format(city.numbers[0]))
    assert 10_000 < sum(sizes) < WEIGHT


def test_nothing_moves_sideways_on_a_wall(desk_of: DeskOf) -> None:
    assert overflow(desk_of("lu-zhengping", width=3840).see("/board")) <= 0
