"""An entry of the journal: its bytes, and what it cannot hold."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from pydantic import ValidationError

from schemas.evidence.journal import JOURNAL, Entry, EntryKind, canonical
from schemas.evidence.links import genesis, link
from schemas.kernel.actor import SYSTEM, Actor, Role
from schemas.kernel.worktime import SHANGHAI
from tests.strategies import NUMBER

NOON = datetime(2026, 3, 2, 4, tzinfo=UTC)


def entry(**body: object) -> Entry:
    return Entry(number=1, at=NOON, kind=EntryKind.VERIFIED, actor=SYSTEM, body=body)


def test_the_bytes_of_an_entry_never_change() -> None:
    """A journal of ten years ago must still verify."""
    seen = Entry(
        number=7,
        at=NOON.astimezone(SHANGHAI),
        kind=EntryKind.REVEALED,
        actor=Actor(id="aud", role=Role.AUDITOR, unit="XA", scope="XA"),
        case_number=NUMBER,
        reason="核对“身份”",
        body={"petitioners": 1, "fields": ["姓名", None, True, {"b": 1, "a": ()}]},
    )
    assert canonical(seen).decode() == (
        '{"actor":["aud","auditor","XA"],"at":"2026-03-02T04:00:00+00:00",'
        '"body":{"fields":["姓名",null,true,{"a":[],"b":1}],"petitioners":1},'
        '"case":"XA-2026-S-000001","kind":"revealed","number":7,"reason":"核对“身份”"}'
    )
    assert (
        link(genesis(JOURNAL), canonical(seen)).hex()
        == "0d86acb98a1c0459c16fc351b46a7f277038000dde92774cc38250f175221304"
    )


@pytest.mark.parametrize(
    "body",
    [{"share": 0.5}, {"list": [{"deep": 1.0}]}, {"pair": ("a", 0.5)}, {"when": NOON}, {"named": {1: "by a number"}}],
)
def test_what_has_no_one_spelling_is_refused(body: dict[str, object]) -> None:
    with pytest.raises(ValidationError, match="whole numbers"):
        entry(**body)
