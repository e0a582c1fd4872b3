"""Assign and supervise: from the order to an office to its reply."""

from __future__ import annotations

from datetime import datetime, timedelta

from schemas.kernel.actor import Actor
from schemas.kernel.refusal import Refusal
from schemas.kernel.worktime import local_day, term, working_days_after
from schemas.petition import commands as c
from schemas.petition import events as e
from schemas.petition.refusals import refuse
from schemas.petition.rules.authority import in_conflict, serving
from schemas.petition.rules.clocks import recount
from schemas.petition.rules.closing import new_round, to_assign
from schemas.petition.rules.evolve import evolve
from schemas.petition.rules.intake import Made, assign_clock_after_return, with_accused
from schemas.petition.state import Card, Clock, ClockName, Ground, Petition, Stage


def _missing(command: c.Asked, *fields: str) -> Refusal | None:
    for field in fields:
        if not str(getattr(command, field)).strip():
            return refuse("field_missing", field=field)
    return None


ACCUSED_OFFICE = "accused_office"
"""Why the system takes a case out of the one it follows: its answer comes of an office this petition complains of."""


def assign(state: Petition, command: c.Assign, actor: Actor, at: datetime) -> Made:
    """交办: a lead office and co-offices; never the accused unit nor anything below it."""
    if (refusal := _missing(command, "lead")) is not None:
        return refusal
    if state.offer is not None:
        return refuse("transfer_pending", to=state.offer.to, until=state.offer.until.isoformat())
    offices = (command.lead, *command.co_offices)
    for office in offices:
        if not office.strip():
            return refuse("field_missing", field="co_offices")
        if in_conflict(state, office):
            return refuse("accused_office", unit=office)
        if offices.count(office) > 1:
            return refuse("office_twice", unit=office)
    return [e.Assigned(at=at, lead=command.lead, co_offices=command.co_offices, joint=command.joint, note=command.note)]


def name_accused(state: Petition, command: c.NameAccused, actor: Actor, at: datetime) -> Made:
    """补记被反映对象, also after approval. What an office that is now accused has in hand goes to another, and its answer does not stand."""
    if (refusal := _missing(command, "reason")) is not None:
        return refusal
    named = with_accused(state, command, at)
    if named is None:
        return refuse("nothing_to_amend")
    return recusing(state, named, command.reason, at)


def recusing(state: Petition, named: e.AccusedNamed | e.AccusedDecided, reason: str, at: datetime) -> list[e.Event]:
    """The event, and what it brings about: what an office that is accused by it has in hand goes to another, and its answer does not stand."""
    if state.stage is Stage.ARCHIVE or state.ground is Ground.WITHDRAWN:
        # Nobody works on it any more; who did stays in it.
        return [named.model_copy(update={"released": ()})]
    if not named.released:
        return [named]
    if state.stage is not Stage.SUPERVISE:
        return [named, *new_round(evolve(state, named), reason, at)]
    if state.lead not in named.released:
        return [named]
    resumption = resumed(state, e.Resumed(at=at)) if state.paused else ()
    return [*resumption, named, to_assign(state, at)]


def remark(state: Petition, command: c.Remark, actor: Actor, at: datetime) -> Made:
    """追加: what the petitioner has added since."""
    return _missing(command, "text") or [e.Remarked(at=at, text=command.text)]


def accept(state: Petition, command: c.Accept, actor: Actor, at: datetime) -> Made:
    """签收: the office's own time starts."""
    if state.accepted_at is not None:
        return refuse("already_accepted")
    if state.objection is not None:
        return refuse("return_pending")
    return [e.Accepted(at=at, unit=state.lead)]


def return_(state: Petition, command: c.Return, actor: Actor, at: datetime) -> Made:
    """退回: a jurisdiction objection with reasons; refused once, the same office may not object again."""
    if (refusal := _missing(command, "reason")) is not None:
        return refusal
    if state.objection is not None:
        return refuse("return_pending")
    if state.paused:
        return refuse("paused")
    if state.lead in state.refused_returns:
        return refuse("return_refused_before", unit=state.lead)
    return [e.ReturnRequested(at=at, unit=state.lead, reason=command.reason)]


def uphold_return(state: Petition, command: c.UpholdReturn, actor: Actor, at: datetime) -> Made:
    """The objection stands: assign anew, with a fresh term to assign and the promise to finish running on."""
    if state.objection is None:
        return refuse("no_return")
    old = state.clock(ClockName.ASSIGN)
    clock = assign_clock_after_return(state, at)
    return [
        e.ReturnUpheld(at=at, unit=state.objection.unit, reason=command.reason),
        e.ClockSet(at=at, clock=clock, why="return_upheld", old_due=old.due if old else None),
    ]


