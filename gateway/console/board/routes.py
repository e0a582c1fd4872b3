"""``/board``: the page, and the cases behind each of its numbers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from fastapi import APIRouter, Request, Response

from activities.record.queries import CaseQueries
from activities.record.reading.standing import lines as lines_of
from activities.record.reading.standing import weekly
from gateway.api.board import unit_in_reach
from gateway.board import board, facts_as_of
from gateway.console.board.behind import behind, cases_behind
from gateway.console.board.charts import WEEKS, weekly_chart
from gateway.console.rendering import render
from gateway.doors import Door
from gateway.measures_table import APART_ZH, COUNTS_ZH, age_band
from gateway.orders.fields import field_invalid
from gateway.patience import READING_PATIENCE, patiently
from gateway.web.viewer import Readings, SignedIn, TheDoor, Viewer
from schemas.access import Area, enter
from schemas.evidence.journal import EntryKind
from schemas.measures import AGE_BANDS, RATES, CaseFacts
from schemas.organisation.names import Names
from schemas.petition import Ledger
from schemas.worktime import SHANGHAI, local_day

LISTED = 200
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
    path, moment = await unit_in_reach(door, viewer.actor, unit.strip()), _moment(as_of)
    today = local_day(moment)
    since = moment - timedelta(weeks=WEEKS)
    came = await patiently(lambda: weekly(readings, "received_at", path, since), READING_PATIENCE)
    done = await patiently(lambda: weekly(readings, "sealed_at", path, since), READING_PATIENCE)
    organisation = await door.organisation()
    return render(
        request,
        viewer,
        "board/page.html",
        board=await board(readings, (await door.rules()).calendar, moment, path),
        asked={"unit": unit, "as_of": as_of},
        chart=weekly_chart(came, done, today),
        names=Names(organisation),
        units=[each for each in organisation.units if each.path == path or each.path.startswith(f"{path}/")],
        tiles=TILES,
        rates=RATES,
        counts=COUNTS_ZH,
        apart=APART_ZH,
        ledgers=[each.value for each in Ledger],
        bands=[(place, age_band(*band), _english(band)) for place, band in enumerate(AGE_BANDS)],
        reconciled=await patiently(lambda: door.system.journal.latest(EntryKind.RECONCILED), READING_PATIENCE),
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
    _, moment, facts = await _facts(viewer, door, readings, unit, as_of)
    numbers = cases_behind(facts, of, ledger=ledger, unit=at)
    lines = await patiently(lambda: lines_of(readings, numbers[:LISTED], viewer.actor), READING_PATIENCE)
    return render(
        request,
        viewer,
        "board/cases.html",
        what=what,
        ledger=ledger,
        at=at,
        as_of=moment,
        asked={"unit": unit, "as_of": as_of},
        numbers=numbers,
        listed=LISTED,
        lines=lines,
        names=Names(await door.organisation()),
    )


async def _facts(
    viewer: Viewer, door: Door, readings: CaseQueries, unit: str, as_of: str
) -> tuple[str, datetime, list[CaseFacts]]:
    path = await unit_in_reach(door, viewer.actor, unit.strip())
    moment = _moment(as_of)
    return path, moment, await facts_as_of(readings, (await door.rules()).calendar, moment, path)


def _moment(said: str) -> datetime:
    now = datetime.now(UTC)
    if not said.strip():
        return now
    try:
        found = datetime.fromisoformat(said.strip())
    except ValueError:
        found = None
    if found is None or not 1950 <= found.year < 2200:
        raise field_invalid("as_of", "应为时刻，如 2026-03-01T09:00", "it must be a moment such as 2026-03-01T09:00")
    return min(found if found.tzinfo is not None else found.replace(tzinfo=SHANGHAI), now)


def _english(band: tuple[int, int | None]) -> str:
    first, last = band
    if last == 0:
        return "under 1 day"
    return f"{first} days +" if last is None else f"{first}–{last} days"
