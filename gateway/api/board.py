"""``/board``, ``/board/cases`` and ``/measures``: how the work stands, now or as of a past moment; of units within the caller's own reach."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from pydantic import Field

from activities.record.queries import CaseQueries
from activities.record.reading.standing import lines as lines_of
from activities.record.views import CaseLine
from gateway.api.answers import problems
from gateway.api.entering import entered
from gateway.board.behind import LISTED, Asked, CasesBehind, current_cases, past_cases
from gateway.board.shown import Board, Kept, board, current_board
from gateway.doors import Door
from gateway.orders.given import Moment
from gateway.orders.reading import resolved_unit
from gateway.retry import READ_RETRY_SECONDS, retry_transient
from gateway.web.viewer import Principal, Readings, TheDoor
from schemas.access import Area
from schemas.kernel.actor import Actor, Role
from schemas.kernel.errors import UserError
from schemas.kernel.model import Frozen
from schemas.kernel.units import within
from schemas.petition.measures import Measures, numbers
from schemas.petition.state import Ledger

router = APIRouter()

Watcher = Annotated[Principal, Depends(entered(Area.BOARD))]
Unit = Annotated[str, Query(max_length=200, description="单位（含下级）；不填即本人管辖 / unit and those below it")]
AsOf = Annotated[Moment | None, Query(description="截至何时；不填即现在 / as of a past moment, else now")]

At = Annotated[str, Query(max_length=200, description="仅此单位自身 / of this unit itself, without those below it")]
Of = Annotated[
    str,
    Query(
        max_length=60,
        description="哪个数字 / which number: " + ", ".join(numbers()),
        examples=["open", "rate.response.miss", "owed.2", "card.red"],
    ),
]

ASKED_CODES = ("unit_unknown", "unit_out_of_reach", "moment_in_future", "body_invalid", "board_not_ready")
ASKED = problems(*ASKED_CODES)


class MeasuresAnswer(Frozen):
    """The measures as of ``as_of``, of ``unit`` and those below it."""

    as_of: datetime
    unit: str
    measures: Measures


class CasesAnswer(Frozen):
    """``count`` cases are behind the number ``of`` as of ``as_of``; the first of them stand here, at most ``LISTED``.

    Overdue replies come by how long they are overdue, all else the newest first.
    """

    as_of: datetime
    unit: str
    of: str
    count: int
    cases: tuple[CaseLine, ...] = Field(max_length=LISTED)


@router.get("/board", response_model=Board, operation_id="read_board", responses=ASKED)
async def read_board(
    request: Request, viewer: Watcher, readings: Readings, door: TheDoor, unit: Unit = "", as_of: AsOf = None
) -> Board:
    """督办看板 / measures, and what is overdue by unit and age."""
    path = await unit_in_reach(door, viewer.actor, unit)
    calendar = (await door.rules()).calendar
    if as_of is not None:
        return await board(readings, calendar, _past(as_of), path)
    return await current_board(kept_of(request, door), calendar, datetime.now(UTC), path, viewer.actor)


@router.get(
    "/board/cases",
    response_model=CasesAnswer,
    operation_id="read_cases_behind",
    responses=problems(*ASKED_CODES, "page_unknown"),
)
async def read_cases_behind(
    request: Request,
    viewer: Watcher,
    readings: Readings,
    door: TheDoor,
    of: Of,
    unit: Unit = "",
    ledger: Ledger | None = None,
    at: At = "",
    as_of: AsOf = None,
) -> CasesAnswer:
    """看板数字背后的案件 / the cases behind a number of the board: as many as the number says."""
    path = await unit_in_reach(door, viewer.actor, unit)
    asked = Asked(of, path, ledger, await unit_in_reach(door, viewer.actor, at) if at else "")
    moment = datetime.now(UTC) if as_of is None else _past(as_of)
    calendar = (await door.rules()).calendar
    if as_of is None:
        found = await current_cases(kept_of(request, door), calendar, moment, asked, viewer.actor)
    else:
        found = await past_cases(readings, calendar, moment, asked)
    lines = await lines_behind(door, readings, found, viewer.actor)
    return CasesAnswer(as_of=moment, unit=path, of=of, count=found.count, cases=tuple(lines))


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


def kept_of(request: Request, door: Door) -> Kept:
    """What this application keeps for the board of this moment."""
    return Kept(request.app.state.board_sums, door.system.database, request.app.state.under_way.start)


async def lines_behind(door: Door, readings: CaseQueries, found: CasesBehind, actor: Actor) -> list[CaseLine]:
    """The lines of the first cases, in their order, read as that actor reads."""
    lines = await retry_transient(lambda: lines_of(readings, found.numbers, actor), READ_RETRY_SECONDS)
    redactor = await door.redacting.of_cases(list(lines), actor, lines)
    return redactor.model([lines[number] for number in found.numbers if number in lines])


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
