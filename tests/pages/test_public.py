"""The public in the browser: submit, track, say whether one is satisfied, read what was published; and what an answer does to the offices' pages."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Coroutine
from typing import Any, TypeVar

import httpx
from playwright.sync_api import Page, expect

from schemas.kernel.actor import Role
from schemas.petition import commands as c
from schemas.petition.events import Rated
from schemas.petition.state import Stage
from tests.pages.conftest import City, DeskOf
from tests.pages.filled import carry_to
from tests.pages.test_accessible import overflow, violations
from tests.pages.test_daily_work import fill_in, open_form, reach, send

T = TypeVar("T")
LAMP = "青禾路 12 号门前的路灯坏了一个星期，晚上看不清路，老人孩子出行不便，请修一修。"


def in_the_city(city: City, done: Coroutine[Any, Any, T]) -> T:
    """Something done to the record behind the browser's back."""
    assert city.loop is not None
    return asyncio.run_coroutine_threadsafe(done, city.loop).result(60)


def act(city: City, number: str, person: str, command: c.Command) -> None:
    """A person's order."""
    door = city.door
    assert door is not None

    async def ordered() -> None:
        actor = (await door.organisation()).actor(person)
        await door.desk.act(number, actor, command)

    in_the_city(city, ordered())


def answers(city: City, number: str) -> list[Rated]:
    """What the petitioner has said so far, by the record."""
    assert city.door is not None
    history = in_the_city(city, city.door.system.record.history(number))
    return [each.event for each in history if isinstance(each.event, Rated)]


def for_everybody(page: Page) -> None:
    """Axe has nothing to say, and nothing is wider than the window."""
    page.evaluate("document.querySelectorAll('main details').forEach(each => each.open = true)")
    assert violations(page) == []
    assert overflow(page) <= 0


def submit(page: Page, text: str, phone: str) -> tuple[str, str]:
    """Files it by keyboard; its tracking code and number."""
    page.goto("/public/submit")
    fill_in(page, "#text", text)
    fill_in(page, "#phone", phone)
    reach(page, "form.sheet-card button")
    page.keyboard.press("Enter")
    expect(page.locator("p.code")).to_be_visible()
    found = re.search(r"[A-Z]{2}-\d{4}-[A-Z]-\d{6}", page.locator("main").inner_text())
    assert found is not None
    return page.locator("p.code").inner_text(), found[0]


def track(page: Page, code: str, last_four: str) -> None:
    """Looks it up by keyboard."""
    page.goto("/public/track")
    fill_in(page, "#code", code)
    fill_in(page, "#last_four", last_four)
    page.keyboard.press("Enter")


def choose(page: Page, question: str, value: str) -> None:
    """Answers a question by keyboard: the first choice with the space bar, the other one with an arrow."""
    reach(page, f"#rate input[name={question}]")
    page.keyboard.press("Space")
    if page.locator(f"#rate input[name={question}][value={value}]:checked").count() == 0:
        page.keyboard.press("ArrowDown")
    assert page.locator(f"#rate input[name={question}][value={value}]").is_checked()


def rate(page: Page, *, solved: str, unit: str, remark: str = "") -> None:
    """Answers the three questions by keyboard, and sends."""
    for question, value in (("solved", solved), ("satisfied_with_unit", unit), ("satisfied_with_office", "true")):
        choose(page, question, value)
    fill_in(page, "#remark", remark)
    reach(page, "#rate button")
    page.keyboard.press("Enter")


def test_a_petitioner_says_no_and_the_visit_can_not_say_yes(city: City, desk_of: DeskOf) -> None:
    public = desk_of("").see("/public")
    code, number = submit(public, LAMP, "13900002468")
    for_everybody(public)
    assert city.door is not None
    in_the_city(city, carry_to(city.door, number, Stage.REVISIT))

    track(public, code, "0000")
    expect(public.locator(".told.bad")).to_be_visible()
    assert public.locator("#rate").count() == 0, "whoever lacks the second factor is asked nothing"
    track(public, code, "2468")
    expect(public.get_by_role("heading", name="请您评价")).to_be_visible()
    for_everybody(public)
    reach(public, "#rate button")
    public.keyboard.press("Enter")
    assert answers(city, number) == [], "three questions, three answers"
    rate(public, solved="false", unit="false", remark="灯还是不亮。")
    expect(public.locator(".told.good")).to_contain_text("已收到您的评价")
    expect(public.locator("main")).to_contain_text("没有解决")
    expect(public.locator("main")).to_contain_text("不会按满意结案")
    for_everybody(public)

    visitor = desk_of("sun-lihua").see(f"/petitions/{number}")
    expect(visitor.locator(".told.warn")).to_contain_text("灯还是不亮。")
    assert violations(visitor) == []
    open_form(visitor, "record_revisit")
    for name in ("reached", "solved", "satisfied_with_office", "satisfied_with_unit"):
        reach(visitor, f"#do-record_revisit input[name={name}]")
        visitor.keyboard.press("Space")
    reach(visitor, "#do-record_revisit button")
    visitor.keyboard.press("Enter")
    expect(visitor.locator(".told.bad")).to_contain_text("不能写得比本人的评价更满意")
    open_form(visitor, "rework")
    fill_in(visitor, "#rework-reason", "群众说灯还是不亮。")
    send(visitor, "rework")
    assert city.stage(number) == "supervise"

    track(public, code, "2468")
    expect(public.locator("main")).to_contain_text("办理单位正在办理")
    assert public.locator("#rate").count() == 0, "there is no reply of this round yet"


