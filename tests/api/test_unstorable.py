"""NUL in an address or a form: no database holds it, so it is refused by name at every door, and is no defect anywhere."""

from __future__ import annotations

import pytest

from tests.api.conftest import Api
from tests.api.test_petitions import OPERATOR

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest.mark.parametrize(
    "path",
    [
        "/ledgers/claim?text=a%00b",
        "/ledgers/claim?unit=%00",
        "/petitions/%00",
        "/board?unit=%00",
        "/replay/%00",
        "/public/track?code=%00",
        "/api/v1/petitions?text=%00",
        "/api/v1/petitions/%00/history",
    ],
)
async def test_in_an_address(api: Api, path: str) -> None:
    answer = await api("fu-zhiyuan").get(path)
    assert (answer.status_code, "NUL" in answer.text) == (422, True), answer.text


@pytest.mark.parametrize(
    ("path", "form"),
    [
        ("/public/track", {"code": "7K2M\0PQ9XW4H"}),
        ("/public/submit", {"text": "路灯\0不亮"}),
        ("/ledgers/saved", {"name": "a\0b", "ledger": "claim"}),
        ("/inbox/notices/read", {"notice": "a\0b"}),
        ("/inbox/act/accept", {"number": "a\0b"}),
    ],
)
async def test_in_a_form(api: Api, path: str, form: dict[str, str]) -> None:
    answer = await api(OPERATOR).post(path, data=form)
    assert (answer.status_code, "NUL" in answer.text) == (422, True), answer.text
