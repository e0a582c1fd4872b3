"""Statements by the driver itself. SQLAlchemy's way to it and back takes as long as all else of a short statement; what a case does at each
step, and a filing at each message, goes without.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, cast

from asyncpg.exceptions import IntegrityConstraintViolationError
from sqlalchemy.ext.asyncio import AsyncEngine


class _Driver(Protocol):
    """What is used of asyncpg's connection."""

    async def fetch(self, query: str, *args: object) -> Sequence[Mapping[str, Any]]: ...


class Direct:
    """Single statements over the connections of an engine, each a transaction of its own."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def rows(self, statement: str, *parameters: object) -> Sequence[Mapping[str, Any]]:
        """What the statement says; its parameters are written ``$1``, ``$2``. Errors are asyncpg's own, and nothing was written where a constraint speaks."""
        connection = await self._engine.raw_connection()
        try:
            rows = await cast("_Driver", connection.driver_connection).fetch(statement, *parameters)
        except IntegrityConstraintViolationError:
            connection.close()
            raise
        except BaseException:
            # Nobody else is given a connection that may still be about this.
            connection.invalidate()
            raise
        connection.close()
        return rows