def test_a_petitioner_who_changes_their_mind_holds_the_signature_up(city: City, desk_of: DeskOf) -> None:
    public = desk_of("", language="en", width=360, scheme="dark").see("/public/submit")
    code, number = submit(public, LAMP.replace("12", "21"), "13900001357")
    for_everybody(public)
    assert city.door is not None
    in_the_city(city, carry_to(city.door, number, Stage.REVISIT))
    act(
        city,
        number,
        "sun-lihua",
        c.RecordRevisit(reached=True, solved=True, satisfied_with_office=True, satisfied_with_unit=True),
    )

    track(public, code, "1357")
    expect(public.get_by_role("heading", name="Are you satisfied?")).to_be_visible()
    for_everybody(public)
    rate(public, solved="true", unit="false")
    expect(public.locator(".told.good")).to_contain_text("the latest counts")
    for_everybody(public)

    state = in_the_city(city, city.door.system.record.state(number))
    assert state is not None
    organisation = in_the_city(city, city.door.organisation())
    signer = next(each.id for each in organisation.people_of(state.accountable, Role.CHIEF))
    chief = desk_of(signer).see(f"/petitions/{number}")
    expect(chief.locator(".told.warn")).to_contain_text("群众本人评价：不满意")
    assert chief.locator("#do-sign_off").count() == 0
    chief.locator("details.quiet > summary", has_text="为何不能办理").first.press("Enter")
    expect(chief.locator("main")).to_contain_text("群众本人评价为不满意，不能签批销号")
    chief.goto("/inbox")
    row = chief.locator("[data-row]", has_text=number)
    expect(row).to_contain_text("群众本人评价不满意")
    assert row.locator("input[type=checkbox]").count() == 0, "it is not among those signed together"

    rate(public, solved="true", unit="true")
    expect(public.locator("#rated")).to_be_visible()
    assert [each.satisfied_with_unit for each in answers(city, number)] == [False, True]
    act(city, number, signer, c.SignOff())
    act(
        city,
        number,
        "cao-jianhua",
        c.Disclose(published=True, summary="一盏路灯已修好。"),
    )
    act(city, number, "ning-jing", c.Countersign(agreed=True))
    public.goto("/public/disclosed")
    expect(public.locator("main")).to_contain_text("一盏路灯已修好。")
    for_everybody(public)


def test_an_answer_takes_both_factors_and_the_public_page_itself(city: City) -> None:
    assert city.door is not None
    door = city.door
    with httpx.Client(base_url=city.address, timeout=30) as web:
        filed = web.post("/public/submit", data={"text": LAMP.replace("12", "7"), "phone": "13900008642"})
        code = re.search(r'class="code">([A-Z0-9]+)<', filed.text)
        number = re.search(r"[A-Z]{2}-\d{4}-[A-Z]-\d{6}", filed.text)
        assert code is not None
        assert number is not None
        in_the_city(city, carry_to(door, number[0], Stage.REVISIT))
        form = dict.fromkeys(("solved", "satisfied_with_unit", "satisfied_with_office"), "false")
        form |= {"code": code[1], "last_four": "8642", "once": "a-form"}
        assert web.post("/public/rate", data=form | {"last_four": "8641"}).status_code == 422
        assert web.post("/public/rate", data=form | {"code": number[0]}).status_code == 422
        assert web.post("/public/rate", data=form, headers={"Origin": "https://elsewhere.example"}).status_code == 403
        assert web.post("/public/rate", data=form | {"solved": "perhaps"}).status_code == 422
        assert answers(city, number[0]) == []
        for _ in range(2):
            assert web.post("/public/rate", data=form).status_code == 200
        assert len(answers(city, number[0])) == 1, "the same form sent twice is one answer"
