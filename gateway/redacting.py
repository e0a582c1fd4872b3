"""The redactor for a viewer, put together from what is known: every door takes what it tells through one."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping
from itertools import chain

from activities.record.known import KnownPeople, NamedCases
from gateway.retry import READ_RETRY_SECONDS, retry_transient
from schemas.access.case_numbers import numbers_told
from schemas.access.personal_words import Known, PersonalWords, Span, staff_names
from schemas.access.redaction import Redactor
from schemas.kernel.actor import Actor
from schemas.organisation import Organisation
from schemas.proposals.names import NameIndex
from schemas.sealing.personal import PersonalData


class Redacting:
    """Makes redactors; the names of the organisation's people are gathered once for a version of it."""

    def __init__(
        self, people: KnownPeople, numbers: NamedCases, organisation: Callable[[], Awaitable[Organisation]]
    ) -> None:
        self._people = people
        self._numbers = numbers
        self._organisation = organisation
        self._staff: tuple[int, NameIndex[str]] | None = None

    async def of_case(self, number: str, viewer: Actor | None) -> Redactor:
        """For a case with its history, for this viewer; None stands for whoever administers this machine."""

        async def look() -> tuple[Known, Collection[str] | None]:
            together = await self._people.together(number)
            named = () if viewer is None else await self._numbers.named_in(number)
            return _all_of(await self._people.of(together)), await self._seen({number}, named, viewer)

        known, seen = await retry_transient(look, READ_RETRY_SECONDS)
        return Redactor(known, staff=await self._names_for(viewer), seen=seen)

    async def of_cases(self, numbers: Collection[str], viewer: Actor | None, telling: object = None) -> Redactor:
        """For lines of a list of cases the viewer sees: of each its title and little else. ``telling``: what else is told with them, which may
        name other cases.
        """

        async def look() -> tuple[Known, Collection[str] | None]:
            seen = await self._seen(numbers, numbers_told(telling), viewer)
            return _all_of(await self._people.of(numbers)), seen

        known, seen = await retry_transient(look, READ_RETRY_SECONDS)
        return Redactor(known, staff=await self._names_for(viewer), seen=seen)

    async def of_each(self, texts: Mapping[str, str], viewer: Actor | None) -> dict[str, Redactor]:
        """One for each of several cases and what it says, which tells nobody of the others."""

        async def look() -> tuple[dict[str, list[PersonalData]], Collection[str] | None]:
            named = set[str]().union(*map(numbers_told, texts.values()))
            return await self._people.of(texts.keys()), await self._seen(texts.keys(), named, viewer)

        people, seen = await retry_transient(look, READ_RETRY_SECONDS)
        staff = await self._names_for(viewer)
        return {number: Redactor(Known.of(people.get(number, ())), staff=staff, seen=seen) for number in texts}

    async def of_published(self, numbers: Collection[str]) -> dict[str, Redactor]:
        """By case, for anybody: what is published of it tells neither who its petitioners are nor the number of any case."""
        people = await retry_transient(lambda: self._people.of(numbers), READ_RETRY_SECONDS)
        return {number: Redactor(Known.of(people.get(number, ())), seen=()) for number in numbers}

    async def of_petitioner(self, number: str) -> Redactor:
        """For the petitioners of a case themselves: what is known of those whose cases were merged with theirs is hidden, their own is not."""

        async def look() -> dict[str, list[PersonalData]]:
            return await self._people.of(await self._people.together(number))

        people = await retry_transient(look, READ_RETRY_SECONDS)
        own = Known.of(people.pop(number, ()))
        return Redactor(_all_of(people).without(own), shapes=False, pieces=True, own=own, seen={number})

    async def _seen(self, own: Collection[str], named: Collection[str], viewer: Actor | None) -> Collection[str] | None:
        """Of those numbers those of cases the viewer sees; ``own`` are among them. None stands for all there are."""
        if viewer is None:
            return None
        others = set(named) - set(own)
        return {*own, *(await self._numbers.seen(others, viewer) if others else ())}

    async def telling_apart(self, number: str, texts: Mapping[str, str]) -> dict[str, list[Span]]:
        """What in these texts tells one petitioner of a case, or of those merged with it, apart from the others; by the name of the text."""

        async def look() -> Known:
            return _all_of(await self._people.of(await self._people.together(number)))

        words = PersonalWords(await retry_transient(look, READ_RETRY_SECONDS), pieces=True, guessable=False)
        found = {name: words.find(text) for name, text in texts.items()}
        return {name: spans for name, spans in found.items() if spans}

    async def _names_for(self, viewer: Actor | None) -> NameIndex[str] | None:
        """Who decides whom a petition complains of must read whom it names."""
        if viewer is not None and viewer.complaints:
            return None
        organisation = await self._organisation()
        if self._staff is None or self._staff[0] != organisation.version:
            self._staff = organisation.version, staff_names(organisation)
        return self._staff[1]


def _all_of(people: dict[str, list[PersonalData]]) -> Known:
    return Known.of(chain.from_iterable(people.values()))
