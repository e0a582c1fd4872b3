"""Readings of personal data in the journal: counted against the day's ceiling, written down before anything is shown, and told of where unusual."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, insert, or_, select, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from activities.evidence.journal import Journal
from schemas.access.revealing import (
    Given,
    Need,
    Unusual,
    Use,
    check_ceiling,
    lies_elsewhere,
    unusual,
)
from schemas.evidence.journal import Entry, EntryKind
from schemas.kernel.actor import Actor, Role
from schemas.kernel.errors import UserError
from schemas.kernel.units import top
from schemas.kernel.worktime import SHANGHAI, Calendar
from schemas.petition.notices.notice import when_allowed
from schemas.petition.state import Petition
from schemas.policy import RevealPolicy
from schemas.record import tables as t

HOUR: Final = timedelta(hours=1)


@dataclass(frozen=True)
class Limits:
    """How much of it is usual: by the policy and the work calendar in force."""

    figures: RevealPolicy
    calendar: Calendar


class ReadingBook:
    """Where every reading of personal data in clear is entered first; also through an engine that is read-only otherwise."""

    def __init__(self, engine: AsyncEngine, journal: Journal, limits: Limits) -> None:
        self._engine = engine
        self._journal = journal
        self._limits = limits

    async def enter(
        self, kind: EntryKind, state: Petition, actor: Actor, given: Given, body: Mapping[str, Any]
    ) -> Entry:
        """The entry of the journal, written. ``UserError`` ``reveal_ceiling_reached``: then only that stands in the journal."""
        try:
            async with self._engine.begin() as connection:
                await connection.execute(text("SET TRANSACTION READ WRITE"))
                # Counted and written behind one lock: of two readings at once one is the later.
                await self._journal.hold(connection)
                return await self._entered(connection, kind, state, actor, given, body)
        except UserError as refusal:
            await self._stopped(refusal, state, actor)
            raise

    async def _entered(
        self,
        connection: AsyncConnection,
        kind: EntryKind,
        state: Petition,
        actor: Actor,
        given: Given,
        body: Mapping[str, Any],
    ) -> Entry:
        before = await self._uses(connection, actor)
        if actor.role is not Role.SYSTEM:
            since = _midnight(self._journal.now())
            check_ceiling(sum(use.at >= since for use in before), self._limits.figures)
        elsewhere = lies_elsewhere(state, actor)
        entry = await self._journal.append_with(
            connection,
            kind,
            actor,
            case_number=state.number,
            reason=given.said,
            body={**body, "need": given.need.value, "elsewhere": elsewhere},
        )
        use = Use(at=entry.at, case_number=state.number, need=given.need, elsewhere=elsewhere)
        found = unusual(use, before, self._limits.figures, self._limits.calendar)
        if new := await self._untold(connection, found, actor):
            await self._tell(connection, entry, state, actor, new)
        return entry

    async def _uses(self, connection: AsyncConnection, actor: Actor) -> list[Use]:
        """What this person has seen today, and in the hour before."""
        now = self._journal.now()
        query = (
            select(t.journal.c.at, t.journal.c.case_number, t.journal.c.body)
            .where(_is_reading(), t.journal.c.person == actor.id, t.journal.c.at >= min(_midnight(now), now - HOUR))
            .order_by(t.journal.c.number)
        )
        return [
            Use(
                at=row.at,
                case_number=row.case_number,
                # The first release knew no reasons but words.
                need=Need(row.body.get("need", Need.OTHER)),
                elsewhere=bool(row.body.get("elsewhere", False)),
            )
            for row in (await connection.execute(query)).all()
        ]

    async def _untold(self, connection: AsyncConnection, found: tuple[Unusual, ...], actor: Actor) -> list[Unusual]:
        if not found:
            return []
        query = select(t.journal.c.body["what"]).where(
            t.journal.c.kind == EntryKind.UNUSUAL_READING.value,
            t.journal.c.person == actor.id,
            t.journal.c.at >= _midnight(self._journal.now()),
        )
        told = {each for what in (await connection.execute(query)).scalars() for each in what}
        return [each for each in found if each.value not in told]

    async def _tell(
        self, connection: AsyncConnection, entry: Entry, state: Petition, actor: Actor, what: list[Unusual]
    ) -> None:
        await self._journal.append_with(
            connection,
            EntryKind.UNUSUAL_READING,
            actor,
            case_number=state.number,
            body={"entry": entry.number, "what": [each.value for each in what]},
        )
        # Notices leave the house by channels that are not ours: they name the entry, never the person.
        await self._owe(
            connection,
            state,
            f"unusual:{entry.number}",
            "unusual_reading",
            f"个人信息的查看有异常，请核查查阅日志第 {entry.number} 条",
            f"personal data was seen in an unusual way; look at entry {entry.number} of the journal",
        )

    async def _stopped(self, refusal: UserError, state: Petition, actor: Actor) -> None:
        async with self._engine.begin() as connection:
            await connection.execute(text("SET TRANSACTION READ WRITE"))
            await self._journal.hold(connection)
            told = select(t.journal.c.number).where(
                t.journal.c.kind == EntryKind.REVEAL_STOPPED.value,
                t.journal.c.person == actor.id,
                t.journal.c.at >= _midnight(self._journal.now()),
            )
            if (await connection.execute(told.limit(1))).first() is not None:
                return
            entry = await self._journal.append_with(
                connection, EntryKind.REVEAL_STOPPED, actor, case_number=state.number, body=dict(refusal.facts)
            )
            await self._owe(
                connection,
                state,
                f"stopped:{entry.number}",
                "reveal_stopped",
                f"有人查看个人信息达到每日上限，请核查查阅日志第 {entry.number} 条",
                f"somebody has reached the day's ceiling of seeing personal data; look at entry {entry.number} of the journal",
            )

    async def _owe(self, connection: AsyncConnection, state: Petition, name: str, kind: str, zh: str, en: str) -> None:
        now = self._journal.now()
        allowed = when_allowed(state.policy.ladder, now)
        await connection.execute(
            insert(t.outbox),
            {
                "id": f"{state.number}:{name}",
                "case_number": state.number,
                "kind": kind,
                "unit": top(state.unit),
                "role": Role.AUDITOR.value,
                "zh": f"【{state.number}】{zh}。",
                "en": f"[{state.number}] {en}.",
                "created_at": now,
                "not_before": allowed,
                "next_attempt_at": allowed,
            },
        )


def _is_reading() -> ColumnElement[bool]:
    kind, body = t.journal.c.kind, t.journal.c.body
    return or_(
        kind == EntryKind.REVEALED.value,
        (kind == EntryKind.EXPORTED.value) & body["full"].as_boolean(),
    )


def _midnight(moment: datetime) -> datetime:
    """When the day of ``moment`` began in Asia/Shanghai."""
    return moment.astimezone(SHANGHAI).replace(hour=0, minute=0, second=0, microsecond=0).astimezone(UTC)
