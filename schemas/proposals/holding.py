"""From the words of a petition to who must not see it: at which unit above all whom it may complain of it is kept, and who decides there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

from schemas.kernel.actor import Role
from schemas.kernel.units import ancestors, parent, within
from schemas.organisation import Organisation, Person
from schemas.petition import commands as c
from schemas.petition.events import FiledContent, Petitioner
from schemas.petition.rules.authority import common_unit
from schemas.petition.state import Accusation, Petition
from schemas.proposals.accusation import AccusationReader, Reading
from schemas.proposals.police_words import PoliceWords


class Reads(Protocol):
    """Reads a text for whom it complains of: :class:`AccusationReader`, or what knows what that has read."""

    def read(self, title: str, text: str, *, here: str = "", context: str | None = None) -> Reading | None:
        """As :meth:`AccusationReader.read`."""
        ...


class Hearing:
    """Reads what petitioners say, by one version of the organisation."""

    def __init__(self, organisation: Organisation, reader: PoliceWords | Reads) -> None:
        self._organisation = organisation
        self._paths = frozenset(unit.path for unit in organisation.units)
        self._reader = AccusationReader(organisation, reader) if isinstance(reader, PoliceWords) else reader

    def of_filing(self, content: FiledContent) -> FiledContent:
        """The content with whom it may complain of, by its words and by what has been named with it."""
        read = self._reader.read(content.title, content.text, here=content.unit)
        besides = self._reader.read("", _free_words(content.petitioners, content.category))
        if besides is not None and (besides.units or besides.persons):
            read = besides if read is None else read.with_(besides)
        accusation = accusation_of(
            self._organisation,
            read,
            accused_units=content.accused_units,
            accused_persons=content.accused_persons,
            conflicted_units=content.conflicted_units,
        )
        return content.model_copy(update={"accusation": accusation})

    def of_command(self, state: Petition, command: c.Command, context: str = "") -> c.Command:
        """A command with whom its words may complain of; as it is where it brings none. ``context``: what the case says already."""
        if not isinstance(command, c.Heard):
            return command
        title, text = words_of(command)
        here = self._here(state)
        read = self._reader.read(title, text, here=here, context=context) if title or text else None
        accused_units = accused_persons = conflicted_units = ()
        if isinstance(command, c.Amend):
            accused_units = _new(command.accused_units, state.accused_units)
            accused_persons = _new(command.accused_persons, state.accused_persons)
            conflicted_units = _new(command.conflicted_units, state.conflicted_units)
        if state.held is not None and (read is not None or accused_units or accused_persons or conflicted_units):
            # Who is left to decide is judged by all whom the case may mean, not by these words alone.
            units, persons = self._meant_already(state)
            accused_units, accused_persons = (*units, *accused_units), (*persons, *accused_persons)
        accusation = accusation_of(
            self._organisation,
            read,
            accused_units=accused_units,
            accused_persons=accused_persons,
            conflicted_units=conflicted_units,
        )
        return command.model_copy(update={"accusation": accusation})

    def of_words(self, state: Petition, text: str, context: str = "") -> Accusation | None:
        """Whom words that no command brings may complain of: the name of a file."""
        read = self._reader.read("", text, here=self._here(state), context=context)
        units, persons = self._meant_already(state) if read is not None else ((), ())
        return accusation_of(self._organisation, read, accused_units=units, accused_persons=persons)

    def _meant_already(self, state: Petition) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The units and people whom a case that is held may mean; whoever has left the organisation decides nothing and is asked of nobody."""
        if state.held is None:
            return (), ()
        units = tuple(unit for unit in state.held.units if unit in self._paths)
        return units, tuple(person for person in state.held.persons if self._organisation.knows(person))

    def _here(self, state: Petition) -> str:
        """The unit that a petitioner means by 你们所: where the case is at work, or would be. One that is gone stands for the nearest above it."""
        here = state.lead or (state.held.otherwise if state.held is not None else state.unit)
        return next((at for at in (here, *ancestors(here)) if at in self._paths), self._organisation.city_code)


