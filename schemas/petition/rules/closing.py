"""Revisit, sign off, archive: closed only when the matter is settled and the petitioner is satisfied, or on a lawful ground counted apart."""

from __future__ import annotations

from datetime import datetime

from schemas.kernel.actor import Actor, Role
from schemas.kernel.refusal import Refusal
from schemas.petition import commands as c
from schemas.petition import events as e
from schemas.petition.refusals import refuse
from schemas.petition.rules.authority import Scope, check, in_conflict
from schemas.petition.rules.clocks import set_clock
from schemas.petition.rules.intake import Made, assign_clock_after_return, followers_left, reopen
from schemas.petition.rules_version import ACCUSER_SAFE, in_force
from schemas.petition.state import ClockName, Ground, Petition, Stage

RATED = ("solved", "satisfied_with_office", "satisfied_with_unit")
"""What is asked of a petitioner, by the visitor and by themselves."""


def record_revisit(state: Petition, command: c.RecordRevisit, actor: Actor, at: datetime) -> Made:
    """回访: reached?, solved?, satisfied? with the petition office and with the handling unit, apart."""
    said = command.solved or command.satisfied_with_office or command.satisfied_with_unit
    if not command.reached and said:
        return refuse("rating_contradicts")
    own = state.own_rating
    if own is not None and any(getattr(command, each) and not getattr(own, each) for each in RATED):
        return refuse("own_answer_differs")
    return [
        e.RevisitRecorded(
            at=at,
            reached=command.reached,
            solved=command.solved,
            satisfied_with_office=command.satisfied_with_office,
            satisfied_with_unit=command.satisfied_with_unit,
            comment=command.comment,
        )
    ]


def rate(state: Petition, command: c.Rate, actor: Actor, at: datetime) -> Made:
    """评价: the petitioner's own answer to the reply of this round. It closes nothing and stands in for no revisit."""
    if not any(answer.round == state.round for answer in state.answers):
        return refuse("nothing_to_rate")
    own, taken_down = state.own_rating, actor.role is not Role.PETITIONER
    code = None if taken_down else state.code
    if taken_down and own is not None and not own.satisfied and not own.taken_down:
        return refuse("own_answer_stands")
    return [
        e.Rated(
            at=at,
            solved=command.solved,
            satisfied_with_office=command.satisfied_with_office,
            satisfied_with_unit=command.satisfied_with_unit,
            remark=command.remark,
            taken_down=taken_down,
            door=command.door,
            factor=command.factor,
            code_by=code.by if code is not None else "",
            code_at=code.at if code is not None else None,
        )
    ]


def contradict_revisit(state: Petition, command: c.ContradictRevisit, actor: Actor, at: datetime) -> Made:
    """回访异议: once for each revisit. One by which the case was to be closed counts no more; where it was closed by it, it is taken up again."""
    if command.revisit > state.revisits:
        return refuse("revisit_unknown", revisit=command.revisit)
    if command.revisit in state.contradicted:
        return refuse("contradicted_already")
    rating = state.rating
    latest = command.revisit == state.revisits and rating is not None and rating.satisfied
    overrules = latest and state.ground is Ground.SATISFIED
    if not state.open and not overrules:
        return refuse("revisit_not_decisive")
    contradicted = e.RevisitContradicted(at=at, revisit=command.revisit, words=command.words, overrules=overrules)
    if state.open:
        return [contradicted]
    again = c.Reopen(
        facts=command.words.strip() or CONTRADICTED,
        policy=command.policy or state.policy,
        calendar=command.calendar or state.calendar,
        rules=command.rules,
        accusation=command.accusation,
    )
    reopened = reopen(state, again, actor, at)
    return reopened if isinstance(reopened, Refusal) else [contradicted, *reopened]


CONTRADICTED = "群众否认回访记录 / the petitioner contradicts the revisit"
"""Why a case is taken up again, where they said nothing more."""


def reissue_code(state: Petition, command: c.ReissueCode, actor: Actor, at: datetime) -> Made:
    """补发查询码: by a desk that has not handled the case, on record; whoever rates by it is told of as such."""
    if not command.reason.strip():
        return refuse("field_missing", field="reason")
    issue = 1 + (state.code.issue if state.code is not None else 0)
    return [e.CodeReissued(at=at, issue=issue, by=actor.id, reason=command.reason)]


