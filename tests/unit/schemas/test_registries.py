"""What there is one list of: commands, ledgers, what may be attached. Everybody reads it, so nothing is left out anywhere."""

from __future__ import annotations

from typing import get_args

import pytest

from activities.attachments.scanning import check_type
from activities.settings import Settings
from schemas.media_types import ATTACHABLE, is_json, media_type
from schemas.petition.commands import COMMAND_MODELS, Command
from schemas.petition.rules import RULES
from schemas.petition.state import Complexity, Ledger
from schemas.petition.wording.commands import COMMANDS
from schemas.petition.wording.terms import TERMS
from schemas.policy import COMPLEXITIES, LEDGERS


def test_every_command_is_known_by_its_name() -> None:
    assert set(COMMAND_MODELS.values()) == set(get_args(get_args(Command)[0]))
    assert all(model.model_fields["kind"].default == kind for kind, model in COMMAND_MODELS.items())
    assert RULES.keys() | {"file", "ring_alarm"} == COMMAND_MODELS.keys()
    assert {kind for kind, rule in RULES.items() if rule.people} | {"file"} == COMMANDS.keys()


def test_the_policy_has_figures_for_the_ledgers_there_are() -> None:
    assert (tuple(Ledger), tuple(Complexity)) == (LEDGERS, COMPLEXITIES)
    assert {*LEDGERS, *COMPLEXITIES} <= TERMS.keys()


@pytest.mark.parametrize("named", ATTACHABLE)
def test_what_may_be_attached_is_known_by_how_it_begins(named: str) -> None:
    allowed = Settings.from_environment({"SANZHANG_DATA_DIR": "/nowhere"}).attachment_types
    assert allowed == tuple(ATTACHABLE)
    content = next((b"\0" * at + mark for at, mark in ATTACHABLE[named]), "文字".encode())
    check_type(named, content + b" and the rest", allowed)


def test_a_header_names_a_type_in_any_case_and_with_anything_after_it() -> None:
    assert media_type(" Application/JSON ; charset=utf-8") == "application/json"
    assert (media_type(None), media_type("")) == ("", "")
    assert [is_json(each) for each in ("application/json", "application/problem+json", "", "text/json")] == [
        *(True, True),
        *(False, False),
    ]
