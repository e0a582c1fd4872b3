"""Models told apart by a ``kind``: commands, events and everything else that travels as a union."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, field_serializer


class Tagged(BaseModel):
    """A frozen member of a union discriminated by ``kind``.

    Declare ``kind: Literal["filed"] = "filed"`` in the subclass. Recorded payloads leave defaults out, and a
    ``kind`` is always its default: without this class it would be left out too, and the reader could not
    tell one member from another.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    # pydantic never treats a field with a serializer of its own as "at its default"
    @field_serializer("kind", check_fields=False)
    def keep_kind(self, kind: str) -> str:
        """``kind`` as it stands, never left out."""
        return kind
