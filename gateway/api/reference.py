"""``/policy``, ``/organisation``, ``/calendar``: the versions, one of them, and the import of the next with a preview of what changes."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request
from pydantic import Field

from activities.record.reference import ORGANISATION, POLICY
from gateway.api.answers import SENDING, problems
from gateway.api.entering import as_json, entered
from gateway.documents import Imported, import_calendar, import_organisation, import_policy
from gateway.retry import READ_RETRY_SECONDS, retry_transient
from gateway.storable import check_text
from gateway.web.viewer import CallerFirst, SignedIn, TheDoor
from schemas.access import Area
from schemas.kernel.calendar import CalendarDay, missing_years
from schemas.kernel.errors import UserError
from schemas.kernel.model import Frozen
from schemas.kernel.worktime import local_day
from schemas.organisation import Organisation
from schemas.policy import Policy

router = APIRouter(route_class=CallerFirst)

READING = [Depends(entered(Area.REFERENCE))]
WRITING = [Depends(entered(Area.REFERENCE_EDIT, writing=True)), Depends(as_json)]
Version = Annotated[
    int | None, Query(ge=1, le=1_000_000, description="版本；不填即现行 / a version, else the one in force")
]


class DocumentGiven(Frozen):
    """A whole document as people write it: YAML, of which JSON is a part. ``preview``: only say what would change."""

    document: str = Field(min_length=1, max_length=5_000_000)
    preview: bool = True


class NoticeGiven(Frozen):
    """A holiday notice as the text of a CSV, JSON or iCalendar file. ``covers``: the days it settles, where it does not say so itself."""

    document: str = Field(min_length=1, max_length=1_000_000)
    format: Literal["csv", "json", "ics"]
    covers_from: date | None = None
    covers_through: date | None = None
    preview: bool = True


class PolicyAnswer(Frozen):
    """``versions``: all there are, oldest first."""

    versions: tuple[int, ...]
    policy: Policy


class OrganisationAnswer(Frozen):
    """``versions``: all there are, oldest first."""

    versions: tuple[int, ...]
    organisation: Organisation


class CalendarAnswer(Frozen):
    """A version of the work calendar: the days that differ from Monday to Friday. ``missing_years``: whose notice is not there yet."""

    version: int
    published_from: date
    published_through: date
    missing_years: tuple[int, ...]
    days: tuple[CalendarDay, ...]


@router.get(
    "/policy",
    response_model=PolicyAnswer,
    operation_id="read_policy",
    dependencies=READING,
    responses=problems("policy_missing", "body_invalid"),
)
async def read_policy_version(door: TheDoor, version: Version = None) -> PolicyAnswer:
    """政策 / the policy in force, or a version of it."""
    reference = door.system.reference
    policy = await retry_transient(lambda: reference.policy(version), READ_RETRY_SECONDS)
    return PolicyAnswer(versions=tuple(await reference.versions(POLICY)), policy=policy)


@router.post(
    "/policy/import",
    response_model=Imported,
    operation_id="import_policy",
    dependencies=WRITING,
    responses=problems(
        *SENDING, "policy_unreadable", "policy_contradiction", "document_unread", "door_closed", "body_invalid"
    ),
)
async def take_policy(given: DocumentGiven, door: TheDoor, viewer: SignedIn) -> Imported:
    """导入政策 / import the next version; cases filed before keep theirs."""
    check_text(given.document, "document")
    return await import_policy(door, given.document, preview=given.preview, by=viewer.actor)


@router.get(
    "/organisation",
    response_model=OrganisationAnswer,
    operation_id="read_organisation",
    dependencies=READING,
    responses=problems("organisation_missing", "body_invalid"),
)
async def read_organisation_version(door: TheDoor, version: Version = None) -> OrganisationAnswer:
    """组织机构 / units and people."""
    reference = door.system.reference
    organisation = await retry_transient(lambda: reference.organisation(version), READ_RETRY_SECONDS)
    return OrganisationAnswer(versions=tuple(await reference.versions(ORGANISATION)), organisation=organisation)


@router.post(
    "/organisation/import",
    response_model=Imported,
    operation_id="import_organisation",
    dependencies=WRITING,
    responses=problems(
        *SENDING,
        "organisation_unreadable",
        "organisation_chief_missing",
        "document_unread",
        "door_closed",
        "body_invalid",
    ),
)
async def take_organisation(given: DocumentGiven, door: TheDoor, viewer: SignedIn) -> Imported:
    """导入组织机构 / import the next version; units that open cases name should stay."""
    check_text(given.document, "document")
    return await import_organisation(door, given.document, preview=given.preview, by=viewer.actor)


@router.get(
    "/calendar",
    response_model=CalendarAnswer,
    operation_id="read_calendar",
    dependencies=READING,
    responses=problems("calendar_missing", "body_invalid"),
)
async def read_calendar(door: TheDoor, version: Version = None) -> CalendarAnswer:
    """工作日历 / the work calendar."""
    reference = door.system.reference
    number, days, first, last = await retry_transient(lambda: reference.calendar_days(version), READ_RETRY_SECONDS)
    calendar = await retry_transient(reference.calendar, READ_RETRY_SECONDS)
    return CalendarAnswer(
        version=number,
        published_from=first,
        published_through=last,
        missing_years=tuple(missing_years(calendar, local_day(datetime.now(UTC)))),
        days=tuple(days),
    )


@router.post(
    "/calendar/import",
    response_model=Imported,
    operation_id="import_calendar",
    dependencies=WRITING,
    responses=problems(
        *SENDING,
        "calendar_unreadable",
        "document_unread",
        "calendar_impossible_date",
        "calendar_covers_invalid",
        "calendar_changed_meanwhile",
        "door_closed",
        "body_invalid",
    ),
)
async def take_calendar(given: NoticeGiven, door: TheDoor, viewer: SignedIn, request: Request) -> Imported:
    """导入放假通知 / import a holiday notice; the open cases that lean on it are then recomputed, each by a recorded command."""
    check_text(given.document, "document")
    notice = await door.reading.notice(given.document, given.format, _covers(given))
    told, work = await import_calendar(door, notice, preview=given.preview, by=viewer.actor)
    if not given.preview and told.to_recompute:
        # The answer does not wait for thousands of cases; what a stop leaves undone is done by the same import again.
        request.app.state.under_way.start(work.run(lambda _: None, dry=False))
    return told


def _covers(given: NoticeGiven) -> tuple[date, date] | None:
    first, last = given.covers_from, given.covers_through
    if first is None and last is None:
        return None
    if first is None or last is None or first > last:
        raise UserError(
            "calendar_covers_invalid",
            zh="covers_from 与 covers_through 须同时给出，且先后正确。",
            en="Give both covers_from and covers_through, the earlier first.",
        )
    return first, last
