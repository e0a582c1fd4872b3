"""What leaves for one viewer, with everything taken out that is not theirs to know: one place for all doors.

To keep something else from a viewer, give :class:`Redactor` what it is known by, and take it out in :meth:`Redactor.text`; every door then does.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Final, TypeVar, cast

from pydantic import BaseModel

from schemas.access.case_numbers import HIDDEN_NUMBER, JOINED, numbers_told, without_numbers
from schemas.access.personal_words import Known, PersonalWords
from schemas.kernel.errors import UserError
from schemas.petition.state import Party
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
"""Names, keys, moments and figures: no words that somebody wrote. They may hold the number of a case."""

NO_WORDS: Final = frozenset({"policy", "calendar", "clocks", "spans", "cards", "link", "algorithm", "actor"})
"""Of these not even that."""

Say = Callable[[str], str]
"""What becomes of a text."""


CIPHERTEXT: Final = "sealed"
"""Sealed personal data and, within it, the sealed bytes; beside these stand masks, of which older ones show the end of a number."""


class Redactor:
    """Takes out of texts and facts what a viewer is not to know. ``known``: the petitioners; ``staff``: the names of the organisation's people, None
    for a viewer whose work needs them; ``seen``: the numbers of the cases the viewer sees, of all that may be named; None for one who sees every
    case. A petitioner's own page (``shapes`` off, ``pieces`` on) hides only what is known of others, and not what is their ``own``.
    """

    def __init__(
        self,
        known: Known,
        *,
        staff: NameIndex[str] | None = None,
        shapes: bool = True,
        pieces: bool = False,
        own: Known | None = None,
        seen: Collection[str] | None = None,
    ) -> None:
        self._offices = PersonalWords(known, shapes=shapes, pieces=pieces, own=own)
        self._words = (
            self._offices if staff is None else PersonalWords(known, shapes=shapes, pieces=pieces, staff=staff)
        )
        self._seen = None if seen is None else frozenset(seen)

    def only_numbers(self) -> Redactor:
        """For somebody to whom the personal data has been opened: of cases they may not see they still learn nothing."""
        return Redactor(Known.of(()), shapes=False, seen=self._seen)

    def text(self, said: str, *, by_petitioner: bool = True) -> str:
        """The text with masks. ``by_petitioner``: whether they may be a petitioner's words."""
        spans = (self._words if by_petitioner else self._offices).find(said)
        parts, at = list[str](), 0
        for span in spans:
            parts += (said[at : span.start], span.mask)
            at = span.end
        return self._numbers("".join((*parts, said[at:])) if parts else said)

    def model(self, told: T) -> T:
        """The same facts, each text with masks; what holds none is the very same object."""
        return self._model(told, self.text)

    def refusal(self, error: UserError) -> UserError:
        """The error with masks; the very same where it holds none."""
        zh, en = self._by_office(error.zh), self._by_office(error.en)
        facts = self._model(error.facts, self._by_office)
        same = (zh, en) == (error.zh, error.en) and facts is error.facts
        return error if same else UserError(error.code, zh=zh, en=en, **facts)

    def withheld(self, event: BaseModel | Mapping[str, Any]) -> bool:
        """Whether an event holds something that is not for this viewer, so that it leaves by its hash only."""
        facts = event.model_dump(mode="json") if isinstance(event, BaseModel) else event
        return self.model(facts) is not facts

    def _numbers(self, said: str) -> str:
        return said if self._seen is None else without_numbers(said, self._seen)

    def _by_office(self, said: str) -> str:
        return self.text(said, by_petitioner=False)

    def _model(self, told: T, say: Say) -> T:
        if isinstance(told, str):
            return cast("T", say(told)) if type(told) is str else told
        if isinstance(told, BaseModel):
            changed = self._fields({name: getattr(told, name) for name in type(told).model_fields}, say)
            return cast("T", told.model_copy(update=changed)) if changed else told
        if dataclasses.is_dataclass(told) and not isinstance(told, type):
            facts = {each.name: getattr(told, each.name) for each in dataclasses.fields(told) if each.init}
            changed = self._fields(facts, say)
            return cast("T", dataclasses.replace(cast("Any", told), **changed)) if changed else told
        if isinstance(told, dict):
            changed = self._fields(cast("dict[str, Any]", told), say)
            return cast("T", told | changed) if changed else cast("T", told)
        if isinstance(told, list | tuple):
            return cast("T", self._items(cast("Sequence[Any]", told), say))
        return told

    def _fields(self, facts: Mapping[str, Any], say: Say) -> dict[str, Any]:
        kind = facts.get("kind")
        if isinstance(kind, str) and say != self._numbers:
            say = self.text if kind in PETITIONERS_WORDS else self._by_office
        changed: dict[str, Any] = {}
        for name, value in facts.items():
            if value is None or name in NO_WORDS or (name in AS_THEY_ARE and self._seen is None):
                continue
            if name == CIPHERTEXT and isinstance(value, str):
                continue
            made = self._model(value, self._numbers if name in AS_THEY_ARE else say)
            if made is not value:
                changed[name] = made
        return changed

    def _items(self, told: Sequence[Any], say: Say) -> Sequence[Any]:
        fixed = self._seen is None or hasattr(told, "_make")
        kept = told if fixed else [each for each in told if not self._is_left_out(each)]
        made = [self._model(each, say) for each in kept]
        if len(kept) == len(told) and all(new is old for new, old in zip(made, told, strict=True)):
            return told
        if isinstance(told, tuple) and hasattr(told, "_make"):
            return cast("Any", told)._make(made)
        return tuple(made) if isinstance(told, tuple) else made

    def _is_left_out(self, each: Any) -> bool:
        """Of a list: the number of a case that is not seen, what one such case complains of, and that it joined or left."""
        if isinstance(each, Party):
            return self._numbers(each.number) != each.number
        if isinstance(each, str):
            return each != "" and self._numbers(each) == HIDDEN_NUMBER
        event: Any = each if (kind := _named(each, "kind")) is not None else _named(each, "event")
        kind = kind if kind is not None else _named(event, "kind")
        return kind in JOINED and not numbers_told(each) <= (self._seen or frozenset())


def _named(facts: Any, name: str) -> Any:
    return cast("dict[str, Any]", facts).get(name) if isinstance(facts, dict) else getattr(facts, name, None)
