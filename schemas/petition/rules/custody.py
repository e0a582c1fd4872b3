"""Whose time it is: every moment of a case's life belongs to exactly one unit and stage."""

from __future__ import annotations

from datetime import datetime

from schemas.petition.state import Petition, Span, Stage

HANDLED = (Stage.APPROVE, Stage.ASSIGN, Stage.SUPERVISE)
"""The stages before an answer."""


OWNERSHIP = frozenset(
    {
        "stage",
        "registrar",
        "accountable",
        "lead",
        "accepted_at",
        "objection",
        "merged_into",
        "standstill",
        "held",
        "spans",
    }
)
"""What of a state says whose time it is; an event that changes nothing of it hands nothing over."""


def owner(state: Petition) -> str:
    """The unit whose time runs now.

    While it is not decided who is complained of, it is the time of those who decide. An office's own time starts with its acceptance and stands aside while its objection is decided. While a case follows another nobody but
    the registry that merged it can act on it, so the time is the registry's.
    """
    if state.held is not None:
        return state.held.unit
    if state.merged_into and state.stage in HANDLED:
        return state.registrar
    if state.stage in (Stage.APPROVE, Stage.SIGN_OFF):
        return state.accountable
    if state.stage is Stage.SUPERVISE and state.accepted_at is not None and state.objection is None:
        return state.lead
    return state.registrar


def handed_over(state: Petition, at: datetime) -> tuple[Span, ...]:
    """The spans after an event at ``at``: unchanged, or the open one closed and the next begun."""
    spans = state.spans
    current = spans[-1] if spans else None
    if current is not None and current.until is None:
        same = (current.unit, current.stage, current.paused) == (owner(state), state.stage, state.paused)
        if same and state.open:
            return spans
        spans = (*spans[:-1], current.model_copy(update={"until": at}))
    if not state.open:
        return spans
    return (*spans, Span(unit=owner(state), stage=state.stage, paused=state.paused, since=at))
