"""How often a petitioner may answer about one case."""

from __future__ import annotations

import pytest

from gateway.web.limits import RATING, Limits
from schemas.errors import UserError


async def test_a_petitioner_changes_their_mind_often_enough_and_fills_no_record() -> None:
    limits = Limits()
    for _ in range(RATING.amount):
        await limits.rating("XA-2026-C-000001")
    with pytest.raises(UserError) as refused:
        await limits.rating("XA-2026-C-000001")
    assert refused.value.code == "too_many"
    await limits.rating("XA-2026-C-000002")
