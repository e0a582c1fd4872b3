"""The decider: the whole lifecycle of a petition (domain, "The lifecycle"), and the only place where it is decided.

``RULES`` is the table (command → stages, roles with their scopes); the functions it names hold what a table can't say. Every decision first
records the rungs, caps and time-outs whose instant lies before it, so that the record is the same whether a timer or a person came first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from schemas.kernel.actor import Actor, Role
from schemas.kernel.refusal import Refusal
from schemas.petition import commands as c
from schemas.petition import events as e
from schemas.petition.refusals import refuse
from schemas.petition.rules import accused, closing, consent, handling, intake, linking
from schemas.petition.rules.authority import Scope, check, wrong_role
from schemas.petition.rules.custody import HANDLED
from schemas.petition.rules.evolve import evolve, fold
from schemas.petition.rules.ladder import next_alarm_event
from schemas.petition.state import Petition, Stage
from schemas.petition.wording.terms import chinese

S = Stage
OPEN = (S.APPROVE, S.ASSIGN, S.SUPERVISE, S.REVISIT, S.SIGN_OFF, S.ARCHIVE)
APPROVED = (S.ASSIGN, S.SUPERVISE, S.REVISIT, S.SIGN_OFF, S.ARCHIVE)
BEFORE_SIGN_OFF = (S.APPROVE, S.ASSIGN, S.SUPERVISE, S.REVISIT)
REGISTRY = {Role.OPERATOR: Scope.REGISTRY, Role.SUPERVISOR: Scope.REGISTRY}
OPERATOR = {Role.OPERATOR: Scope.REGISTRY}
SUPERVISOR = {Role.SUPERVISOR: Scope.REGISTRY}
CHIEF = {Role.CHIEF: Scope.ACCOUNTABLE}
REFERRER = {Role.CHIEF: Scope.REFERRER, Role.UPSTREAM: Scope.OUTSIDE}
LEAD = {Role.HANDLER: Scope.LEAD}
COMPLAINTS = {Role.SUPERVISOR: Scope.COMPLAINTS, Role.OPERATOR: Scope.COMPLAINTS}
SECOND = {Role.SUPERVISOR: Scope.SECOND, Role.OPERATOR: Scope.SECOND, Role.CHIEF: Scope.SECOND}


@dataclass(frozen=True)
class Rule:
    """One row of the table. ``follows``: whether a merged case still takes the command itself instead of leaving it to its lead case.

    ``unread``: further stages in which the command is allowed as long as no person, only the policy, has approved the case. ``waits``: it waits
    until it is decided who of the organisation the case complains of.
    """

    stages: tuple[Stage, ...]
    people: dict[Role, Scope]
    make: Callable[[Petition, Any, Actor, datetime], intake.Made]
    follows: bool = False
    unread: tuple[Stage, ...] = ()
    waits: bool = False

    def covers(self, state: Petition) -> bool:
        """Whether the command belongs to the stage in which the case stands."""
        return state.stage in self.stages or (state.stage in self.unread and state.approved_by_policy)


RULES: dict[str, Rule] = {
    "amend": Rule((S.APPROVE,), OPERATOR, intake.amend, follows=True, unread=(S.ASSIGN,)),
    "name_accused": Rule(APPROVED, REGISTRY, handling.name_accused, follows=True),
    "decide_accused": Rule(OPEN, COMPLAINTS, accused.decide_accused, follows=True),
    "countersign": Rule((*OPEN, S.ARCHIVED), SECOND, consent.countersign, follows=True),
    "remark": Rule(OPEN, OPERATOR, handling.remark, follows=True),
    "approve": Rule((S.APPROVE,), CHIEF, intake.approve, waits=True),
    "decline": Rule((S.APPROVE,), CHIEF, intake.decline, waits=True),
    "transfer": Rule((S.APPROVE, S.ASSIGN), REFERRER, intake.transfer, waits=True),
    "answer_transfer": Rule((S.APPROVE, S.ASSIGN), OPERATOR | {Role.UPSTREAM: Scope.OFFERED}, intake.answer_transfer),
    "assign": Rule((S.ASSIGN,), REGISTRY, handling.assign, waits=True),
    "accept": Rule((S.SUPERVISE,), LEAD, handling.accept),
    "return": Rule((S.SUPERVISE,), LEAD, handling.return_),
    "uphold_return": Rule((S.SUPERVISE,), SUPERVISOR, handling.uphold_return),
    "refuse_return": Rule((S.SUPERVISE,), SUPERVISOR, handling.refuse_return),
    "report_progress": Rule((S.SUPERVISE,), LEAD, handling.report_progress),
    "co_report": Rule((S.SUPERVISE,), {Role.HANDLER: Scope.OFFICE}, handling.co_report),
    "waive_co_report": Rule((S.SUPERVISE,), SUPERVISOR, handling.waive_co_report),
    "request_extension": Rule((S.SUPERVISE,), LEAD, handling.request_extension),
    "grant_extension": Rule((S.SUPERVISE,), CHIEF, handling.grant_extension),
    "refuse_extension": Rule((S.SUPERVISE,), CHIEF, handling.refuse_extension),
    "pause": Rule((S.SUPERVISE,), LEAD | SUPERVISOR, handling.pause),
    "resume": Rule((S.SUPERVISE,), LEAD | SUPERVISOR, handling.resume),
    "urge": Rule((S.SUPERVISE,), SUPERVISOR, handling.urge),
    "reply": Rule((S.SUPERVISE,), LEAD, handling.reply, waits=True),
    "record_revisit": Rule((S.REVISIT,), {Role.VISITOR: Scope.VISITOR}, closing.record_revisit, follows=True),
    "rate": Rule(
        (S.REVISIT, S.SIGN_OFF),
        {Role.PETITIONER: Scope.PETITIONER, Role.OPERATOR: Scope.VISITOR},
        closing.rate,
        follows=True,
    ),
    "contradict_revisit": Rule(
        (*OPEN, S.ARCHIVED), {Role.PETITIONER: Scope.PETITIONER}, closing.contradict_revisit, follows=True
    ),
    "reissue_code": Rule((*OPEN, S.ARCHIVED), {Role.OPERATOR: Scope.VISITOR}, closing.reissue_code, follows=True),
    "rework": Rule((S.REVISIT, S.SIGN_OFF), {Role.VISITOR: Scope.VISITOR} | CHIEF, closing.rework, follows=True),
    "sign_off": Rule((S.SIGN_OFF,), {Role.CHIEF: Scope.SIGNER}, closing.sign_off, follows=True, waits=True),
    "terminate": Rule(
        (S.REVISIT, S.SIGN_OFF), {Role.CHIEF: Scope.NEXT_HIGHER}, closing.terminate, follows=True, waits=True
    ),
    "disclose": Rule((S.ARCHIVE,), SUPERVISOR, closing.disclose, follows=True, waits=True),
    "retract_disclosure": Rule((S.ARCHIVE, S.ARCHIVED), SUPERVISOR, closing.retract_disclosure, follows=True),
    "account": Rule((S.ARCHIVE,), SUPERVISOR, closing.account, follows=True, waits=True),
    "withdraw": Rule(BEFORE_SIGN_OFF, OPERATOR, closing.withdraw, follows=True),
    "merge": Rule(HANDLED, REGISTRY, linking.merge, waits=True),
    "unmerge": Rule(OPEN, REGISTRY, linking.unmerge, follows=True),
    "reopen": Rule((S.ARCHIVED,), OPERATOR, intake.reopen, follows=True),
    "recompute_due": Rule(OPEN, {}, intake.recompute_due, follows=True),
    "admit_member": Rule((*OPEN, S.ARCHIVED), {}, linking.admit_member),
    "change_member": Rule((*OPEN, S.ARCHIVED), {}, linking.change_member, follows=True),
    "propose_accused": Rule(OPEN, {}, accused.propose_accused, follows=True),
    "release_member": Rule(OPEN, {}, linking.release_member, follows=True),
    "follow_reply": Rule(HANDLED, {}, handling.follow_reply, follows=True),
}
"""Every command but ``file`` (there is no case yet) and ``ring_alarm`` (the ladder's own)."""


BY_PERSONS = ("decide_accused", "countersign")
"""What whoever administers the machine does not do either: two people decide, and neither of them is the system."""


def decide(state: Petition | None, order: c.Order, at: datetime) -> list[e.Event] | Refusal:
    """What follows from an order at an instant (aware): the events to record, or why it is refused.

    Pure: the same arguments give the same answer, in a workflow, in its replay, in a simulation and in a test.
    """
    command, actor = order.command, order.actor
    if isinstance(command, c.File):
        return _file(state, command, actor, at)
    if state is None:
        return refuse("not_filed")
    at = max(at, state.touched_at)
    if isinstance(command, c.RingAlarm):
        return check(state, actor, {}) or alarms(state, at) or refuse("nothing_due")
    past = alarms(state, at, before=True)
    current = fold(past, state) or state
    if (refusal := permitted(current, command.kind, actor)) is not None:
        return refusal
    made = RULES[command.kind].make(current, command, actor, at)
    if isinstance(made, Refusal):
        return made
    return [*past, *_concluded(current, _with_consequences(current, command, made, at), at)]


def _with_consequences(state: Petition, command: c.Command, made: list[e.Event], at: datetime) -> list[e.Event]:
    """What a command's events bring about whatever the command: its words hide the case from whom they may mean, conflicts come apart."""
    if (
        not isinstance(command, c.Heard)
        and not state.parties
        and not any(isinstance(each, e.MemberAdmitted) for each in made)
    ):
        return made
    after = fold(made, state) or state
    if isinstance(command, c.Heard):
        hidden = accused.proposed(after, command, at, before=state)
        made, after = [*made, *hidden], fold(hidden, after) or after
    return [*made, *linking.parted(after, at)] if after.parties else made


def _file(state: Petition | None, command: c.File, actor: Actor, at: datetime) -> list[e.Event] | Refusal:
    if state is not None:
        return refuse("already_filed")
    if actor.role not in (Role.OPERATOR, Role.UPSTREAM, Role.SYSTEM):
        return wrong_role(actor, (Role.OPERATOR, Role.UPSTREAM))
    made = intake.file(command, actor, at)
    if isinstance(made, Refusal):
        return made
    filed = fold(made)
    return [*made, *alarms(filed, at, before=True)] if filed is not None else made


def permitted(state: Petition, kind: str, actor: Actor) -> Refusal | None:
    """None if this actor may give that command now (fields aside), else why not. ``KeyError`` for a command without a row."""
    rule = RULES[kind]
    if actor.role is Role.SYSTEM and kind in BY_PERSONS:
        return wrong_role(actor, rule.people)
    if (refusal := check(state, actor, rule.people)) is not None and refusal.code in (
        "recused",
        "role_wrong",
    ):
        return refusal
    if not rule.covers(state):
        return refuse(
            "stage_wrong",
            stage=state.stage,
            stage_zh=chinese(state.stage),
            allowed=", ".join(rule.stages),
            allowed_zh="、".join(chinese(stage) for stage in rule.stages),
        )
    if refusal is not None:
        return refusal
    if rule.waits and state.held is not None:
        return refuse("accused_undecided")
    if state.merged_into and not rule.follows:
        return refuse("merged_follow", into=state.merged_into)
    return None


def _concluded(state: Petition, made: list[e.Event], at: datetime) -> Iterable[e.Event]:
    current = state
    for event in made:
        current = evolve(current, event)
        yield event
    while made and (event := closing.concluding(current, at)) is not None:
        current = evolve(current, event)
        yield event


def alarms(state: Petition, at: datetime, *, before: bool = False) -> list[e.Event]:
    """Everything the system itself has to record up to ``at`` (or before it), each at its own instant.

    At the due instant itself an answer is still in time, so a person's command there comes before the rung.
    """
    events: list[e.Event] = []
    while (event := next_alarm_event(state)) is not None and (event.at < at or (event.at == at and not before)):
        made = handling.resumed(state, event) if isinstance(event, e.Resumed) else [event]
        for each in made:
            state = evolve(state, each)
        events.extend(made)
    return events


def allowed(state: Petition, actor: Actor) -> dict[str, Refusal | None]:
    """For each command: None if this actor could give it now (fields aside), else why not."""
    return {kind: permitted(state, kind, actor) for kind, rule in RULES.items() if rule.people}
