"""The board somebody asked for: of this moment from the sums that are kept, as of a past one from what was recorded."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

from fastapi import Request

from activities.record.queries import CaseQueries
from gateway.api.board import kept_of, unit_in_reach
from gateway.board.shown import Board, board, current_board, current_trend, past_trend
from gateway.console.board.charts import WEEKS
from gateway.doors import Door
from gateway.measures_table import age_band
from gateway.orders.fields import field_invalid
from gateway.web.viewer import Principal
from schemas.kernel.worktime import SHANGHAI
from schemas.petition.measures import AGE_BANDS


class Looked(NamedTuple):
    """``came`` and ``done``: cases received and struck off in each week, by its Monday."""

    board: Board
    came: Mapping[date, int]
    done: Mapping[date, int]


async def look(request: Request, viewer: Principal, door: Door, readings: CaseQueries, unit: str, as_of: str) -> Looked:
    """``UserError``: ``unit_unknown``, ``unit_out_of_reach``, ``field_invalid`` and those of :func:`current_board`."""
    path = await unit_in_reach(door, viewer.actor, unit.strip())
    moment, calendar = moment_said(as_of), (await door.rules()).calendar
    since = moment - timedelta(weeks=WEEKS)
    if as_of.strip():
        came, done = await past_trend(readings, since, moment, path)
        return Looked(await board(readings, calendar, moment, path), came, done)
    kept = kept_of(request, door)
    shown = await current_board(kept, calendar, moment, path, viewer.actor)
    came, done = await current_trend(kept, since, path, viewer.actor)
    return Looked(shown, came, done)


def moment_said(said: str) -> datetime:
    """The moment typed, in Asia/Shanghai where it names no zone; now where none is, or where it lies ahead. ``UserError`` ``field_invalid``."""
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


def bands_said() -> tuple[tuple[str, str], ...]:
    """The ages of what is overdue as they are headed, in Chinese and English."""
    return tuple((age_band(*band), _english(*band)) for band in AGE_BANDS)


def _english(first: int, last: int | None) -> str:
    if last == 0:
        return "under 1 day"
    return f"{first} days +" if last is None else f"{first}–{last} days"
