"""Compact JSON: small, and exactly the value again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, Field
from temporalio.api.common.v1 import Payload

from activities.converter import CompactJSONConverter, CompactPayloadConverter, data_converter, loose_tags
from schemas.kernel.tagged import Tagged


class Stage(StrEnum):
    APPROVE = "approve"
    ASSIGN = "assign"


class Filed(Tagged):
    kind: Literal["filed"] = "filed"
    unit: str
    note: str = ""
    co_units: tuple[str, ...] = ()
    due: datetime | None = None


class Assigned(Tagged):
    kind: Literal["assigned"] = "assigned"
    note: str = ""
    stage: Stage = Stage.ASSIGN
    days: int = 7


Event = Annotated[Filed | Assigned, Field(discriminator="kind")]


class Recorded(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    events: tuple[Event, ...] = ()
    last: Event | None = None
    names: dict[str, int] = Field(default_factory=dict)
    version: int


class Loose(BaseModel):
    kind: Literal["loose"] = "loose"
    size: int = 0


class LooseParent(BaseModel):
    children: tuple[Loose, ...] = ()
    parent: LooseParent | None = None


@dataclass(frozen=True)
class Plain:
    case: str
    round: int = 1


texts = st.text(st.characters(codec="utf-8"), max_size=10)
moments = st.datetimes(timezones=st.just(UTC))
events = st.one_of(
    st.builds(
        Filed,
        unit=texts,
        note=texts,
        co_units=st.lists(texts, max_size=2).map(tuple),
        due=st.none() | moments,
    ),
    st.builds(Assigned, note=texts, stage=st.sampled_from(Stage), days=st.integers(0, 99)),
)
records = st.builds(
    Recorded,
    events=st.lists(events, max_size=3).map(tuple),
    last=st.none() | events,
    names=st.dictionaries(texts, st.integers(-9, 9), max_size=2),
    version=st.integers(0, 9),
)


def there_and_back(value: object, hint: Any) -> Any:
    converter = CompactJSONConverter()
    payload = converter.to_payload(value)
    assert payload is not None
    assert payload.metadata["encoding"] == b"json/plain"
    return converter.from_payload(payload, hint)


def written(value: object) -> bytes:
    payload = CompactJSONConverter().to_payload(value)
    assert payload is not None
    return payload.data


@given(records)
def test_models_come_back_as_they_were(record: Recorded) -> None:
    assert there_and_back(record, Recorded) == record


@given(st.lists(events, max_size=3))
def test_union_members_come_back_as_themselves(happened: list[Filed | Assigned]) -> None:
    assert there_and_back(happened, list[Event]) == happened
    for event in happened:
        assert type(there_and_back(event, Event)) is type(event)


def test_defaults_are_left_out_but_never_the_kind() -> None:
    record = Recorded(events=(Filed(unit="A", note=""), Assigned()), version=0)
    assert written(record) == b'{"events":[{"kind":"filed","unit":"A"},{"kind":"assigned"}],"version":0}'
    assert written(Assigned(stage=Stage.APPROVE)) == b'{"kind":"assigned","stage":"approve"}'


def test_none_that_is_not_the_default_is_kept() -> None:
    class Cleared(BaseModel):
        value: int | None = 3

    assert written(Cleared(value=None)) == b'{"value":null}'
    assert there_and_back(Cleared(value=None), Cleared) == Cleared(value=None)
    assert written({"a": None, "b": [None]}) == b'{"a":null,"b":[null]}'


def test_dataclasses_are_written_whole() -> None:
    assert written(Plain("A")) == b'{"case":"A","round":1}'
    assert there_and_back(Plain("A", 2), Plain) == Plain("A", 2)


@pytest.mark.parametrize(
    "value",
    [
        Loose(),
        LooseParent(children=(Loose(),)),
        [Loose()],
        (Loose(),),
        {"a": Loose()},
        LooseParent(parent=LooseParent(children=(Loose(size=1),))),
    ],
)
def test_a_tag_that_would_be_lost_is_written_whole(value: object) -> None:
    assert b'"kind":"loose"' in written(value)
    assert there_and_back(value, type(value) if isinstance(value, BaseModel) else Any) is not None


def test_loose_tags_are_found_wherever_they_hide() -> None:
    assert loose_tags(LooseParent) == {"loose"}
    assert loose_tags(Recorded) == frozenset()


@pytest.mark.parametrize("value", [1, "案", True, 1.5, [1, "a"], {"a": 1}, []])
def test_plain_values_need_no_hint(value: object) -> None:
    assert there_and_back(value, None) == value


def test_hints_that_cannot_be_hashed_are_taken() -> None:
    assert there_and_back(5, Annotated[int, Field(json_schema_extra={"a": 1})]) == 5
    assert there_and_back(5, Annotated[int, ["unhashable"]]) == 5


def test_extra_fields_are_refused() -> None:
    payload = Payload(metadata={"encoding": b"json/plain"}, data=b'{"kind":"assigned","other":1}')
    with pytest.raises(ValueError, match="other"):
        CompactJSONConverter().from_payload(payload, Assigned)


def test_none_and_bytes_keep_the_encodings_of_the_sdk() -> None:
    converter = CompactPayloadConverter()
    encodings = [payload.metadata["encoding"] for payload in converter.to_payloads([None, b"x", "x"])]
    assert encodings == [b"binary/null", b"binary/plain", b"json/plain"]


async def test_without_a_ring_payloads_stay_readable() -> None:
    [payload] = await data_converter(None).encode([Assigned()])
    assert payload.data == b'{"kind":"assigned"}'
