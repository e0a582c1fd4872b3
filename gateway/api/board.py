"""``/board`` and ``/measures``: how the work stands, now or as of a past moment; of units within the caller's own reach."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request

from activities.board.keeping import BoardSums
from gateway.api.answers import problems
from gateway.api.entering import entered
from gateway.board import Board, board, current_board
from gateway.doors import Door
from gateway.orders.given import Moment
from gateway.orders.reading import resolved_unit
from gateway.web.viewer import Readings, TheDoor, Viewer
from schemas.access import Area
from schemas.errors import UserError
from schemas.measures import Measures
from schemas.petition import Actor, Frozen, Role
from schemas.units import within

router = APIRouter()

Watcher = Annotated[Viewer, Depends(entered(Area.BOARD))]
Unit = Annotated[str, Query(max_length=200, description="单位（含下级）；不填即本人管辖 / unit and those below it")]
AsOf = Annotated[Moment | None, Query(description="截至何时；不填即现在 / as of a past moment, else now")]

ASKED = problems("unit_unknown", "unit_out_of_reach", "moment_in_future", "body_invalid", "board_not_ready")


class MeasuresAnswer(Frozen):
    """The measures as of ``as_of``, of ``unit`` and those below it."""

    as_of: datetime
    unit: str
    measures: Measures


@router.get("/board", response_model=Board, operation_id="read_board", responses=ASKED)
async def read_board(
    request: Request, viewer: Watcher, readings: Readings, door: TheDoor, unit: Unit = "", as_of: AsOf = None
) -> Board:
    """督办看板 / measures, and what is overdue by unit and age."""
    path = await unit_in_reach(door, viewer.actor, unit)
    calendar = (await door.rules()).calendar
    if as_of is not None:
        return await board(readings, calendar, _past(as_of), path)
    sums: BoardSums = request.app.state.board_sums
    try:
        return await current_board(sums, door.system.database, calendar, datetime.now(UTC), path)
    except UserError as not_yet:
        if not_yet.code == "board_not_ready":
            request.app.state.under_way.start(sums.catch_up())
        raise


@router.get("/measures", response_model=MeasuresAnswer, operation_id="read_measures", responses=ASKED)
async def read_measures(
    request: Request,
    viewer: Watcher,
    readings: Readings,
    door: TheDoor,
    unit: Unit = "",
    as_of: AsOf = None,
) -> MeasuresAnswer:
    """考核指标 / the measures alone."""
    shown = await read_board(request, viewer, readings, door, unit, as_of)
    return MeasuresAnswer(as_of=shown.as_of, unit=shown.unit, measures=shown.measures)


async def unit_in_reach(door: Door, actor: Actor, named: str) -> str:
    """The path of that unit, the actor's own reach without one. ``UserError``: ``unit_unknown``, ``unit_out_of_reach``."""
    organisation = await door.organisation()
    reach = organisation.city_code if actor.role in (Role.AUDITOR, Role.SYSTEM) else actor.reach
    path = resolved_unit(organisation, named) if named else reach
    if not within(path, reach):
        raise UserError(
            "unit_out_of_reach",
            zh=f"{path} 不在您的管辖范围（{reach}）内。",
            en=f"{path} lies outside your reach ({reach}).",
            unit=path,
            reach=reach,
        )
    return path


def _past(as_of: datetime) -> datetime:
    if as_of > datetime.now(UTC):
        raise UserError("moment_in_future", zh="只能回看过去的时刻。", en="Only a past moment can be looked at.")
    return as_of
