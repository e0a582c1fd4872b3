"""The inbox by API: what reached the caller, and nothing of cases the caller may not see."""

from __future__ import annotations

from uuid import uuid4

import pytest
from sqlalchemy import text

from tests.api.conftest import Api
from tests.api.test_petitions import OPERATOR

pytestmark = pytest.mark.asyncio(loop_scope="session")

_NOTICE = text(
    "INSERT INTO inbox (notice_id, person, case_number, unit, zh, en, delivered_at)"
    " VALUES (:id, :person, :number, '', '新件', 'a new case', now())"
)


async def test_of_a_case_one_may_not_see_not_even_the_number_of_notices_is_told(api: Api) -> None:
    number = await api.filed(unit="WC/QH/01")
    counted: dict[str, int] = {}
    for person in ("bao-jie", OPERATOR):
        before = (await api(person).get("/api/v1/inbox")).json()["unread"]
        async with api.door.system.database.begin() as connection:
            await connection.execute(_NOTICE, {"id": uuid4().hex, "person": person, "number": number})
        counted[person] = (await api(person).get("/api/v1/inbox")).json()["unread"] - before
    # The operator is told of the filing itself meanwhile, sooner or later.
    assert counted["bao-jie"] == 0 and counted[OPERATOR] >= 1
