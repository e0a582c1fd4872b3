"""How often a petitioner may answer about one case."""

from __future__ import annotations

import pytest
from limits import RateLimitItemPerMinute

from gateway.web.limits import RATING, TRACKING, UNSIGNED, WRONG, Limits
from schemas.kernel.errors import UserError


async def test_a_petitioner_changes_their_mind_often_enough_and_fills_no_record() -> None:
    limits = Limits()
    for _ in range(RATING.amount):
        await limits.rating("XA-2026-C-000001")
    with pytest.raises(UserError) as refused:
        await limits.rating("XA-2026-C-000001")
    assert refused.value.code == "too_many"
    await limits.rating("XA-2026-C-000002")


CODE = "7K2M-PQ9X-W4HT"


async def refused(limits: Limits, address: str, code: str = CODE) -> bool:
    try:
        await limits.tracking(address, code)
    except UserError as wrong:
        assert wrong.code == "too_many" and wrong.facts["retry_after"] > 0
        return True
    return False


async def test_an_ipv6_network_is_one_place() -> None:
    limits = Limits()
    tried = [await refused(limits, f"2001:db8:0:1::{number:x}", f"CODE{number}") for number in range(40)]
    assert sum(tried) == 40 - TRACKING.amount
    assert not await refused(limits, "2001:db8:0:2::1")


async def test_a_code_is_not_tried_from_many_places_and_its_owner_is_not_locked_out() -> None:
    limits = Limits()
    await limits.tracking("198.51.100.1", CODE)
    await limits.tracked("198.51.100.1", CODE, right=True)
    for number in range(WRONG.amount):
        assert not await refused(limits, f"203.0.113.{number}")
        await limits.tracked(f"203.0.113.{number}", CODE.lower(), right=False)
    # One try a day from each place, and the place that was right before goes on as before.
    assert [await refused(limits, "192.0.2.1") for _ in range(3)] == [False, True, True]
    assert [await refused(limits, "198.51.100.1") for _ in range(3)] == [False] * 3
    assert not await refused(limits, "192.0.2.2", "OTHER")


async def test_the_installation_has_a_limit_that_leaves_room_for_those_who_were_right(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("gateway.web.limits.TRACKING_ALL", RateLimitItemPerMinute(5))
    monkeypatch.setattr("gateway.web.limits.SUBMITTING_ALL", RateLimitItemPerMinute(5))
    limits = Limits()
    await limits.tracked("198.51.100.1", CODE, right=True)
    assert [await refused(limits, f"203.0.113.{n}", f"CODE{n}") for n in range(7)] == [False] * 5 + [True] * 2
    assert not await refused(limits, "198.51.100.1")
    for number in range(5):
        await limits.submitting(f"203.0.113.{number}")
    with pytest.raises(UserError, match="too_many"):
        await limits.submitting("203.0.113.9")


async def test_wrong_signatures_are_counted_before_they_are_looked_at() -> None:
    limits = Limits()
    for _ in range(UNSIGNED.amount):
        await limits.may_sign("203.0.113.1")
        await limits.unsigned("203.0.113.1")
    with pytest.raises(UserError, match="too_many"):
        await limits.may_sign("203.0.113.1")
    await limits.may_sign("203.0.113.2")
