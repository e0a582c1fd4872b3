"""``/ledgers/{ledger}``: the table, its export, the filters a person keeps."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from http import HTTPStatus
from urllib.parse import quote

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from activities.kept.filters import SavedFilters
from activities.record.views import CaseLine
from gateway.console.ledgers.asked import LEDGERS, asked
from gateway.console.ledgers.columns import COLUMNS, Wording, chosen
from gateway.console.ledgers.excel import workbook
from gateway.console.rendering import Manner, manner_of, render, words_of
from gateway.doors import Door
from gateway.listing import page_of
from gateway.web.viewer import CallerFirst, Readings, SignedIn, TheDoor
from schemas.access import Area, enter
from schemas.evidence.journal import EntryKind
from schemas.kernel.errors import UserError
from schemas.organisation.names import Names
from schemas.petition.state import Card, Stage

EXPORTED = 10_000
"""Cases of one export; whoever wants more asks for less at a time."""
STEP = 500
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
ALL_ZH, ALL_EN = "全部", "All"


def ledgers_router() -> APIRouter:
    """The routes of the ledgers."""
    router = APIRouter(include_in_schema=False, route_class=CallerFirst)
    router.get("/ledgers")(first)
    router.post("/ledgers/saved")(keep)
    router.post("/ledgers/saved/drop")(drop)
    router.get("/ledgers/{ledger}")(show)
    router.get("/ledgers/{ledger}/export.xlsx")(export)
    return router


async def first(viewer: SignedIn) -> Response:
    """All three books."""
    return RedirectResponse("/ledgers/all", HTTPStatus.SEE_OTHER)


async def show(request: Request, ledger: str, viewer: SignedIn, door: TheDoor, readings: Readings) -> Response:
    """The table; a filter that makes no sense is told beside the empty table, with what was typed still there."""
    enter(Area.LEDGERS, viewer.actor)
    want = asked(_known(ledger), request.query_params)
    refusal: UserError | None = None
    lines: tuple[CaseLine, ...] = ()
    cursor = None
    try:
        wanted = want.wanted(await door.organisation())
        page = await page_of(door, readings, wanted, viewer.actor)
        lines, cursor = page.cases, page.cursor
    except UserError as error:
        refusal = error
    manner = manner_of(request, viewer)
    words = await _wording(door, manner)
    columns = chosen(want.columns)
    return render(
        request,
        viewer,
        "ledgers/page.html",
        status=200 if refusal is None else HTTPStatus.UNPROCESSABLE_ENTITY,
        asked=want,
        ledgers=LEDGERS,
        lines=lines,
        cursor=cursor,
        columns=columns,
        all_columns=COLUMNS,
        words=words,
        refusal=refusal,
        saved=await SavedFilters(door.system.database).of(viewer.actor.id),
        stages=[stage.value for stage in Stage if stage is not Stage.RECEIVE],
        cards=[card.value for card in Card],
        channels=words.channels,
        units=(await door.organisation()).units,
    )


async def export(request: Request, ledger: str, viewer: SignedIn, door: TheDoor, readings: Readings) -> Response:
    """The same table as a workbook, all its pages."""
    enter(Area.LEDGERS, viewer.actor)
    want = asked(_known(ledger), request.query_params)
    organisation = await door.organisation()
    lines: list[CaseLine] = []
    cursor = ""
    while len(lines) < EXPORTED:
        wanted = want.wanted(organisation, limit=STEP, cursor=cursor)
        page = await page_of(door, readings, wanted, viewer.actor)
        lines += page.cases
        if page.cursor is None:
            break
        cursor = page.cursor
    manner = manner_of(request, viewer)
    words, columns = await _wording(door, manner), chosen(want.columns)
    title = manner.say(ALL_ZH, ALL_EN) if ledger == "all" else words.term(ledger)
    rows = [[column.said(line, words) for column in columns] for line in lines]
    headings = [manner.say(column.zh, column.en) for column in columns]
    body = await asyncio.to_thread(workbook, title[:31], headings, rows)
    await door.trail.record(EntryKind.TABLE_EXPORTED, viewer.actor, {"ledger": ledger, "rows": len(rows)})
    name = f"{title}-{datetime.now(UTC):%Y%m%d}.xlsx"
    return Response(
        body,
        media_type=XLSX,
        headers={
            "content-disposition": f"attachment; filename=\"ledger.xlsx\"; filename*=UTF-8''{quote(name)}",
            "cache-control": "no-store",
        },
    )


async def keep(request: Request, viewer: SignedIn, door: TheDoor) -> Response:
    """Keeps the list on screen under a name."""
    enter(Area.LEDGERS, viewer.actor, writing=True)
    form = await request.form()
    query = _kept_query(str(form.get("query", "")))
    await SavedFilters(door.system.database).keep(viewer.actor.id, str(form.get("name", "")), query)
    return RedirectResponse(f"/ledgers/{query}", HTTPStatus.SEE_OTHER)


async def drop(request: Request, viewer: SignedIn, door: TheDoor) -> Response:
    """Forgets a kept list."""
    enter(Area.LEDGERS, viewer.actor, writing=True)
    form = await request.form()
    await SavedFilters(door.system.database).drop(viewer.actor.id, str(form.get("name", "")))
    return RedirectResponse("/ledgers/all", HTTPStatus.SEE_OTHER)


def _kept_query(said: str) -> str:
    """``claim?text=…`` and nothing that could be another address."""
    ledger, _, query = said.partition("?")
    plain = query if query.isascii() and query.isprintable() and " " not in query else ""
    return f"{_known(ledger)}?{plain}"


def _known(ledger: str) -> str:
    if ledger not in LEDGERS:
        raise UserError("page_unknown", zh="没有这本账。", en="There is no such ledger.")
    return ledger


async def _wording(door: Door, manner: Manner) -> Wording:
    words = words_of(manner)
    rules, organisation = await door.rules(), await door.organisation()
    channels = {code: channel.name for code, channel in rules.policy.channels.items()}
    return Wording(term=words["term"], clock=words["clock_name"], names=Names(organisation), channels=channels)
