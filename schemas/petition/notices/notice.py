"""What people are told, derived from what happened. Rungs recorded together are announced together; nothing goes out in the quiet hours."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from schemas.kernel.actor import Role
from schemas.kernel.model import Frozen
from schemas.kernel.worktime import outside_quiet_hours
from schemas.petition.events import Event
from schemas.petition.notices.announcements import lines
from schemas.petition.notices.wording import Line
from schemas.petition.rules.evolve import evolve
from schemas.petition.state import Petition
from schemas.policy import LadderPolicy


class Notice(Frozen):
    """A message owed to the people of a role in a unit; ``id`` is derived from its event, so that it can be owed only once.

    ``not_before`` (aware) lies outside the quiet hours of the case's own policy.
    """

    id: str
    case_number: str
    kind: str
    unit: str
    role: str
    zh: str
    en: str
    not_before: datetime


def notices_of(before: Petition | None, events: Sequence[Event], after: Petition, now: datetime) -> list[Notice]:
    """The notices that follow from events recorded together at ``now`` (aware): one per recipient and kind, however many events it speaks of."""
    gathered: dict[tuple[str, Role, str], list[Line]] = {}
    state = before
    for position, event in enumerate(events):
        if position:
            state = evolve(state, events[position - 1])
        for line in lines(event, state, after):
            if line.unit:
                gathered.setdefault((line.unit, line.role, line.kind), []).append(line)
    first = after.seq - len(events) + 1
    not_before = when_allowed(after.policy.ladder, now)
    return [
        Notice(
            id=f"{after.number}:{first}:{position}",
            case_number=after.number,
            kind=kind,
            unit=unit,
            role=role.value,
            zh=f"【{after.number}】" + "；".join(dict.fromkeys(line.zh for line in said)) + "。",
            en=f"[{after.number}] " + "; ".join(dict.fromkeys(line.en for line in said)) + ".",
            not_before=not_before,
        )
        for position, ((unit, role, kind), said) in enumerate(gathered.items())
    ]


def when_allowed(figures: LadderPolicy, moment: datetime) -> datetime:
    """``moment`` itself, or the end of the quiet hours it falls in."""
    # Policy may write midnight as 24.
    return outside_quiet_hours(moment, figures.quiet_from % 24, figures.quiet_until)
