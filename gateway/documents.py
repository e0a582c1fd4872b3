"""Taking over a policy, an organisation or a holiday notice: what would change, then the change; the same at every door.

A version in force is never overwritten: what is the same as it is known already, everything else becomes the next version.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar, cast

from pydantic import Field
from sqlalchemy.exc import IntegrityError

from activities.access.ending import end_those_who_left
from gateway.case_service import Rules
from gateway.doors import ADMINISTRATOR, Door
from gateway.recompute import Recompute
from gateway.retry import READ_RETRY_SECONDS, retry_transient
from schemas.evidence.journal import EntryKind
from schemas.kernel.actor import Actor
from schemas.kernel.calendar import CalendarDay, Notice, apply_notice, check_notice, diff, notice_warnings
from schemas.kernel.errors import UserError
from schemas.kernel.model import Frozen
from schemas.kernel.worktime import EARLIEST_DAY, LATEST_DAY, Calendar
from schemas.organisation import Organisation
from schemas.petition.health_tags import check_tag
from schemas.policy import Policy

Document = TypeVar("Document", Policy, Organisation)

MOST_CHANGES = 2_000
"""Changes that are listed; a new organisation differs from the old in everything."""


class Change(Frozen):
    """One value that differs; ``old`` or ``new`` is null where it was not or will not be there."""

    where: str
    old: Any = None
    new: Any = None


class Imported(Frozen):
    """What an import did, or with ``preview`` would do. ``units_missing``: units that open cases name and a new organisation does not have."""

    version: int
    old_version: int
    already_known: bool
    preview: bool
    changes: tuple[Change, ...]
    more_changes: int = 0
    units_missing: dict[str, int] = Field(default_factory=dict)
    warnings: tuple[dict[str, Any], ...] = ()
    to_recompute: int = 0


async def import_policy(door: Door, text: str, *, preview: bool, by: Actor = ADMINISTRATOR) -> Imported:
    """``UserError`` as of :meth:`CarefulReader.policy`."""
    return await take_policy(door, await door.reading.policy(text), preview=preview, by=by)


async def import_organisation(door: Door, text: str, *, preview: bool, by: Actor = ADMINISTRATOR) -> Imported:
    """``UserError`` as of :meth:`CarefulReader.new_organisation`."""
    return await take_organisation(door, await door.reading.new_organisation(text), preview=preview, by=by)


async def take_policy(door: Door, given: Policy, *, preview: bool, by: Actor = ADMINISTRATOR) -> Imported:
    """As :func:`import_policy`, of one that is read already. ``UserError`` ``health_tag``."""
    _check_tags(given)
    reference = door.system.reference
    told = await _taken(given, reference.policy, reference.add_policy, preview=preview)
    if not told.preview and not told.already_known:
        await _note_import(door, by, "policy", told.version)
    return told


def _check_tags(policy: Policy) -> None:
    for code, channel in policy.channels.items():
        check_tag("channels", f"{code} {channel.name}")
    for by_complexity in policy.ledgers.values():
        for figures in by_complexity.values():
            for field in ("pause_reasons", "decline_grounds", "disclosure_exemptions"):
                for tag in getattr(figures, field):
                    check_tag(field, tag)


async def take_organisation(door: Door, given: Organisation, *, preview: bool, by: Actor = ADMINISTRATOR) -> Imported:
    """As :func:`import_organisation`, of one that is read already."""
    reference = door.system.reference
    told = await _taken(given, reference.organisation, reference.add_organisation, preview=preview)
    if not told.preview and not told.already_known:
        await _note_import(door, by, "organisation", told.version)
    if not preview:
        note = door.trail.noted(EntryKind.ACCOUNT_DISABLED, by)
        await end_those_who_left(door.system.database, given, note=note)
    named = await retry_transient(door.queries.units_at_work, READ_RETRY_SECONDS)
    paths = {unit.path for unit in given.units}
    return told.model_copy(
        update={"units_missing": {unit: count for unit, count in sorted(named.items()) if unit not in paths}}
    )


async def _note_import(door: Door, by: Actor, what: str, version: int) -> None:
    await door.trail.record(EntryKind.IMPORTED, by, {"what": what, "version": version})


async def _taken(
    given: Document,
    in_force: Callable[[], Awaitable[Document]],
    add: Callable[[Document], Awaitable[Document]],
    *,
    preview: bool,
) -> Imported:
    current = await retry_transient(in_force, READ_RETRY_SECONDS)
    changes = changes_between(current, given)
    version = current.version
    if changes:
        version = version + 1 if preview else (await add(given)).version
    return _told(version, current.version, changes, preview=preview)


@dataclass(frozen=True)
class CalendarChange:
    """What a holiday notice makes of the calendar in force. ``known``: the notice says nothing new, ``after`` is ``before``."""

    notice: Notice
    before: Calendar
    after: Calendar
    entries: tuple[CalendarDay, ...]
    known: bool
    days: tuple[Change, ...]
    warnings: tuple[dict[str, Any], ...]


async def import_calendar(
    door: Door, notice: Notice, *, preview: bool, by: Actor = ADMINISTRATOR
) -> tuple[Imported, Recompute]:
    """The change, and the work of carrying it to the open cases, which the caller runs. ``UserError`` as of :func:`planned_calendar`, and of
    :func:`store_calendar`.
    """
    planned = await planned_calendar(door, notice)
    after = planned.after if preview else await store_calendar(door, planned, by=by)
    work = await recompute_for(door, after)
    told = _told(after.version, planned.before.version, list(planned.days), preview=preview, known=planned.known)
    return told.model_copy(update={"warnings": planned.warnings, "to_recompute": await work.count()}), work


async def planned_calendar(door: Door, notice: Notice) -> CalendarChange:
    """What a notice would change; nothing is written. ``UserError``: every reason of ``check_notice`` why it can't be taken."""
    reference = door.system.reference
    current = await retry_transient(reference.calendar, READ_RETRY_SECONDS)
    _, days, _, _ = await retry_transient(lambda: reference.calendar_days(current.version), READ_RETRY_SECONDS)
    if problems := check_notice(notice, current):
        raise _all_of(problems)
    warnings = notice_warnings(notice, current)
    known = any(warning.code == "calendar_no_change" for warning in warnings)
    after, entries = (current, days) if known else apply_notice(current, days, notice)
    return CalendarChange(
        notice=notice,
        before=current,
        after=after,
        entries=tuple(entries),
        known=known,
        days=tuple(days_between(current, after)),
        warnings=tuple(warning.as_dict() for warning in warnings),
    )


