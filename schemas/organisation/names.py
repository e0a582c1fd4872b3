"""What units and people are called."""

from __future__ import annotations

import re

from schemas.kernel.units import parent
from schemas.organisation.organisation import Organisation
from schemas.petition.state import petitioner_of

PETITIONER = petitioner_of("").id
"""How the ids of those begin who speak for themselves."""

_PATH = re.compile(r"(?<![\w/-])[A-Z][A-Z0-9]{0,9}(?:/[A-Za-z0-9_-]+)+(?![\w/-])")


class Names:
    """By an organisation; the path or id itself for those it does not know."""

    def __init__(self, organisation: Organisation) -> None:
        self._units = {unit.path: unit.name for unit in organisation.units}
        self._people = {person.id: person.name for person in organisation.people}

    def unit(self, path: str) -> str:
        """The unit's name."""
        return self._units.get(path) or self._units.get(parent(path)) or path

    def person(self, person_id: str) -> str:
        """The person's name."""
        if person_id.startswith(PETITIONER):
            return "群众本人"
        return "系统" if person_id == "system" else self._people.get(person_id, person_id)

    def either(self, named: str) -> str:
        """The name of a unit (its path) or a person (an id)."""
        return self._units.get(named) or self.person(named)

    def said(self, sentence: str) -> str:
        """A sentence with the paths of units in it turned into their names."""
        return _PATH.sub(lambda found: self._units.get(found[0], found[0]), sentence)
