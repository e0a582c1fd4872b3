"""The words announcements are made of: dates, and the next step of a case."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any

from schemas.kernel.actor import Role
from schemas.kernel.model import Frozen
from schemas.kernel.worktime import SHANGHAI
from schemas.petition.state import ClockName, Petition, Stage


class Line(Frozen):
    """One sentence for the people of ``role`` in ``unit``; lines of one ``kind`` to the same people become one notice."""

    kind: str
    unit: str
    role: Role
    zh: str
    en: str


Said = Iterable[Line]
Says = Callable[[Any, Petition | None, Petition], Said]
"""What an event says, given the state just before it (None for a filing) and the state after all events recorded with it."""


def awaited(state: Petition) -> tuple[str, Role]:
    """Whose move it is: the unit, and the role in it that can make the next step."""
    if state.held is not None:
        return state.held.unit, state.held.decides
    if state.stage is Stage.SUPERVISE and state.objection is None:
        return state.lead, Role.HANDLER
    return {
        Stage.APPROVE: (state.accountable, Role.CHIEF),
        Stage.ASSIGN: (state.registrar, Role.OPERATOR),
        Stage.SUPERVISE: (state.registrar, Role.SUPERVISOR),
        Stage.REVISIT: (state.registrar, Role.VISITOR),
        Stage.SIGN_OFF: (state.accountable, Role.CHIEF),
    }.get(state.stage, (state.registrar, Role.SUPERVISOR))


def line(kind: str, to: tuple[str, Role], zh: str, en: str) -> Line:
    """A sentence to a role in a unit."""
    return Line(kind=kind, unit=to[0], role=to[1], zh=zh, en=en)


def on(moment: datetime) -> str:
    """A date and hour in Shanghai. The end of a day is told as its 24:00: read as 0:00 of the next day it would promise a day too much."""
    local = moment.astimezone(SHANGHAI)
    if (local.hour, local.minute) == (0, 0):
        return (local - timedelta(days=1)).strftime("%Y-%m-%d 24:00")
    return local.strftime("%Y-%m-%d %H:%M")


def by(state: Petition, name: ClockName) -> tuple[str, str]:
    """By when, in both languages; says so where the date still leans on a provisional day."""
    clock = state.clock(name)
    if clock is None:  # pragma: no cover - every filed case has its four terms
        return "", ""
    unsure = clock.provisional
    return (
        f"请于 {on(clock.due)} 前" + ("（节假日安排未公布，暂定）" if unsure else ""),
        f"by {on(clock.due)}" + (" (provisional: the holidays are not published yet)" if unsure else ""),
    )


def step(kind: str, state: Petition, zh: str = "", en: str = "") -> Said:
    """The next step of a case to whoever must make it, after a word on why it is theirs."""
    what = _next_step(state)
    if what is None:  # pragma: no cover - a sealed case has no next step; a notice too few must not stop a commit
        return
    yield line(
        kind,
        awaited(state),
        "，".join(filter(None, (zh, what[0]))),
        "; ".join(filter(None, (en, what[1]))),
    )


def _next_step(state: Petition) -> tuple[str, str] | None:
    if state.held is not None:
        zh, en = by(state, ClockName.ACCUSED)
        return f"{zh}认定被反映对象", f"decide {en} who is complained of"
    match state.stage:
        case Stage.APPROVE:
            zh, en = by(state, ClockName.ASSIGN)
            return f"{zh}审批并交办", f"approve it, so that it is assigned {en}"
        case Stage.ASSIGN:
            zh, en = by(state, ClockName.ASSIGN)
            return f"{zh}交办", f"assign it {en}"
        case Stage.SUPERVISE if state.objection is not None:
            return "请裁定退回申请", "decide on the return"
        case Stage.SUPERVISE:
            zh, en = by(state, ClockName.FINISH)
            return f"{zh}办结并答复", f"settle and answer it {en}"
        case Stage.REVISIT:
            return "请回访群众", "revisit the petitioner"
        case Stage.SIGN_OFF:
            return "请把关签批", "sign off"
        case Stage.ARCHIVE:
            return "请决定公开与问责", "decide on disclosure and accountability"
        case _:
            return None
