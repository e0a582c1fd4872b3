"""Whom a notice reaches: the people behind a role in a unit, by the organisation as it is when the notice goes out."""

from __future__ import annotations

from schemas.kernel.actor import Role
from schemas.kernel.model import Frozen
from schemas.kernel.units import ancestors
from schemas.organisation import Organisation, Person

REGISTRY_ROLES = frozenset({Role.OPERATOR, Role.SUPERVISOR, Role.VISITOR})
"""Roles that serve everything below the unit their office hangs off: where a unit has none of its own, the next one up has."""


class Exclusions(Frozen):
    """Who must not get the notices of a case: the accused (§30), the chiefs of ``chiefs``, and as visitors those who handled it."""

    units: tuple[str, ...] = ()
    persons: tuple[str, ...] = ()
    chiefs: tuple[str, ...] = ()
    offices: tuple[str, ...] = ()


class AddressBook:
    """The people behind units and roles, by one version of the organisation."""

    def __init__(self, organisation: Organisation) -> None:
        self._organisation = organisation
        self._units = {unit.path: unit.name for unit in organisation.units}

    def name(self, unit: str) -> str:
        """What people call the unit; its path where the organisation no longer has it."""
        return self._units.get(unit, unit)

    def people(self, unit: str, role: Role, barred: Exclusions) -> tuple[Person, ...]:
        """Those of ``role`` in ``unit`` or its departments; for the petition office's roles, else the nearest ones above; else the nearest chief.

        A unit that the organisation no longer has is served by the next one above it. Empty only if nobody is left who is not barred.
        """
        path = [known for known in (unit, *ancestors(unit)) if known in self._units]
        offices = barred.offices if role is Role.VISITOR else ()
        for at in path if role in REGISTRY_ROLES else ():
            found = self._free(at, role, barred, offices)
            if any(person.role is role for person in found):
                return found
        return self._free(path[0], role, barred, ()) if path else ()

    def _free(self, unit: str, role: Role, barred: Exclusions, offices: tuple[str, ...]) -> tuple[Person, ...]:
        chiefs = (
            one.id for at in barred.chiefs if at in self._units for one in self._organisation.people_of(at, Role.CHIEF)
        )
        return self._organisation.recipients(
            unit, role, accused_units=(*barred.units, *offices), accused_persons=(*barred.persons, *chiefs)
        )
