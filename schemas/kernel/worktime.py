"""Working time: which days count, when a term ends, and why.

The rule (domain, "Time"): a working day is a day of the mainland-China work calendar, make-up days (调休)
included, in Asia/Shanghai. The day of receipt does not count; a term of n working days ends at 24:00 of the
n-th working day after it. Everything here is a pure function of its arguments (no clock, no I/O, no holiday
package), so that workflow code may call it and replay gives the same answer.

Days outside the published notices follow Monday-Friday and are *provisional*: usable at once, and said to
be a guess. Moments are aware datetimes; returned moments are UTC. Every refusal is a ``ValueError``: these
arguments come from code and data that passed a door.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal, Self
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

SHANGHAI = ZoneInfo("Asia/Shanghai")

EARLIEST_DAY = date(1950, 1, 1)
LATEST_DAY = date(2199, 12, 31)
"""Receipt days outside these bounds are a broken clock or a misread cell, not a petition."""

LONGEST_TERM = 5000
"""Days. About twenty years; a longer term is a unit error (hours or seconds taken for days)."""

_ONE_DAY = timedelta(days=1)

Reason = Literal["receipt_day", "working_day", "weekend", "holiday", "made_up_day"]


class Calendar(BaseModel):
    """A version of the work calendar, or the slice of it that a case pins.

    Only the exceptions from Monday-Friday are listed; the three lists are kept sorted and without repeats
    whatever order they are given in.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: int = Field(ge=1)
    published_from: date
    """First day covered by a published notice; earlier days are provisional."""
    published_through: date
    """Last day covered by a published notice; later days are provisional."""
    off: tuple[date, ...] = ()
    """Days Monday-Friday that are not working days."""
    made_up: tuple[date, ...] = ()
    """Saturdays and Sundays that are working days (调休)."""
    provisional: tuple[date, ...] = ()
    """Days inside the published range whose kind is nevertheless not settled."""
    window: tuple[date, date] | None = None
    """For a slice: the first and last day it knows. Outside, it has lost the exceptions, so it calls every
    such day provisional."""

    @field_validator("off", "made_up", "provisional")
    @classmethod
    def _in_order(cls, days: tuple[date, ...]) -> tuple[date, ...]:
        # Lookups bisect these; equal calendars must also be equal as JSON.
        return tuple(sorted(set(days)))

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.published_from > self.published_through:
            raise ValueError(f"the published range is empty: {self.published_from} is after {self.published_through}")
        for day in self.off:
            if day.weekday() >= 5:
                raise ValueError(f"{day} is a weekend day: it is off anyway and must not be listed as off")
        for day in self.made_up:
            if day.weekday() < 5:
                raise ValueError(f"{day} is Monday-Friday: it cannot be a make-up day")
        return self

    def is_working(self, day: date) -> bool:
        """Whether people work on ``day``; beyond the published range this is the Monday-Friday guess unless
        the day is listed."""
        if day.weekday() < 5:
            return not _listed(self.off, day)
        return _listed(self.made_up, day)

    def is_provisional(self, day: date) -> bool:
        """Whether the kind of ``day`` may still change by a notice to come."""
        return self.any_provisional(day, day)

    def any_provisional(self, first: date, last: date) -> bool:
        """Whether any day in ``[first, last]`` is provisional; an empty range (first after last) leans on
        nothing."""
        if first > last:
            return False
        if first < self.published_from or last > self.published_through:
            return True
        if self.window is not None and (first < self.window[0] or last > self.window[1]):
            return True
        return bisect_left(self.provisional, first) != bisect_right(self.provisional, last)

    def slice(self, first: date, last: date) -> Calendar:
        """The same calendar, keeping only the exceptions inside ``[first, last]``; answers identically
        inside that range.

        Small enough to ride in a workflow's state. ``ValueError`` if the range is empty or reaches outside
        what this slice knows.
        """
        if first > last:
            raise ValueError(f"an empty slice: {first} is after {last}")
        if self.window is not None and (first < self.window[0] or last > self.window[1]):
            raise ValueError(
                f"this slice knows {self.window[0]} to {self.window[1]}, not {first} to {last}: "
                "slice the whole calendar"
            )
        return self.model_copy(
            update={
                "off": _between(self.off, first, last),
                "made_up": _between(self.made_up, first, last),
                "provisional": _between(self.provisional, first, last),
                "window": (first, last),
            }
        )


class Term(BaseModel):
    """The result of counting: when a term ends and how sure that is."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    due: datetime
    """UTC instant of 24:00 Asia/Shanghai of ``last_day``, that is 0:00 of the day after."""
    last_day: date
    provisional: bool
    """A day looked at on the way, counted or skipped, from the day after receipt through ``last_day``, is
    provisional."""
    calendar_version: int
    """The version counted by; 0 where no work calendar was used (calendar-day terms)."""


class DayReason(BaseModel):
    """Why one day counted, or did not, towards a term."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    day: date
    counted: bool
    reason: Reason
    provisional: bool
    number: int | None
    """n for the n-th counted day; None if the day did not count."""


def local_day(moment: datetime) -> date:
    """The Asia/Shanghai calendar day of an aware moment. ``ValueError`` if naive or outside 1950-2199."""
    return _local(moment).date()


def monday_of(day: date) -> date:
    """The first day of the week of ``day``; weeks run from Monday to Sunday."""
    return day - timedelta(days=day.weekday())


