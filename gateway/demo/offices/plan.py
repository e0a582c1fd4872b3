"""What happens next to a case: a pure function of its state, what has been done in it, and its fate.

Nothing is remembered between two steps, so a demonstration that is stopped and started goes on where it was.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from gateway.demo.offices import words
from gateway.demo.offices.cast import Cast, Fits
from gateway.demo.offices.fates import RESTING, Fate, fate_of, pick
from schemas.kernel.actor import Actor, Role
from schemas.organisation import Organisation
from schemas.petition import commands as c
from schemas.petition.events import Finding
from schemas.petition.rules.authority import serving
from schemas.petition.state import ClockName, Ground, Ledger, Outcome, Petition, Stage


@dataclass(frozen=True)
class Case:
    """A case as the robots know it.

    ``done``: how often each kind of event stands in its history. ``into``: the case of the same matter it should be merged into.
    ``awaits``: another case is about to be merged into this one. ``refused``: commands refused since the last event.
    """

    state: Petition
    title: str
    done: Mapping[str, int]
    into: str = ""
    same_person: bool = False
    awaits: bool = False
    refused: frozenset[str] = frozenset()

    @property
    def fate(self) -> Fate:
        """What its number says; a case that others lean on does not leave the path to an answer."""
        fate = fate_of(self.state.number)
        leaves = fate in RESTING or fate in (Fate.WITHDRAWN, Fate.DECLINED, Fate.TRANSFERRED, Fate.TRANSFER_REFUSED)
        return Fate.STRAIGHT if leaves and (self.awaits or self.into or self.state.members) else fate

    def said(self, sentences: tuple[str, ...], salt: str) -> str:
        """One of the sentences, for variety."""
        return pick(sentences, self.state.number, salt)


@dataclass(frozen=True)
class Step:
    """A command and who gives it. ``premature``: given too early on purpose, to show a refusal."""

    actor: Actor
    command: c.Command
    premature: bool = False


@dataclass(frozen=True)
class _Wish:
    role: Role
    command: c.Command
    fits: Fits = field(default=lambda _: True)
    premature: bool = False


Wishes = Iterator[_Wish]


class Plan:
    """The plans of all cases in one organisation."""

    def __init__(self, organisation: Organisation) -> None:
        self.cast = Cast(organisation)

    def next(self, case: Case, at: datetime) -> Step | None:
        """The next step at ``at`` (aware), or None where the case rests, waits for another, or has ended."""
        state = case.state
        if state.merged_into and state.stage in (Stage.APPROVE, Stage.ASSIGN, Stage.SUPERVISE):
            return None
        wishes = _held(case) if state.held is not None else _STAGES[state.stage](case, self.cast, at)
        for wish in wishes:
            kind = str(wish.command.kind)
            if kind in case.refused:
                continue
            actor = self.cast.performer(state, wish.role, kind, wish.fits)
            if actor is not None:
                return Step(actor=actor, command=wish.command, premature=wish.premature)
        return None


def _held(case: Case) -> Wishes:
    """Whom a desk has named, or a complaint means, is accused; of what is no complaint nobody is, by two people."""
    held, state = case.state.held, case.state
    if held is None or case.fate is Fate.RESTS_HELD:
        return
    if state.pending is not None:
        first = state.pending.by
        for role in (Role.SUPERVISOR, Role.OPERATOR, Role.CHIEF):
            yield _Wish(role, c.Countersign(agreed=True), fits=lambda actor: actor.id != first)
        return
    accused = state.ledger is Ledger.COMPLAINT and bool(held.units or held.persons)
    decision = c.DecideAccused(
        accused_units=held.units if accused else (),
        accused_persons=held.persons if accused else (),
        conflicted_units=state.conflicted_units if accused else (),
        nobody=not accused,
        reason=words.ACCUSED if accused else words.NOBODY,
    )
    for role in (Role.SUPERVISOR, Role.OPERATOR):
        yield _Wish(role, decision)


def _merge(case: Case) -> Wishes:
    if case.into:
        basis = "same_person" if case.same_person else "same_matter"
        yield _Wish(Role.OPERATOR, c.Merge(into=case.into, basis=basis, reason=words.MERGED))


def _amend(case: Case) -> Wishes:
    if case.fate is Fate.AMENDED and not case.done.get("amended"):
        category = "公安/队伍管理/办案作风"
        if case.state.category != category:
            yield _Wish(Role.OPERATOR, c.Amend(reason=words.AMENDED, category=category))


def _transfer(case: Case) -> Wishes:
    running = case.state.number.rpartition("-")[2]
    if case.state.offer is not None:
        accepted = case.fate is Fate.TRANSFERRED
        reference = words.TRANSFER_REFERENCE.format(running=running) if accepted else ""
        yield _Wish(Role.OPERATOR, c.AnswerTransfer(accepted=accepted, reference=reference))
    elif case.fate in (Fate.TRANSFERRED, Fate.TRANSFER_REFUSED) and not case.done.get("transfer_offered"):
        to = case.said(words.TRANSFER_TO, "to")
        yield _Wish(Role.CHIEF, c.Transfer(to=to, reason=words.TRANSFER_REASON))


def _approve(case: Case, cast: Cast, at: datetime) -> Wishes:
    yield from _merge(case)
    if case.fate is Fate.RESTS_APPROVE:
        return
    yield from _amend(case)
    yield from _transfer(case)
    if case.state.offer is not None:
        return
    if case.fate is Fate.DECLINED:
        _, year, _, running = case.state.number.split("-")
        notice = words.DECLINE_NOTICE.format(year=year, running=int(running))
        yield _Wish(Role.CHIEF, c.Decline(ground="litigation", notice=notice))
    yield _Wish(Role.CHIEF, c.Approve(note=case.said(words.APPROVED, "approve")))


def _assign(case: Case, cast: Cast, at: datetime) -> Wishes:
    state = case.state
    yield from _merge(case)
    if case.fate is Fate.RESTS_ASSIGN:
        return
    yield from _amend(case)
    if state.offer is not None:
        yield from _transfer(case)
        return
    lead = cast.lead(state, case.title, case.done.get("return_upheld", 0))
    joint = case.fate is Fate.JOINT
    helped = joint or case.fate in (Fate.CO_OFFICES, Fate.REWORKED)
    helper = cast.co_office(state, case.title, lead, with_chief=joint) if helped else ""
    order = c.Assign(
        lead=lead,
        co_offices=(helper,) if helper else (),
        joint=joint and bool(helper),
        note=case.said(words.ASSIGNED, "assign"),
    )
    yield _Wish(Role.OPERATOR, order)
    yield _Wish(Role.SUPERVISOR, order)


def _supervise(case: Case, cast: Cast, at: datetime) -> Wishes:
    state, fate = case.state, case.fate
    if state.objection is not None:
        upheld = c.UpholdReturn(reason=words.UPHELD)
        yield _Wish(Role.SUPERVISOR, upheld if fate is Fate.RETURN_UPHELD else c.RefuseReturn(reason=words.KEPT))
        return
    if state.standstill is not None:
        yield _Wish(Role.HANDLER, c.Resume(note=words.RESUMED))
        return
    yield from _merge(case)
    if state.accepted_at is None:
        yield from _not_accepted(case)
    elif fate is not Fate.RESTS_SUPERVISE:
        yield from _term(case, at)
        yield from _at_work(case)


def _not_accepted(case: Case) -> Wishes:
    returning = case.fate in (Fate.RETURN_UPHELD, Fate.RETURN_REFUSED)
    if returning and not case.done.get("return_requested"):
        yield _Wish(Role.HANDLER, c.Return(reason=case.said(words.RETURNED, "return")))
    if case.fate is Fate.URGED and not case.state.urged:
        yield _Wish(Role.SUPERVISOR, c.Urge(text=case.said(words.URGED, "urge"), card="yellow"))
    yield _Wish(Role.HANDLER, c.Accept())


def _term(case: Case, at: datetime) -> Wishes:
    """Whatever concerns the term itself: an extension, a standstill; neither where the term has ended."""
    state, fate, done = case.state, case.fate, case.done
    finish = state.clock(ClockName.FINISH)
    ended = finish is None or at > finish.due
    if state.extension is not None:
        refused = ended or fate is Fate.NOT_EXTENDED
        refusal = c.RefuseExtension(reason=words.NOT_EXTENDED)
        yield _Wish(Role.CHIEF, refusal if refused else c.GrantExtension(told=words.EXTENDED_TOLD))
    if ended:
        return
    extending = fate in (Fate.EXTENDED, Fate.NOT_EXTENDED)
    if extending and not done.get("extension_requested") and state.policy.extension_days:
        days = min(3, state.policy.extension_days)
        yield _Wish(Role.HANDLER, c.RequestExtension(days=days, reason=case.said(words.EXTENSION, "extend")))
    if fate is Fate.PAUSED and not done.get("paused") and state.policy.pause_reasons and state.policy.pause_days:
        reason = pick(state.policy.pause_reasons, state.number, "pause")
        yield _Wish(Role.HANDLER, c.Pause(reason=reason, note=words.PAUSED))


def _at_work(case: Case) -> Wishes:
    state, fate = case.state, case.fate
    if not case.done.get("progress_reported") and pick((True, False), state.number, "progress"):
        yield _Wish(Role.HANDLER, c.ReportProgress(text=case.said(words.PROGRESS, "progress")))
    if fate is Fate.URGED_RED and not state.urged:
        yield _Wish(Role.SUPERVISOR, c.Urge(text=words.URGED_RED, card="red"))
    if fate is Fate.WITHDRAWN:
        yield _Wish(Role.OPERATOR, c.Withdraw(reason=words.WITHDRAWN))
    missing = [office.unit for office in state.co_offices if not (office.reported or office.waived)]
    if missing and fate is Fate.CO_OFFICES and state.round == 1:
        yield _Wish(Role.HANDLER, _reply(case), premature=True)
    for unit in missing:
        if state.round > 1:
            yield _Wish(Role.SUPERVISOR, c.WaiveCoReport(unit=unit, reason=words.WAIVED))
        report = c.CoReport(text=case.said(words.CO_REPORT, unit))
        yield _Wish(Role.HANDLER, report, fits=lambda actor, unit=unit: serving(state, actor.unit) == unit)
    if not case.awaits and not missing:
        yield _Wish(Role.HANDLER, _reply(case))


def _reply(case: Case) -> c.Reply:
    outcome = case.said((Outcome.SUPPORTED, Outcome.SUPPORTED, Outcome.EXPLAINED), "outcome")
    text = case.said(words.REPLIES, "reply")
    if case.state.round > 1:
        text = words.REPLIES_AGAIN + text
    return c.Reply(outcome=Outcome(outcome), text=text, measures=case.said(words.MEASURES, "measures"))


def _revisit(case: Case, cast: Cast, at: datetime) -> Wishes:
    state, fate = case.state, case.fate
    if fate is Fate.RESTS_REVISIT:
        return
    if state.rating is not None and not state.rating.satisfied:
        if fate is Fate.TERMINATED:
            yield _Wish(Role.CHIEF, c.Terminate(basis="unreasonable", reason=words.TERMINATED))
        yield _Wish(Role.VISITOR, c.Rework(reason=words.REWORK))
        return
    if fate is Fate.NOT_REACHED and not case.done.get("revisit_recorded"):
        yield _Wish(Role.VISITOR, c.RecordRevisit(reached=False, comment=words.UNREACHED))
        return
    if fate is Fate.TERMINATED or (fate is Fate.REWORKED and not case.done.get("reworked")):
        comment = case.said(words.DISCONTENT, "discontent")
        yield _Wish(Role.VISITOR, c.RecordRevisit(reached=True, satisfied_with_office=True, comment=comment))
        return
    comment = case.said(words.CONTENT, "content")
    satisfied = c.RecordRevisit(
        reached=True, solved=True, satisfied_with_office=True, satisfied_with_unit=True, comment=comment
    )
    yield _Wish(Role.VISITOR, satisfied)


def _sign_off(case: Case, cast: Cast, at: datetime) -> Wishes:
    state = case.state
    if case.fate is Fate.RESTS_SIGN_OFF:
        return
    if case.fate is Fate.SENT_BACK and state.ground is Ground.SATISFIED and not case.done.get("reworked"):
        yield _Wish(Role.CHIEF, c.Rework(reason=words.SENT_BACK))
    # The first of a joint team's two keys is the accountable chief's; nobody turns both.
    first = not state.signed_by
    yield _Wish(
        Role.CHIEF,
        c.SignOff(note=case.said(words.SIGNED, "sign")),
        fits=lambda actor: actor.unit == state.accountable if first else actor.id not in state.signed_by,
    )


def _archive(case: Case, cast: Cast, at: datetime) -> Wishes:
    state = case.state
    if case.fate is Fate.RESTS_ARCHIVE:
        return
    if not state.accounted:
        yield _Wish(Role.SUPERVISOR, _account(state))
    if state.disclosed is None and state.pending is None:
        yield _Wish(Role.SUPERVISOR, _disclose(case))
    elif state.pending is not None:
        first = state.pending.by
        for role in (Role.OPERATOR, Role.SUPERVISOR):
            yield _Wish(role, c.Countersign(agreed=True), fits=lambda actor: actor.id != first)


def _account(state: Petition) -> c.Account:
    late = any(not answer.on_time for answer in state.answers)
    if not state.answers or not (state.cards or state.round > 1 or late):
        return c.Account(no_fault=True)
    fault = words.FAULT if state.cards or late else words.FAULT_REWORKED
    return c.Account(findings=(Finding(unit=state.lead, fault=fault, measure=words.MEASURE),))


def _disclose(case: Case) -> c.Disclose:
    withheld = "accuser_protection" if case.state.confidential else ""
    if not withheld and case.state.ground is not Ground.SATISFIED:
        withheld = "privacy"
    summary = "" if withheld else words.SUMMARY.format(title=case.title)
    return c.Disclose(published=not withheld, summary=summary, exemption=withheld)


def _nothing(case: Case, cast: Cast, at: datetime) -> Wishes:
    return iter(())


_STAGES: dict[Stage, Callable[[Case, Cast, datetime], Wishes]] = {
    Stage.RECEIVE: _nothing,
    Stage.APPROVE: _approve,
    Stage.ASSIGN: _assign,
    Stage.SUPERVISE: _supervise,
    Stage.REVISIT: _revisit,
    Stage.SIGN_OFF: _sign_off,
    Stage.ARCHIVE: _archive,
    Stage.ARCHIVED: _nothing,
}
