"""What no database holds is found wherever it stands, and only that."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.storable import check_storable
from schemas.kernel.errors import UserError
from schemas.kernel.storable import is_storable
from schemas.petition import commands as c
from schemas.petition.events import Finding


@pytest.mark.parametrize(
    "value",
    [
        "a\0b",
        "half \ud800",
        "\udfff",
        ["a", {"b": ("c", "\0")}],
        {"a\0": 1},
        {"a": {"\ud800": None}},
        c.Account.model_construct(findings=(Finding.model_construct(unit="XA", fault="\0"),)),
    ],
)
def test_nul_and_halves_of_code_points_are_found(value: Any) -> None:
    assert not is_storable(value)


@pytest.mark.parametrize(
    "value",
    ["", "路灯\n不亮\t", r"a path like C:\u0000 is text", "𱍐", "\ue000", 1, None, [True, 1.5], c.Urge(text="请尽快")],
)
def test_all_else_can_be_kept(value: Any) -> None:
    assert is_storable(value)


def test_however_deep() -> None:
    nested: Any = "\0"
    for _ in range(100_000):
        nested = [nested]
    assert not is_storable(nested)


def test_the_field_is_named_at_every_door() -> None:
    """The desk's own copy of the rule could not say which."""
    with pytest.raises(UserError) as refused:
        check_storable(c.Urge.model_construct(text="a\0b"))
    assert (refused.value.code, refused.value.facts["where"]) == ("text_unstorable", ["text"])
    assert "“text”" in refused.value.zh
