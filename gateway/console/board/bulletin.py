"""``/board/bulletin``: the board as a bulletin to print, under the bureau's own head, for a period of weeks."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta

from fastapi import APIRouter, Request, Response

from gateway.console.board.charts import WEEKS
from gateway.console.board.looking import bands_said, look
from gateway.console.rendering import render
from gateway.measures_table import APART_ZH, COUNTS_ZH
from gateway.web.viewer import Readings, SignedIn, TheDoor
from schemas.access import Area, enter
from schemas.kernel.worktime import local_day, monday_of
from schemas.organisation.names import Names
from schemas.petition.measures import RATES
from schemas.petition.state import Ledger

PERIODS = (1, 4, WEEKS)
"""Weeks a bulletin may be about, the one of its day among them."""


def bulletin_router() -> APIRouter:
    """The route of the bulletin."""
    router = APIRouter(include_in_schema=False)
    router.get("/board/bulletin")(bulletin)
    return router


async def bulletin(
    request: Request,
    viewer: SignedIn,
    door: TheDoor,
    readings: Readings,
    unit: str = "",
    as_of: str = "",
    weeks: int = PERIODS[0],
) -> Response:
    """The figures of the board, and what came and went in the weeks named."""
    enter(Area.BOARD, viewer.actor)
    looked = await look(request, viewer, door, readings, unit, as_of)
    day = local_day(looked.board.as_of)
    weeks = weeks if weeks in PERIODS else PERIODS[0]
    first = first_day(looked.board.as_of, weeks)
    organisation = await door.organisation()
    return render(
        request,
        viewer,
        "board/bulletin.html",
        board=looked.board,
        asked={"unit": unit, "as_of": as_of},
        weeks=weeks,
        periods=PERIODS,
        first=first,
        day=day,
        number=day.isocalendar(),
        came=within_weeks(looked.came, first),
        done=within_weeks(looked.done, first),
        names=Names(organisation),
        rates=RATES,
        counts=COUNTS_ZH,
        apart=APART_ZH,
        ledgers=[each.value for each in Ledger],
        bands=bands_said(),
    )


def first_day(as_of: datetime, weeks: int) -> date:
    """The Monday (Asia/Shanghai) with which the last ``weeks`` up to ``as_of`` begin."""
    return monday_of(local_day(as_of)) - timedelta(weeks=weeks - 1)


def within_weeks(by_monday: Mapping[date, int], first: date) -> int:
    """How many of those counted by week fall into the weeks from ``first`` on."""
    return sum(count for monday, count in by_monday.items() if monday >= first)
