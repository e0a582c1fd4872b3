"""The board of this moment says from its sums what folding every case would say; words are found for whom the case is, and for nobody else."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import uuid4

import pytest

from activities.access.scoped import scoped
from activities.board.keeping import BoardSums
from activities.record.queries import CaseQueries
from activities.record.views import CaseFilter
from gateway.board import board, current_board
from schemas.worktime import Calendar
from tests.api.conftest import Api
from tests.api.test_petitions import HANDLER, OPERATOR, SUPERVISOR, VISITOR, told

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_the_sums_agree_with_the_fold_whatever_happens_between(api: Api) -> None:
    async def calendar() -> Calendar:
        return (await api.door.rules()).calendar

    database = api.door.system.database
    sums = BoardSums(database, calendar)

    async def agree() -> None:
        now = datetime.now(UTC)
        for unit in ("WC", "WC/QH", "WC/QH/02", "WC/LQ/03"):
            kept = await current_board(sums, database, await calendar(), now, unit)
            folded = await board(api.door.queries, await calendar(), now, unit)
            assert kept.measures == folded.measures
            assert [(each.unit, each.ages, each.oldest) for each in kept.overdue] == [
                (each.unit, each.ages, each.oldest) for each in folded.overdue
            ]

    await agree()
    # Received long ago by its own account: its terms have passed, and every rung of the ladder with them.
    late = await api.filed(received_at="2026-01-05T09:00:00+08:00")
    number = await api.filed(unit="WC/LQ/03")
    await agree()
    for each in (late, number):
        assert (await api.act(each, SUPERVISOR, "assign", lead="WC/QH/02")).status_code == 200
    await agree()
    await api.act(number, HANDLER, "accept")
    await api.act(number, HANDLER, "reply", outcome="explained", text="已说明。")
    revisit = {"reached": True, "solved": False, "satisfied_with_office": True, "satisfied_with_unit": False}
    assert (await api.act(number, VISITOR, "record_revisit", **revisit)).status_code == 200
    await agree()
    # From nothing, and by two at once, the same sums come out.
    again = BoardSums(database, calendar)
    await again.catch_up()
    await agree()


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
    assert await found(OPERATOR, mark, unit="WC/QH/01", ledger="claim") == {here, hidden}
    assert await found(OPERATOR, mark[::-1]) == set()
    assert await found("fang-zhen", mark) == {here}
    assert await found(HANDLER, mark) == set()
    assert await found("bao-jie", mark) == set()
    # The database answers no such question about cases of others either.
    assert await found(OPERATOR, "%_\\") == set()
