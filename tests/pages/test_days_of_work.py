"""A day of each of the seven, in the browser, on books filled from the real workbooks; and afterwards what the record says of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from io import BytesIO
from pathlib import Path

import pytest
from openpyxl import load_workbook
from playwright.sync_api import Browser, Locator, Page, expect

from activities.record.views import CaseView
from gateway.doors import Door
from schemas.evidence.journal import EntryKind
from schemas.petition.state import Ground, Outcome, Petition, Stage
from tests.pages.bureau import file_workbooks
from tests.pages.conftest import City, Desk, DeskOf, living

EACH = 22
"""Messages of each workbook: enough for every step, and no more than seconds."""

LEAD, HELPER = "XA/traffic", "XA/order"


@pytest.fixture(scope="module")
def bureau(
    database_dsn: str, tmp_path_factory: pytest.TempPathFactory, shared_data: Path, browser: Browser
) -> Iterator[City]:
    """The bureau of a new installation, with messages of both workbooks in its books."""

    async def filled(door: Door) -> list[str]:
        return await file_workbooks(door, shared_data, EACH)

    with living(database_dsn, "bureau", tmp_path_factory.mktemp("bureau"), filled, demo=False) as found:
        yield found


@pytest.fixture
def desk_at(browser: Browser, bureau: City) -> Iterator[DeskOf]:
    """Opens somebody's browser at the bureau."""
    opener = DeskOf(browser, bureau)
    yield opener
    opener.close()


def fill_in(form: Locator, fields: Mapping[str, str | bool]) -> None:
    """Each box as a person fills it, whatever kind of box it is."""
    for name, value in fields.items():
        box = form.locator(f"[name='{name}']").first
        if isinstance(value, bool):
            if not value and box.get_attribute("type") == "checkbox":
                continue
            form.locator(f"input[name='{name}'][value='{str(value).lower()}']").check()
        elif box.get_attribute("type") == "radio":
            form.locator(f"input[name='{name}'][value='{value}']").check()
        elif box.evaluate("box => box.tagName") == "SELECT":
            box.select_option(value)
        else:
            box.fill(value)


def do(page: Page, number: str, kind: str, **fields: str | bool) -> None:
    """Opens the case, fills the form of a command in and sends it."""
    page.goto(f"/petitions/{number}#do-{kind}")
    if page.locator(f"#do-{kind}[open]").count() == 0:
        page.locator(f"#do-{kind} > summary").click()
    fill_in(page.locator(f"#do-{kind}"), fields)
    page.locator(f"#do-{kind} button:not([type=button])").click()
    expect(page.locator(".told.good")).to_be_visible()


def choose(page: Page, kind: str, numbers: list[str]) -> None:
    """Ticks those cases of the inbox."""
    page.goto(f"/inbox?kind={kind}")
    for number in numbers:
        page.locator(f"[data-row] input[value='{number}']").check()
    expect(page.locator("[data-count]")).to_have_text(str(len(numbers)))


def give(page: Page, kind: str, numbers: list[str], **fields: str) -> None:
    """Fills in what all of them are given together, and sends it."""
    page.locator(f"[data-bulk] button[formaction$='/{kind}']").click()
    if fields or page.url.endswith(f"/together/{kind}"):
        expect(page.locator("h1")).to_contain_text("批量")
        fill_in(page.locator("main form"), fields)
        page.locator("main form button.main").click()
    expect(page.locator(".told.good")).to_contain_text(f"{len(numbers)} 件已办理")


def standing(bureau: City, stage: Stage) -> list[Petition]:
    """The cases at that stage for which the city bureau itself answers, without confidential ones."""
    states = [bureau.state(number) for number in bureau.numbers]
    return [each for each in states if each.stage is stage and each.accountable == "XA" and not each.confidential]


