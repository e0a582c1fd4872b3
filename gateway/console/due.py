"""How pressing a term is, told three ways at once: a colour, an icon and words."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal, NamedTuple

from schemas.kernel.worktime import SHANGHAI, local_day
from schemas.petition.wording.moments import due_by

Pressing = Literal["late", "today", "soon", "calm", "still", "none"]
SOON_DAYS = 2
"""Calendar days before its last day from which a term is shown as near."""

_INSTANT = timedelta(microseconds=1)


class DueState(NamedTuple):
    """``level`` names the colour, ``icon`` the icon; ``zh`` and ``en`` say how it stands, ``by`` the end of the term."""

    level: Pressing
    icon: str
    zh: str
    en: str
    by: str


def due_state(due: datetime | None, now: datetime, *, paused: bool = False) -> DueState:
    """How a running term stands at ``now``; none at all without one."""
    if due is None:
        return DueState("none", "none", "无承诺期限", "no term running", "")
    by = due_by(due)
    if paused:
        return DueState("still", "still", "暂停计时", "standing still", by)
    if now > due:
        zh, en = _length((now - due).total_seconds())
        return DueState("late", "late", f"逾期 {zh}", f"{en} late", by)
    days = _days_left(due, now)
    if days == 0:
        zh, en = _length((due - now).total_seconds())
        return DueState("today", "today", f"今日到期，剩 {zh}", f"due today, {en} left", by)
    level: Pressing = "soon" if days <= SOON_DAYS else "calm"
    return DueState(level, level, f"还有 {days} 天", f"{days} day{'s' if days > 1 else ''} left", by)


def _days_left(due: datetime, now: datetime) -> int:
    last = (due.astimezone(SHANGHAI) - _INSTANT).date()
    return (last - local_day(now)).days


def _length(seconds: float) -> tuple[str, str]:
    hours = int(seconds // 3600)
    if hours >= 24:
        days = hours // 24
        return f"{days} 天", f"{days} day{'s' if days > 1 else ''}"
    if hours:
        return f"{hours} 小时", f"{hours} h"
    minutes = max(1, int(seconds // 60))
    return f"{minutes} 分钟", f"{minutes} min"
