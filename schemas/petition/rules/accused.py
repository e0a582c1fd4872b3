"""认定被反映对象: whom of the organisation a petition complains of, from the words that may mean them to the decision of a person.

Words only hide: the case goes to the nearest unit above all whom they may mean, is kept from these, and waits. What recuses somebody, and what lets
somebody off, is a person's decision; letting off takes two.
"""

from __future__ import annotations

from datetime import datetime

from schemas.kernel.actor import Actor, Role
from schemas.petition import commands as c
from schemas.petition import events as e
from schemas.petition.refusals import refuse
from schemas.petition.rules.authority import accountable_unit, common_unit, in_conflict
from schemas.petition.rules.clocks import accused_clock
from schemas.petition.rules.handling import recusing
from schemas.petition.rules.intake import Made, kept_at
from schemas.petition.rules_version import ACCUSER_SAFE, in_force
from schemas.petition.state import Accusation, Petition, Verdict


def propose_accused(state: Petition, command: c.ProposeAccused, actor: Actor, at: datetime) -> Made:
    """What follows from words that no other command brings is in :func:`proposed`."""
    return []


def proposed(state: Petition, command: c.Heard, at: datetime, *, before: Petition) -> list[e.Event]:
    """What the words a command brings do to the case as it stands after it: nothing, or they hide it from those they may mean."""
    read = command.accusation
    if read is None:
        return []
    # Whom the command itself names as accused is not let off by anybody either, and its desk may be theirs.
    settled = before if in_force(state.rules, ACCUSER_SAFE) else state
    meant = () if state.held is None else (*state.held.units, *state.held.persons)
    known = {*settled.accused_units, *settled.accused_persons, *meant}
    units = tuple(unit for unit in read.units if unit not in known)
    persons = tuple(person for person in read.persons if person not in known)
    nobody_new = not units and not persons
    if nobody_new and (read.units or read.persons or state.accused_units or state.accused_persons or state.held):
        return []
    if nobody_new and isinstance(command, c.Amend) and state.complains:
        return []
    held = _joined(state.held, read.model_copy(update={"units": units, "persons": persons}), state.unit)
    accountable = accountable_unit(held.unit, state.complexity, state.accused_units, state.conflicted_units)
    events: list[e.Event] = [
        e.AccusedProposed(
            at=at,
            accusation=held,
            unit=held.unit,
            accountable=common_unit(accountable, state.accountable),
            registrar=kept_at(state.registrar, held.unit),
        )
    ]
    if state.held is None:
        clock = accused_clock(state.policy, state.calendar, at)
        events.append(e.ClockSet(at=at, clock=clock, why="accused"))
    return events


def _joined(held: Accusation | None, read: Accusation, unit: str) -> Accusation:
    if held is None:
        return read.model_copy(update={"otherwise": read.otherwise or unit})
    above = common_unit(held.unit, read.unit)
    decides = next((each.decides for each in (read, held) if each.unit == above), Role.SUPERVISOR)
    return Accusation(
        unit=above,
        decides=decides,
        units=tuple(dict.fromkeys((*held.units, *read.units))),
        persons=tuple(dict.fromkeys((*held.persons, *read.persons))),
        chiefs=tuple(dict.fromkeys((*held.chiefs, *read.chiefs))),
        # Judged anew by all of them together (`Hearing.of_command`).
        open_to=read.open_to,
        words=tuple(dict.fromkeys((*held.words, *read.words))),
        otherwise=held.otherwise,
    )


def decide_accused(state: Petition, command: c.DecideAccused, actor: Actor, at: datetime) -> Made:
    """Everybody who was named or whom the words may mean is either accused or only mentioned; ``nobody`` says the latter of all."""
    held = state.held
    if held is None:
        return refuse("nothing_held")
    if not command.reason.strip():
        return refuse("field_missing", field="reason")
    accused_units, accused_persons = _named(command.accused_units), _named(command.accused_persons)
    accused = {*accused_units, *accused_persons}
    mentioned = {*_named(command.mentioned_units), *_named(command.mentioned_persons)}
    if accused & mentioned or (command.nobody and accused):
        return refuse("decision_contradicts")
    open_question = dict.fromkeys((*held.units, *held.persons, *state.accused_units, *state.accused_persons))
    cleared = tuple(each for each in open_question if each not in accused)
    left_out = [each for each in cleared if each not in mentioned]
    if left_out and not command.nobody:
        return refuse("accused_left_out", left="、".join(left_out))
    conflicted = _named(command.conflicted_units)
    otherwise = held.otherwise or held.unit
    unit = held.unit if accused else command.unit.strip() or otherwise
    # To hear no more of a chief who was named, or to send what was read for us somewhere else than it was brought, lets somebody off as well.
    two = bool(cleared) or bool(set(state.conflicted_units) - set(conflicted)) or unit not in (held.unit, otherwise)
    if not accused and not mentioned and not command.nobody:
        return refuse("field_missing", field="nobody")
    verdict = Verdict(
        accused_units=accused_units,
        accused_persons=accused_persons,
        conflicted_units=conflicted,
        cleared=cleared,
        nobody=command.nobody,
        unit=unit,
        reason=command.reason,
    )
    return [e.LettingOffProposed(at=at, by=actor.id, verdict=verdict)] if two else decided(state, verdict, at)


def decided(state: Petition, verdict: Verdict, at: datetime, *, proposed_by: str = "") -> list[e.Event]:
    """The decision takes effect: the accused are out for good, those let off see the case again where it is theirs."""
    accused, conflicted = verdict.accused_units, verdict.conflicted_units
    known = state.model_copy(
        update={
            "held": None,
            "accused_units": accused,
            "accused_persons": verdict.accused_persons,
            "conflicted_units": conflicted,
        }
    )
    event = e.AccusedDecided(
        at=at,
        verdict=verdict,
        unit=verdict.unit,
        accountable=accountable_unit(verdict.unit, state.complexity, accused, conflicted),
        registrar=state.registrar,
        released=tuple(office for office in state.offices if in_conflict(known, office)),
        proposed_by=proposed_by,
    )
    return recusing(state, event, verdict.reason, at)


def consented(state: Petition, at: datetime) -> Made:
    """The second person consents to letting somebody off."""
    pending = state.pending
    if pending is None or pending.verdict is None or state.held is None:
        return refuse("nothing_to_countersign")
    judged = {*pending.verdict.accused_units, *pending.verdict.accused_persons, *pending.verdict.cleared}
    if not judged.issuperset((*state.held.units, *state.held.persons, *state.accused_units, *state.accused_persons)):
        return refuse("nothing_to_countersign")
    return decided(state, pending.verdict, at, proposed_by=pending.by)


def _named(given: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(each.strip() for each in given if each.strip()))
