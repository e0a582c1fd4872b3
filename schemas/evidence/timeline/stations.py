"""The eight stations of the loop (收集建档 to 销号归档), and how far a case has come."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from schemas.evidence.chain import Recorded
from schemas.evidence.timeline.facts import Station
from schemas.kernel.actor import Actor
from schemas.petition import events as e
from schemas.petition.rules import evolve
from schemas.petition.state import Petition, Stage
from schemas.petition.wording.terms import chinese

STATIONS = ("receive", "approve", "assign", "supervise", "reply", "revisit", "sign_off", "archived")

_PASSED: dict[str, int] = {
    "filed": 0,
    "approved": 1,
    "assigned": 2,
    "accepted": 3,
    "replied": 4,
    "revisit_recorded": 5,
    "signed_off": 6,
    "sealed": 7,
}
"""The event by which a station is passed."""

_AWAITED = {
    Stage.APPROVE: 1,
    Stage.ASSIGN: 2,
    Stage.REVISIT: 5,
    Stage.SIGN_OFF: 6,
    Stage.ARCHIVE: 7,
    Stage.ARCHIVED: 8,
}


def stations(events: Sequence[Recorded]) -> tuple[Station, ...]:
    """The stations after these events. What was passed in an earlier round and is owed again counts as not passed."""
    passed: dict[int, tuple[datetime, Actor]] = {}
    state: Petition | None = None
    awaited = 0
    for recorded in events:
        event = recorded.event
        state = evolve(state, event)
        awaited = _awaited(state)
        if isinstance(event, e.Reopened):
            passed = {0: (event.at, recorded.actor)}
        place = _PASSED.get(event.kind)
        if place is not None:
            passed[place] = (event.at, recorded.actor)
        passed = {each: by for each, by in passed.items() if each < awaited}
    return tuple(
        Station(
            name=name,
            zh=chinese(name),
            passed_at=passed[place][0] if place in passed else None,
            actor=passed[place][1] if place in passed else None,
            awaited=place == awaited,
            skipped=place < awaited and place not in passed,
        )
        for place, name in enumerate(STATIONS)
    )


def _awaited(state: Petition) -> int:
    if state.stage is Stage.SUPERVISE:
        return 3 if state.accepted_at is None else 4
    return _AWAITED[state.stage]
