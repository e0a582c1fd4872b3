"""The day of each of the seven, in the browser and by the keyboard alone."""

from __future__ import annotations

import re
from io import BytesIO

from openpyxl import load_workbook
from playwright.sync_api import Page, expect

from tests.pages.conftest import City, DeskOf

TEXT = "青禾路路口信号灯坏了三天，晚高峰车辆互不相让，行人过街很危险，请尽快修复并安排疏导。"


def reach(page: Page, selector: str) -> None:
    """Tabs until that is focused: what the keyboard can't reach, nobody works with."""
    for _ in range(120):
        if page.evaluate("selector => !!document.activeElement?.matches(selector)", selector):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"{selector} is never reached by the keyboard")


def open_form(page: Page, kind: str) -> None:
    """Opens the form of a command."""
    if page.locator(f"#do-{kind}[open]").count() == 0:
        reach(page, f"#do-{kind} > summary")
        page.keyboard.press("Enter")


def fill_in(page: Page, selector: str, text: str) -> None:
    """Types into a box."""
    reach(page, selector)
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.insert_text(text)


def send(page: Page, kind: str) -> None:
    """Sends the form of a command."""
    reach(page, f"#do-{kind} button:not([type=button])")
    page.keyboard.press("Enter")
    expect(page.locator(".told.good")).to_be_visible()


def test_a_petition_goes_through_seven_hands(city: City, desk_of: DeskOf) -> None:
    operator = desk_of("he-xiaoyun").see("/petitions/new")
    operator.keyboard.press("/")
    operator.keyboard.insert_text(TEXT)
    expect(operator.locator("#beside [data-take]").first).to_be_visible()
    reach(operator, "#title")
    operator.keyboard.insert_text("青禾路路口信号灯损坏")
    fill_in(operator, "#phone-0", "13800005678")
    fill_in(operator, "#unit", "WC/QH/02")
    reach(operator, "#complexity")
    operator.keyboard.press("ArrowDown")
    reach(operator, "button[value=file]")
    operator.keyboard.press("Enter")
    expect(operator.locator(".told.good .code")).to_be_visible()
    code = operator.locator(".told.good .code").inner_text()
    number = operator.locator(".told.good .number").inner_text()

    page = operator
    page.goto(f"/petitions/{number}")
    open_form(page, "assign")
    fill_in(page, "#assign-lead", "WC/QH/02")
    send(page, "assign")

    handler = desk_of("gu-feng").see("/inbox")
    for _ in range(30):
        handler.keyboard.press("j")
        if handler.evaluate("document.activeElement?.id") == f"case-{number}":
            break
    handler.keyboard.press("a")
    expect(handler.locator(".told.good")).to_contain_text("签收")
    handler.goto(f"/petitions/{number}")
    open_form(handler, "reply")
    reach(handler, "#do-reply input[name=outcome]")
    handler.keyboard.press("Space")
    fill_in(handler, "#reply-text", "信号灯已修复，高峰时段安排专人疏导。")
    send(handler, "reply")

    visitor = desk_of("sun-lihua").see(f"/petitions/{number}")
    open_form(visitor, "record_revisit")
    for name in ("reached", "solved", "satisfied_with_office", "satisfied_with_unit"):
        reach(visitor, f"#do-record_revisit input[name={name}]")
        visitor.keyboard.press("Space")
    send(visitor, "record_revisit")

    chief = desk_of("tang-yong").see("/inbox")
    for _ in range(30):
        chief.keyboard.press("j")
        if chief.evaluate("document.activeElement?.id") == f"case-{number}":
            break
    chief.keyboard.press("a")
    expect(chief.locator(".told.good")).to_contain_text(number)

    supervisor = desk_of("cao-jianhua").see(f"/petitions/{number}")
    open_form(supervisor, "disclose")
    reach(supervisor, "#do-disclose input[name=published]")
    supervisor.keyboard.press("Space")
    fill_in(supervisor, "#disclose-summary", "信号灯已修复。")
    send(supervisor, "disclose")
    second = desk_of("ning-jing").see(f"/petitions/{number}")
    open_form(second, "countersign")
    reach(second, "#do-countersign input[name=agreed]")
    second.keyboard.press("Space")
    send(second, "countersign")
    assert city.stage(number) == "archived"

    auditor = desk_of("fu-zhiyuan").see(f"/replay/{number}?step=1")
    reach(auditor, "#step")
    auditor.keyboard.press("ArrowRight")
    expect(auditor.locator("#moment")).to_contain_text("交办")
    expect(auditor).to_have_url(f"{city.address}/replay/{number}?step=2")

    public = desk_of("").see("/public/track")
    fill_in(public, "#code", code)
    fill_in(public, "#last_four", "0000")
    public.keyboard.press("Enter")
    expect(public.locator(".told.bad")).to_be_visible()
    fill_in(public, "#code", code)
    fill_in(public, "#last_four", "5678")
    public.keyboard.press("Enter")
    expect(public.locator("main")).to_contain_text("信号灯已修复")
    public.goto("/public/disclosed")
    expect(public.locator("article")).to_contain_text("信号灯已修复。")