def _all_of(problems: Sequence[UserError]) -> UserError:
    """Every reason at once, so that a file is mended in one go; the code is that of the first."""
    if len(problems) == 1:
        return problems[0]
    return UserError(
        problems[0].code,
        zh="；".join(problem.zh.rstrip("。") for problem in problems) + "。",
        en="; ".join(problem.en.rstrip(".") for problem in problems) + ".",
        **problems[0].facts,
        problems=[problem.as_dict() for problem in problems],
    )


async def store_calendar(door: Door, planned: CalendarChange, *, by: Actor = ADMINISTRATOR) -> Calendar:
    """Puts what was planned into force, and into the journal who did. ``UserError`` ``calendar_changed_meanwhile`` where another was first."""
    if planned.known:
        return planned.after
    after = planned.after
    # No patience here: repeating a write whose fate is unknown could store the notice twice. The whole import can be repeated.
    try:
        stored = await door.system.reference.add_calendar(
            planned.entries, after.published_from, after.published_through, planned.notice.number
        )
    except IntegrityError:
        stored = None
    if stored is None or stored.version != after.version:
        raise UserError(
            "calendar_changed_meanwhile",
            zh="工作日历刚被另一人更新，请核对后重新导入。",
            en="Somebody else has just changed the calendar; look at it and import again.",
        )
    await _note_import(door, by, "calendar", stored.version)
    return stored


async def recompute_for(door: Door, calendar: Calendar) -> Recompute:
    """The work of carrying a version of the calendar to the open cases that lean on its days."""
    rules = await door.rules()
    return Recompute(door.queries, door.desk, Rules(policy=rules.policy, calendar=calendar, city=rules.city))


def days_between(old: Calendar, new: Calendar) -> list[Change]:
    """Every day on which two versions of the calendar disagree: ``working`` or ``off``."""
    return [
        Change(where=day.isoformat(), old=before, new=after)
        for day, before, after in diff(old, new, EARLIEST_DAY, LATEST_DAY)
    ]


def changes_between(old: Policy | Organisation, new: Policy | Organisation) -> list[Change]:
    """Every value in which two documents differ, apart from their versions, by its place: ``ledgers/claim/simple/finish_days``."""
    before, after = dict(_values(old)), dict(_values(new))
    return [
        Change(where=where, old=before.get(where), new=after.get(where))
        for where in sorted(before.keys() | after.keys())
        if before.get(where) != after.get(where)
    ]


def _values(document: Policy | Organisation) -> Iterator[tuple[str, Any]]:
    yield from _within("", document.model_dump(mode="json"))


def _within(place: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for name, each in cast("Mapping[str, Any]", value).items():
            if name != "version":
                yield from _within(f"{place}/{name}".lstrip("/"), each)
    elif isinstance(value, list) and value and all(isinstance(each, dict) for each in cast("list[Any]", value)):
        # Units and people are known by what they are called, not by their place in a list.
        for each in cast("list[dict[str, Any]]", value):
            named = each.get("path") or each.get("id") or "?"
            yield from _within(f"{place}/{named}", each)
    else:
        yield place, value


def _told(version: int, old: int, changes: list[Change], *, preview: bool, known: bool | None = None) -> Imported:
    return Imported(
        version=version,
        old_version=old,
        already_known=not changes if known is None else known,
        preview=preview,
        changes=tuple(changes[:MOST_CHANGES]),
        more_changes=max(0, len(changes) - MOST_CHANGES),
    )
