"""What leaves for one viewer, with everything taken out that is not theirs to know: one place for all doors.

To keep something else from a viewer, give :class:`Redactor` what it is known by, and take it out in :meth:`Redactor.text`; every door then does.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeVar, cast

from pydantic import BaseModel

from schemas.access.personal_words import Known, PersonalWords
from schemas.proposals.names import NameIndex

T = TypeVar("T")

PETITIONERS_WORDS: Final = frozenset({"filed", "amended", "remarked", "rated", "revisit_recorded"})
"""Events that hold what a petitioner said: there the people of the organisation are masked too, whom elsewhere offices name themselves."""

AS_THEY_ARE: Final = frozenset(
    {
        *("number", "case_number", "kind", "command", "command_id", "id", "person", "key_id"),
        *("digest", "link", "algorithm", "source_event_id", "tracking_code", "cursor", "notice_id", "event_id"),
        *("policy", "calendar", "clocks", "spans", "cards", "answers", "stations", "attribution", "actions", "actor"),
        *("unit", "registrar", "accountable", "lead", "owner", "into", "out_of", "members", "parties", "merged_into"),
        *("basis", "stage", "ledger", "complexity", "role", "due_clock", "media_type", "fields"),
    }
)
"""Names, keys, moments and figures: no words that somebody wrote."""


CIPHERTEXT: Final = "sealed"
"""Sealed personal data and, within it, the sealed bytes; beside these stand masks, of which older ones show the end of a number."""


class Redactor:
    """Takes out of texts and facts what a viewer is not to know. ``known``: the petitioners; ``staff``: the names of the organisation's people, None
    for a viewer whose work needs them. A petitioner's own page (``shapes`` off, ``pieces`` on) hides only what is known of others, and not what is
    their ``own``.
    """

    def __init__(
        self,
        known: Known,
        *,
        staff: NameIndex[str] | None = None,
        shapes: bool = True,
        pieces: bool = False,
        own: Known | None = None,
    ) -> None:
        self._offices = PersonalWords(known, shapes=shapes, pieces=pieces, own=own)
        self._words = (
            self._offices if staff is None else PersonalWords(known, shapes=shapes, pieces=pieces, staff=staff)
        )

    def text(self, said: str, *, by_petitioner: bool = True) -> str:
        """The text with masks. ``by_petitioner``: whether they may be a petitioner's words."""
        spans = (self._words if by_petitioner else self._offices).find(said)
        if not spans:
            return said
        parts, at = list[str](), 0
        for span in spans:
            parts += (said[at : span.start], span.mask)
            at = span.end
        return "".join((*parts, said[at:]))

    def model(self, told: T) -> T:
        """The same facts, each text with masks; what holds none is the very same object."""
        return self._model(told, by_petitioner=True)

    def withheld(self, event: BaseModel | Mapping[str, Any]) -> bool:
        """Whether an event holds something that is not for this viewer, so that it leaves by its hash only."""
        facts = event.model_dump(mode="json") if isinstance(event, BaseModel) else event
        return self.model(facts) is not facts

    def _model(self, told: T, *, by_petitioner: bool) -> T:
        if isinstance(told, str):
            return cast("T", self.text(told, by_petitioner=by_petitioner)) if type(told) is str else told
        if isinstance(told, BaseModel):
            changed = self._fields({name: getattr(told, name) for name in type(told).model_fields}, by_petitioner)
            return cast("T", told.model_copy(update=changed)) if changed else told
        if dataclasses.is_dataclass(told) and not isinstance(told, type):
            facts = {each.name: getattr(told, each.name) for each in dataclasses.fields(told) if each.init}
            changed = self._fields(facts, by_petitioner)
            return cast("T", dataclasses.replace(cast("Any", told), **changed)) if changed else told
        if isinstance(told, dict):
            changed = self._fields(cast("dict[str, Any]", told), by_petitioner)
            return cast("T", told | changed) if changed else cast("T", told)
        if isinstance(told, list | tuple):
            return cast("T", self._items(cast("Sequence[Any]", told), by_petitioner))
        return told

    def _fields(self, facts: Mapping[str, Any], by_petitioner: bool) -> dict[str, Any]:
        kind = facts.get("kind")
        if isinstance(kind, str):
            by_petitioner = kind in PETITIONERS_WORDS
        changed: dict[str, Any] = {}
        for name, value in facts.items():
            if name in AS_THEY_ARE or value is None or (name == CIPHERTEXT and isinstance(value, str)):
                continue
            made = self._model(value, by_petitioner=by_petitioner)
            if made is not value:
                changed[name] = made
        return changed

    def _items(self, told: Sequence[Any], by_petitioner: bool) -> Sequence[Any]:
        made = [self._model(each, by_petitioner=by_petitioner) for each in told]
        if all(new is old for new, old in zip(made, told, strict=True)):
            return told
        if isinstance(told, tuple) and hasattr(told, "_make"):
            return cast("Any", told)._make(made)
        return tuple(made) if isinstance(told, tuple) else made
