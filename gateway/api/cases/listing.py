"""``GET /petitions``: the ledgers, filtered, page by page."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import Field

from activities.record.views import CaseFilter, CasePage, Order
from gateway.api.answers import problems
from gateway.api.entering import entered
from gateway.listing import page_of
from gateway.orders.given import Moment
from gateway.orders.reading import resolved_unit
from gateway.web.viewer import Principal, Readings, TheDoor
from schemas.access import Area
from schemas.kernel.model import Frozen
from schemas.petition.state import Card, Ledger, Stage

router = APIRouter()

Unit = Annotated[str, Field(max_length=200)]


class ListQuery(Frozen):
    """Every given condition must hold."""

    stage: tuple[Stage, ...] = Field(default=(), description="环节，可重复 / repeatable")
    ledger: Ledger | None = None
    unit: Unit = Field(default="", description="单位（含下级） / filed on this unit or below it", examples=["XA/A3"])
    lead: Unit = Field(default="", description="主办单位（含下级） / lead office or below it")
    owner: Unit = Field(default="", description="现由谁负责（含下级） / whose time runs now")
    channel: str = Field(default="", max_length=100)
    card: Card | None = None
    open: bool | None = None
    overdue: bool = False
    due_before: Moment | None = None
    received_from: Moment | None = None
    received_before: Moment | None = None
    text: str = Field(default="", max_length=100, description="标题或正文中的词，空格分隔 / words in title or text")
    message: str = Field(default="", max_length=200, description="来源编号 / the source's own id")
    order: Order = "received"
    limit: int = Field(default=50, ge=1, le=200)
    cursor: str = Field(default="", max_length=200, description="上一页给出 / where the page before ended")


@router.get(
    "/petitions",
    response_model=CasePage,
    operation_id="list_petitions",
    responses=problems("cursor_invalid", "unit_unknown", "body_invalid", "text_unstorable"),
)
async def list_petitions(
    query: Annotated[ListQuery, Query()],
    viewer: Annotated[Principal, Depends(entered(Area.LEDGERS))],
    readings: Readings,
    door: TheDoor,
) -> CasePage:
    """案件列表 / the cases the caller may see."""
    organisation = await door.organisation()
    units = {
        name: resolved_unit(organisation, named)
        for name in ("unit", "lead", "owner")
        if (named := getattr(query, name))
    }
    wanted = CaseFilter.model_validate(query.model_dump(exclude={"stage"}) | {"stages": query.stage} | units)
    return await page_of(door, readings, wanted, viewer.actor)
