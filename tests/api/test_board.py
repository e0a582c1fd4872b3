"""The board of this moment says from its sums what folding every case would say; words are found for whom the case is, and for nobody else."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta
from itertools import product
from unittest.mock import Mock
from uuid import uuid4

import pytest

import gateway.board.behind
from activities.access.scoped import scoped
from activities.board import listing
from activities.board.keeping import BoardSums
from activities.board.listing import Way
from activities.record.queries import CaseQueries
from activities.record.views import CaseFilter
from gateway.board.behind import LISTED, Asked, CasesBehind, behind, current_cases, past_cases
from gateway.board.shown import Kept, board, current_board, current_trend, facts_as_of
from schemas.kernel.worktime import Calendar, local_day
from schemas.petition.measures import CaseFacts, LedgerMeasures, measure, numbers, week_of
from schemas.petition.state import Ledger
from tests.api.conftest import Api
from tests.api.test_petitions import HANDLER, OPERATOR, SUPERVISOR, VISITOR, told

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_the_sums_agree_with_the_fold_whatever_happens_between(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    async def calendar() -> Calendar:
        return (await api.door.rules()).calendar

    database = api.door.system.database
    sums = BoardSums(database, calendar)

    async def agree() -> None:
        now = datetime.now(UTC)
        for unit in ("WC", "WC/QH", "WC/QH/02", "WC/LQ/03"):
            kept = await current_board(Kept(sums, database), await calendar(), now, unit)
            folded = await board(api.door.queries, await calendar(), now, unit)
            assert kept.measures == folded.measures
            assert [(each.unit, each.ages, each.oldest) for each in kept.overdue] == [
                (each.unit, each.ages, each.oldest) for each in folded.overdue
            ]

    await agree()
    # Received long ago by its own account: its terms have passed, and every rung of the ladder with them.
    late = await api.filed(received_at="2026-01-05T09:00:00+08:00")
    number = await api.filed(unit="WC/LQ/03")
    for accused in ("lu-zhengping", "fang-zhen", HANDLER):
        await api.filed(received_at="2026-01-05T09:00:00+08:00", accused_persons=[accused])
    await agree()
    for each in (late, number):
        assert (await api.act(each, SUPERVISOR, "assign", lead="WC/QH/02")).status_code == 200
    await agree()
    await api.act(number, HANDLER, "accept")
    await api.act(number, HANDLER, "reply", outcome="explained", text="已说明。")
    revisit = {"reached": True, "solved": False, "satisfied_with_office": True, "satisfied_with_unit": False}
    assert (await api.act(number, VISITOR, "record_revisit", **revisit)).status_code == 200
    await agree()
    await _every_number_leads_to_its_cases(api, sums, await calendar(), monkeypatch)
    # From nothing, and by two at once, the same sums come out.
    again = BoardSums(database, calendar)
    await again.catch_up()
    await agree()


async def _every_number_leads_to_its_cases(
    api: Api, sums: BoardSums, calendar: Calendar, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For somebody who sees all, somebody accused, and a station: the list is what folding every case picks, as long as its number says."""
    kept, now = Kept(sums, api.door.system.database), datetime.now(UTC)
    accused = await api.door.actor("lu-zhengping")
    assert any(one.owed_since is not None for one in await kept.hidden(accused, "WC", now))
    for person, unit in (
        (OPERATOR, "WC"),
        ("lu-zhengping", "WC"),
        ("fang-zhen", "WC/QH"),
        (HANDLER, "WC/QH/02"),
    ):
        actor = await api.door.actor(person)
        seen = CaseQueries(scoped(api.door.system.database, actor))
        facts = [one async for one in facts_as_of(seen, calendar, now, unit)]
        total = Asked("received", unit)
        assert await past_cases(seen, calendar, now, total) == await _picked(facts, seen, calendar, now, total)
        shown = await current_board(kept, calendar, now, unit, actor)
        assert shown.measures == measure(facts) == (await board(seen, calendar, now, unit)).measures
        for ledger in (None, *Ledger):
            measured = shown.measures.total if ledger is None else shown.measures.ledgers[ledger]
            for name in numbers():
                asked = Asked(name, unit, ledger)
                found = await current_cases(kept, calendar, now, asked, actor)
                assert found == await _picked(facts, seen, calendar, now, asked), (person, name)
                assert found.count == _said(measured, name), (person, name)
                assert len(found.numbers) == min(found.count, LISTED), (person, name)
        for way, name in product(Way, numbers()):
            owed = behind(name).number.owed
            if (owed, way) != (True, Way.WALKED):
                monkeypatch.setattr(listing, "way_of", Mock(return_value=way))
                asked = Asked(name, unit)
                found = await current_cases(kept, calendar, now, asked, actor)
                assert found == await _picked(facts, seen, calendar, now, asked), (person, name, way)
                monkeypatch.undo()
        for each in shown.overdue:
            for name, said in [("owed", each.overdue), *((f"owed.{n}", age) for n, age in enumerate(each.ages))]:
                found = await current_cases(kept, calendar, now, Asked(name, unit, at=each.unit), actor)
                assert (found.count, len(found.numbers)) == (said, min(said, LISTED))
                assert found == await _picked(facts, seen, calendar, now, Asked(name, unit, at=each.unit))


