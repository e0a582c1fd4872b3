"""Lists a person looks at often, kept as the query of their address."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import NamedTuple

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncEngine

from schemas.kernel.errors import UserError
from schemas.record import tables as t

MOST = 30
NAME_LIMIT = 40
QUERY_LIMIT = 1_500


class Saved(NamedTuple):
    """``query``: the ledger, a question mark, and the query of its address."""

    name: str
    query: str


class SavedFilters:
    """Those of one database."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def of(self, person: str) -> tuple[Saved, ...]:
        """A person's, by name."""
        kept = t.saved_filters
        query = select(kept.c.name, kept.c.query).where(kept.c.person == person).order_by(kept.c.name)
        async with self._engine.connect() as connection:
            return tuple(Saved(row.name, row.query) for row in await connection.execute(query))

    async def keep(self, person: str, name: str, query: str) -> None:
        """Keeps it under that name, in place of what had the name. ``UserError``: ``filter_unnamed``, ``filters_too_many``."""
        name = name.strip()[:NAME_LIMIT]
        if not name:
            raise UserError("filter_unnamed", zh="请给筛选起个名字。", en="Give the filter a name.")
        kept = t.saved_filters
        row = {"person": person, "name": name, "query": query[:QUERY_LIMIT], "kept_at": datetime.now(UTC)}
        statement = insert(kept).values(row)
        count = select(func.count()).where(kept.c.person == person, kept.c.name != name)
        async with self._engine.begin() as connection:
            if (await connection.execute(count)).scalar_one() >= MOST:
                raise UserError(
                    "filters_too_many",
                    zh=f"最多保存 {MOST} 个筛选，请先删除不用的。",
                    en=f"At most {MOST} filters are kept; remove one first.",
                )
            await connection.execute(
                statement.on_conflict_do_update(
                    index_elements=[kept.c.person, kept.c.name],
                    set_={"query": statement.excluded.query, "kept_at": statement.excluded.kept_at},
                )
            )

    async def drop(self, person: str, name: str) -> None:
        """Removes it; nothing where there is none of that name."""
        kept = t.saved_filters
        async with self._engine.begin() as connection:
            await connection.execute(delete(kept).where(kept.c.person == person, kept.c.name == name))
