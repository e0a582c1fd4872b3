"""How values become the JSON of histories: compact, and exactly the value again when read.

Pydantic models are written **without the fields that equal their default** (dataclasses whole). So the
defaults of recorded models are frozen: a default changed later would change what every old history says. Add
a new field instead; `tests/unit/activities/test_frozen_defaults.py` holds the defaults of every released
model and fails on a change. Fields are compared with ``==``: a field must not tell values apart that Python
calls equal (``0`` and ``False``, ``1`` and ``1.0``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import is_dataclass
from functools import lru_cache
from typing import Any, Final, Self, cast

from pydantic import BaseModel, TypeAdapter
from pydantic_core import SchemaSerializer
from pydantic_core.core_schema import any_schema
from temporalio.api.common.v1 import Payload
from temporalio.converter import (
    CompositePayloadConverter,
    DataConverter,
    DefaultFailureConverterWithEncodedAttributes,
    DefaultPayloadConverter,
    EncodingPayloadConverter,
    JSONPlainPayloadConverter,
    SerializationContext,
)

from activities.codec import SealingCodec
from schemas.sealing.keys import KeyRing

# Shared by all converters: the SDK makes one converter for each workflow run, and an adapter of a large
# union takes milliseconds to build. Only pure classes are kept, and the bound keeps classes that a sandbox
# imported anew from staying for ever.
_adapter: Final = lru_cache(maxsize=512)(TypeAdapter[Any])
_serializer: Final = SchemaSerializer(any_schema())


class CompactJSONConverter(EncodingPayloadConverter):
    """``json/plain`` by pydantic, without defaults.

    A value holding a ``Literal`` tag that would be left out as a default (a union member that is not
    ``schemas.kernel.tagged.Tagged``) is written whole instead: larger, but still readable.
    """

    @property
    def encoding(self) -> str:
        """See base class."""
        return "json/plain"

    def to_payload(self, value: Any) -> Payload | None:
        """See base class."""
        data = _serializer.to_json(value, exclude_defaults=not _has_loose_tag(value))
        return Payload(metadata={"encoding": b"json/plain"}, data=data)

    def from_payload(self, payload: Payload, type_hint: type | None = None) -> Any:
        """See base class."""
        hint: Any = Any if type_hint is None else type_hint
        try:
            hash(hint)
        except TypeError:
            adapter: TypeAdapter[Any] = TypeAdapter(hint)
        else:
            adapter = _adapter(hint)
        return adapter.validate_json(payload.data)


_PARTS: Final = tuple(
    CompactJSONConverter() if isinstance(converter, JSONPlainPayloadConverter) else converter
    for converter in DefaultPayloadConverter.default_encoding_payload_converters
)


class CompactPayloadConverter(CompositePayloadConverter):
    """The SDK's converters with its JSON replaced by ours."""

    def __init__(self) -> None:
        # The SDK makes one anew for every task; the parts know nothing and are shared.
        super().__init__(*_PARTS)

    def with_context(self, context: SerializationContext) -> Self:
        """See base class. None of the parts takes a context, which would else be found out anew for each payload."""
        return self


def data_converter(keyring: KeyRing | None) -> DataConverter:
    """The one converter of client, worker and replayer; failure messages and stack traces are sealed like
    any payload.

    ``None`` leaves payloads readable: for measuring histories and for replaying exported ones, never for a
    running system.
    """
    return DataConverter(
        payload_converter_class=CompactPayloadConverter,
        payload_codec=None if keyring is None else SealingCodec(keyring),
        failure_converter_class=DefaultFailureConverterWithEncodedAttributes,
    )


def loose_tags(model: type[Any]) -> frozenset[str]:
    """The one-valued literals reachable from a type that compact JSON would leave out; empty for ``Tagged``
    models.
    """
    return frozenset(_loose_in(_adapter(model).core_schema))


def _has_loose_tag(value: object) -> bool:
    if isinstance(value, BaseModel) or (is_dataclass(value) and not isinstance(value, type)):
        return _type_has_loose_tag(type(value))
    if isinstance(value, Mapping):
        return any(_has_loose_tag(item) for item in cast("Mapping[object, object]", value).values())
    if isinstance(value, list | tuple | set | frozenset):
        return any(_has_loose_tag(item) for item in cast("list[object]", value))
    return False


@lru_cache(maxsize=512)
def _type_has_loose_tag(model: type[Any]) -> bool:
    return bool(loose_tags(model))


def _loose_in(schema: object) -> set[str]:
    found: set[str] = set()
    if isinstance(schema, Mapping):
        node = cast("Mapping[str, Any]", schema)
        if node.get("type") == "default" and "serialization" not in node:
            inner = node["schema"]
            if inner.get("type") == "literal" and len(inner["expected"]) == 1:
                found.add(str(inner["expected"][0]))
        for key, child in node.items():
            if key != "metadata":
                found |= _loose_in(child)
    elif isinstance(schema, list | tuple):
        for child in cast("list[object]", schema):
            found |= _loose_in(child)
    return found