def test_seven_people_finish_their_day(bureau: City, desk_at: DeskOf) -> None:
    waiting = [each.number for each in standing(bureau, Stage.ASSIGN)]
    judged = [each.number for each in standing(bureau, Stage.APPROVE)]
    assert len(waiting) >= 5
    assert len(judged) >= 3

    called, code = operator(desk_at("xa-operator-1").see("/petitions/new"), bureau.case(waiting[0]))
    work = [called, *waiting[:5]]
    operator_assigns(desk_at("xa-operator-1").see("/inbox"), work)
    approved, declined, handed = judged[0], judged[1], judged[2]
    chief_decides(desk_at("xa-chief").see("/inbox"), approved, declined, handed)
    supervisor = desk_at("xa-supervisor-1").see("/inbox")
    choose(supervisor, "assign", [approved])
    give(supervisor, "assign", [approved], lead=LEAD)
    work.append(approved)

    good, bad, urged, late, wrong = work[0], work[1], work[2], work[3], work[4]
    handler = desk_at("xa-traffic-1").see("/inbox")
    choose(handler, "accept", [number for number in work if number != wrong])
    give(handler, "accept", [number for number in work if number != wrong])
    do(handler, wrong, "return", reason="事发地不在本支队管辖范围。")
    do(handler, late, "report_progress", text="已到现场查看，等待检测结果。")
    do(handler, late, "request_extension", reason="检测须五个工作日。", days="5")

    helper = desk_at("xa-order-1").see("/inbox")
    for number in (good, bad):
        do(helper, number, "co_report", text="辖区秩序已核查，无其他隐患。")

    watch(supervisor, urged, wrong)
    do(desk_at("xa-chief").see("/inbox"), late, "grant_extension", told="因检测需要，办理期限延长五个工作日。")

    handler.goto(f"/petitions/{good}")
    expect(handler.locator("#talk").locator("..")).to_contain_text("辖区秩序已核查")
    for number in (good, bad, urged):
        do(handler, number, "reply", outcome="supported", text="已修复并安排专人值守。", measures="已更换设备。")

    visitor = desk_at("xa-visitor-1").see("/inbox")
    for number, glad in ((good, True), (bad, False), (urged, True)):
        do(
            visitor,
            number,
            "record_revisit",
            reached=True,
            solved=glad,
            satisfied_with_office=True,
            satisfied_with_unit=glad,
        )
    do(visitor, bad, "rework", reason="群众反映问题仍在。")

    chief = desk_at("xa-chief").see("/inbox")
    choose(chief, "sign_off", [good, urged])
    give(chief, "sign_off", [good, urged])

    do(supervisor, good, "disclose", published=True, summary="路口设施已修复。")
    do(supervisor, urged, "disclose", published=False, exemption="privacy")
    second = desk_at("xa-supervisor-2").see("/inbox")
    for each in (good, urged):
        do(second, each, "countersign", agreed=True)
    do(
        supervisor,
        urged,
        "account",
        **{"findings.unit": LEAD, "findings.fault": "迟报进展", "findings.measure": "约谈承办人"},
    )

    audit(desk_at("xa-auditor-1"), bureau, good)
    petitioner(desk_at("").see("/public/track"), code)

    assert len(code) == 12
    assert bureau.events(called)[0].content.likely_duplicates == ()
    assert waiting[0] in desk_at("xa-supervisor-1").see(f"/petitions/{called}").locator("#alike ~ .beside").inner_text()
    assert bureau.state(good).stage is Stage.ARCHIVED, "disclosed, and without fault by policy"
    assert bureau.state(good).answers[-1].outcome is Outcome.SUPPORTED
    assert bureau.state(bad).round == 2
    assert bureau.state(bad).stage is Stage.SUPERVISE
    assert bureau.state(urged).stage is Stage.ARCHIVED
    assert {"urged", "disclosed", "accounted"} <= set(bureau.kinds(urged))
    assert bureau.state(late).extended == 1
    assert bureau.state(wrong).lead == HELPER
    assert bureau.kinds(approved)[-1] == "accepted"
    assert bureau.state(declined).ground is Ground.DECLINED
    offer = bureau.state(handed).offer
    assert offer is not None
    assert offer.to == "12345"