def petitioner_satisfied(state: Petition) -> bool | None:
    """Whether the petitioner is satisfied with the reply of this round; None while it takes a (further) revisit to know.

    Their own "no" stands until they answer again; their own "yes" is none before a visitor has heard it.
    """
    own, rating = state.own_rating, state.rating
    if own is not None and not own.satisfied:
        return False
    if rating is None:
        return None
    if not rating.satisfied and own is not None and own.at > rating.at:
        return None
    return rating.satisfied


def rework(state: Petition, command: c.Rework, actor: Actor, at: datetime) -> Made:
    """退回重办: a new round with its own term. A merged case whose petitioner is not satisfied stands on its own from here."""
    if not command.reason.strip():
        return refuse("field_missing", field="reason")
    if not state.lead:
        return refuse("never_answered")
    satisfied = petitioner_satisfied(state)
    if actor.role is Role.VISITOR and satisfied is not False:
        return refuse("satisfied_already" if satisfied else "not_revisited")
    return new_round(state, command.reason, at)


def new_round(state: Petition, reason: str, at: datetime) -> list[e.Event]:
    """The answer does not stand: back to the lead office, or, where that is in conflict with the petition by now, to be assigned anew."""
    old = state.clock(ClockName.FINISH)
    clock = set_clock(ClockName.FINISH, state.calendar, at, state.policy.rework_days)
    lead = "" if in_conflict(state, state.lead) else state.lead
    events: list[e.Event] = []
    if state.merged_into:
        events.append(e.Unmerged(at=at, out_of=state.merged_into, reason=reason, lead=lead))
    events += [
        e.Reworked(at=at, round=state.round + 1, reason=reason, lead=lead),
        e.ClockSet(at=at, clock=clock, why="rework", old_due=old.due if old else None),
    ]
    return events if lead else [*events, to_assign(state, at)]


def to_assign(state: Petition, at: datetime) -> e.ClockSet:
    """A fresh term to assign, for a case whose office is recused."""
    old = state.clock(ClockName.ASSIGN)
    clock = assign_clock_after_return(state, at)
    return e.ClockSet(at=at, clock=clock, why="recused", old_due=old.due if old else None)


def sign_off(state: Petition, command: c.SignOff, actor: Actor, at: datetime) -> Made:
    """领导把关. A joint team's case takes two keys of different people, one of them the accountable chief's."""
    if state.ground is None:
        return refuse("not_satisfied")
    if state.ground is Ground.SATISFIED and not petitioner_satisfied(state):
        return refuse("own_answer_unsatisfied")
    if not state.joint:
        return [_signed_off(state, command, at, (actor.id,))]
    if actor.id in state.signed_by:
        return refuse("key_turned_before")
    first_key = not state.signed_by
    if first_key:
        # The second key may be any office's chief, so the first must be the accountable one's.
        if (refusal := check(state, actor, {Role.CHIEF: Scope.ACCOUNTABLE})) is not None:
            return refusal
        return [e.SignOffKeyTurned(at=at, by=actor.id)]
    return [_signed_off(state, command, at, (*state.signed_by, actor.id))]


def _signed_off(state: Petition, command: c.SignOff, at: datetime, keys: tuple[str, ...]) -> e.SignedOff:
    return e.SignedOff(at=at, ground=state.ground or Ground.SATISFIED, by=keys, note=command.note)


def terminate(state: Petition, command: c.Terminate, actor: Actor, at: datetime) -> Made:
    """终结 by the next-higher chief: counted apart, never as satisfied."""
    if not command.reason.strip():
        return refuse("field_missing", field="reason")
    if petitioner_satisfied(state):
        return refuse("satisfied_already")
    if command.basis == "reviewed" and not (command.review.strip() and command.re_review.strip()):
        return refuse("review_missing")
    return [
        e.Terminated(
            at=at,
            basis=command.basis,
            review=command.review,
            re_review=command.re_review,
            reason=command.reason,
        )
    ]


