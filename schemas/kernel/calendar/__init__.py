"""The work calendar as versioned data: its days, the notices that change it, and what makes a notice
unfit."""

from schemas.kernel.calendar.checks import check_notice, notice_warnings
from schemas.kernel.calendar.versions import (
    SEED_FROM,
    SEED_THROUGH,
    CalendarDay,
    Kind,
    Notice,
    Status,
    apply_notice,
    build_calendar,
    diff,
    leaves_hole,
    missing_years,
    plain_kind,
    seed_calendar,
    seed_days,
)

__all__ = [
    "SEED_FROM",
    "SEED_THROUGH",
    "CalendarDay",
    "Kind",
    "Notice",
    "Status",
    "apply_notice",
    "build_calendar",
    "check_notice",
    "diff",
    "leaves_hole",
    "missing_years",
    "notice_warnings",
    "plain_kind",
    "seed_calendar",
    "seed_days",
]