def operator(page: Page, like: CaseView) -> tuple[str, str]:
    """Takes a call that repeats what stands in the books: the case is hinted at, and the proposals are taken by one key."""
    page.keyboard.press("/")
    page.keyboard.insert_text(like.text)
    expect(page.locator("#alike").locator("..")).to_contain_text(like.state.number)
    page.keyboard.press("Escape")
    page.keyboard.press("y")
    expect(page.locator("#ledger")).to_have_value(like.state.ledger.value)
    page.locator("#title").fill(like.title)
    page.locator("#unit").fill("XA")
    page.locator("#complexity").select_option("simple")
    page.locator("#channel").select_option("12345")
    page.locator("#phone-0").fill("13900004321")
    expect(page.locator("#beside")).to_contain_text("草稿已保存")
    page.locator("button[value=file]").click()
    number = page.locator(".told.good .number").inner_text()
    code = page.locator(".told.good .code").inner_text()
    page.goto(f"/petitions/{number}")
    expect(page.locator("#alike").locator("..")).to_contain_text(like.title)
    return number, code


def operator_assigns(page: Page, work: list[str]) -> None:
    """To one office with a second beside it; and the other half to the office alone."""
    choose(page, "assign", work[:2])
    give(page, "assign", work[:2], lead=LEAD, co_offices=HELPER)
    choose(page, "assign", work[2:])
    give(page, "assign", work[2:], lead=LEAD)


def chief_decides(page: Page, approved: str, declined: str, handed: str) -> None:
    """Approves, declines, hands on; each for as many as are chosen."""
    choose(page, "approve", [approved])
    give(page, "approve", [approved])
    choose(page, "approve", [declined])
    give(page, "decline", [declined], ground="litigation", notice="信访告〔2026〕1号")
    choose(page, "approve", [handed])
    give(page, "transfer", [handed], to="12345", reason="属城市管理事项。")


def watch(page: Page, urged: str, wrong: str) -> None:
    """Urges with a card, decides on a return and assigns anew; the board's numbers open their cases."""
    do(page, urged, "urge", text="请于今日反馈进展。", card="yellow")
    do(page, wrong, "uphold_return", reason="确非交警管辖。")
    do(page, wrong, "assign", lead=HELPER)
    page.goto("/board")
    received = page.locator("a.tile").first
    count = int(received.locator(".figure").inner_text())
    received.click()
    expect(page.locator("main header")).to_contain_text(f"{count} 件")
    page.goto("/board/bulletin")
    expect(page.locator("main")).to_contain_text("督办通报")
    expect(page.locator("main")).to_contain_text("市公安局")


def audit(desk: Desk, bureau: City, number: str) -> None:
    """Replays, verifies, looks at a petitioner for a reason, takes a ledger away."""
    page = desk.see(f"/replay/{number}?step=1")
    page.get_by_role("link", name="下一步").click()
    expect(page.locator("#moment")).to_contain_text("交办")
    page.get_by_role("button", name="核验此件").click()
    expect(page.locator(".told.good")).to_contain_text("核验通过")
    page.goto(f"/petitions/{number}")
    page.get_by_text("查看完整信息").click()
    page.locator("#reveal-reason").select_option("sample")
    page.get_by_role("button", name="查看", exact=True).click()
    expect(page.locator("main")).to_contain_text("13900004321")
    page.goto("/ledgers/all")
    with page.expect_download() as download:
        page.get_by_role("link", name="导出 Excel").click()
    sheet = load_workbook(BytesIO(Path(download.value.path()).read_bytes())).active
    assert sheet is not None
    assert sheet.max_row == len(bureau.numbers) + 2, "the heading, the imported ones and the one that was called in"
    assert bureau.door is not None
    told = bureau.ask(bureau.door.system.journal.latest(EntryKind.REVEALED))
    assert told is not None
    assert (told.actor.id, told.case_number, told.reason) == ("xa-auditor-1", number, "抽查核实")


def petitioner(page: Page, code: str) -> None:
    """Follows the matter, and reads what was made public of it."""
    page.locator("#code").fill(code)
    page.locator("#last_four").fill("4321")
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_contain_text("已修复并安排专人值守")
    page.goto("/public/disclosed")
    expect(page.locator("article")).to_contain_text("路口设施已修复。")