def test_without_scripts_everything_works(city: City, desk_of: DeskOf) -> None:
    page = desk_of("cao-jianhua", scripts=False).see("/ledgers/all")
    before = page.locator("tbody tr").count()
    page.locator("#stage").select_option("assign")
    page.get_by_role("button", name="查询").click()
    assert 0 < page.locator("tbody tr").count() < before
    page.locator("tbody a").first.click()
    if page.locator("#do-assign[open]").count() == 0:
        page.locator("#do-assign summary").click()
    page.locator("#assign-lead").fill("没有这个单位")
    page.locator("#do-assign button").click()
    expect(page.locator(".told.bad")).to_contain_text("没有单位")
    expect(page.locator("#assign-lead")).to_have_value("没有这个单位")


def test_several_are_taken_at_once(desk_of: DeskOf, city: City) -> None:
    for person in ("gu-feng", "wei-guodong", "shen-tao", "gao-peng", "jiang-chao", "tang-yong", "meng-hao", "pan-yue"):
        page = desk_of(person).see("/inbox")
        if page.locator("[data-all]").count():
            break
    chosen = page.locator("[data-row] input[type=checkbox]").count()
    page.locator("[data-all]").check()
    expect(page.locator("[data-count]")).to_have_text(str(chosen))
    page.locator("[data-bulk] button").first.click()
    expect(page.locator("[role=status], [role=alert]").first).to_contain_text("件已办理")


def test_the_export_is_what_is_on_screen(city: City, desk_of: DeskOf) -> None:
    page = desk_of("cao-jianhua").see("/ledgers/all?state=open&column=title&column=stage&column=unit")
    shown = [row.split("\t")[0].strip() for row in page.locator("tbody tr td:first-child").all_inner_texts()]
    headings = page.locator("thead th").all_inner_texts()
    with page.expect_download() as download:
        page.get_by_role("link", name="导出 Excel").click()
    with open(download.value.path(), "rb") as file:  # noqa: PTH123 - the path is the browser's
        sheet = load_workbook(BytesIO(file.read())).active
    assert sheet is not None
    rows = list(sheet.iter_rows(values_only=True))
    assert list(rows[0]) == headings
    assert [row[0] for row in rows[1:]] == shown


def test_a_filter_is_kept_and_found_again(desk_of: DeskOf) -> None:
    page = desk_of("cao-jianhua").see("/ledgers/claim?stage=assign")
    page.get_by_text("保存当前筛选").click()
    page.locator("#saved-name").fill("待交办的诉求")
    page.get_by_role("button", name="保存").click()
    page.goto("/ledgers/all")
    page.get_by_role("link", name="待交办的诉求").click()
    expect(page.locator("#stage")).to_have_value("assign")
    page.get_by_role("button", name="删除筛选 待交办的诉求").click()
    expect(page.get_by_role("link", name="待交办的诉求")).to_have_count(0)


def test_a_draft_is_kept(desk_of: DeskOf) -> None:
    page = desk_of("tan-wei").see("/petitions/new")
    page.locator("#text").fill("写到一半的来件，电话断了，稍后再续。")
    expect(page.locator("#beside")).to_contain_text("草稿已保存")
    again = desk_of("tan-wei").see("/petitions/new")
    expect(again.locator("#text")).to_have_value("写到一半的来件，电话断了，稍后再续。")


