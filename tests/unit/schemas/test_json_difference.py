"""Two documents are held against each other by one rule, for the verification and for the replay."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.kernel.json_difference import MISSING, json_differences, json_path

CASES: list[tuple[Any, Any, list[Any]]] = [
    ({"a": 1}, {"a": 1}, []),
    ({"a": 1}, {"a": 2}, [("a", 1, 2)]),
    ({"a": {"b": 1, "c": 2}}, {"a": {"b": 2, "c": 3}}, [("a.b", 1, 2), ("a.c", 2, 3)]),
    ({"a": [{"b": 1}, 2]}, {"a": [{"b": 3}, 2]}, [("a[0].b", 1, 3)]),
    ({"a": [1]}, {"a": [1, 2]}, [("a", [1], [1, 2])]),
    ({"a": {"b": 1}}, {"a": []}, [("a", {"b": 1}, [])]),
    ("x", "y", [("", "x", "y")]),
    # One copy took a field that is not there for one that holds null, and named no difference.
    ({"a": None}, {}, [("a", None, MISSING)]),
    ({}, {"a": None}, [("a", MISSING, None)]),
    # Every copy took true for 1.
    ({"a": True}, {"a": 1}, [("a", True, 1)]),
    ({"a": 1}, {"a": 1.0}, []),
]


@pytest.mark.parametrize(("one", "other", "expected"), CASES)
def test_every_leaf_that_differs_is_named(one: Any, other: Any, expected: list[Any]) -> None:
    assert [tuple(each) for each in json_differences(one, other)] == expected


def test_a_path_begins_where_the_documents_lie() -> None:
    assert [each.path for each in json_differences({"a": [1]}, {"a": [2]}, "payload")] == ["payload.a[0]"]
    assert json_path(("payload", "findings", 0, "unit")) == "payload.findings[0].unit"