def at_hour(day: date, hour: int) -> datetime:
    """The UTC instant of ``hour``:00 Asia/Shanghai on ``day``; 24 means 0:00 of the next day.
    ``ValueError`` if out of range."""
    if not 0 <= hour <= 24:
        raise ValueError(f"hour must be 0 to 24, not {hour}")
    if not EARLIEST_DAY <= day <= LATEST_DAY + timedelta(days=2 * LONGEST_TERM):
        raise ValueError(f"{day} is outside the years this calendar counts in")
    if hour == 24:
        day, hour = day + _ONE_DAY, 0
    return datetime.combine(day, time(hour), SHANGHAI).astimezone(UTC)


def term(calendar: Calendar, received: datetime, working_days: int) -> Term:
    """The term of ``working_days`` (0 to 5000) from ``received``; the day of receipt does not count, 0 ends
    with that day."""
    from_day = local_day(received)
    _check_length(working_days, least=0)
    last_day = _walk(calendar, from_day, working_days)
    return Term(
        due=at_hour(last_day, 24),
        last_day=last_day,
        provisional=calendar.any_provisional(from_day + _ONE_DAY, last_day),
        calendar_version=calendar.version,
    )


def counted_day(calendar: Calendar, received: datetime, n: int) -> date:
    """The ``n``-th (1 to 5000) working day after the day of receipt."""
    from_day = local_day(received)
    _check_length(n, least=1)
    return _walk(calendar, from_day, n)


def working_days_after(calendar: Calendar, after: date, through: date) -> int:
    """How many working days d there are with ``after < d <= through``; 0 if the range is empty."""
    if through <= after:
        return 0
    first = after + _ONE_DAY
    whole_weeks, rest = divmod((through - after).days, 7)
    weekdays = whole_weeks * 5 + sum((first.weekday() + i) % 7 < 5 for i in range(rest))
    return weekdays - len(_between(calendar.off, first, through)) + len(_between(calendar.made_up, first, through))


def calendar_days_term(received: datetime, days: int) -> Term:
    """The statutory clock: 24:00 of the ``days``-th (0 to 5000) calendar day after the day of receipt.
    Never provisional.

    A term that ends on a weekend or holiday stays there. General procedure would let it roll on to the next
    working day; the stricter reading protects the petitioner, and an office that keeps it has kept either.
    """
    from_day = local_day(received)
    _check_length(days, least=0)
    last_day = from_day + timedelta(days=days)
    return Term(due=at_hour(last_day, 24), last_day=last_day, provisional=False, calendar_version=0)


def outside_quiet_hours(moment: datetime, quiet_from: int = 21, quiet_until: int = 8) -> datetime:
    """``moment`` itself, or, inside the quiet hours, the instant they end (UTC).

    Hours are Asia/Shanghai, 0 to 23; quiet is ``[quiet_from, quiet_until)``, across midnight if
    ``quiet_from`` is the later; equal hours mean no quiet at all.
    """
    for hour in (quiet_from, quiet_until):
        if not 0 <= hour <= 23:
            raise ValueError(f"a quiet hour must be 0 to 23, not {hour}")
    local = _local(moment)
    today = local.date()
    if quiet_from <= quiet_until:
        return at_hour(today, quiet_until) if quiet_from <= local.hour < quiet_until else moment
    if local.hour >= quiet_from:
        return at_hour(today + _ONE_DAY, quiet_until)
    return at_hour(today, quiet_until) if local.hour < quiet_until else moment


def explain(calendar: Calendar, received: datetime, working_days: int) -> tuple[DayReason, ...]:
    """Every day from the day of receipt through the last day of the term, each with its reason; agrees with
    ``term``."""
    day = local_day(received)
    _check_length(working_days, least=0)
    unsure = calendar.is_provisional(day)
    reasons = [DayReason(day=day, counted=False, reason="receipt_day", provisional=unsure, number=None)]
    number = 0
    while number < working_days:
        day += _ONE_DAY
        counted = calendar.is_working(day)
        number += counted
        reasons.append(
            DayReason(
                day=day,
                counted=counted,
                reason=_reason(day, counted),
                provisional=calendar.is_provisional(day),
                number=number if counted else None,
            )
        )
    return tuple(reasons)


def _reason(day: date, counted: bool) -> Reason:
    if day.weekday() < 5:
        return "working_day" if counted else "holiday"
    return "made_up_day" if counted else "weekend"


def _walk(calendar: Calendar, day: date, n: int) -> date:
    while n:
        day += _ONE_DAY
        n -= calendar.is_working(day)
    return day


def _local(moment: datetime) -> datetime:
    if moment.tzinfo is None or moment.utcoffset() is None:
        raise ValueError(f"a moment without a time zone: {moment.isoformat()}")
    # Tested before conversion: at the ends of the datetime range astimezone overflows.
    if not EARLIEST_DAY.year <= moment.year <= LATEST_DAY.year:
        raise ValueError(
            f"{moment.isoformat()} is outside the years that can be counted in, "
            f"{EARLIEST_DAY.year} to {LATEST_DAY.year}"
        )
    return moment.astimezone(SHANGHAI)


def _check_length(days: int, *, least: int) -> None:
    if not least <= days <= LONGEST_TERM:
        raise ValueError(f"a term must be {least} to {LONGEST_TERM} days, not {days}")


def _listed(days: tuple[date, ...], day: date) -> bool:
    at = bisect_left(days, day)
    return at < len(days) and days[at] == day


def _between(days: tuple[date, ...], first: date, last: date) -> tuple[date, ...]:
    return days[bisect_left(days, first) : bisect_right(days, last)]
