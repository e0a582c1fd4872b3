"""Receive and approve: file, amend, approve, decline, transfer; and reopening an archived number."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from schemas.kernel.actor import Actor
from schemas.kernel.refusal import Refusal
from schemas.kernel.units import parent, top, within
from schemas.kernel.worktime import term
from schemas.petition import commands as c
from schemas.petition import events as e
from schemas.petition.refusals import refuse
from schemas.petition.rules.authority import accountable_unit, has_conflict, in_conflict
from schemas.petition.rules.clocks import accused_clock, first_clocks, recount, set_clock
from schemas.petition.state import Clock, ClockName, Complexity, Petition, Stage
from schemas.policy import CasePolicy

REPRESENTATIVES = 5
"""联名 at most (信访工作条例 §20)."""

Made = list[e.Event] | Refusal


def file(command: c.File, actor: Actor, at: datetime) -> Made:
    """A new case: from receipt its clocks run; a simple one without conflict is approved by policy in the same breath."""
    content = command.content
    for field in ("title", "text", "unit", "source", "source_event_id"):
        if not getattr(content, field).strip():
            return refuse("field_missing", field=field)
    # The accused station's desk must hear whoever walks in; the accused themselves don't write the petition against them.
    if actor.id in content.accused_persons:
        return refuse("recused")
    if (refusal := _too_many(content.petitioners)) is not None:
        return refusal
    received_at = command.received_at or at
    if received_at > at:
        return refuse("received_in_future", moment=received_at.isoformat())
    if command.received_at is not None and not command.trusted_time:
        return refuse("source_time_untrusted", channel=content.channel)
    accusation = content.accusation
    unit = accusation.unit if accusation is not None else content.unit
    accountable = accountable_unit(unit, content.complexity, content.accused_units, content.conflicted_units)
    confidential = command.policy.confidential if content.confidential is None else content.confidential
    registrar = _registrar(_desk(actor, content.unit), content.accused_units)
    clocks = first_clocks(command.policy, content.complexity, command.calendar, received_at)
    if accusation is not None:
        confidential = True
        registrar = kept_at(registrar, unit)
        clocks = (*clocks, accused_clock(command.policy, command.calendar, received_at))
    filed = e.Filed(
        at=received_at,
        number=command.number,
        content=content,
        confidential=confidential,
        registrar=registrar,
        accountable=accountable,
        received_at=received_at,
        policy=command.policy,
        calendar=command.calendar,
        clocks=clocks,
        rules=command.rules,
    )
    implied = accusation is None and _approval_implied(
        command.policy, content.complexity, content.unit, content.accused_units, content.conflicted_units
    )
    return [filed, e.Approved(at=received_at, unit=accountable, implied=True)] if implied else [filed]


def _too_many(petitioners: tuple[e.Petitioner, ...]) -> Refusal | None:
    representatives = sum(petitioner.representative for petitioner in petitioners)
    if representatives > REPRESENTATIVES:
        return refuse("too_many_representatives", count=representatives)
    return None


def _desk(actor: Actor, unit: str) -> str:
    # An upstream system or an import is no unit of the city and can't answer for any of the case's time.
    return actor.unit if top(actor.unit) == top(unit) else top(unit)


def _registrar(unit: str, accused: tuple[str, ...]) -> str:
    # Somebody walks into the accused station and is heard there: the case is kept by the unit above.
    while has_conflict(unit, accused, ()) and parent(unit):
        unit = parent(unit)
    return unit


def kept_at(registrar: str, unit: str) -> str:
    """The desk that keeps a case which may complain of somebody below ``unit``: none below it."""
    return unit if within(registrar, unit) else registrar


def _approval_implied(
    policy: CasePolicy,
    complexity: Complexity,
    unit: str,
    accused: tuple[str, ...],
    conflicted: tuple[str, ...],
) -> bool:
    return policy.approval_implied and complexity is Complexity.SIMPLE and not has_conflict(unit, accused, conflicted)


ACCUSED = ("accused_units", "accused_persons", "conflicted_units")
AMENDABLE = ("category", "ledger", "complexity", "unit", *ACCUSED)


def amend(state: Petition, command: c.Amend, actor: Actor, at: datetime) -> Made:
    """补正: old and new value of each field are recorded; whatever hangs on them (who answers, which figures) follows."""
    if not command.reason.strip():
        return refuse("field_missing", field="reason")
    for field in ("title", "text", "unit"):
        value: str | None = getattr(command, field)
        if value is not None and not value.strip():
            return refuse("field_missing", field=field)
    if command.petitioners is not None and (refusal := _too_many(command.petitioners)) is not None:
        return refusal
    wanted = {name: getattr(command, name) for name in AMENDABLE if getattr(command, name) is not None}
    new = {name: wanted.get(name, getattr(state, name)) for name in AMENDABLE}
    changes = [
        e.Change(field=name, old=_said(getattr(state, name)), new=_said(value))
        for name, value in new.items()
        if value != getattr(state, name)
    ]
    # Texts are not in the state; the value before is the one in the event before, where it stays readable.
    changes += [
        e.Change(field=name, old="", new=value)
        for name, value in (("title", command.title), ("text", command.text))
        if value is not None
    ]
    if not changes and command.petitioners is None:
        return refuse("nothing_to_amend")
    refigured = new["ledger"] != state.ledger or new["complexity"] != state.complexity
    if refigured and command.policy is None:
        return refuse("figures_missing")
    accused: tuple[str, ...] = new["accused_units"]
    conflicted: tuple[str, ...] = new["conflicted_units"]
    if (refusal := _let_off(state, new)) is not None:
        return refusal
    policy = command.policy if refigured else None
    amended = e.Amended(
        at=at,
        changes=tuple(changes),
        reason=command.reason,
        ledger=new["ledger"],
        complexity=new["complexity"],
        category=new["category"],
        unit=new["unit"],
        accountable=accountable_unit(new["unit"], new["complexity"], accused, conflicted),
        registrar=_registrar(state.registrar, accused),
        accused_units=accused,
        accused_persons=new["accused_persons"],
        conflicted_units=conflicted,
        petitioners=command.petitioners,
        policy=policy,
    )
    events: list[e.Event] = [amended]
    if policy is not None:
        clocks = first_clocks(policy, new["complexity"], state.calendar, state.received_at)
        events += _reset(state, clocks, at, "amended")
    # What was approved by policy alone is judged again by what it says now.
    complains = state.complains or command.accusation is not None
    if (
        state.stage is Stage.ASSIGN
        and not complains
        and _approval_implied(policy or state.policy, new["complexity"], new["unit"], accused, conflicted)
    ):
        events.append(e.Approved(at=at, unit=amended.accountable, implied=True))
    return events


def _let_off(state: Petition, new: Mapping[str, Any]) -> Refusal | None:
    """A correction lets nobody off, nor does it bring a case to those it complains of."""
    if any(set(getattr(state, name)) - set(new[name]) for name in ACCUSED):
        return refuse("letting_off_takes_two")
    if new["unit"] == state.unit:
        return None
    if state.held is not None:
        return refuse("accused_undecided")
    if has_conflict(new["unit"], new["accused_units"], new["conflicted_units"]):
        return refuse("accused_office", unit=new["unit"])
    # Whoever serves beside a person complained of is no further from them than a unit above.
    persons = state.accused_persons and within(new["unit"], state.unit)
    return refuse("accused_office", unit=new["unit"]) if persons else None


def with_accused(state: Petition, command: c.NameAccused, at: datetime) -> e.AccusedNamed | None:
    """The accused there are with those found now, and what hangs on them: who answers, which offices are released. None for nobody new."""
    new = {name: _joined(getattr(state, name), getattr(command, name)) for name in ACCUSED}
    changes = [
        e.Change(field=name, old=_said(getattr(state, name)), new=_said(value))
        for name, value in new.items()
        if value != getattr(state, name)
    ]
    if not changes:
        return None
    accused, conflicted = new["accused_units"], new["conflicted_units"]
    return e.AccusedNamed(
        at=at,
        changes=tuple(changes),
        reason=command.reason,
        accountable=accountable_unit(state.unit, state.complexity, accused, conflicted),
        registrar=_registrar(state.registrar, accused),
        released=tuple(office for office in state.offices if has_conflict(office, accused, conflicted)),
        unapproved=state.stage is Stage.ASSIGN
        and state.approved_by_policy
        and not _approval_implied(state.policy, state.complexity, state.unit, accused, conflicted),
        accused_units=accused,
        accused_persons=new["accused_persons"],
        conflicted_units=conflicted,
    )


def _joined(known: tuple[str, ...], found: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*known, *filter(str.strip, found))))


def _said(value: str | tuple[str, ...]) -> str:
    return value if isinstance(value, str) else "、".join(value)


def _reset(state: Petition, clocks: tuple[Clock, ...], at: datetime, why: str) -> list[e.Event]:
    set_anew: list[e.Event] = []
    for clock in clocks:
        old = state.clock(clock.name)
        if old is not None and (old.due, old.days, old.calendar) != (clock.due, clock.days, clock.calendar):
            kept = clock.model_copy(update={"since": at, "rung": old.rung, "met_at": old.met_at, "void": old.void})
            set_anew.append(e.ClockSet.model_validate({"at": at, "clock": kept, "why": why, "old_due": old.due}))
    return set_anew


def approve(state: Petition, command: c.Approve, actor: Actor, at: datetime) -> Made:
    """快速报批. With the city bureau itself accused nobody here may decide."""
    if (refusal := _undecidable(state)) is not None:
        return refusal
    return [e.Approved(at=at, unit=state.accountable, note=command.note)]


def decline(state: Petition, command: c.Decline, actor: Actor, at: datetime) -> Made:
    """不予受理 on a lawful ground, with a written notice."""
    if (refusal := _undecidable(state)) is not None:
        return refusal
    if (refusal := followers_left(state)) is not None:
        return refusal
    if command.ground not in state.policy.decline_grounds:
        return refuse("decline_ground_unknown", ground=command.ground, allowed="、".join(state.policy.decline_grounds))
    if not command.notice.strip():
        return refuse("field_missing", field="notice")
    return [e.Declined(at=at, ground=command.ground, notice=command.notice)]


def _undecidable(state: Petition) -> Refusal | None:
    if state.offer is not None:
        return refuse("transfer_pending", to=state.offer.to, until=state.offer.until.isoformat())
    return refuse("no_higher_chief") if in_conflict(state, state.accountable) else None


def followers_left(state: Petition) -> Refusal | None:
    """A case that leaves the path to an answer must not take along those who wait for its answer."""
    return refuse("merge_has_members", members="、".join(state.members)) if state.members else None


def transfer(state: Petition, command: c.Transfer, actor: Actor, at: datetime) -> Made:
    """转送: offered; first called keeps it until the other side acknowledges."""
    for field in ("to", "reason"):
        if not getattr(command, field).strip():
            return refuse("field_missing", field=field)
    if state.offer is not None:
        return refuse("transfer_pending", to=state.offer.to, until=state.offer.until.isoformat())
    if (refusal := followers_left(state)) is not None:
        return refusal
    until = term(state.calendar, at, state.policy.transfer_days).due
    return [e.TransferOffered(at=at, to=command.to, reason=command.reason, until=until)]


def answer_transfer(state: Petition, command: c.AnswerTransfer, actor: Actor, at: datetime) -> Made:
    """The outside authority took it (the case leaves), or would not (it stays)."""
    if state.offer is None:
        return refuse("no_transfer")
    if command.accepted and not command.reference.strip():
        return refuse("field_missing", field="reference")
    if command.accepted and state.held is not None:
        return refuse("accused_undecided")
    return [e.TransferAnswered(at=at, to=state.offer.to, accepted=command.accepted, reference=command.reference)]


def reopen(state: Petition, command: c.Reopen, actor: Actor, at: datetime) -> Made:
    """New facts on an archived number: a new run with its own clocks; what was sealed stays sealed."""
    if not command.facts.strip():
        return refuse("field_missing", field="facts")
    run = state.run + 1
    reopened = e.Reopened(
        at=at,
        run=run,
        facts=command.facts,
        policy=command.policy,
        calendar=command.calendar,
        rules=command.rules,
    )
    clocks = first_clocks(command.policy, state.complexity, command.calendar, at)
    events: list[e.Event] = [
        reopened,
        *(e.ClockSet(at=at, clock=clock, why="reopen") for clock in clocks),
    ]
    complains = state.complains or command.accusation is not None
    if not complains and _approval_implied(
        command.policy, state.complexity, state.unit, state.accused_units, state.conflicted_units
    ):
        events.append(e.Approved(at=at, unit=state.accountable, implied=True))
    return events


def recompute_due(state: Petition, command: c.RecomputeDue, actor: Actor, at: datetime) -> Made:
    """A newer calendar (or a later window of the same): the terms still running are counted again, old and new date side by side."""
    old, new = state.calendar, command.calendar
    later_window = (
        new.version == old.version
        and new.window is not None
        and old.window is not None
        and new.window[1] > old.window[1]
    )
    if new.version <= old.version and not later_window:
        return refuse("calendar_not_newer", version=new.version)
    counted = tuple(recount(clock, new, at) for clock in state.clocks if clock.running and clock.working)
    return [
        e.CalendarPinned(at=at, calendar=new, old_version=old.version),
        *_reset(state, counted, at, "calendar"),
    ]


def assign_clock_after_return(state: Petition, at: datetime) -> Clock:
    """An upheld return gives the registry a fresh term to assign; the promise to finish runs on."""
    return set_clock(ClockName.ASSIGN, state.calendar, at, state.policy.assign_days)
