"""The fields of a command, as people type them; no system is needed to be told what is wrong."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.cli.case.options import read_options
from gateway.orders.fields import HUMAN, fields_of, read_command
from schemas.kernel.errors import UserError
from schemas.petition.commands import COMMAND_MODELS
from schemas.petition.rules import RULES


def code_of(kind: str, *arguments: str) -> str:
    with pytest.raises(UserError) as refusal:
        read_command(kind, read_options(kind, arguments))
    assert refusal.value.zh
    assert refusal.value.en
    return refusal.value.code


def test_every_human_command_of_the_lifecycle_can_be_given() -> None:
    assert set(HUMAN) == {kind for kind, rule in RULES.items() if rule.people}
    for kind in HUMAN:
        assert COMMAND_MODELS[kind].model_fields["kind"].default == kind
        assert {field.name for field in fields_of(kind)}.isdisjoint({"kind", "policy", "calendar"})


@pytest.mark.parametrize(
    ("kind", "arguments", "given"),
    [
        ("accept", [], {}),
        (
            "assign",
            ["--lead", "XA/A3/01", "--co-office", "XA/A1", "--co-office=XA/A2", "--joint"],
            {"lead": "XA/A3/01", "co_offices": ["XA/A1", "XA/A2"], "joint": True},
        ),
        ("assign", ["--lead=XA", "--co_offices", "XA/A1"], {"lead": "XA", "co_offices": ["XA/A1"]}),
        ("assign", ["--set", "lead=XA/A3", "--set=joint=false"], {"lead": "XA/A3", "joint": False}),
        ("record_revisit", ["--no-reached"], {"reached": False}),
        (
            "record_revisit",
            ["--reached", "是", "--solved", "--comment", "好"],
            {"reached": True, "solved": True, "comment": "好"},
        ),
        ("reply", ["--text", "--outcome", "--outcome", "supported"], {"text": "--outcome", "outcome": "supported"}),
        (
            "account",
            ["--finding", '{"unit": "XA", "fault": "迟", "measure": "约谈"}'],
            {"findings": [{"unit": "XA", "fault": "迟", "measure": "约谈"}]},
        ),
    ],
)
def test_options_become_fields(kind: str, arguments: list[str], given: dict[str, Any]) -> None:
    assert read_options(kind, arguments) == given


@pytest.mark.parametrize(
    ("code", "kind", "arguments"),
    [
        ("command_unknown", "explode", []),
        ("command_unknown", "ring_alarm", []),
        ("command_unknown", "file", []),
        ("field_unknown", "assign", ["--leed", "XA"]),
        ("field_unknown", "assign", ["--calendar", "x"]),
        ("field_unknown", "assign", ["--no-lead"]),
        ("field_missing", "assign", []),
        ("field_invalid", "assign", ["--lead", "XA", "--lead", "XB"]),
        ("field_invalid", "assign", ["--lead", "XA", "--joint=maybe"]),
        ("field_invalid", "assign", ["--set", "lead"]),
        ("field_invalid", "request_extension", ["--days", "many", "--reason", "x"]),
        ("field_invalid", "request_extension", ["--days", "0", "--reason", "x"]),
        ("field_invalid", "reply", ["--outcome", "maybe", "--text", "x"]),
        ("field_invalid", "account", ["--finding", "not json"]),
        ("text_too_long", "approve", ["--note", "长" * 20_001]),
        ("option_value_missing", "assign", ["--lead"]),
        ("argument_unexpected", "assign", ["XA/A3/01"]),
    ],
)
def test_a_mistake_is_named(code: str, kind: str, arguments: list[str]) -> None:
    assert code_of(kind, *arguments) == code


def test_values_are_not_repeated_in_refusals() -> None:
    with pytest.raises(UserError) as refusal:
        read_command("reply", {"outcome": "张三丰 13812341234", "text": "x"})
    assert "13812341234" not in str(refusal.value.as_dict())
