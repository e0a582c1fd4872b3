"""The bytes that are hashed: one spelling, whoever asks for it."""

from __future__ import annotations

import json

from schemas.evidence.chain import Recorded, canonical, content, genesis, link, payload
from tests.strategies import Case


def test_bare_columns_and_models_give_the_same_bytes() -> None:
    case = Case()
    event = case.events[0]
    record = Recorded(
        case_number="XA-2026-S-000001",
        seq=1,
        recorded_at=case.now,
        actor={"id": "受理", "role": "operator", "unit": "XA"},  # pyright: ignore[reportArgumentType]
        command_id="file",
        event=event,
    )
    stored = json.loads(json.dumps(payload(event)))
    bare = content("XA-2026-S-000001", 1, 1, case.now, ("受理", "operator", "XA"), "file", stored)
    assert canonical(record) == canonical(record, payload(event)) == bare


def test_the_bytes_never_change() -> None:
    """Written by the first release; a record of ten years ago must still verify."""
    case = Case()
    text = content(
        "XA-2026-S-000001", 1, 1, case.now, ("受理", "operator", "XA"), "file", {"b": [1, None, True], "a": "灯"}
    )
    assert text.decode() == (
        '{"actor":["受理","operator","XA"],"case":"XA-2026-S-000001","command":"file","event":{"a":"灯","b":[1,null,true]},'
        '"recorded_at":"2026-03-02T02:00:00+00:00","seq":1,"version":1}'
    )
    assert (
        link(genesis("XA-2026-S-000001"), text).hex()
        == "ffc8fe874ef2e677205175ce9a2b61f7754bc77a25574e879f7d23f18e5e8df1"
    )
