"""``/board``: the page, and the cases behind each of its numbers."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from gateway.api.board import kept_of, lines_behind, unit_in_reach
from gateway.board.behind import LISTED, Asked, behind, current_cases, past_cases
from gateway.console.board.charts import weekly_chart
from gateway.console.board.looking import bands_said, look, moment_said
from gateway.console.rendering import render
from gateway.measures_table import APART_ZH, COUNTS_ZH
from gateway.retry import READ_RETRY_SECONDS, retry_transient
from gateway.web.viewer import Readings, SignedIn, TheDoor
from schemas.access import Area, enter
from schemas.evidence.journal import EntryKind
from schemas.kernel.errors import UserError
from schemas.kernel.units import within
from schemas.kernel.worktime import local_day
from schemas.organisation.names import Names
from schemas.petition.measures import RATES
from schemas.petition.state import Ledger

TILES = ("on_time_assignment", "on_time_finish", "response", "resolution", "satisfaction", "rework", "repeat")


def board_router() -> APIRouter:
    """The routes of the board."""
    router = APIRouter(include_in_schema=False)
    router.get("/board")(show)
    router.get("/board/cases")(cases)
    return router


async def show(
    request: Request, viewer: SignedIn, door: TheDoor, readings: Readings, unit: str = "", as_of: str = ""
) -> Response:
    """The board of a unit and those below it, now or as of a past moment."""
    enter(Area.BOARD, viewer.actor)
    shown, came, done = await look(request, viewer, door, readings, unit, as_of)
    organisation = await door.organisation()
    return render(
        request,
        viewer,
        "board/page.html",
        board=shown,
        asked={"unit": unit, "as_of": as_of},
        chart=weekly_chart(came, done, local_day(shown.as_of)),
        names=Names(organisation),
        units=[each for each in organisation.units if within(each.path, shown.unit)],
        tiles=TILES,
        rates=RATES,
        counts=COUNTS_ZH,
        apart=APART_ZH,
        ledgers=[each.value for each in Ledger],
        bands=[(place, zh, en) for place, (zh, en) in enumerate(bands_said())],
        reconciled=await retry_transient(lambda: door.system.journal.latest(EntryKind.RECONCILED), READ_RETRY_SECONDS),
    )


async def cases(
    request: Request,
    viewer: SignedIn,
    door: TheDoor,
    readings: Readings,
    of: str,
    ledger: str = "",
    unit: str = "",
    at: str = "",
    as_of: str = "",
) -> Response:
    """The cases behind a number. ``at``: of that unit alone, as the rows of the overdue are."""
    enter(Area.BOARD, viewer.actor)
    what = behind(of)
    path = await unit_in_reach(door, viewer.actor, unit.strip())
    asked = Asked(of, path, _ledger(ledger), await unit_in_reach(door, viewer.actor, at.strip()) if at.strip() else "")
    moment, calendar = moment_said(as_of), (await door.rules()).calendar
    if as_of.strip():
        found = await past_cases(readings, calendar, moment, asked)
    else:
        found = await current_cases(kept_of(request, door), calendar, moment, asked, viewer.actor)
    return render(
        request,
        viewer,
        "board/cases.html",
        what=what,
        ledger=ledger,
        at=at,
        as_of=moment,
        asked={"unit": unit, "as_of": as_of},
        count=found.count,
        listed=LISTED,
        lines=await lines_behind(door, readings, found, viewer.actor),
        names=Names(await door.organisation()),
    )


def _ledger(said: str) -> Ledger | None:
    if not said:
        return None
    if said not in {each.value for each in Ledger}:
        raise UserError("page_unknown", zh="没有这本账。", en="There is no such ledger.")
    return Ledger(said)
