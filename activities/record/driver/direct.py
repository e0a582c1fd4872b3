"""Statements by the driver itself."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol, cast

from asyncpg.exceptions import IntegrityConstraintViolationError
from sqlalchemy.ext.asyncio import AsyncEngine


class _Driver(Protocol):
    """What is used of asyncpg's connection."""

    async def fetch(self, query: str, *args: object) -> Sequence[Mapping[str, Any]]: ...

    async def fetchmany(
        self,
        query: str,
        args: Iterable[Sequence[object]],
        *,
        timeout: float,  # noqa: ASYNC109 - so asyncpg names it
    ) -> Sequence[Mapping[str, Any]]: ...


class RawExecutor:
    """Statements over the connections of an engine, each call a transaction of its own.

    SQLAlchemy's way to the driver and back takes as long as all else of a short statement: what a case does at each step, and a filing at each
    message, goes without.
    """

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def rows(self, statement: str, *parameters: object) -> Sequence[Mapping[str, Any]]:
        """What the statement says; its parameters are written ``$1``, ``$2``. Errors are asyncpg's own, and nothing was written where a constraint speaks."""
        return await self._asked(lambda driver: driver.fetch(statement, *parameters))

    async def rows_of_all(
        self, statement: str, parameters: Sequence[Sequence[object]], *, seconds: float
    ) -> Sequence[Mapping[str, Any]]:
        """What the statement says for one list of parameters after the other, in one transaction: all of them or none.

        They must be small all together: see ``MOST_BYTES`` in ``together``. ``TimeoutError`` after so many seconds: it has been called off, unless it
        was written in that moment.
        """
        return await self._asked(lambda driver: driver.fetchmany(statement, parameters, timeout=seconds))

    async def _asked(
        self, ask: Callable[[_Driver], Awaitable[Sequence[Mapping[str, Any]]]]
    ) -> Sequence[Mapping[str, Any]]:
        connection = await self._engine.raw_connection()
        try:
            rows = await ask(cast("_Driver", connection.driver_connection))
        except (IntegrityConstraintViolationError, TimeoutError):
            # What took too long the driver calls off at the server, and until then lets nobody use the connection. To drop it would leave the
            # server waiting with the locks it has.
            connection.close()
            raise
        except BaseException:
            # Nobody else is given a connection that may still be about this.
            connection.invalidate()
            raise
        connection.close()
        return rows
