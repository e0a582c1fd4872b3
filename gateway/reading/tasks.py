"""What a reading process does: it keeps the names of one organisation and one taxonomy, and reads one text after the other by them."""

from __future__ import annotations

import resource
import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Literal, ParamSpec, TypeVar

from activities.defaults import police_words
from activities.documents import read_organisation, read_policy
from gateway.importing.proposing import Proposals, Proposer
from schemas.kernel.calendar import Notice
from schemas.organisation import Organisation
from schemas.policy import Policy
from schemas.proposals.accusation import AccusationReader, Reading
from schemas.proposals.similarity import signature
from schemas.proposals.taxonomy import Taxonomy

P = ParamSpec("P")
T = TypeVar("T")

MEMORY = 4 << 30
"""Bytes of address space a reading process may take."""


class Readers:
    """The readers of one organisation and taxonomy, each built when it is first asked."""

    def __init__(self, organisation: Organisation, taxonomy: Taxonomy) -> None:
        self.organisation = organisation
        self.taxonomy = taxonomy

    @cached_property
    def accusation(self) -> AccusationReader:
        """By whom a text may complain of."""
        return AccusationReader(self.organisation, police_words())

    @cached_property
    def proposer(self) -> Proposer:
        """By what a text proposes about itself."""
        return Proposer(self.organisation, self.taxonomy)

    def build(self) -> None:
        """Builds both, and what they build when they are first used."""
        try:
            self.accusation.read("", "")
            self.proposer.propose("", "")
        except StopIteration as wrong:
            # No future can hold one: whoever waits for a thread or a process would wait for ever.
            raise RuntimeError("the organisation can't be read by") from wrong


@dataclass
class _Here:
    version: int | None = None
    readers: Readers | None = None


_here = _Here()


class NoReadersError(RuntimeError):
    """The organisation in force can't be read by."""


def begin() -> None:
    """What each process does first."""
    with suppress(ValueError, OSError):  # a lower limit is set already
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    # Whatever is built when it is first used is built now, and not within the time of somebody's text.
    minima("", "")


def by(version: int, organisation: str, taxonomy: str, task: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """What the task finds by these documents (JSON), whose readers are made once for a version of the organisation."""
    if _here.version != version:
        readers = Readers(Organisation.model_validate_json(organisation), Taxonomy.model_validate_json(taxonomy))
        _here.version, _here.readers = version, None
        with suppress(RuntimeError):
            readers.build()
            _here.readers = readers
    return task(*args, **kwargs)


def _readers() -> Readers:
    if _here.readers is None:
        raise NoReadersError
    return _here.readers


def accusation(title: str, text: str, here: str = "", context: str | None = None) -> Reading | None:
    """Whom a text may complain of."""
    return _readers().accusation.read(title, text, here=here, context=context)


def proposals(title: str, text: str) -> Proposals:
    """What a text proposes about itself."""
    return _readers().proposer.propose(title, text)


def minima(title: str, text: str) -> tuple[int, ...]:
    """By what a text is found alike with another."""
    return signature(title, text)


def policy(text: str) -> Policy:
    """A policy as people write it. ``UserError`` as of :func:`read_policy`."""
    return read_policy(text)


def organisation(text: str) -> Organisation:
    """An organisation as people write it. ``UserError`` as of :func:`read_organisation`."""
    return read_organisation(text)


def notice(document: str, kind: Literal["csv", "json", "ics"], covers: tuple[date, date] | None) -> Notice:
    """A holiday notice. ``UserError`` as of :func:`read_notice`."""
    from gateway.calendar_notice import read_notice  # noqa: PLC0415 - a process that reads petitions is there the sooner

    with tempfile.TemporaryDirectory(prefix="notice-") as folder:
        file = Path(folder) / f"notice.{kind}"
        file.write_text(document, "utf-8")
        return read_notice(file, covers)
