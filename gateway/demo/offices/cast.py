"""Who plays which part: the right person of the organisation for a command, and the offices a case goes to."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from gateway.demo.offices.fates import pick
from schemas.kernel.actor import Actor, Role
from schemas.kernel.units import ancestors, parent, within
from schemas.organisation import Organisation
from schemas.petition.rules.authority import check, in_conflict
from schemas.petition.rules.decide import RULES
from schemas.petition.state import Petition

Fits = Callable[[Actor], bool]


def _anybody(_: Actor) -> bool:
    return True


DEPARTMENTS = {"traffic": "车交停路", "household": "户证落", "fraud": "骗诈销"}
"""A department of the city bureau, and the characters in a title that speak for its help."""


class Cast:
    """Chooses by the lifecycle's own rules of authority, so that nobody acts who may not."""

    def __init__(self, organisation: Organisation) -> None:
        self._organisation = organisation
        self._actors: dict[Role, list[Actor]] = {}
        for person in organisation.people:
            self._actors.setdefault(person.role, []).append(organisation.actor(person.id))

    def performer(self, state: Petition, role: Role, kind: str, fits: Fits = _anybody) -> Actor | None:
        """Somebody of that role who may give the command, from the unit nearest to the case; None if there is nobody."""
        rule = RULES[kind]
        able = [
            actor
            for actor in self._actors.get(role, ())
            if fits(actor) and check(state, actor, {role: rule.people[role]}) is None
        ]
        if not able:
            return None
        near = max(_nearness(actor, state) for actor in able)
        return pick([actor for actor in able if _nearness(actor, state) == near], state.number, kind)

    def desk(self, unit: str, accused_units: Sequence[str], accused_persons: Sequence[str]) -> Actor:
        """Who hears a petition that concerns this unit: its own operator, or one above who is not accused."""
        for at in (unit, *ancestors(unit)):
            people = self._organisation.recipients(
                at, Role.OPERATOR, accused_units=accused_units, accused_persons=accused_persons
            )
            if operators := [person for person in people if person.role is Role.OPERATOR]:
                return self._organisation.actor(operators[0].id)
        return self._actors[Role.OPERATOR][0]

    def lead(self, state: Petition, title: str, passed_on: int) -> str:
        """The office to assign the case to, after ``passed_on`` upheld returns one further up each time."""
        offices = [
            unit
            for unit in (state.unit, *ancestors(state.unit))
            if not in_conflict(state, unit) and self._organisation.people_of(unit, Role.HANDLER)
        ] or [self._department(state, title)]
        return offices[min(passed_on, len(offices) - 1)]

    def co_office(self, state: Petition, title: str, lead: str, *, with_chief: bool) -> str:
        """An office to help; ``with_chief``: one whose chief can turn the second key. Empty if there is none."""
        department = "" if with_chief else self._department(state, title)
        if department and department != lead:
            return department
        stations = [
            unit.path
            for unit in self._organisation.units
            if unit.kind == "station"
            and unit.path != lead
            and parent(unit.path) in (lead, parent(lead))
            and not in_conflict(state, unit.path)
        ]
        return pick(stations, state.number, "co_office") if stations else ""

    def _department(self, state: Petition, title: str) -> str:
        city = self._organisation.city_code
        known = {unit.path for unit in self._organisation.units}
        for name, signs in DEPARTMENTS.items():
            path = f"{city}/{name}"
            if path in known and any(sign in title for sign in signs) and not in_conflict(state, path):
                return path
        return ""


def _nearness(actor: Actor, state: Petition) -> int:
    """How close the actor's unit lies to where the case is handled: shared levels, fewer for those further below."""
    place = state.lead or state.unit
    shared = max(len(up) for up in ("", place, *ancestors(place)) if not up or within(actor.unit, up))
    return 10 * shared - (actor.unit.count("/") - place.count("/")) * (actor.unit.count("/") > place.count("/"))
