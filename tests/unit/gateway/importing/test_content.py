"""A row as the content of a filing: who wrote it is sealed, what it proposes is what is filed."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from activities.defaults import default_organisation, default_policy
from activities.personal import open_
from gateway.importing.content import Contents
from gateway.importing.proposing import Proposer, load_taxonomy
from gateway.workbook.message import Message
from schemas.kernel.errors import UserError
from schemas.petition.events import FiledContent
from schemas.petition.state import Ledger
from schemas.sealing.keys import KEY_BYTES, KeyRing

KEYRING = KeyRing([("k1", secrets.token_bytes(KEY_BYTES))])
PROPOSER = Proposer(default_organisation(), load_taxonomy(None))


def content(source: str = "s", channel: str | None = None, **cells: Any) -> FiledContent:
    given = {
        "row": 2,
        "message_id": "7",
        "subject": "举报A3区夜间施工扰民",
        "submitted_at": datetime(2026, 3, 2, tzinfo=UTC),
        "text": "工地每天夜里施工。",
    }
    row = Message.model_validate(given | cells)
    made = Contents(KEYRING, source, default_policy().channels, channel)
    return made.of(row, PROPOSER.propose(row.subject, row.text))


def person(made: FiledContent) -> str:
    (petitioner,) = made.petitioners
    assert petitioner.sealed is not None
    return petitioner.sealed.person


def test_what_is_proposed_is_filed() -> None:
    made = content()
    assert (made.unit, made.ledger, made.title) == ("XA/A3", Ledger.COMPLAINT, "举报A3区夜间施工扰民")
    assert made.category
    assert made.petitioners == ()


def test_a_missing_subject_is_taken_from_the_text() -> None:
    assert content(subject="", text="路灯\n不亮").title == "路灯"
    assert content(subject="", text="灯" * 100).title == "灯" * 40 + "…"


def test_an_account_is_one_person_at_its_source_only() -> None:
    assert person(content(user="u1")) == person(content(user="u1", text="另一件事，也是他说的。"))
    assert person(content(user="u1")) != person(content(user="u2"))
    assert person(content(user="u1")) != person(content(user="u1", source="another"))


@pytest.mark.parametrize("user", ["匿名", "Guest", ""])
def test_many_people_behind_one_name_are_nobody(user: str) -> None:
    assert content(user=user).petitioners == ()
    assert person(content(user=user, name="张三")) == ""


def test_personal_data_is_sealed() -> None:
    made = content(user="u1", name="张三丰", phone="13812341234")
    (petitioner,) = made.petitioners
    assert petitioner.sealed is not None
    assert open_(KEYRING, petitioner.sealed).phone == "13812341234"
    assert "13812341234" not in made.model_dump_json()
    assert "张三丰" not in made.model_dump_json()
    assert person(made) == person(content(phone="+86 138-1234-1234"))


def test_personal_data_far_too_long_refuses_the_row() -> None:
    with pytest.raises(UserError, match="personal_unreadable") as refused:
        content(name="张" * 300)
    assert "张张" not in refused.value.zh + refused.value.en


@pytest.mark.parametrize(
    ("cell", "chosen", "channel"),
    [
        ("", None, "import"),
        ("来信", None, "letter"),
        ("12345", None, "12345"),
        ("飞鸽", None, "import"),
        ("来信", "110", "110"),
    ],
)
def test_the_channel_is_the_one_chosen_or_named(cell: str, chosen: str | None, channel: str) -> None:
    made = Contents(KEYRING, "s", default_policy().channels, chosen)
    row = Message(
        row=2, message_id="7", subject="x", submitted_at=datetime(2026, 3, 2, tzinfo=UTC), text="y", channel=cell
    )
    assert made.of(row, PROPOSER.propose("x", "y")).channel == channel


def test_the_taxonomy_must_be_readable(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="taxonomy_unreadable"):
        load_taxonomy(tmp_path / "none.csv")
