"""The figures of a policy as people read them: the same rows on the page and on the command line."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from schemas.policy import CasePolicy

NONE_SET: Final = "—"


@dataclass(frozen=True)
class Figure:
    """A row: its name, with the unit of time, and what stands in it."""

    zh: str
    en: str
    value: Callable[[CasePolicy], int | str | bool | None]

    def said(self, policy: CasePolicy) -> tuple[str, str]:
        """The figure in Chinese and in English; a dash where none is set."""
        match self.value(policy):
            case None:
                return NONE_SET, NONE_SET
            case bool() as holds:
                return ("是", "yes") if holds else ("否", "no")
            case value:
                return str(value), str(value)


FIGURES: Final[tuple[Figure, ...]] = (
    Figure("交办（工作日）", "assign, working days", lambda policy: policy.assign_days),
    Figure("办结（工作日）", "reply, working days", lambda policy: policy.finish_days),
    Figure("重办（工作日）", "rework, working days", lambda policy: policy.rework_days),
    Figure(
        "延期上限（工作日×次）",
        "extension, working days × times",
        lambda policy: f"{policy.extension_days}×{policy.extensions}",
    ),
    Figure("暂停上限（工作日）", "pause, working days", lambda policy: policy.pause_days),
    Figure("转送确认（工作日）", "transfer answered, working days", lambda policy: policy.transfer_days),
    Figure("法定受理（日）", "statute: accept, days", lambda policy: policy.statute_accept_days),
    Figure("法定办结（日）", "statute: finish, days", lambda policy: policy.statute_finish_days),
    Figure(
        "法定办结·简单（工作日）", "statute: simple, working days", lambda policy: policy.statute_finish_working_days
    ),
    Figure("视同批准", "approval implied", lambda policy: policy.approval_implied),
    Figure("保密", "confidential", lambda policy: policy.confidential),
)
