"""The notices that reached a person. Of a case that person may not see (any more), none is shown."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncEngine

from activities.record.case_record import Clock, utc_now
from activities.record.views import cursor_after, cursor_place
from schemas.kernel.actor import Actor
from schemas.kernel.errors import UserError
from schemas.kernel.model import Frozen
from schemas.petition.rules import may_see
from schemas.petition.state import Petition, Stage
from schemas.record import tables as t


class InboxLine(Frozen):
    """A notice as it reached a person, with the case as it stands now."""

    notice_id: str
    case_number: str
    title: str
    stage: Stage
    due: datetime | None
    card: str
    unit: str
    zh: str
    en: str
    delivered_at: datetime
    read_at: datetime | None


class InboxPage(Frozen):
    """Some notices, the newest first, and where to go on; no ``cursor``: these were the last. ``unread``: of all of them."""

    notices: tuple[InboxLine, ...]
    unread: int
    cursor: str | None = None


class Inbox:
    """Reads and marks in one database."""

    def __init__(self, engine: AsyncEngine, *, clock: Clock = utc_now) -> None:
        self._engine = engine
        self._clock = clock

    async def page(self, actor: Actor, *, unread: bool = False, limit: int = 50, cursor: str = "") -> InboxPage:
        """``UserError`` ``cursor_invalid``."""
        inbox, cases = t.inbox, t.cases
        place = cursor_place(cursor) if cursor else None
        mine = inbox.c.person == actor.id
        query = (
            select(inbox, cases.c.title, cases.c.stage, cases.c.due, cases.c.card, cases.c.state)
            .join_from(inbox, cases, cases.c.case_number == inbox.c.case_number)
            .where(mine)
            .order_by(inbox.c.delivered_at.desc(), inbox.c.notice_id.desc())
            .limit(limit + 1)
        )
        if unread:
            query = query.where(inbox.c.read_at.is_(None))
        if place is not None:
            query = query.where(tuple_(inbox.c.delivered_at, inbox.c.notice_id) < tuple_(*place))
        count = select(func.count()).where(mine, inbox.c.read_at.is_(None))
        async with self._engine.connect() as connection:
            rows = (await connection.execute(query)).mappings().all()
            waiting = (await connection.execute(count)).scalar_one()
        here = rows[:limit]
        lines = tuple(
            InboxLine.model_validate({name: row[name] for name in InboxLine.model_fields})
            for row in here
            if may_see(Petition.model_validate(row["state"]), actor)
        )
        further = cursor_after(here[-1]["delivered_at"], here[-1]["notice_id"]) if len(rows) > limit else None
        return InboxPage(notices=lines, unread=waiting, cursor=further)

    async def read(self, actor: Actor, notice_id: str) -> datetime:
        """Marks a notice; when it was read first. ``UserError`` ``notice_unknown``."""
        inbox = t.inbox
        marked = (
            update(inbox)
            .where(inbox.c.notice_id == notice_id, inbox.c.person == actor.id)
            .values(read_at=func.coalesce(inbox.c.read_at, self._clock()))
            .returning(inbox.c.read_at)
        )
        async with self._engine.begin() as connection:
            found = (await connection.execute(marked)).scalar_one_or_none()
        if found is None:
            raise UserError("notice_unknown", zh="收件箱中没有这条通知。", en="There is no such notice in this inbox.")
        return found

    async def read_all(self, actor: Actor) -> None:
        """Marks every notice of theirs."""
        inbox = t.inbox
        mine = update(inbox).where(inbox.c.person == actor.id, inbox.c.read_at.is_(None))
        async with self._engine.begin() as connection:
            await connection.execute(mine.values(read_at=self._clock()))
