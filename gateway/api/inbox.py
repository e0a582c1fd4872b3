"""``/inbox``: the notices that reached the caller, the newest first."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query

from activities.record.inbox import Inbox, InboxPage
from gateway.api.answers import problems
from gateway.api.entering import entered
from gateway.retry import READ_RETRY_SECONDS, retry_transient
from gateway.web.viewer import CallerFirst, Principal, Readings, TheDoor
from schemas.access import Area
from schemas.kernel.model import Frozen

router = APIRouter(route_class=CallerFirst)


class Read(Frozen):
    """The notice was read at ``read_at``, now or before."""

    notice_id: str
    read_at: datetime


@router.get(
    "/inbox",
    response_model=InboxPage,
    operation_id="read_inbox",
    responses=problems("cursor_invalid", "body_invalid"),
)
async def read_inbox(
    viewer: Annotated[Principal, Depends(entered(Area.INBOX))],
    readings: Readings,
    door: TheDoor,
    unread: Annotated[bool, Query(description="只看未读 / unread only")] = False,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    cursor: Annotated[str, Query(max_length=300)] = "",
) -> InboxPage:
    """收件箱 / notices of cases the caller may (still) see."""
    # Through row-level security: of notices of a case that has turned against their reader not even the number is told.
    inbox = Inbox(readings.engine)
    page = await retry_transient(
        lambda: inbox.page(viewer.actor, unread=unread, limit=limit, cursor=cursor), READ_RETRY_SECONDS
    )
    return (await door.redacting.of_cases({each.case_number for each in page.notices}, viewer.actor, page)).model(page)


@router.post(
    "/inbox/{notice_id}/read",
    response_model=Read,
    operation_id="mark_read",
    responses=problems("notice_unknown", "auditors_change_nothing", "body_invalid"),
)
async def mark_read(
    notice_id: Annotated[str, Path(max_length=300)],
    viewer: Annotated[Principal, Depends(entered(Area.INBOX, writing=True))],
    door: TheDoor,
) -> Read:
    """标为已读 / mark a notice as read."""
    return Read(notice_id=notice_id, read_at=await Inbox(door.system.database).read(viewer.actor, notice_id))