def _free_words(petitioners: Iterable[Petitioner], category: str) -> str:
    """What a source may write freely beside the text."""
    return "。".join(filter(None, (*(each.alias for each in petitioners), category)))


def words_of(command: c.Heard) -> tuple[str, str]:
    """The petitioner's words in a command: a title and a text, either may be empty."""
    match command:
        case c.Amend():
            free = _free_words(command.petitioners or (), command.category or "")
            return command.title or "", "。".join(filter(None, (command.text, command.reason, free)))
        case c.Remark():
            return "", command.text
        case c.Rate():
            return "", command.remark
        case c.ContradictRevisit():
            return "", command.words
        case c.RecordRevisit():
            return "", command.comment
        case c.Withdraw():
            return "", command.reason
        case c.Reopen():
            return "", command.facts
        case _:
            return "", ""


def brings_words(command: c.Heard) -> bool:
    """Whether there is anything to read in a command, or somebody named in it; most visits bring none."""
    return isinstance(command, c.Amend) or any(words_of(command))


def accusation_of(
    organisation: Organisation,
    read: Reading | None,
    *,
    accused_units: Sequence[str] = (),
    accused_persons: Sequence[str] = (),
    conflicted_units: Sequence[str] = (),
) -> Accusation | None:
    """None where nobody may be complained of, and where a desk has named the city bureau itself: nobody here may decide on that.

    The unit that keeps it is the nearest one above everybody. It decides, or the next one up where somebody is left; where nobody is, those who
    decide for the city are not kept out.
    """
    if read is None and not (accused_units or accused_persons or conflicted_units):
        return None
    city = organisation.city_code
    if city in accused_units:
        return None
    read = read or Reading()
    units = tuple(dict.fromkeys((*accused_units, *read.units)))
    persons = tuple(dict.fromkeys((*accused_persons, *read.persons)))
    unit = _above_all(organisation, (*units, *conflicted_units, *_units_of(organisation, persons)))
    chiefs = organisation.conflicted_units(persons)
    left: list[Person] = []
    for at in (unit, *ancestors(unit)):
        left = left or [one for one in organisation.deciders(at) if not _is_meant(one, (*units, *chiefs), persons)]
    # Where a whole complaints office is meant, those of it decide who are not meant by name; only where nobody is left, they all.
    city_deciders = organisation.deciders(city)
    deciding = left or [one for one in city_deciders if one.id not in persons] or city_deciders
    decides = Role.SUPERVISOR if any(one.role is Role.SUPERVISOR for one in deciding) else Role.OPERATOR
    open_to = () if left else tuple(dict.fromkeys((*(one.id for one in deciding), *(one.unit for one in deciding))))
    return Accusation(
        unit=unit, decides=decides, units=units, persons=persons, chiefs=chiefs, open_to=open_to, words=read.words
    )


def _above_all(organisation: Organisation, places: Sequence[str]) -> str:
    above: str | None = None
    for place in places:
        one = _above(organisation, place)
        above = one if above is None else common_unit(above, one)
    return above if above is not None else organisation.city_code


def _above(organisation: Organisation, place: str) -> str:
    """The unit above that one; a community room is a part of its station."""
    whole = parent(place) if organisation.unit(place).kind == "community" else place
    return organisation.answerable(parent(whole)) if parent(whole) else whole


def _units_of(organisation: Organisation, persons: Iterable[str]) -> Iterator[str]:
    return (organisation.person(person).unit for person in persons)


def _is_meant(person: Person, units: Iterable[str], persons: Iterable[str]) -> bool:
    return person.id in persons or any(within(person.unit, unit) for unit in units if parent(unit))


def _new(given: tuple[str, ...] | None, known: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(each for each in given or () if each not in known)
