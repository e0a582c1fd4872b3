"""Every page, for the people who see it: nothing for axe to say, nothing wider than a telephone, nothing heavy."""

from __future__ import annotations

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
    ("lu-zhengping", "/calendar"),
    ("lu-zhengping", "/policy"),
    ("lu-zhengping", "/organisation"),
    ("lu-zhengping", "/accounts/me"),
    ("fu-zhiyuan", "/replay"),
    ("gu-feng", "/nowhere"),
    ("gu-feng", "/replay"),
)


def violations(page: Page) -> list[str]:
    """What axe has to say, one line each."""
    found = Axe().run(page, options=RULES).response["violations"]
    return [f"{each['id']}: {each['help']} {[node['target'] for node in each['nodes']][:4]}" for each in found]


def overflow(page: Page) -> int:
    """By how many pixels the page is wider than the window."""
    return page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")


@pytest.mark.parametrize(("person", "path"), PAGES, ids=lambda said: said or "public")
def test_a_page_is_for_everybody(person: str, path: str, desk_of: DeskOf) -> None:
    """Chinese and light at a desk; English and dark on a telephone."""
    wide = desk_of(person).see(path)
    assert wide.locator("html").get_attribute("lang") == "zh-CN"
    assert violations(wide) == []
    narrow = desk_of(person, language="en", width=360, scheme="dark").see(path)
    assert narrow.locator("html").get_attribute("lang") == "en"
    assert violations(narrow) == []
    assert overflow(narrow) <= 0


@pytest.mark.parametrize("person", ["he-xiaoyun", "cao-jianhua", "fu-zhiyuan", "lu-zhengping"])
def test_a_case_is_for_everybody_who_may_see_it(person: str, city: City, desk_of: DeskOf) -> None:
    number = city.numbers[6]
    paths = [f"/petitions/{number}"] + ([f"/replay/{number}?step=2"] if person == "fu-zhiyuan" else [])
    for path in paths:
        wide = desk_of(person).see(path)
        wide.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
        assert violations(wide) == []
        narrow = desk_of(person, language="en", width=360, scheme="dark").see(path)
        narrow.evaluate("document.querySelectorAll('main details').forEach(each => each.open = true)")
        assert violations(narrow) == []
        assert overflow(narrow) <= 0


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
