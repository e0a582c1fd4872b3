"""Which command an event comes of, and by what right it was given: the table of :mod:`schemas.petition.rules.decide`, read backwards."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum

from schemas.kernel.actor import Actor, Role
from schemas.petition import events as e
from schemas.petition.rules.authority import Scope, owners_of
from schemas.petition.rules.decide import RULES
from schemas.petition.rules.handling import ACCUSED_OFFICE
from schemas.petition.state import Petition


class Basis(StrEnum):
    """Why an event was recorded."""

    RIGHT = "right"
    """A person's order, by the right of their role over a scope."""
    POLICY = "policy"
    """Policy takes it as done: an implied approval, no fault found."""
    LADDER = "ladder"
    """An instant had come: a rung, the cap of a pause, the end of an offer. Whoever acted next wrote it down, and did not decide it."""
    CONSEQUENCE = "consequence"
    """It follows from the events it was recorded with."""
    SYSTEM = "system"
    """The system's own order: a new calendar, word from a merged case."""


@dataclass(frozen=True)
class AuthorityBasis:
    """By what an event came about. ``command``: empty where no command asked for it. ``units``: whose the case was, in that scope, just before."""

    basis: Basis
    command: str = ""
    role: Role | None = None
    scope: Scope | None = None
    units: tuple[str, ...] = ()


COMMAND_OF: Mapping[str, str] = {
    "filed": "file",
    "amended": "amend",
    "accused_named": "name_accused",
    "accused_proposed": "propose_accused",
    "letting_off_proposed": "decide_accused",
    "accused_decided": "decide_accused",
    "disclosure_proposed": "disclose",
    "retraction_proposed": "retract_disclosure",
    "consent_refused": "countersign",
    "remarked": "remark",
    "approved": "approve",
    "declined": "decline",
    "transfer_offered": "transfer",
    "transfer_answered": "answer_transfer",
    "assigned": "assign",
    "accepted": "accept",
    "return_requested": "return",
    "return_upheld": "uphold_return",
    "return_refused": "refuse_return",
    "progress_reported": "report_progress",
    "co_reported": "co_report",
    "co_report_waived": "waive_co_report",
    "extension_requested": "request_extension",
    "extension_granted": "grant_extension",
    "extension_refused": "refuse_extension",
    "paused": "pause",
    "resumed": "resume",
    "urged": "urge",
    "replied": "reply",
    "revisit_recorded": "record_revisit",
    "rated": "rate",
    "revisit_contradicted": "contradict_revisit",
    "code_reissued": "reissue_code",
    "reworked": "rework",
    "sign_off_key_turned": "sign_off",
    "signed_off": "sign_off",
    "terminated": "terminate",
    "disclosed": "disclose",
    "disclosure_retracted": "retract_disclosure",
    "accounted": "account",
    "withdrawn": "withdraw",
    "merged": "merge",
    "unmerged": "unmerge",
    "reopened": "reopen",
    "calendar_pinned": "recompute_due",
    "member_admitted": "admit_member",
    "member_changed": "change_member",
    "member_released": "release_member",
}
"""The command behind each kind of event a command asks for by itself."""


BROUGHT_ABOUT: Mapping[str, frozenset[str]] = {
    "accused_named": frozenset({"resumed", "unmerged", "reworked"}),
    "accused_decided": frozenset({"resumed", "unmerged", "reworked"}),
    "reworked": frozenset({"unmerged"}),
    "reopened": frozenset({"unmerged"}),
    "replied": frozenset({"resumed", "assigned"}),
    "withdrawn": frozenset({"unmerged"}),
}
"""What is recorded beside an event because of it, though a command of its own could ask for it too."""


def right_of(before: Petition | None, event: e.Event, actor: Actor, beside: Collection[str] = ()) -> AuthorityBasis:
    """By what right ``event`` was recorded in the name of ``actor`` on a case that stood as ``before`` (None: its filing).

    ``beside``: the kinds of the events that the same command recorded.
    """
    apart = _without_right(event)
    if apart is not None:
        return AuthorityBasis(apart)
    if any(event.kind in BROUGHT_ABOUT.get(kind, ()) for kind in beside):
        return AuthorityBasis(Basis.CONSEQUENCE)
    command = _command_of(event)
    if actor.role is Role.SYSTEM:
        return AuthorityBasis(Basis.SYSTEM, "follow_reply" if _follows_another(event) else command, actor.role)
    scope = RULES[command].people.get(actor.role) if command in RULES else None
    if before is None or scope is None:
        return AuthorityBasis(Basis.RIGHT, command, actor.role)
    units, _ = owners_of(before, actor, scope)
    return AuthorityBasis(Basis.RIGHT, command, actor.role, scope, tuple(dict.fromkeys(filter(None, units))))


def _command_of(event: e.Event) -> str:
    two_people = isinstance(event, e.AccusedDecided | e.Disclosed | e.DisclosureRetracted) and event.proposed_by
    return "countersign" if two_people else COMMAND_OF[event.kind]


def _follows_another(event: e.Event) -> bool:
    """Whether the answer of the case it was merged into made this: an answer of its own, or none, because an accused office had given it."""
    if isinstance(event, e.Unmerged):
        return event.reason == ACCUSED_OFFICE
    return isinstance(event, e.Replied) and bool(event.following)


def _without_right(event: e.Event) -> Basis | None:
    if isinstance(event, e.Escalated | e.TransferTimedOut) or (isinstance(event, e.Resumed) and event.by_cap):
        return Basis.LADDER
    if (isinstance(event, e.Approved) and event.implied) or (isinstance(event, e.Accounted) and event.by_policy):
        return Basis.POLICY
    followed = isinstance(event, e.ClockSet | e.Sealed | e.AccusedProposed)
    return Basis.CONSEQUENCE if followed or (isinstance(event, e.MemberReleased) and event.apart) else None