def refuse_return(state: Petition, command: c.RefuseReturn, actor: Actor, at: datetime) -> Made:
    """The objection falls: the case stays with the office."""
    if state.objection is None:
        return refuse("no_return")
    if (refusal := _missing(command, "reason")) is not None:
        return refusal
    return [e.ReturnRefused(at=at, unit=state.objection.unit, reason=command.reason)]


def _working(state: Petition) -> Refusal | None:
    if state.objection is not None:
        return refuse("return_pending")
    if state.accepted_at is None:
        return refuse("not_accepted")
    return None


def report_progress(state: Petition, command: c.ReportProgress, actor: Actor, at: datetime) -> Made:
    """The lead office says how it stands."""
    if (refusal := _working(state) or _missing(command, "text")) is not None:
        return refusal
    return [e.ProgressReported(at=at, unit=state.lead, text=command.text)]


def co_report(state: Petition, command: c.CoReport, actor: Actor, at: datetime) -> Made:
    """A co-office reports to the lead, once."""
    if (refusal := _missing(command, "text")) is not None:
        return refusal
    mine = serving(state, actor.unit)
    office = next((office for office in state.co_offices if office.unit == mine), None)
    if office is None:
        return refuse("not_co_office", unit=actor.unit)
    if office.reported or office.waived:
        return refuse("co_report_done", unit=office.unit)
    return [e.CoReported(at=at, unit=office.unit, text=command.text)]


def waive_co_report(state: Petition, command: c.WaiveCoReport, actor: Actor, at: datetime) -> Made:
    """The supervisor lets the lead reply without that co-office, for a reason."""
    if (refusal := _missing(command, "unit", "reason")) is not None:
        return refusal
    office = next((office for office in state.co_offices if office.unit == command.unit), None)
    if office is None:
        return refuse("not_co_office", unit=command.unit)
    if office.reported or office.waived:
        return refuse("co_report_done", unit=office.unit)
    return [e.CoReportWaived(at=at, unit=office.unit, reason=command.reason)]


def _finish_clock(state: Petition) -> Clock:
    clock = state.clock(ClockName.FINISH)
    if clock is None:
        raise ValueError(f"case {state.number} has no finish clock")
    return clock


def request_extension(state: Petition, command: c.RequestExtension, actor: Actor, at: datetime) -> Made:
    """延期申请: in time, with a reason, within the policy's days and number."""
    if (refusal := _working(state) or _missing(command, "reason")) is not None:
        return refusal
    if state.extension is not None:
        return refuse("extension_pending")
    if state.extended >= state.policy.extensions:
        return refuse("extension_used", limit=state.policy.extensions)
    if command.days > state.policy.extension_days:
        return refuse("extension_too_long", days=command.days, limit=state.policy.extension_days)
    if _ended(state, _finish_clock(state), at):
        return refuse("overdue_no_extension")
    return [e.ExtensionRequested(at=at, days=command.days, reason=command.reason)]


def grant_extension(state: Petition, command: c.GrantExtension, actor: Actor, at: datetime) -> Made:
    """The chief grants it, before the term ends, and the petitioner is told why. What has ended is late, whoever hesitated."""
    if state.extension is None:
        return refuse("no_extension")
    if (refusal := _missing(command, "told")) is not None:
        return refusal
    if _ended(state, _finish_clock(state), at):
        return refuse("overdue_no_extension")
    statute = state.clock(ClockName.STATUTE_FINISH) if command.statute else None
    if statute is not None:
        if state.statute_extended:
            return refuse("statute_extended_before")
        if statute.working:
            return refuse("statute_simple")
        if at > statute.due:
            return refuse("overdue_no_extension")
    granted = e.ExtensionGranted(at=at, days=state.extension.days, told=command.told, statute=command.statute)
    events: list[e.Event] = [
        granted,
        _longer(state, _finish_clock(state), state.extension.days, at, "extension"),
    ]
    if statute is not None:
        events.append(_longer(state, statute, state.policy.statute_extension_days, at, "extension"))
    return events


def _ended(state: Petition, clock: Clock, at: datetime) -> bool:
    return not state.paused and at > clock.due


def _longer(state: Petition, clock: Clock, days: int, at: datetime, why: str) -> e.ClockSet:
    longer = recount(clock, state.calendar, at, more=days)
    return e.ClockSet.model_validate({"at": at, "clock": longer, "why": why, "old_due": clock.due})


