"""Calendar, policy and organisation in the browser: seen, compared, taken over after a look; a file that is wrong says why and changes nothing."""

from __future__ import annotations

import pytest
import yaml
from playwright.sync_api import Page, expect

from activities.defaults import demo_organisation
from tests.pages.conftest import DeskOf

NOTICE = """日期,类型,说明
2027-01-01,放假,元旦
2027-02-05,放假,春节
2027-02-08,放假,春节
2027-02-09,放假,春节
2027-02-10,放假,春节
2027-02-14,上班,调休
2027-04-05,放假,清明节
2027-05-03,放假,劳动节
2027-06-09,放假,端午节
2027-09-15,放假,中秋节
2027-10-01,放假,国庆节
"""


def hand_in(page: Page, name: str, text: bytes) -> None:
    """Chooses a file for the next version and asks for a preview."""
    if page.locator("details:has(#file)[open]").count() == 0:
        page.get_by_text("导入新版本").click()
    page.locator("#file").set_input_files({"name": name, "mimeType": "text/plain", "buffer": text})
    page.get_by_role("button", name="预览变化").click()


def test_a_holiday_notice_is_previewed_taken_over_and_compared(desk_of: DeskOf) -> None:
    page = desk_of("cao-jianhua").see("/calendar")
    expect(page.locator("main")).to_contain_text("缺少 2027 年的放假通知")
    hand_in(page, "notice.csv", NOTICE.encode("gb18030"))
    expect(page.locator(".told.note")).to_contain_text("第 2 版，11 处变化")
    expect(page.locator("h1")).to_contain_text("2027")
    assert page.locator("#version option").count() == 1, "a preview keeps nothing"
    page.get_by_role("button", name="确认导入").click()
    expect(page.locator(".told.good")).to_contain_text("第 2 版已生效")
    page.locator("#beside").select_option("1")
    page.get_by_role("button", name="查看", exact=True).click()
    expect(page.locator("main")).to_contain_text("与第 1 版的差别")
    assert page.locator(".month td.differs").count() == 11
    expect(page.locator("table tr", has_text="2027-02-14")).to_contain_text("放假")
    page.locator("#version").select_option("1")
    page.locator("#beside").select_option("0")
    page.get_by_role("button", name="查看", exact=True).click()
    expect(page.locator(".told.note")).to_contain_text("旧的第 1 版，现行为第 2 版")


def test_units_and_people_are_previewed_taken_over_and_compared(desk_of: DeskOf) -> None:
    city = demo_organisation().model_dump(mode="json")
    colleague = next(person for person in city["people"] if person["role"] == "handler")
    somebody = dict(colleague, id="xin-lai", name="新来")
    page = desk_of("cao-jianhua").see("/organisation")
    hand_in(page, "city.yaml", yaml.safe_dump(city | {"people": [*city["people"], somebody]}).encode())
    expect(page.locator(".told.note")).to_contain_text("处变化")
    expect(page.locator("table")).to_contain_text("people/xin-lai")
    page.get_by_role("button", name="确认导入").click()
    expect(page.locator(".told.good")).to_contain_text("已生效")
    newest = int(page.locator("#version").input_value())
    page.locator("#beside").select_option(str(newest - 1))
    page.get_by_role("button", name="查看", exact=True).click()
    expect(page.locator("main")).to_contain_text("people/xin-lai/name")


@pytest.mark.parametrize(
    ("path", "name", "text", "reason"),
    [
        ("/calendar", "notice.csv", "日期,类型\n2027-02-30,放假\n".encode(), "2027-02-30"),
        ("/calendar", "picture.csv", b"\xff\xfe\x00\x81\xff", "不是文本"),
        ("/policy", "policy.yaml", b"version: 1\nledgers: {claim: {simple: {finish_days: soon}}}", "finish_days"),
        ("/organisation", "city.yaml", b"units: [", ""),
    ],
    ids=["a day that is none", "no text", "a figure that is none", "cut off"],
)
def test_a_file_that_is_wrong_says_why(path: str, name: str, text: bytes, reason: str, desk_of: DeskOf) -> None:
    page = desk_of("cao-jianhua").see(path)
    before = page.locator("#version option").count()
    hand_in(page, name, text)
    expect(page.locator(".told.bad")).to_contain_text(reason)
    assert page.get_by_role("button", name="确认导入").count() == 0
    assert page.locator("#version option").count() == before
