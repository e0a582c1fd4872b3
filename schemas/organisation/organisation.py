"""A version of the organisation, and the questions asked of it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from difflib import get_close_matches
from functools import cached_property
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from schemas.kernel.actor import Actor, Role
from schemas.kernel.errors import UserError
from schemas.kernel.units import ancestors, parent, within
from schemas.organisation.soundness import check_soundness
from schemas.organisation.tree import ANSWERABLE, Person, Unit


class Organisation(BaseModel):
    """A version of the organisation, sound as a whole.

    Invalid ones are refused with ``ValueError`` (pydantic's ``ValidationError``); the type of each error in it is a stable code
    (``organisation_…``) and its context holds the sentence in both languages (``zh``, ``en``).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: int = Field(ge=1)
    city_code: Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9]{0,9}$")]
    units: tuple[Unit, ...]
    people: tuple[Person, ...]

    @model_validator(mode="after")
    def _sound(self) -> Self:
        check_soundness(self.city_code, self.units, self.people)
        return self

    @cached_property
    def _units(self) -> dict[str, Unit]:
        return {unit.path: unit for unit in self.units}

    @cached_property
    def _people(self) -> dict[str, Person]:
        return {person.id: person for person in self.people}

    @cached_property
    def _serving(self) -> dict[tuple[str, Role], tuple[Person, ...]]:
        serving: dict[tuple[str, Role], tuple[Person, ...]] = {}
        for person in self.people:
            key = (person.unit, person.role)
            serving[key] = (*serving.get(key, ()), person)
        return serving

    @cached_property
    def _departments(self) -> dict[str, tuple[str, ...]]:
        hanging: dict[str, tuple[str, ...]] = {}
        for unit in self.units:
            if unit.kind == "department":
                above = parent(unit.path)
                hanging[above] = (*hanging.get(above, ()), unit.path)
        return hanging

    def unit(self, path: str) -> Unit:
        """The unit of that path. ``UserError`` ``unit_unknown``, with the nearest names there are."""
        found = self._units.get(path)
        if found is None:
            names = {name: unit.path for unit in self.units for name in (unit.path, unit.name, *unit.aliases)}
            near = _nearest(path, names)
            raise UserError(
                "unit_unknown",
                zh=f"没有单位“{path}”；"
                + (f"最接近的是：{_listed(near)}。" if near else "请用 sanzhang org show 查看单位。"),
                en=f"There is no unit “{path}”; "
                + (f"the nearest: {_listed(near)}." if near else "see sanzhang org show for the units."),
                unit=path,
                near=list(near),
            )
        return found

    def person(self, person_id: str) -> Person:
        """The person of that id. ``UserError`` ``person_unknown``, with the nearest names there are."""
        found = self._people.get(person_id)
        if found is None:
            near = _nearest(person_id, {name: one.id for one in self.people for name in (one.id, one.name)})
            raise UserError(
                "person_unknown",
                zh=f"没有人员“{person_id}”；"
                + (f"最接近的是：{_listed(near)}。" if near else "请用 sanzhang org show 查看人员。"),
                en=f"There is no person “{person_id}”; "
                + (f"the nearest: {_listed(near)}." if near else "see sanzhang org show for the people."),
                person=person_id,
                near=list(near),
            )
        return found

    def knows(self, person_id: str) -> bool:
        """Whether there is a person of that id."""
        return person_id in self._people

    def actor(self, person_id: str) -> Actor:
        """The person as one who acts: somebody of a department acts for the unit it hangs off. ``UserError`` ``person_unknown``."""
        person = self.person(person_id)
        scope = self._scope(person)
        return Actor(
            id=person.id,
            role=person.role,
            unit=person.unit,
            scope=scope,
            complaints=person in self.deciders(self.answerable(scope or person.unit)),
        )

    def _scope(self, person: Person) -> str:
        return parent(person.unit) if self._units[person.unit].kind == "department" else ""

    def deciders(self, unit: str) -> tuple[Person, ...]:
        """Who decides in that unit who of the organisation is complained of: its complaints officers, else its operators."""
        officers, operators = self._deciders.get(unit, ((), ()))
        return officers or operators

    @cached_property
    def _deciders(self) -> dict[str, tuple[tuple[Person, ...], tuple[Person, ...]]]:
        found: dict[str, tuple[tuple[Person, ...], tuple[Person, ...]]] = {}
        for person in self.people:
            if person.role not in (Role.SUPERVISOR, Role.OPERATOR):
                continue
            at = self.answerable(self._scope(person) or person.unit)
            officers, operators = found.get(at, ((), ()))
            if self._units[person.unit].hears_complaints:
                officers = (*officers, person)
            elif person.role is Role.OPERATOR:
                operators = (*operators, person)
            found[at] = officers, operators
        return found

    def aliases(self) -> Mapping[str, str]:
        """Name → path, for finding units in texts: every alias, and the names of those units with a chief whose name no other unit has."""
        called: dict[str, list[Unit]] = {}
        for unit in self.units:
            called.setdefault(unit.name, []).append(unit)
        named = {
            name: units[0].path for name, units in called.items() if len(units) == 1 and units[0].kind in ANSWERABLE
        }
        return named | {alias: unit.path for unit in self.units for alias in unit.aliases}

    def answerable(self, path: str) -> str:
        """The nearest bureau, branch or station at or above: cases are filed on units that have a chief. ``UserError`` ``unit_unknown``."""
        here = self.unit(path)
        above = (at for at in (here.path, *ancestors(here.path)) if self._units[at].kind in ANSWERABLE)
        return next(above, self.city_code)

    def people_of(self, unit: str, role: Role | None = None) -> tuple[Person, ...]:
        """Those who serve in exactly that unit, in that role or in any. ``UserError`` ``unit_unknown``."""
        at = self.unit(unit).path
        if role is not None:
            return self._serving.get((at, role), ())
        return tuple(person for person in self.people if person.unit == at)

    def recipients(
        self, unit: str, role: Role, *, accused_units: Collection[str] = (), accused_persons: Collection[str] = ()
    ) -> tuple[Person, ...]:
        """Whom a message to that role of that unit reaches; never the accused, nor anybody of an accused unit (§30).

        First those of the role in the unit itself, then in its departments; a department that has no handlers is reached through its operators,
        who do its work. If there are none: the chief of the unit, then the next chief up. Empty only if that ends at a city chief who is accused.
        ``UserError`` ``unit_unknown``.
        """

        def free(people: Iterable[Person]) -> tuple[Person, ...]:
            return tuple(
                person
                for person in people
                if person.id not in accused_persons and not any(within(person.unit, named) for named in accused_units)
            )

        here = self.unit(unit)
        groups = [[here.path], list(self._departments.get(here.path, ()))]
        found = (free(one for at in group for one in self._serving.get((at, role), ())) for group in groups)
        if people := next(filter(None, found), ()):
            return people
        if here.kind == "department" and role is Role.HANDLER and (people := free(self.people_of(unit, Role.OPERATOR))):
            return people
        chiefs = (free(self._serving.get((at, Role.CHIEF), ())) for at in (here.path, *ancestors(here.path)))
        return next(filter(None, chiefs), ())

    def conflicted_units(self, person_ids: Iterable[str]) -> tuple[str, ...]:
        """The units whose chief is among these people, who are named in a petition (§28). ``UserError`` ``person_unknown``."""
        named = [self.person(person_id) for person_id in person_ids]
        return tuple(dict.fromkeys(person.unit for person in named if person.role is Role.CHIEF))


def _nearest(wanted: str, names: Mapping[str, str]) -> dict[str, str]:
    return {name: names[name] for name in get_close_matches(wanted, list(names), n=3, cutoff=0.4)}


def _listed(near: Mapping[str, str]) -> str:
    return "、".join(name if name == path else f"{name}（{path}）" for name, path in near.items())
