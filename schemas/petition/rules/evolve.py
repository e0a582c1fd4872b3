"""The fold: a state and an event give the next state. Nothing is decided here; whatever was decided is in the event."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from schemas.petition import events as e
from schemas.petition.rules.clocks import meet, put, void
from schemas.petition.rules.custody import OWNERSHIP, handed_over
from schemas.petition.state import (
    Answered,
    CardShown,
    ClockName,
    CodeIssue,
    CoOffice,
    Extension,
    Ground,
    Objection,
    Offer,
    OwnRating,
    Party,
    Pending,
    Petition,
    Rating,
    Stage,
    Standstill,
)

Changes = dict[str, Any]

ACCEPTING = (ClockName.STATUTE_ACCEPT,)


def evolve(state: Petition | None, event: e.Event) -> Petition:
    """The state after ``event``. ``ValueError`` if the first event is not a filing, or a filing is not the first."""
    if isinstance(event, e.Filed):
        if state is not None:
            raise ValueError(f"case {event.number} is filed twice")
        return _advanced(_filed(event), event, {"spans": ()})
    if state is None:
        raise ValueError(f"the first event of a case is its filing, not {event.kind}")
    return _advanced(state.model_copy(), event, _FOLDS[event.kind](state, event))


def fold(events: Iterable[e.Event], state: Petition | None = None) -> Petition | None:
    """The state after all these events."""
    own = False
    for event in events:
        if own and state is not None and not isinstance(event, e.Filed):
            # Nobody has seen the state of a moment ago and nobody will, so it need not be copied.
            _advanced(state, event, _FOLDS[event.kind](state, event))
        else:
            state, own = evolve(state, event), True
    return state


def _advanced(fresh: Petition, event: e.Event, changes: Changes) -> Petition:
    """The same object, changed in place: only for a state that nobody holds yet."""
    fields = vars(fresh)
    fields.update(changes)
    fields["seq"] += 1
    at = fields["touched_at"] = max(event.at, fresh.touched_at)
    if not OWNERSHIP.isdisjoint(changes):
        fields["spans"] = handed_over(fresh, at)
    return fresh


def _filed(event: e.Filed) -> Petition:
    content, accusation = event.content, event.content.accusation
    if accusation is not None:
        accusation = accusation.model_copy(update={"otherwise": accusation.otherwise or content.unit})
    return Petition(
        number=event.number,
        ledger=content.ledger,
        complexity=content.complexity,
        channel=content.channel,
        category=content.category,
        confidential=event.confidential,
        unit=accusation.unit if accusation is not None else content.unit,
        registrar=event.registrar,
        accountable=event.accountable,
        accused_units=content.accused_units,
        accused_persons=content.accused_persons,
        conflicted_units=content.conflicted_units,
        held=accusation,
        complains=accusation is not None,
        persons=_persons(content.petitioners),
        minor=any(each.minor for each in content.petitioners),
        policy=event.policy,
        calendar=event.calendar,
        rules=event.rules,
        received_at=event.received_at,
        touched_at=event.at,
        clocks=event.clocks,
    )


def _persons(petitioners: tuple[e.Petitioner, ...]) -> tuple[str, ...]:
    # A sealed person without a match code is nobody in particular: two of them are not the same person.
    return tuple(each.sealed.person for each in petitioners if each.sealed is not None and each.sealed.person)


def _amended(state: Petition, event: e.Amended) -> Changes:
    changes: Changes = {
        name: getattr(event, name)
        for name in (
            "ledger",
            "complexity",
            "category",
            "unit",
            "accountable",
            "registrar",
            "accused_units",
            "accused_persons",
            "conflicted_units",
        )
    }
    # From the assign stage (approved by policy alone) it goes back; the approval, where it still holds, is the next event.
    changes["stage"] = Stage.APPROVE
    if event.policy is not None:
        changes["policy"] = event.policy
        changes["confidential"] = state.confidential or event.policy.confidential
    if event.petitioners is not None:
        changes["persons"] = _persons(event.petitioners)
        changes["minor"] = state.minor or any(each.minor for each in event.petitioners)
    return changes | _judged_anew(state, event)


def _accused_named(state: Petition, event: e.AccusedNamed) -> Changes:
    changes: Changes = {
        name: getattr(event, name)
        for name in ("accountable", "registrar", "accused_units", "accused_persons", "conflicted_units")
    }
    changes |= _judged_anew(state, event)
    if event.unapproved:
        return changes | {"stage": Stage.APPROVE}
    return changes | _released(state, event.released)


def _judged_anew(state: Petition, event: e.Amended | e.AccusedNamed) -> Changes:
    """Nobody is let off by a decision that was proposed before others were named."""
    named = any(
        set(getattr(event, name)) - set(getattr(state, name))
        for name in ("accused_units", "accused_persons", "conflicted_units")
    )
    letting_off = state.pending is not None and state.pending.what == "letting_off"
    return {"pending": None} if named and letting_off else {}


def _released(state: Petition, released: tuple[str, ...]) -> Changes:
    if state.stage is Stage.SUPERVISE and state.lead in released:
        return _unassigned()
    # An answer given by a released lead is taken back by the next event, the rework.
    return {"co_offices": tuple(office for office in state.co_offices if office.unit not in released)}


def _accused_proposed(state: Petition, event: e.AccusedProposed) -> Changes:
    changes: Changes = {
        "held": event.accusation,
        "complains": True,
        "confidential": True,
        "pending": None,
        "unit": event.unit,
        "accountable": event.accountable,
        "registrar": event.registrar,
    }
    # What only policy has approved is for a person to approve, once it is decided.
    unread = state.stage in (Stage.APPROVE, Stage.ASSIGN) and state.approved_by_policy
    return changes | ({"stage": Stage.APPROVE, "approved_by_policy": False} if unread else {})


def _accused_decided(state: Petition, event: e.AccusedDecided) -> Changes:
    verdict = event.verdict
    changes: Changes = {
        "held": None,
        "pending": None,
        "cleared": tuple(dict.fromkeys((*state.cleared, *verdict.cleared))),
        "accused_units": verdict.accused_units,
        "accused_persons": verdict.accused_persons,
        "conflicted_units": verdict.conflicted_units,
        "unit": event.unit,
        "accountable": event.accountable,
        "registrar": event.registrar,
        "clocks": meet(state.clocks, (ClockName.ACCUSED,), event.at),
    }
    return changes | _released(state, event.released)


def _proposed(what: str) -> Callable[[Petition, Any], Changes]:
    def fold_proposal(state: Petition, event: Any) -> Changes:
        said = {
            name: getattr(event, name)
            for name in ("verdict", "published", "summary", "exemption", "reason")
            if hasattr(event, name)
        }
        return {"pending": Pending.model_validate({"what": what, "by": event.by, **said})}

    return fold_proposal


def _approved(state: Petition, event: e.Approved) -> Changes:
    return {
        "stage": Stage.ASSIGN,
        "approved_by_policy": event.implied,
        "clocks": meet(state.clocks, ACCEPTING, event.at),
    }


def _closed(ground: Ground, stage: Stage) -> Callable[[Petition, Any], Changes]:
    def fold_closing(state: Petition, event: Any) -> Changes:
        # To decline or to hand over is to decide on acceptance (§§22-23): that term is met, in time or late.
        decided = ACCEPTING if ground in (Ground.DECLINED, Ground.TRANSFERRED) else ()
        return {
            "stage": stage,
            "ground": ground,
            "clocks": void(meet(state.clocks, decided, event.at), event.at),
            "standstill": None,
            "objection": None,
            "extension": None,
            "offer": None,
        }

    return fold_closing


def _transfer_answered(state: Petition, event: e.TransferAnswered) -> Changes:
    if event.accepted:
        return _closed(Ground.TRANSFERRED, Stage.ARCHIVE)(state, event)
    return {"offer": None}


def _assigned(state: Petition, event: e.Assigned) -> Changes:
    return {
        "stage": Stage.SUPERVISE,
        "lead": event.lead,
        "co_offices": tuple(CoOffice(unit=unit) for unit in event.co_offices),
        "joint": event.joint,
        "accepted_at": None,
        "clocks": meet(state.clocks, (ClockName.ASSIGN,), event.at),
    }


def _return_upheld(state: Petition, event: e.ReturnUpheld) -> Changes:
    return _unassigned()


def _unassigned() -> Changes:
    return {
        "stage": Stage.ASSIGN,
        "objection": None,
        "extension": None,
        "accepted_at": None,
        "lead": "",
        "co_offices": (),
        "joint": False,
    }


def _co_office(state: Petition, unit: str, **changes: bool) -> Changes:
    return {
        "co_offices": tuple(
            office.model_copy(update=changes) if office.unit == unit else office for office in state.co_offices
        )
    }


def _granted(state: Petition, event: e.ExtensionGranted) -> Changes:
    return {
        "extension": None,
        "extended": state.extended + 1,
        "statute_extended": state.statute_extended or event.statute,
    }


def _clock_set(state: Petition, event: e.ClockSet) -> Changes:
    changes: Changes = {"clocks": put(state.clocks, event.clock)}
    if event.why == "standstill":
        before = state.clock(event.clock.name)
        changes["stood_still"] = state.stood_still + event.clock.days - (before.days if before else 0)
    return changes


def _escalated(state: Petition, event: e.Escalated) -> Changes:
    clock = state.clock(event.clock)
    changes: Changes = {}
    if clock is not None:
        changes["clocks"] = put(state.clocks, clock.model_copy(update={"rung": (*clock.rung, event.rung)}))
    if event.card is not None:
        shown = CardShown(colour=event.card, unit=event.unit, at=event.at, clock=event.clock)
        changes["cards"] = (*state.cards, shown)
    return changes


def _urged(state: Petition, event: e.Urged) -> Changes:
    changes: Changes = {"urged": state.urged + 1}
    if event.card is not None:
        changes["cards"] = (*state.cards, CardShown(colour=event.card, unit=event.unit, at=event.at))
    return changes


def _replied(state: Petition, event: e.Replied) -> Changes:
    answer = Answered(
        round=event.round,
        at=event.at,
        due=event.due,
        on_time=event.on_time,
        outcome=event.outcome,
        unit=event.unit,
    )
    return {
        "stage": Stage.REVISIT,
        "answers": (*state.answers, answer),
        "rating": None,
        "own_rating": None,
        "ground": None,
        "objection": None,
        "extension": None,
        "clocks": meet(state.clocks, (ClockName.FINISH, ClockName.STATUTE_FINISH), event.at),
    }


def _revisited(state: Petition, event: e.RevisitRecorded) -> Changes:
    changes: Changes = {"revisits": state.revisits + 1}
    if event.reached:
        rating = Rating(
            at=event.at,
            solved=event.solved,
            satisfied_with_office=event.satisfied_with_office,
            satisfied_with_unit=event.satisfied_with_unit,
        )
        changes["rating"] = rating
        if rating.satisfied:
            changes |= {"stage": Stage.SIGN_OFF, "ground": Ground.SATISFIED}
    return changes


def _rated(state: Petition, event: e.Rated) -> Changes:
    own = OwnRating(
        at=event.at,
        solved=event.solved,
        satisfied_with_office=event.satisfied_with_office,
        satisfied_with_unit=event.satisfied_with_unit,
        taken_down=event.taken_down,
    )
    return {"own_rating": own}


def _contradicted(state: Petition, event: e.RevisitContradicted) -> Changes:
    changes: Changes = {"contradicted": (*state.contradicted, event.revisit)}
    if not event.overrules:
        return changes
    changes |= {"rating": None, "ground": None, "signed_by": (), "accounted": False, "pending": None}
    # What was sealed is taken up again by the next event.
    return changes | ({"stage": Stage.REVISIT} if state.open else {})


def _code_reissued(state: Petition, event: e.CodeReissued) -> Changes:
    return {"code": CodeIssue(issue=event.issue, by=event.by, at=event.at)}


def _reworked(state: Petition, event: e.Reworked) -> Changes:
    # The answer did not stand, so the statute's own term to finish runs again, from where it was.
    statute = state.clock(ClockName.STATUTE_FINISH)
    clocks = state.clocks
    if statute is not None:
        clocks = put(clocks, statute.model_copy(update={"since": event.at, "met_at": None, "void": False}))
    changes: Changes = {
        "stage": Stage.SUPERVISE,
        "round": event.round,
        "lead": event.lead,
        "accepted_at": event.at,
        "rating": None,
        "own_rating": None,
        "ground": None,
        "signed_by": (),
        # The answer that did not stand leaned on their reports; a new one needs new ones, or a waiver.
        "co_offices": tuple(CoOffice(unit=office.unit) for office in state.co_offices),
        "clocks": clocks,
    }
    return changes if event.lead else changes | _unassigned()


def _disclosed(state: Petition, event: e.Disclosed) -> Changes:
    return {"disclosed": event.published, "disclosure_retracted": False, "pending": None}


def _unmerged(state: Petition, event: e.Unmerged) -> Changes:
    return {"merged_into": "", "lead": event.lead or state.lead}


def _reopened(state: Petition, event: e.Reopened) -> Changes:
    return {
        "stage": Stage.APPROVE,
        "run": event.run,
        "round": state.round + 1,
        "policy": event.policy,
        "calendar": event.calendar,
        "rules": event.rules or state.rules,
        "received_at": event.at,
        "lead": "",
        "co_offices": (),
        "joint": False,
        "accepted_at": None,
        "refused_returns": (),
        "extended": 0,
        "statute_extended": False,
        "stood_still": 0,
        "rating": None,
        "own_rating": None,
        "ground": None,
        "signed_by": (),
        "disclosed": None,
        "disclosure_retracted": False,
        "accounted": False,
        "merged_into": "",
        "members": (),
        "parties": (),
        "pending": None,
    }


def _nothing(state: Petition, event: Any) -> Changes:
    return {}


def _with_party(state: Petition, changed: Party) -> tuple[Party, ...]:
    return (*(party for party in state.parties if party.number != changed.number), changed)


_FOLDS: dict[str, Callable[[Petition, Any], Changes]] = {
    "amended": _amended,
    "accused_named": _accused_named,
    "accused_proposed": _accused_proposed,
    "letting_off_proposed": _proposed("letting_off"),
    "accused_decided": _accused_decided,
    "disclosure_proposed": _proposed("disclosure"),
    "retraction_proposed": _proposed("retraction"),
    "consent_refused": lambda state, event: {"pending": None},
    "remarked": _nothing,
    "approved": _approved,
    "declined": _closed(Ground.DECLINED, Stage.ARCHIVE),
    "transfer_offered": lambda state, event: {"offer": Offer(to=event.to, until=event.until)},
    "transfer_answered": _transfer_answered,
    "transfer_timed_out": lambda state, event: {"offer": None},
    "assigned": _assigned,
    "accepted": lambda state, event: {"accepted_at": event.at},
    "return_requested": lambda state, event: {"objection": Objection(unit=event.unit, at=event.at)},
    "return_upheld": _return_upheld,
    "return_refused": lambda state, event: {
        "objection": None,
        "refused_returns": (*state.refused_returns, event.unit),
    },
    "progress_reported": _nothing,
    "co_reported": lambda state, event: _co_office(state, event.unit, reported=True),
    "co_report_waived": lambda state, event: _co_office(state, event.unit, waived=True),
    "extension_requested": lambda state, event: {"extension": Extension(days=event.days)},
    "extension_granted": _granted,
    "extension_refused": lambda state, event: {"extension": None},
    "paused": lambda state, event: {"standstill": Standstill(since=event.at, reason=event.reason, until=event.until)},
    "resumed": lambda state, event: {"standstill": None},
    "clock_set": _clock_set,
    "calendar_pinned": lambda state, event: {"calendar": event.calendar},
    "escalated": _escalated,
    "urged": _urged,
    "replied": _replied,
    "revisit_recorded": _revisited,
    "rated": _rated,
    "reworked": _reworked,
    "sign_off_key_turned": lambda state, event: {"signed_by": (*state.signed_by, event.by)},
    "revisit_contradicted": _contradicted,
    "code_reissued": _code_reissued,
    "signed_off": lambda state, event: {"stage": Stage.ARCHIVE, "signed_by": event.by},
    "terminated": _closed(Ground.TERMINATED, Stage.ARCHIVE),
    "disclosed": _disclosed,
    "disclosure_retracted": lambda state, event: {"disclosure_retracted": True, "pending": None},
    "accounted": lambda state, event: {"accounted": True},
    "sealed": lambda state, event: {"stage": Stage.ARCHIVED},
    "withdrawn": _closed(Ground.WITHDRAWN, Stage.SIGN_OFF),
    "merged": lambda state, event: {"merged_into": event.into},
    "unmerged": _unmerged,
    "member_admitted": lambda state, event: {
        "members": (*state.members, event.number),
        "parties": (*state.parties, event.party) if event.party is not None else state.parties,
    },
    "member_changed": lambda state, event: {"parties": _with_party(state, event.party)},
    "member_released": lambda state, event: {
        "members": tuple(number for number in state.members if number != event.number),
        "parties": tuple(party for party in state.parties if party.number != event.number),
    },
    "reopened": _reopened,
}
