"""What a case waits for now: the steps that would carry it on, of all the commands its stage allows."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from itertools import chain
from typing import Any

from schemas.kernel.actor import Actor
from schemas.kernel.refusal import Refusal
from schemas.petition import commands as c
from schemas.petition.commands import Order
from schemas.petition.rules.authority import serving
from schemas.petition.rules.closing import petitioner_satisfied
from schemas.petition.rules.decide import RULES, decide, permitted
from schemas.petition.state import Ground, Outcome, Petition, Stage

USUAL: Mapping[Stage, tuple[str, ...]] = {
    Stage.APPROVE: ("approve", "decline", "transfer"),
    Stage.ASSIGN: ("assign",),
    Stage.SUPERVISE: ("accept", "co_report", "reply"),
    Stage.REVISIT: ("record_revisit",),
    Stage.SIGN_OFF: ("sign_off",),
    Stage.ARCHIVE: ("account", "disclose"),
}
"""What a case of that stage waits for as long as nothing out of the ordinary is asked."""

_OFFERED = {"offer": ("answer_transfer",)}
_CONTESTED = {"rating": ("rework", "terminate"), "own_rating": ("rework", "terminate")}

_ASKED_BY: Mapping[Stage, Mapping[str, tuple[str, ...]]] = {
    Stage.APPROVE: _OFFERED,
    Stage.ASSIGN: _OFFERED,
    Stage.SUPERVISE: {
        "objection": ("uphold_return", "refuse_return"),
        "standstill": ("resume",),
        "extension": ("grant_extension", "refuse_extension"),
    },
    Stage.REVISIT: _CONTESTED,
    Stage.SIGN_OFF: _CONTESTED,
}
"""By the field of a case that is filled where it is asked; of several the first goes before the others."""

ASKED: Mapping[Stage, tuple[str, ...]] = {
    stage: tuple(dict.fromkeys(chain.from_iterable(steps.values()))) for stage, steps in _ASKED_BY.items()
}
"""What it waits for besides, where something is asked."""

ASKING = tuple(dict.fromkeys(chain.from_iterable(_ASKED_BY.values())))
"""The fields of a case one of which is filled where something is asked."""

DECIDED = ("decide_accused", "countersign")
"""What a case waits for before all else, in whatever stage: whom it complains of, and a second person's consent."""

DECIDING = ("held", "pending")
"""The fields of a case one of which is filled where that is asked."""


def awaited(state: Petition) -> tuple[str, ...]:
    """The commands by which the case goes on, the first the one that is meant to come; empty where it waits for nobody (standing still,
    following the case it is merged into, sealed).
    """
    steps = _steps(state)
    return tuple(kind for kind in steps if not state.merged_into or RULES[kind].follows)


def _steps(state: Petition) -> tuple[str, ...]:
    pending = ("countersign",) if state.pending is not None else ()
    if state.held is not None:
        return (*pending, "decide_accused")
    usual, asked = USUAL.get(state.stage, ()), _asked(state)
    match state.stage:
        case Stage.APPROVE if state.members:
            # It can't leave those behind who wait for its answer.
            return asked or ("approve",)
        case Stage.APPROVE | Stage.ASSIGN:
            return asked or usual
        case Stage.SUPERVISE:
            # Only a wish for more time does not keep the work waiting.
            kept_waiting = state.objection is not None or state.standstill is not None
            return asked if kept_waiting else (*asked, _at_work(state))
        case Stage.REVISIT:
            if petitioner_satisfied(state) is None:
                return usual
            return asked if state.rating is not None else ("rework", "record_revisit", "terminate")
        case Stage.SIGN_OFF:
            overruled = state.ground is Ground.SATISFIED and not petitioner_satisfied(state)
            return (asked or ASKED[Stage.SIGN_OFF]) if overruled else usual
        case _:
            done = {"account": state.accounted, "disclose": state.disclosed is not None}
            return (*pending, *(kind for kind in usual if not done[kind] and not (pending and kind == "disclose")))