async def _picked(
    facts: list[CaseFacts], queries: CaseQueries, calendar: Calendar, now: datetime, asked: Asked
) -> CasesBehind:
    """What folding every case picks; they are folded once, and not for each number anew."""

    async def folded(*_: object) -> AsyncGenerator[CaseFacts]:
        for one in facts:
            yield one

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(gateway.board.behind, "facts_as_of", folded)
        return await past_cases(queries, calendar, now, asked)


def _said(measured: LedgerMeasures, name: str) -> int:
    """The number of that name as the board shows it."""
    kind, _, rest = name.partition(".")
    match kind:
        case "rate":
            rate, _, side = rest.partition(".")
            found = measured.rates[rate]
            missed = found.denominator - found.numerator
            return {"hit": found.numerator, "miss": missed, "all": found.denominator}[side]
        case "owed" if not rest:
            return sum(band.owed for band in measured.overdue)
        case "owed" | "answered":
            return getattr(measured.overdue[int(rest)], kind)
        case "card":
            return getattr(measured, f"{rest}_cases")
        case "apart":
            return measured.apart[rest]
        case _:
            return getattr(measured, name)


async def test_the_cases_behind_a_number_are_told_by_the_api_and_the_page(api: Api) -> None:
    mark = await api.filed(accused_units=["WC/QH"])
    whole = (await api(OPERATOR).get("/api/v1/board")).json()["measures"]["total"]
    answer = (await api(OPERATOR).get("/api/v1/board/cases", params={"of": "received"})).json()
    assert answer["count"] == whole["received"] >= len(answer["cases"]) > 0
    assert mark in {line["number"] for line in answer["cases"]}
    theirs = (await api("fang-zhen").get("/api/v1/board/cases", params={"of": "received"})).json()
    assert theirs["count"] == (await api("fang-zhen").get("/api/v1/board")).json()["measures"]["total"]["received"]
    assert mark not in {line["number"] for line in theirs["cases"]}
    past = {"of": "received", "as_of": "2020-01-01T00:00:00Z"}
    assert (await api(OPERATOR).get("/api/v1/board/cases", params=past)).json()["count"] == 0
    told(await api(OPERATOR).get("/api/v1/board/cases", params={"of": "nothing"}), 404, "page_unknown")
    told(
        await api("fang-zhen").get("/api/v1/board/cases", params={"of": "open", "at": "WC/LQ"}),
        403,
        "unit_out_of_reach",
    )
    page = await api(OPERATOR).get("/board/cases", params={"of": "received"}, headers={"Accept": "text/html"})
    assert f"{whole['received']} 件" in page.text and mark in page.text
    theirs_page = await api("fang-zhen").get("/board/cases", params={"of": "received"}, headers={"Accept": "text/html"})
    assert f"{theirs['count']} 件" in theirs_page.text and mark not in theirs_page.text
    front = await api(OPERATOR).get("/board", headers={"Accept": "text/html"})
    assert front.status_code == 200


