"""The work calendar as versioned data: days, notices, and how one version follows from another.

The mainland-China calendar is Monday-Friday with exceptions, announced once a year by a holiday notice and
now and then corrected. Only exceptions are data; a ``schemas.kernel.worktime.Calendar`` is built from them and is
all that counting needs. Nothing here reads a clock, a file or a database; ``seed_days`` alone reaches for a
package, and only when called.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from importlib.metadata import version as package_version
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from schemas.kernel.worktime import Calendar

Kind = Literal["working", "off"]
Status = Literal["published", "provisional"]

SEED_FROM = date(2004, 1, 1)
SEED_THROUGH = date(2026, 12, 31)
"""The years the seed covers. Fixed, not read from the package: an upgraded package must not silently change
what a first start counts by; later years arrive as notices."""

NOTICE_SEASON_MONTH = 11
"""From 1 November on, the notice of the next year is due; without it, terms begin to lean on guesses."""


class CalendarDay(BaseModel):
    """One day as some notice has it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    day: date
    kind: Kind
    notice: str = Field(min_length=1, max_length=200)
    """Number of the notice (文号), or, for seeded days, the package and year it was taken from."""
    status: Status = "published"

    @property
    def is_exception(self) -> bool:
        """Whether the day differs from plain Monday-Friday."""
        return self.kind != plain_kind(self.day)


class Notice(BaseModel):
    """A holiday notice as read from a file: it settles every day of ``covers``; what it does not list there
    is plain Monday-Friday.

    Days outside ``covers`` may be listed too (a notice reaches into the neighbouring December or January)
    and change only themselves.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    number: str = Field(min_length=1, max_length=200)
    covers: tuple[date, date]
    status: Status = "published"
    days: tuple[CalendarDay, ...]
    complete: bool = False
    """Whether it claims to list every day of ``covers``, plain ones too; then a skipped day is a mistake."""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.covers[0] > self.covers[1]:
            raise ValueError(f"the covered range is empty: {self.covers[0]} is after {self.covers[1]}")
        return self


def plain_kind(day: date) -> Kind:
    """What ``day`` is when no notice speaks of it."""
    return "working" if day.weekday() < 5 else "off"


def build_calendar(
    version: int, days: Iterable[CalendarDay], published_from: date, published_through: date
) -> Calendar:
    """A version of the calendar from its days; days that only repeat Monday-Friday fall away.

    ``ValueError`` if two entries disagree on a day: which notice wins is decided by ``apply_notice``, never
    by the order of rows.
    """
    kinds: dict[date, CalendarDay] = {}
    for entry in days:
        before = kinds.setdefault(entry.day, entry)
        if (before.kind, before.status) != (entry.kind, entry.status):
            raise ValueError(
                f"{entry.day} is {before.kind} ({before.status}) by {before.notice} "
                f"and {entry.kind} ({entry.status}) by {entry.notice}"
            )
    exceptions = [entry.day for entry in kinds.values() if entry.is_exception]
    return Calendar(
        version=version,
        published_from=published_from,
        published_through=published_through,
        off=tuple(day for day in exceptions if day.weekday() < 5),
        made_up=tuple(day for day in exceptions if day.weekday() >= 5),
        # Beyond the published range every day is provisional anyway; listing it would only swell the cases.
        provisional=tuple(
            entry.day
            for entry in kinds.values()
            if entry.status == "provisional" and published_from <= entry.day <= published_through
        ),
    )


def apply_notice(current: Calendar, days: Iterable[CalendarDay], notice: Notice) -> tuple[Calendar, list[CalendarDay]]:
    """The next version after ``notice``, and its days in order; ``days`` are those ``current`` was built
    from.

    Inside ``covers`` the notice replaces everything, elsewhere only the days it lists. A published notice
    that adjoins or overlaps the published range extends it; one that would leave a hole does not
    (``check_notice`` refuses it beforehand). The notice is taken as it is: check it first.
    """
    first, last = notice.covers
    merged = {entry.day: entry for entry in days if not first <= entry.day <= last}
    merged |= {entry.day: entry for entry in notice.days}
    published_from, published_through = current.published_from, current.published_through
    if notice.status == "published" and not leaves_hole(current, notice):
        published_from, published_through = min(published_from, first), max(published_through, last)
    entries = [merged[day] for day in sorted(merged)]
    return build_calendar(current.version + 1, entries, published_from, published_through), entries


def leaves_hole(current: Calendar, notice: Notice) -> bool:
    """Whether days nobody has published would lie between ``current``'s published range and what ``notice``
    covers."""
    first, last = notice.covers
    one_day = timedelta(days=1)
    return first > current.published_through + one_day or last < current.published_from - one_day


def diff(old: Calendar, new: Calendar, first: date, last: date) -> list[tuple[date, Kind, Kind]]:
    """The days in ``[first, last]`` on which two versions disagree: (day, old kind, new kind), in order."""
    changed = (set(old.off) ^ set(new.off)) | (set(old.made_up) ^ set(new.made_up))
    return [(day, _kind(old, day), _kind(new, day)) for day in sorted(changed) if first <= day <= last]


def missing_years(calendar: Calendar, today: date) -> list[int]:
    """The years whose notice should be there by ``today`` and is not: up to this year, from 1 November on
    also the next."""
    latest = today.year + (today.month >= NOTICE_SEASON_MONTH)
    return [
        year
        for year in range(calendar.published_from.year, latest + 1)
        if date(year, 1, 1) < calendar.published_from or date(year, 12, 31) > calendar.published_through
    ]


def seed_days() -> list[CalendarDay]:
    """The exceptions of 2004-2026 that ship with the software, in order; not for use inside workflow code.

    Taken from the package ``chinesecalendar``, with its known errors mended.
    """
    # Not at the top: this module is imported where workflows run; the package is needed once only.
    from chinese_calendar.constants import holidays, workdays  # noqa: PLC0415

    source = f"chinesecalendar {package_version('chinesecalendar')}"
    listed: list[tuple[Iterable[date], Kind]] = [(holidays, "off"), (workdays, "working")]
    seeded = {
        day: CalendarDay(day=day, kind=kind, notice=f"{source}/{day.year}")
        for days, kind in listed
        for day in days
        if SEED_FROM <= day <= SEED_THROUGH
    } | {entry.day: entry for entry in _SEED_CORRECTIONS}
    return [seeded[day] for day in sorted(seeded) if seeded[day].is_exception]


def seed_calendar(version: int = 1) -> Calendar:
    """The calendar of ``seed_days``; not for use inside workflow code."""
    return build_calendar(version, seed_days(), SEED_FROM, SEED_THROUGH)


_SEED_CORRECTIONS = (
    # The notice for 2006 moves this Saturday to Tuesday 3 January 2006 ("12月31日(星期六)上班"). The package
    # has the day off but not the day worked for it (liriansu-opus/chinese-calendar issue 125).
    CalendarDay(day=date(2005, 12, 31), kind="working", notice="国办发明电〔2005〕35号"),
)


def _kind(calendar: Calendar, day: date) -> Kind:
    return "working" if calendar.is_working(day) else "off"