def _asked(state: Petition) -> tuple[str, ...]:
    by_field = _ASKED_BY.get(state.stage, {})
    return next((steps for field, steps in by_field.items() if getattr(state, field) is not None), ())


def _at_work(state: Petition) -> str:
    if state.accepted_at is None:
        return "accept"
    missing = any(not (office.reported or office.waived) for office in state.co_offices)
    return "co_report" if missing else "reply"


def waiting_for(state: Petition, actor: Actor) -> tuple[str, ...]:
    """The awaited steps this person could take: whether the case waits for them, and by which command."""
    return tuple(
        kind for kind in awaited(state) if permitted(state, kind, actor) is None and not _done(state, kind, actor)
    )


def _done(state: Petition, kind: str, actor: Actor) -> bool:
    """Whether this person's part of a step that several share is done."""
    if kind == "sign_off":
        return actor.id in state.signed_by or (state.joint and not state.signed_by and actor.unit != state.accountable)
    if kind == "countersign":
        return state.pending is None or state.pending.by == actor.id
    if kind == "decide_accused" and state.pending is not None:
        return state.pending.by == actor.id
    if kind == "co_report":
        mine = serving(state, actor.unit)
        return not any(office.unit == mine and not (office.reported or office.waived) for office in state.co_offices)
    return False


def possible(state: Petition, kind: str, actor: Actor, at: datetime) -> Refusal | None:
    """None if this actor could give that command at ``at`` (aware) and have it taken, with fields well filled in; else what stands against it
    whatever they wrote. ``KeyError`` as of :func:`schemas.petition.rules.permitted`.
    """
    refusal = permitted(state, kind, actor)
    if refusal is not None:
        return refusal
    decided = decide(state, Order(actor=actor, command=_well_filled(kind, state)), at)
    return decided if isinstance(decided, Refusal) else None


_SAID = "—"


def _revisit(state: Petition) -> int:
    """The latest revisit that the petitioner has not contradicted, else one that there is not."""
    left = (each for each in range(state.revisits, 0, -1) if each not in state.contradicted)
    return next(left, state.revisits + 1)


def _well_filled(kind: str, state: Petition) -> c.Command:
    """The command with fields that no rule objects to by themselves."""
    missing = (office.unit for office in state.co_offices if not (office.reported or office.waived))
    fields: dict[str, dict[str, Any]] = {
        "amend": {"title": _SAID},
        "name_accused": {"accused_persons": (_SAID,)},
        "decide_accused": {"nobody": True},
        "countersign": {"agreed": True},
        "decline": {"ground": next(iter(state.policy.decline_grounds), _SAID), "notice": _SAID},
        "transfer": {"to": _SAID},
        "answer_transfer": {"accepted": False},
        "assign": {"lead": _SAID},
        "waive_co_report": {"unit": next(missing, _SAID)},
        "request_extension": {"days": 1},
        "grant_extension": {"told": _SAID},
        "pause": {"reason": next(iter(state.policy.pause_reasons), _SAID)},
        "reply": {"outcome": Outcome.EXPLAINED},
        "record_revisit": {"reached": False},
        "contradict_revisit": {"revisit": _revisit(state)},
        "rate": {"solved": False, "satisfied_with_office": False, "satisfied_with_unit": False},
        "terminate": {"basis": "unreasonable"},
        "disclose": {
            "published": False,
            "exemption": next(iter(state.policy.disclosure_exemptions), _SAID),
            "countersigned_by": _SAID,
        },
        "retract_disclosure": {"countersigned_by": _SAID},
        "account": {"no_fault": True},
        "merge": {"into": _SAID, "basis": "same_matter"},
        "reopen": {"facts": _SAID, "policy": state.policy, "calendar": state.calendar},
    }
    model = c.COMMAND_MODELS[kind]
    texts = {name: _SAID for name in ("reason", "text") if name in model.model_fields}
    made: Any = model.model_validate({**texts, **fields.get(kind, {})})
    return made
