"""``/audit``: a case at any moment, whether everything recorded of it holds, what the log proves of it, and who saw personal data."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query

from gateway.api.answers import problems
from gateway.api.entering import entered
from gateway.dossier.checking import proved, verified
from gateway.dossier.gathering import timeline_of
from gateway.orders.given import Moment
from gateway.trail import kinds_named, trail_for
from gateway.visible import visible_case
from gateway.web.viewer import CallerFirst, Principal, Readings, TheDoor
from schemas.access import Area
from schemas.evidence.finding import Finding
from schemas.evidence.journal import EntryKind
from schemas.evidence.timeline.facts import Timeline
from schemas.evidence.trail import facts
from schemas.kernel.actor import Actor, Role
from schemas.kernel.model import Frozen
from schemas.petition.rules import is_accused

router = APIRouter(prefix="/audit", route_class=CallerFirst)

Auditor = Annotated[Principal, Depends(entered(Area.AUDIT))]
Checker = Annotated[Principal, Depends(entered(Area.AUDIT, writing=True))]

READINGS = (EntryKind.REVEALED, EntryKind.EXPORTED, EntryKind.UNUSUAL_READING, EntryKind.REVEAL_STOPPED)

MOST = 1_000
"""Entries that are told; narrow the time for others."""


class Verified(Frozen):
    """Whether everything recorded of the case holds; ``findings``: what does not. The check itself stands in the journal."""

    number: str
    holds: bool
    findings: tuple[Finding, ...]


class Proof(Frozen):
    """The bundle that ``sanzhang-verify`` checks without us."""

    number: str
    bundle: dict[str, Any]


class Reading(Frozen):
    """Who saw personal data of which case, or took its dossier along, when and why; ``body``: what was shown."""

    entry: int
    at: datetime
    kind: EntryKind
    person: str
    role: Role
    unit: str
    case_number: str
    reason: str
    body: dict[str, Any]


class AccessAnswer(Frozen):
    """Oldest first; ``more``: there are more than are told."""

    readings: tuple[Reading, ...]
    more: bool


@router.get(
    "/cases/{number}/timeline",
    response_model=Timeline,
    operation_id="audit_timeline",
    responses=problems("case_unknown", "not_yet_filed", "body_invalid"),
)
async def read_timeline(
    number: str,
    viewer: Auditor,
    readings: Readings,
    door: TheDoor,
    as_of: Annotated[Moment | None, Query(description="某一时刻，默认现在 / a moment, else now")] = None,
) -> Timeline:
    """某一时刻的案情 / a case at any moment, as people saw it."""
    own = (await visible_case(readings, number, viewer.actor)).state.number
    redactor = await door.redacting.of_case(own, viewer.actor)
    return redactor.model(await timeline_of(door, own, as_of or datetime.now(UTC)))


@router.post(
    "/cases/{number}/verify",
    response_model=Verified,
    operation_id="audit_verify",
    responses=problems("case_unknown", "key_file_missing", "checkpoint_store_invalid"),
)
async def verify(number: str, viewer: Checker, readings: Readings, door: TheDoor) -> Verified:
    """核验 / recompute chain, seals and log of a case; name what was altered."""
    own = (await visible_case(readings, number, viewer.actor)).state.number
    findings = await verified(door, viewer.actor, own)
    return Verified(number=own, holds=not findings, findings=findings)


@router.get(
    "/cases/{number}/proof",
    response_model=Proof,
    operation_id="audit_proof",
    responses=problems(
        "case_unknown", "no_checkpoint_yet", "case_not_in_log", "log_altered", "checkpoint_store_invalid"
    ),
)
async def read_proof(number: str, viewer: Auditor, readings: Readings, door: TheDoor) -> Proof:
    """证明 / that the case is in the signed log; can be checked offline."""
    own = (await visible_case(readings, number, viewer.actor)).state.number
    return Proof(number=own, bundle=json.loads(await proved(door, own)))


@router.get("/access", response_model=AccessAnswer, operation_id="audit_access", responses=problems("body_invalid"))
async def read_access(
    viewer: Auditor,
    door: TheDoor,
    case: Annotated[str, Query(max_length=100, description="只看此件 / of this case only")] = "",
    person: Annotated[str, Query(max_length=100, description="只看此人 / by this person only")] = "",
    since: Moment | None = None,
    until: Moment | None = None,
) -> AccessAnswer:
    """查阅记录 / who saw personal data, when, why; who took a dossier along."""
    found: list[Reading] = []
    hidden: dict[str, bool] = {"": False}
    entries = door.system.journal.entries(
        case_number=case.strip().upper() or None, kinds=READINGS, person=person or None, since=since, until=until
    )
    async for entry in entries:
        if entry.case_number not in hidden:
            hidden[entry.case_number] = await _is_hidden(door, entry.case_number, viewer.actor)
        if hidden[entry.case_number]:
            continue
        if len(found) == MOST:
            return await _told(door, viewer.actor, AccessAnswer(readings=tuple(found), more=True))
        found.append(
            Reading(
                entry=entry.number,
                at=entry.at,
                kind=entry.kind,
                person=entry.actor.id,
                role=entry.actor.role,
                unit=entry.actor.unit,
                case_number=entry.case_number,
                reason=entry.reason,
                body=dict(entry.body),
            )
        )
    return await _told(door, viewer.actor, AccessAnswer(readings=tuple(found), more=False))


async def _told(door: TheDoor, auditor: Actor, answer: AccessAnswer) -> AccessAnswer:
    """Who gives a reason in words may have named somebody."""
    numbers = {each.case_number for each in answer.readings if each.case_number}
    return (await door.redacting.of_cases(numbers, auditor)).model(answer)


class TrailEntry(Frozen):
    """An entry of the security trail; ``entry`` is 0 while it is still being counted."""

    entry: int
    at: datetime
    kind: EntryKind
    person: str
    role: Role
    unit: str
    credential: str
    case: str
    facts: dict[str, Any]


class TrailAnswer(Frozen):
    """Oldest first; ``more``: there are more than are told."""

    entries: tuple[TrailEntry, ...]
    more: bool


@router.get(
    "/security",
    response_model=TrailAnswer,
    operation_id="audit_security",
    responses=problems("body_invalid", "kind_unknown"),
)
async def read_security(
    viewer: Auditor,
    door: TheDoor,
    kind: Annotated[str, Query(max_length=100, description="只看此类 / of this kind only")] = "",
    person: Annotated[
        str, Query(max_length=100, description="此人所为或关于其账户 / by them or about their account")
    ] = "",
    since: Moment | None = None,
    until: Moment | None = None,
) -> TrailAnswer:
    """安全记录 / sign-ins, accounts, tokens, imports, exports, attachments, attempts."""
    found: list[TrailEntry] = []
    kinds = kinds_named([kind] if kind else ())
    async for entry in trail_for(door, viewer.actor, kinds=kinds, person=person or None, since=since, until=until):
        if len(found) == MOST:
            return TrailAnswer(entries=tuple(found), more=True)
        found.append(TrailEntry.model_validate(facts(entry)))
    return TrailAnswer(entries=tuple(found), more=False)


async def _is_hidden(door: TheDoor, number: str, auditor: Actor) -> bool:
    """Of a case that accuses the auditor, the auditor is not even told that it exists."""
    state = await door.system.record.state(number)
    return state is not None and is_accused(state, auditor)