def disclose(state: Petition, command: c.Disclose, actor: Actor, at: datetime) -> Made:
    """一事一公开: two people; published as an anonymised summary, or withheld with an exemption code. This is the first one's order."""
    if state.disclosed is not None:
        return refuse("disclosure_decided")
    two_orders = in_force(state.rules, ACCUSER_SAFE)
    second = _pending_of_another(state, actor) if two_orders else _second_person(state, command.countersigned_by, actor)
    if second is not None:
        return second
    if command.published:
        if state.confidential:
            return refuse("confidential_published")
        if state.minor:
            return refuse("minor_published")
        if not command.summary.strip():
            return refuse("field_missing", field="summary")
    elif command.exemption not in state.policy.disclosure_exemptions:
        allowed = "、".join(state.policy.disclosure_exemptions)
        return refuse("exemption_unknown", exemption=command.exemption, allowed=allowed)
    summary, exemption = (command.summary, "") if command.published else ("", command.exemption)
    if two_orders:
        return [
            e.DisclosureProposed(at=at, by=actor.id, published=command.published, summary=summary, exemption=exemption)
        ]
    return [
        e.Disclosed(
            at=at,
            published=command.published,
            summary=summary,
            exemption=exemption,
            countersigned_by=command.countersigned_by,
        )
    ]


def _pending_of_another(state: Petition, actor: Actor) -> Refusal | None:
    """What another person has ordered waits for consent or refusal; one's own may be put anew."""
    return refuse("consent_pending") if state.pending is not None and state.pending.by != actor.id else None


def _second_person(state: Petition, second: str, actor: Actor) -> Refusal | None:
    if not second.strip():
        return refuse("field_missing", field="countersigned_by")
    if second == actor.id:
        return refuse("second_person_same")
    return refuse("second_person_recused") if second in state.accused_persons else None


def retract_disclosure(state: Petition, command: c.RetractDisclosure, actor: Actor, at: datetime) -> Made:
    """A published summary is taken back; the record of both stays."""
    if not state.disclosed or state.disclosure_retracted:
        return refuse("not_published")
    if not command.reason.strip():
        return refuse("field_missing", field="reason")
    if in_force(state.rules, ACCUSER_SAFE):
        return _pending_of_another(state, actor) or [e.RetractionProposed(at=at, by=actor.id, reason=command.reason)]
    if (refusal := _second_person(state, command.countersigned_by, actor)) is not None:
        return refusal
    return [e.DisclosureRetracted(at=at, reason=command.reason, countersigned_by=command.countersigned_by)]


def account(state: Petition, command: c.Account, actor: Actor, at: datetime) -> Made:
    """一事一问责: findings, or no fault found."""
    if state.accounted:
        return refuse("accounted_already")
    if bool(command.findings) == command.no_fault:
        return refuse("findings_or_none")
    for finding in command.findings:
        for field in ("unit", "fault", "measure"):
            if not getattr(finding, field).strip():
                return refuse("field_missing", field=f"findings.{field}")
    return [e.Accounted(at=at, findings=command.findings, no_fault=command.no_fault, note=command.note)]


def withdraw(state: Petition, command: c.Withdraw, actor: Actor, at: datetime) -> Made:
    """撤回: the petitioner takes it back; the chief still signs off."""
    if not command.reason.strip():
        return refuse("field_missing", field="reason")
    if (refusal := followers_left(state)) is not None:
        return refusal
    events: list[e.Event] = []
    if state.merged_into:
        events.append(e.Unmerged(at=at, out_of=state.merged_into, reason=command.reason))
    return [*events, e.Withdrawn(at=at, reason=command.reason)]


def blameless(state: Petition) -> bool:
    """Nothing to account for: satisfied, answered once, every term kept, no card, not once urged."""
    return (
        state.policy.no_fault_by_policy
        and state.ground is Ground.SATISFIED
        and state.run == 1
        and not state.cards
        and not state.urged
        and len(state.answers) == 1
        and all(clock.met_at is not None and clock.met_at <= clock.due for clock in state.clocks)
    )


def concluding(state: Petition, at: datetime) -> e.Event | None:
    """What follows by itself in the archive stage: "no fault found" by policy, then the seal once both decisions are there."""
    if state.stage is not Stage.ARCHIVE:
        return None
    if not state.accounted and blameless(state):
        return e.Accounted(at=at, no_fault=True, by_policy=True)
    if state.accounted and state.disclosed is not None and state.ground is not None:
        return e.Sealed(at=at, ground=state.ground)
    return None