async def test_the_trend_is_that_of_the_cases(api: Api) -> None:
    async def calendar() -> Calendar:
        return (await api.door.rules()).calendar

    database, since = api.door.system.database, datetime.now(UTC) - timedelta(weeks=60)
    sums = BoardSums(database, calendar)
    await sums.catch_up()
    for person, unit in ((OPERATOR, "WC"), ("fang-zhen", "WC/QH")):
        actor = await api.door.actor(person)
        came, done = await current_trend(Kept(sums, database), since, unit, actor)
        folded = [
            one
            async for one in facts_as_of(
                CaseQueries(scoped(database, actor)), await calendar(), datetime.now(UTC), unit
            )
        ]
        expected = Counter(local_day(week_of(one.received_at)) for one in folded if one.received_at >= week_of(since))
        struck = Counter(local_day(week_of(one.sealed_at)) for one in folded if one.sealed_at is not None)
        assert (+came, +done) == (expected, struck)


async def test_the_board_is_of_ones_own_reach(api: Api) -> None:
    answer = await api("fang-zhen").get("/api/v1/board")
    assert answer.json()["unit"] == "WC/QH"
    told(await api("fang-zhen").get("/api/v1/board", params={"unit": "WC/LQ"}), 403, "unit_out_of_reach")
    told(await api(OPERATOR).get("/api/v1/measures", params={"as_of": "2100-01-01T00:00:00Z"}), 422, "moment_in_future")
    past = await api(OPERATOR).get("/api/v1/measures", params={"as_of": "2020-01-01T00:00:00Z"})
    assert past.json()["measures"]["total"]["received"] == 0
    whole = (await api(OPERATOR).get("/api/v1/board")).json()
    assert whole["measures"]["total"]["received"] > 0


async def test_words_are_found_in_texts_without_blanks(api: Api) -> None:
    mark = "".join(chr(0x4E00 + int(digit, 16) * 97) for digit in uuid4().hex[:8])
    here = await api.filed(text=f"反映{mark}之事")
    hidden = await api.filed(text=f"也反映{mark}之事", accused_units=["WC/QH"])
    titled = await api.filed(title=f"关于 {mark[:4]}ABC 的建议")

    async def found(person: str, words: str, **more: object) -> set[str]:
        actor = await api.door.actor(person)
        queries = CaseQueries(scoped(api.door.system.database, actor))
        page = await queries.list(CaseFilter.model_validate({"text": words, **more}), actor)
        return {line.number for line in page.cases}

    assert await found(OPERATOR, mark) == {here, hidden}
    assert await found(OPERATOR, mark[2:6]) == {here, hidden}
    assert await found(OPERATOR, f"{mark[:2]} abc") == {titled}
    assert await found(OPERATOR, f"反映 {mark[0]} {mark[-2:]}") == {here, hidden}
    assert await found(OPERATOR, mark, order="due") == {here, hidden}
    assert await found(OPERATOR, mark, unit="WC/QH/01", ledger="claim") == {here}
    assert await found(OPERATOR, mark, unit="WC", ledger="claim") == {here, hidden}, "filed above whom it names"
    assert await found(OPERATOR, mark[::-1]) == set()
    assert await found("fang-zhen", mark) == {here}
    assert await found(HANDLER, mark) == set()
    assert await found("bao-jie", mark) == set()
    # The database answers no such question about cases of others either.
    assert await found(OPERATOR, "%_\\") == set()
