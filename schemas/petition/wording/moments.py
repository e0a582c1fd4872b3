"""Moments as people here read them: Asia/Shanghai, whoever reads and wherever the machine stands."""

from __future__ import annotations

from datetime import datetime, timedelta

from schemas.kernel.worktime import SHANGHAI, at_hour


def local(moment: datetime | None) -> str:
    """A moment as people here read it; empty for none."""
    return "" if moment is None else moment.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M")


def due_by(due: datetime | None) -> str:
    """The end of a term as the rule words it: 24:00 of its last day."""
    if due is None:
        return ""
    last = (due - timedelta(microseconds=1)).astimezone(SHANGHAI)
    return f"{last:%Y-%m-%d} 24:00" if at_hour(last.date(), 24) == due else local(due)
