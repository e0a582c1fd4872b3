"""How many values a body holds is known before it is read, and counting them takes no longer for a hostile one."""

from __future__ import annotations

import json
import time
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.web.bodies import MOST_FIELDS, values_in

MARKS = st.text(st.sampled_from('a,"[{\\\n你:'))
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.integers() | MARKS,
    lambda inner: st.lists(inner) | st.dictionaries(MARKS, inner),
    max_leaves=60,
)


def nodes(value: Any) -> int:
    if isinstance(value, list):
        return 1 + sum(map(nodes, cast("list[Any]", value)))
    if isinstance(value, dict):
        return 1 + sum(map(nodes, cast("dict[str, Any]", value).values()))
    return 1


@given(value=VALUES, plain=st.booleans(), indent=st.sampled_from([None, 1]))
def test_it_counts_no_fewer_than_there_are_and_no_character_of_a_string(
    value: Any, plain: bool, indent: int | None
) -> None:
    body = json.dumps(value, ensure_ascii=plain, indent=indent).encode()
    assert nodes(value) <= values_in(body, MOST_FIELDS) <= 2 * nodes(value)


@pytest.mark.parametrize("piece", ['""', '"",', "{}", "[", '"\\', '\\"', '"\\"', '"a', ",", '"a":1,', '\\"",', "\\"])
def test_there_are_too_many_however_they_are_written(piece: str) -> None:
    def taken(size: int) -> float:
        body = b"[" + piece.encode() * (size // len(piece))
        begun = time.thread_time()
        values_in(body, MOST_FIELDS)
        return time.thread_time() - begun

    assert any(taken(1_000_000) < max(0.02, 20 * taken(100_000)) for _ in range(3))


@pytest.mark.parametrize("piece", ['"",', "{},", "[", '"a":1,', '"a":{"b":[],', "1,", '"[",'])
def test_more_than_the_most_are_seen_to_be_more(piece: str) -> None:
    assert values_in(piece.encode() * (MOST_FIELDS + 2), MOST_FIELDS) > MOST_FIELDS