def refuse_extension(state: Petition, command: c.RefuseExtension, actor: Actor, at: datetime) -> Made:
    """The chief refuses it; the term stays."""
    if state.extension is None:
        return refuse("no_extension")
    if (refusal := _missing(command, "reason")) is not None:
        return refusal
    return [e.ExtensionRefused(at=at, reason=command.reason)]


def pause(state: Petition, command: c.Pause, actor: Actor, at: datetime) -> Made:
    """The promise clock stands still for a listed reason, at most the policy's working days in all; lateness is never hidden by it."""
    if (refusal := _working(state)) is not None:
        return refusal
    if state.paused:
        return refuse("already_paused")
    if command.reason not in state.policy.pause_reasons:
        return refuse("pause_reason_unknown", reason=command.reason, allowed="、".join(state.policy.pause_reasons))
    if at > _finish_clock(state).due:
        return refuse("overdue_no_pause")
    left = state.policy.pause_days - state.stood_still
    if left < 1:
        return refuse("pause_used_up", limit=state.policy.pause_days)
    return [e.Paused(at=at, reason=command.reason, until=term(state.calendar, at, left).due, note=command.note)]


def resume(state: Petition, command: c.Resume, actor: Actor, at: datetime) -> Made:
    """The promise clock runs on."""
    if state.standstill is None:
        return refuse("not_paused")
    return resumed(state, e.Resumed(at=at, note=command.note))


def resumed(state: Petition, event: e.Resumed) -> list[e.Event]:
    """The resumption and the term it lengthens by the working days that stood still."""
    events: list[e.Event] = [event]
    clock = _finish_clock(state)
    days = _stood_still(state, event.at)
    # Paused on the last day and resumed on a weekend: the rest of that last day is still owed.
    days += recount(clock, state.calendar, event.at, more=days).due < event.at
    if days := min(days, state.policy.pause_days - state.stood_still):
        events.append(_longer(state, clock, days, event.at, "standstill"))
    return events


def _stood_still(state: Petition, at: datetime) -> int:
    # Working days after the day of the pause through the day of ``at``; 24:00 belongs to the day it ends.
    since = state.standstill.since if state.standstill is not None else at
    return working_days_after(state.calendar, local_day(since), local_day(at - timedelta(microseconds=1)))


def urge(state: Petition, command: c.Urge, actor: Actor, at: datetime) -> Made:
    """催办: a recorded order to the office; a card may go with it."""
    if (refusal := _missing(command, "text")) is not None:
        return refusal
    card = Card(command.card) if command.card else None
    return [e.Urged(at=at, unit=state.lead, text=command.text, card=card)]


def reply(state: Petition, command: c.Reply, actor: Actor, at: datetime) -> Made:
    """答复: not before acceptance, not while standing still, not while a co-office's report is missing."""
    if (refusal := _working(state) or _missing(command, "text")) is not None:
        return refusal
    if state.paused:
        return refuse("paused")
    missing = [office.unit for office in state.co_offices if not (office.reported or office.waived)]
    if missing:
        return refuse("co_report_missing", units="、".join(missing))
    return [_replied(state, command, at, unit=state.lead, measures=command.measures)]


def _replied(
    state: Petition,
    said: c.Reply | c.FollowReply,
    at: datetime,
    *,
    unit: str,
    measures: str = "",
    following: str = "",
) -> e.Replied:
    due = _finish_clock(state).due
    return e.Replied(
        at=at,
        unit=unit,
        round=state.round,
        outcome=said.outcome,
        text=said.text,
        measures=measures,
        due=due,
        on_time=at <= due,
        following=following,
    )


def follow_reply(state: Petition, command: c.FollowReply, actor: Actor, at: datetime) -> Made:
    """The lead case was answered: the answer goes to this petitioner too, who is then revisited apart."""
    if not state.merged_into:
        return refuse("not_merged")
    offices = (command.unit, *command.co_offices)
    # Nobody's petition is answered by those it complains of or may complain of, nor passed by a chief who may not decide it.
    if state.held is not None or any(in_conflict(state, unit) for unit in (*offices, state.accountable)):
        return [e.Unmerged(at=at, out_of=state.merged_into, reason=ACCUSED_OFFICE)]
    events: list[e.Event] = []
    if state.stage is Stage.APPROVE:
        events.append(e.Approved(at=at, unit=state.accountable, implied=True, note=state.merged_into))
    if state.paused:
        events.extend(resumed(state, e.Resumed(at=at, note=state.merged_into)))
    if offices != state.offices:
        handed = e.Assigned(
            at=at, lead=command.unit, co_offices=command.co_offices, joint=state.joint, note=state.merged_into
        )
        events.append(handed)
    return [*events, _replied(state, command, at, unit=command.unit, following=state.merged_into)]
