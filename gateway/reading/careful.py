"""What strangers wrote, read without anybody else's waiting for it: what is short here, everything else in the processes of a pool.

What is not read in its time proposes nothing and is like nothing; of whom it complains is then not known, so that it is kept from everybody below
the city's complaints officer, as a text that complains of the police and names nobody.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import date
from typing import Final, Literal, Protocol, TypeVar
from unicodedata import normalize

from gateway.importing.proposing import Proposals
from gateway.reading import tasks
from gateway.reading.pool import ReadingPool, UnreadError
from schemas.kernel.calendar import Notice
from schemas.kernel.errors import UserError
from schemas.organisation import Organisation
from schemas.petition.state import Complexity, Ledger
from schemas.policy import Policy
from schemas.proposals.accusation import UNREAD, Reading
from schemas.proposals.holding import Hearing
from schemas.proposals.proposal import Proposal
from schemas.proposals.similarity import EMPTY, signature
from schemas.proposals.taxonomy import Taxonomy

T = TypeVar("T")

SHORT: Final = 600
"""Characters up to which a text is read in this process: the worst of that length takes some milliseconds."""


class Hears(Protocol):
    """Asks something of who reads petitioners' words by the organisation in force."""

    async def __call__(self, ask: Callable[[Hearing], T], /) -> T:
        """What ``ask`` makes of it; it may be asked several times, and changes nothing."""
        ...


class CarefulReader:
    """By the organisation in force and one taxonomy."""

    def __init__(
        self, organisation: Callable[[], Awaitable[Organisation]], taxonomy: Callable[[], Taxonomy], pool: ReadingPool
    ) -> None:
        self._organisation = organisation
        self._taxonomy_of = taxonomy
        self._taxonomy: Taxonomy | None = None
        self._pool = pool
        self._readers: tuple[int, tasks.Readers] | None = None
        self._lock = asyncio.Lock()

    async def hearing(self, ask: Callable[[Hearing], T]) -> T:
        """As :class:`Hears`."""
        readers = await self._in_force()
        known = _Known(readers)
        while True:
            try:
                return ask(Hearing(readers.organisation, known))
            except _WantedError as wanted:
                said = wanted.title, wanted.text, wanted.here, wanted.context
                try:
                    known.readings[said] = await self._read(readers, tasks.accusation, *said)
                except UnreadError:
                    known.readings[said] = UNREAD

    async def proposals(self, title: str, text: str) -> Proposals:
        """What a text proposes about itself."""
        readers = await self._in_force()
        if is_short(title, text):
            return readers.proposer.propose(title, text)
        try:
            return await self._read(readers, tasks.proposals, title, text)
        except UnreadError:
            return nothing_proposed(readers.organisation)

    async def minima(self, title: str, text: str) -> tuple[int, ...]:
        """By what a text is found alike with another; nothing is alike with one that was not read."""
        if is_short(title, text):
            return signature(title, text)
        try:
            return await self._read(await self._in_force(), tasks.minima, title, text)
        except UnreadError:
            return EMPTY

    async def policy(self, text: str) -> Policy:
        """A policy as people write it. ``UserError`` as of :func:`activities.documents.read_policy`, ``document_unread``."""
        return await self._document(tasks.policy, text)

    async def new_organisation(self, text: str) -> Organisation:
        """An organisation likewise."""
        return await self._document(tasks.organisation, text)

    async def notice(
        self, document: str, kind: Literal["csv", "json", "ics"], covers: tuple[date, date] | None
    ) -> Notice:
        """A holiday notice likewise."""
        return await self._document(tasks.notice, document, kind, covers)

    async def begin(self) -> None:
        """Starts the processes, so that the first text finds them."""
        await self.minima("", " " * (SHORT + 1))

    async def _document(self, task: Callable[..., T], *given: object) -> T:
        try:
            return await self._read(await self._in_force(), task, *given)
        except UnreadError:
            raise UserError(
                "document_unread",
                zh="文件未能在规定时间内读完，请检查其内容或分开导入。",
                en="The document could not be read in time; check what it holds, or import it in parts.",
            ) from None

    async def _read(self, readers: tasks.Readers, task: Callable[..., T], *given: object) -> T:
        return await self._pool.read(readers.organisation, readers.taxonomy, task, *given)

    async def _in_force(self) -> tasks.Readers:
        organisation = await self._organisation()
        async with self._lock:
            if self._readers is None or self._readers[0] != organisation.version:
                self._taxonomy = self._taxonomy or self._taxonomy_of()
                readers = tasks.Readers(organisation, self._taxonomy)
                await asyncio.to_thread(readers.build)
                self._readers = organisation.version, readers
            return self._readers[1]


def is_short(title: str, text: str) -> bool:
    """Whether a text may be read here; one character may stand for eighteen (ﷺ)."""
    if len(title) + len(text) > SHORT:
        return False
    return len(normalize("NFKC", title)) + len(normalize("NFKC", text)) <= SHORT


def nothing_proposed(organisation: Organisation) -> Proposals:
    """Of a text that was not read: what a person would have to take it for."""
    why, why_en = "原文过于复杂，未能在规定时间内读完，请人工判断。", "It could not be read in time; judge it yourself."
    return Proposals(
        unit=Proposal(value=organisation.city_code, confidence=0, why=why, why_en=why_en),
        ledger=Proposal(value=Ledger.CLAIM, confidence=0, why=why, why_en=why_en),
        complexity=Proposal(value=Complexity.COMPLEX, confidence=0, why=why, why_en=why_en),
        category=Proposal(value=None, confidence=0, why=why, why_en=why_en),
    )


class _WantedError(Exception):
    def __init__(self, title: str, text: str, here: str, context: str | None) -> None:
        super().__init__()
        self.title, self.text, self.here, self.context = title, text, here, context


class _Known:
    """Reads what is short, and knows what has been read elsewhere; whatever else it is asked for, is wanted."""

    def __init__(self, readers: tasks.Readers) -> None:
        self._readers = readers
        self.readings: dict[tuple[str, str, str, str | None], Reading | None] = {}

    def read(self, title: str, text: str, *, here: str = "", context: str | None = None) -> Reading | None:
        if is_short(title, text + (context or "")):
            return self._readers.accusation.read(title, text, here=here, context=context)
        said = title, text, here, context
        if said not in self.readings:
            raise _WantedError(*said)
        return self.readings[said]