def test_personal_data_is_shown_for_a_reason_only(city: City, desk_of: DeskOf) -> None:
    page = desk_of("he-xiaoyun").see(f"/petitions/{city.numbers[0]}")
    assert "****" in page.locator("main").inner_text()
    page.get_by_text("查看完整信息").click()
    page.locator("#reveal-reason").select_option("call_back")
    page.get_by_role("button", name="查看", exact=True).click()
    expect(page.locator("main")).to_contain_text("此次查看已记入日志")
    expect(page.locator("#evidence").locator("..")).to_contain_text("回电联系")


def test_every_number_of_the_board_opens_its_cases(desk_of: DeskOf) -> None:
    page = desk_of("lu-zhengping").see("/board")
    total = page.locator("table").last.locator("tbody tr").first.locator("td").last
    count = int(total.inner_text())
    total.locator("a").click()
    assert page.locator("tbody tr").count() == count


def test_a_policy_is_taken_over_after_a_look(desk_of: DeskOf) -> None:
    page = desk_of("cao-jianhua").see("/policy")
    page.get_by_text("全部数字").click()
    document = page.locator("pre").inner_text().replace("finish_days: 7", "finish_days: 6", 1)
    page.get_by_text("导入新版本").click()
    page.locator("#document").fill(document)
    page.get_by_role("button", name="预览变化").click()
    expect(page.locator(".told")).to_contain_text("第 2 版，1 处变化")
    page.get_by_role("button", name="确认导入").click()
    expect(page.locator(".told.good")).to_contain_text("第 2 版已生效")
    page.goto("/policy?version=2&beside=1")
    expect(page.locator("main")).to_contain_text("finish_days")


def test_what_is_not_ones_own_is_not_there(city: City, desk_of: DeskOf) -> None:
    refused = desk_of("gu-feng").see("/replay")
    expect(refused.locator("h1")).to_have_text("不能这样做")
    missing = desk_of("gu-feng").see("/petitions/WC-2026-C-999999")
    expect(missing.locator("h1")).to_have_text("没有找到")
    away = desk_of("").see(f"/petitions/{city.numbers[0]}")
    assert "/sign-in" in away.url


def test_the_colours_and_the_language_are_ones_own(desk_of: DeskOf) -> None:
    page = desk_of("gu-feng").see("/inbox")
    page.locator("[data-person] summary").click()
    page.get_by_role("link", name="深色").click()
    assert page.locator("html").get_attribute("data-theme") == "dark"
    page.reload()
    assert page.locator("html").get_attribute("data-theme") == "dark"
    page.locator("[data-person] summary").click()
    page.get_by_role("link", name="English").click()
    expect(page.locator("h1")).to_have_text("Inbox")


def test_an_auditor_verifies_at_a_click(city: City, desk_of: DeskOf) -> None:
    number = city.numbers[3]
    page = desk_of("fu-zhiyuan").see(f"/replay/{number}")
    page.get_by_role("button", name="核验此件").click()
    expect(page.locator(".told.good")).to_contain_text("核验通过")
    page.goto(f"/replay?number={number}")
    assert page.url.endswith(f"/replay/{number}")
    refused = page.request.get(f"/replay/{number}/proof.json")
    assert refused.status in (404, 409, 422), "no checkpoint has been made yet, and that is said"


def test_a_file_is_attached_and_read_back(city: City, desk_of: DeskOf) -> None:
    page = desk_of("he-xiaoyun").see(f"/petitions/{city.numbers[0]}")
    page.locator("#attach").set_input_files(
        {"name": "现场.txt", "mimeType": "text/plain", "buffer": "照片说明".encode()}
    )
    page.get_by_role("button", name="附上").click()
    link = page.get_by_role("link", name="现场.txt")
    expect(link).to_be_visible()
    assert page.request.get(str(link.get_attribute("href"))).body().decode() == "照片说明"
    page.locator("#attach").set_input_files({"name": "a.exe", "mimeType": "application/x-dosexec", "buffer": b"MZ"})
    page.get_by_role("button", name="附上").click()
    expect(page.locator(".told.bad")).to_be_visible()


def test_the_export_follows_what_is_searched(desk_of: DeskOf) -> None:
    page = desk_of("cao-jianhua").see("/ledgers/all")
    page.locator("#stage").select_option("assign")
    expect(page).to_have_url(re.compile("stage=assign"))
    expect(page.get_by_role("link", name="导出 Excel")).to_have_attribute("href", re.compile("stage=assign"))
    expect(page.locator("#books a").first).to_have_attribute("href", re.compile("stage=assign"))
