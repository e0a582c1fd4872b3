"""Reference data, versioned: the work calendar, the policy, the organisation. A version once stored is never changed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple, TypeVar

from sqlalchemy import Select, func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from activities.record.case_record import Clock, utc_now
from activities.record.migrate import at_once
from schemas.kernel.calendar import CalendarDay, build_calendar
from schemas.kernel.errors import UserError
from schemas.kernel.worktime import Calendar
from schemas.organisation import Organisation
from schemas.policy import Policy
from schemas.record import tables as t

POLICY = "policy"
ORGANISATION = "organisation"

_Reference = TypeVar("_Reference", Calendar, Policy, Organisation)
_Document = TypeVar("_Document", Policy, Organisation)


class Stored(NamedTuple):
    """A version there is, and since when (aware, UTC). ``notice``: the holiday notice that made a calendar's; else empty."""

    version: int
    imported_at: datetime
    notice: str = ""


class ReferenceStore:
    """Reads the newest version of each, and adds new ones. The newest it has read it keeps: doors ask for it every few seconds."""

    def __init__(self, engine: AsyncEngine, *, clock: Clock = utc_now) -> None:
        self._engine = engine
        self._at_once = at_once(engine)
        self._clock = clock
        self._kept: dict[type[Any], Any] = {}

    async def calendar(self, version: int | None = None) -> Calendar:
        """A version of the work calendar, the newest where none is named. ``UserError`` ``calendar_missing`` where there is no such version."""

        async def numbered(number: int | None) -> Calendar:
            return build_calendar(*await self.calendar_days(number))

        return await self._read(Calendar, version, select(func.max(t.calendar_versions.c.version)), numbered)

    async def calendar_days(self, version: int | None = None) -> tuple[int, list[CalendarDay], date, date]:
        """A version's number, listed days and published range; the newest where none is named."""
        versions, days = t.calendar_versions, t.calendar_days
        query = select(versions).order_by(versions.c.version.desc()).limit(1)
        if version is not None:
            query = query.where(versions.c.version == version)
        async with self._engine.connect() as connection:
            head = (await connection.execute(query)).mappings().one_or_none()
            if head is None:
                raise _missing("calendar", "工作日历", version)
            rows = await connection.execute(select(days).where(days.c.version == head["version"]).order_by(days.c.day))
            listed = [
                CalendarDay(day=row["day"], kind=row["kind"], notice=row["notice"], status=row["status"])
                for row in rows.mappings()
            ]
        return head["version"], listed, head["published_from"], head["published_through"]

    async def add_calendar(self, days: Iterable[CalendarDay], first: date, last: date, notice: str) -> Calendar:
        """Stores the next version and returns it."""
        listed = list(days)
        async with self._engine.begin() as connection:
            version = await self._next_version(connection)
            calendar = build_calendar(version, listed, first, last)
            await connection.execute(
                insert(t.calendar_versions),
                {
                    "version": version,
                    "published_from": first,
                    "published_through": last,
                    "notice": notice,
                    "imported_at": self._clock(),
                },
            )
            if listed:
                await connection.execute(
                    insert(t.calendar_days), [day.model_dump() | {"version": version} for day in listed]
                )
        return calendar

    async def policy(self, version: int | None = None) -> Policy:
        """A version of the policy, the newest where none is named."""
        return await self._read_document(Policy, version, POLICY, "政策")

    async def organisation(self, version: int | None = None) -> Organisation:
        """A version of the organisation, the newest where none is named."""
        return await self._read_document(Organisation, version, ORGANISATION, "组织机构")

    async def add_policy(self, policy: Policy) -> Policy:
        """Stores it as the next version; each set of figures carries that version."""
        async with self._engine.begin() as connection:
            version = await self._next_version(connection, POLICY)
            ledgers = {
                ledger: {
                    complexity: figures.model_copy(update={"version": version})
                    for complexity, figures in by_complexity.items()
                }
                for ledger, by_complexity in policy.ledgers.items()
            }
            stored = policy.model_copy(update={"version": version, "ledgers": ledgers})
            await self._store(connection, POLICY, version, stored.model_dump(mode="json"))
        return stored

    async def add_organisation(self, organisation: Organisation) -> Organisation:
        """Stores it as the next version."""
        async with self._engine.begin() as connection:
            version = await self._next_version(connection, ORGANISATION)
            stored = organisation.model_copy(update={"version": version})
            await self._store(connection, ORGANISATION, version, stored.model_dump(mode="json"))
        return stored

    async def versions(self, kind: str) -> Sequence[int]:
        """The versions of the policy or the organisation there are, oldest first."""
        return [each.version for each in await self.stored(kind)]

    async def stored(self, kind: str) -> Sequence[Stored]:
        """The same, and since when."""
        documents = t.documents
        query = (
            select(documents.c.version, documents.c.imported_at)
            .where(documents.c.kind == kind)
            .order_by(documents.c.version)
        )
        async with self._engine.connect() as connection:
            return [Stored(*row) for row in await connection.execute(query)]

    async def stored_calendars(self) -> Sequence[Stored]:
        """The versions of the work calendar there are, oldest first."""
        versions = t.calendar_versions
        query = select(versions.c.version, versions.c.imported_at, versions.c.notice).order_by(versions.c.version)
        async with self._engine.connect() as connection:
            return [Stored(*row) for row in await connection.execute(query)]

    async def _read(
        self,
        model: type[_Reference],
        version: int | None,
        newest: Select[Any],
        numbered: Callable[[int | None], Awaitable[_Reference]],
    ) -> _Reference:
        """That version, or the newest: the one kept, as long as there is none newer. ``numbered`` brings a version from the record."""
        if version is not None:
            return await numbered(version)
        async with self._at_once.connect() as connection:
            number = (await connection.execute(newest)).scalar_one_or_none()
        kept: _Reference | None = self._kept.get(model)
        if kept is None or kept.version != number:
            kept = self._kept[model] = await numbered(number)
        return kept

    async def _read_document(self, model: type[_Document], version: int | None, kind: str, zh: str) -> _Document:
        documents = t.documents

        async def numbered(number: int | None) -> _Document:
            query = select(documents.c.body).where(documents.c.kind == kind)
            query = query.order_by(documents.c.version.desc()).limit(1)
            if number is not None:
                query = query.where(documents.c.version == number)
            async with self._engine.connect() as connection:
                body = (await connection.execute(query)).scalar_one_or_none()
            if body is None:
                raise _missing(kind, zh, number)
            return model.model_validate(body)

        newest = select(func.max(documents.c.version)).where(documents.c.kind == kind)
        return await self._read(model, version, newest, numbered)

    async def _next_version(self, connection: AsyncConnection, kind: str | None = None) -> int:
        table = t.calendar_versions if kind is None else t.documents
        query = select(func.coalesce(func.max(table.c.version), 0) + 1)
        if kind is not None:
            query = query.where(t.documents.c.kind == kind)
        return (await connection.execute(query)).scalar_one()

    async def _store(self, connection: AsyncConnection, kind: str, version: int, body: object) -> None:
        await connection.execute(
            insert(t.documents),
            {"kind": kind, "version": version, "body": body, "imported_at": self._clock()},
        )


def _missing(kind: str, zh: str, version: int | None) -> UserError:
    which = "" if version is None else f" {version}"
    return UserError(
        f"{kind}_missing",
        zh=f"数据库中没有{zh}{'版本' + which if which else ''}，请先导入（sanzhang {kind} import）。",
        en=f"The database holds no {kind}{' version' + which if which else ''}; import one (sanzhang {kind} import).",
        version=version,
    )
