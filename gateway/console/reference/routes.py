"""``/calendar``, ``/policy``, ``/organisation``: the version in force or another, what differs, and the import of the next."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime
from typing import Any, Literal

import yaml
from fastapi import APIRouter, Request, Response
from starlette.datastructures import FormData, UploadFile

from activities.record.reference import ORGANISATION, POLICY
from gateway.console.reference.months import year_of
from gateway.console.rendering import render
from gateway.documents import (
    Change,
    Imported,
    changes_between,
    days_between,
    import_calendar,
    import_organisation,
    import_policy,
)
from gateway.doors import Door
from gateway.retry import READ_RETRY_SECONDS, retry_transient
from gateway.web.problems import status_of
from gateway.web.viewer import CallerFirst, Principal, SignedIn, TheDoor
from schemas.access import Area, enter, opens
from schemas.kernel.actor import Actor
from schemas.kernel.calendar import missing_years
from schemas.kernel.errors import UserError
from schemas.kernel.worktime import EARLIEST_DAY, LATEST_DAY, local_day
from schemas.organisation import KINDS_ZH
from schemas.petition.wording.figures import FIGURES

DOCUMENT_LIMIT = 5_000_000
Format = Literal["csv", "json", "ics"]
FORMATS: tuple[Format, ...] = ("csv", "json", "ics")

Take = Callable[[Door, str, FormData, bool, Request, Actor], Awaitable[Imported]]


def reference_router() -> APIRouter:
    """The routes of the rules."""
    router = APIRouter(include_in_schema=False, route_class=CallerFirst)
    router.get("/calendar")(calendar_page)
    router.get("/policy")(policy_page)
    router.get("/organisation")(organisation_page)
    router.post("/calendar/import")(take)
    router.post("/policy/import")(take)
    router.post("/organisation/import")(take)
    return router


async def calendar_page(
    request: Request, viewer: SignedIn, door: TheDoor, year: int = 0, version: int = 0, beside: int = 0
) -> Response:
    """The calendar, a year at a time; ``beside``: another version it is compared with."""
    enter(Area.REFERENCE, viewer.actor)
    return await _calendar(request, viewer, door, year=year, version=version, beside=beside)


async def policy_page(request: Request, viewer: SignedIn, door: TheDoor, version: int = 0, beside: int = 0) -> Response:
    """The policy; ``beside``: another version it is compared with."""
    enter(Area.REFERENCE, viewer.actor)
    return await _policy(request, viewer, door, version=version, beside=beside)


async def organisation_page(
    request: Request, viewer: SignedIn, door: TheDoor, version: int = 0, beside: int = 0
) -> Response:
    """Units and people; ``beside``: another version it is compared with."""
    enter(Area.REFERENCE, viewer.actor)
    return await _organisation(request, viewer, door, version=version, beside=beside)


async def take(request: Request, viewer: SignedIn, door: TheDoor) -> Response:
    """Previews the next version, or takes it over; refused, what was given stays in the box."""
    enter(Area.REFERENCE_EDIT, viewer.actor, writing=True)
    taking, page = _TAKES[request.url.path.split("/")[1]]
    async with request.form() as form:
        text, preview = str(form.get("document", "")), form.get("do") != "take"
        kept = {name: str(form.get(name, ""))[:10] for name in ("covers_from", "covers_through")}
        kept["format"] = _format(form)
        try:
            text = await _text(form)
            told = await taking(door, text, form, preview, request, viewer.actor)
        except UserError as refusal:
            return await page(request, viewer, door, status=status_of(refusal), refusal=refusal, given=text, kept=kept)
    return await page(request, viewer, door, told=told, given=text if preview else "", kept=kept if preview else {})


async def _text(form: FormData) -> str:
    """The file where there is one, else what was pasted. ``UserError``: ``document_too_large``, ``document_unreadable``."""
    file = form.get("file")
    if not isinstance(file, UploadFile) or not file.filename:
        return str(form.get("document", ""))
    data = await file.read(DOCUMENT_LIMIT + 1)
    if len(data) > DOCUMENT_LIMIT:
        raise UserError(
            "document_too_large",
            zh=f"文件超过 {DOCUMENT_LIMIT // 1_000_000} MB，不像是这类文件，请核对。",
            en=f"The file is larger than {DOCUMENT_LIMIT // 1_000_000} MB; no such document is. Look whether it is the right one.",
        )
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise UserError(
        "document_unreadable",
        zh="文件不是文本（UTF-8 或 GB18030），请核对是否选错了文件。",
        en="The file is not text in UTF-8 or GB18030; look whether it is the right one.",
    )


async def _take_policy(door: Door, text: str, form: FormData, preview: bool, request: Request, by: Actor) -> Imported:
    return await import_policy(door, text, preview=preview, by=by)


async def _take_organisation(
    door: Door, text: str, form: FormData, preview: bool, request: Request, by: Actor
) -> Imported:
    return await import_organisation(door, text, preview=preview, by=by)


async def _take_calendar(door: Door, text: str, form: FormData, preview: bool, request: Request, by: Actor) -> Imported:
    notice = await door.reading.notice(text, _format(form), _covers(form))
    told, work = await import_calendar(door, notice, preview=preview, by=by)
    if not preview and told.to_recompute:
        # The page does not wait for thousands of cases; what a stop leaves undone is done by the same import again.
        request.app.state.under_way.start(work.run(lambda _: None, dry=False))
    return told


def _format(form: FormData) -> Format:
    """How a notice is written: by the name of its file, or as was said of what was pasted."""
    file = form.get("file")
    said = str(form.get("format", ""))
    if isinstance(file, UploadFile) and file.filename:
        said = file.filename.rpartition(".")[2].lower()
    return FORMATS[FORMATS.index(said)] if said in FORMATS else FORMATS[0]


def _covers(form: FormData) -> tuple[date, date] | None:
    said = [str(form.get(name, "")).strip() for name in ("covers_from", "covers_through")]
    if not any(said):
        return None
    try:
        first, last = (date.fromisoformat(each) for each in said)
    except ValueError:
        first, last = date.max, date.min
    if first > last:
        raise UserError(
            "calendar_covers_invalid",
            zh="所管日期须同时给出起止，且先后正确。",
            en="Give both days, the earlier first.",
        )
    return first, last


async def _calendar(
    request: Request,
    viewer: Principal,
    door: Door,
    *,
    year: int = 0,
    version: int = 0,
    beside: int = 0,
    status: int = 200,
    **more: Any,
) -> Response:
    reference = door.system.reference
    newest = await retry_transient(reference.calendar, READ_RETRY_SECONDS)
    calendar = await retry_transient(lambda: reference.calendar(version), READ_RETRY_SECONDS) if version else newest
    other = await retry_transient(lambda: reference.calendar(beside), READ_RETRY_SECONDS) if beside else None
    differences = days_between(other, calendar) if other is not None else None
    _, days, _, _ = await retry_transient(lambda: reference.calendar_days(calendar.version), READ_RETRY_SECONDS)
    today = local_day(datetime.now(UTC))
    shown_year = (
        year if EARLIEST_DAY.year < year < LATEST_DAY.year else _year(more.get("told"), differences) or today.year
    )
    return render(
        request,
        viewer,
        "reference/calendar.html",
        status=status,
        calendar=calendar,
        newest=newest.version,
        months=year_of(
            calendar, {each.day: each for each in days}, shown_year, {each.where for each in differences or ()}
        ),
        year=shown_year,
        today=today,
        missing=missing_years(newest, today),
        versions=await retry_transient(reference.stored_calendars, READ_RETRY_SECONDS),
        beside=beside,
        differences=differences,
        **_common(viewer, more),
    )


def _year(told: Imported | None, differences: list[Change] | None) -> int | None:
    """The year an import or a comparison is about: that of the first day it changes."""
    changes = [*(told.changes if told is not None else ()), *(differences or ())]
    return date.fromisoformat(changes[0].where).year if changes else None


async def _policy(
    request: Request,
    viewer: Principal,
    door: Door,
    *,
    version: int = 0,
    beside: int = 0,
    status: int = 200,
    **more: Any,
) -> Response:
    reference = door.system.reference
    policy = await retry_transient(lambda: reference.policy(version or None), READ_RETRY_SECONDS)
    other = await retry_transient(lambda: reference.policy(beside), READ_RETRY_SECONDS) if beside else None
    return render(
        request,
        viewer,
        "reference/policy.html",
        status=status,
        policy=policy,
        figures=FIGURES,
        columns=[(ledger, complexity) for ledger in policy.ledgers for complexity in policy.ledgers[ledger]],
        versions=await reference.stored(POLICY),
        beside=beside,
        differences=changes_between(other, policy) if other is not None else None,
        document=yaml.safe_dump(policy.model_dump(mode="json"), allow_unicode=True, sort_keys=False, width=120),
        **_common(viewer, more),
    )


async def _organisation(
    request: Request,
    viewer: Principal,
    door: Door,
    *,
    version: int = 0,
    beside: int = 0,
    status: int = 200,
    **more: Any,
) -> Response:
    reference = door.system.reference
    organisation = await retry_transient(lambda: reference.organisation(version or None), READ_RETRY_SECONDS)
    other = await retry_transient(lambda: reference.organisation(beside), READ_RETRY_SECONDS) if beside else None
    return render(
        request,
        viewer,
        "reference/organisation.html",
        status=status,
        organisation=organisation,
        kinds=KINDS_ZH,
        versions=await reference.stored(ORGANISATION),
        beside=beside,
        differences=changes_between(other, organisation) if other is not None else None,
        **_common(viewer, more),
    )


def _common(viewer: Principal, more: dict[str, Any]) -> dict[str, Any]:
    page: dict[str, Any] = {"refusal": None, "told": None, "given": "", "kept": {}, **more}
    return {"page": page, "may_edit": opens(Area.REFERENCE_EDIT, viewer.actor)}


Page = Callable[..., Awaitable[Response]]
_TAKES: dict[str, tuple[Take, Page]] = {
    "calendar": (_take_calendar, _calendar),
    "policy": (_take_policy, _policy),
    "organisation": (_take_organisation, _organisation),
}
"""What may be taken over, and where it is shown."""
