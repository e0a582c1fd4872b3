"""Waiting out a part that is being restarted: what a door tries again, for how long, and what it says when that was not enough."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from asyncpg.exceptions import (
    CannotConnectNowError,
    ConnectionDoesNotExistError,
    InternalClientError,
    PostgresConnectionError,
    TooManyConnectionsError,
)
from asyncpg.exceptions import InterfaceError as DriverInterfaceError
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from temporalio.client import WorkflowUpdateRPCTimeoutOrCancelledError
from temporalio.service import RPCError, RPCStatusCode

from schemas.kernel.errors import UserError

T = TypeVar("T")

ORDER_RETRY_SECONDS = 60.0
"""Seconds an order waits: after a kill of engine or database they are back well within."""

READ_RETRY_SECONDS = 30.0
"""Seconds a mere look waits."""

_PASSING_STATUS = (
    RPCStatusCode.UNAVAILABLE,
    RPCStatusCode.DEADLINE_EXCEEDED,
    RPCStatusCode.CANCELLED,
    RPCStatusCode.ABORTED,
    RPCStatusCode.RESOURCE_EXHAUSTED,
)
"""Engine answers that a restart or a moment's patience mends."""

_PASSING = (
    # A refused or reset connection, and an attempt that outlasted the patience (TimeoutError).
    OSError,
    WorkflowUpdateRPCTimeoutOrCancelledError,
    OperationalError,
    InterfaceError,
    PoolTimeoutError,
    # The driver's own: of connecting, before SQLAlchemy can translate them, and of statements that go by the driver itself.
    CannotConnectNowError,
    ConnectionDoesNotExistError,
    PostgresConnectionError,
    TooManyConnectionsError,
    # What it says of a connection that ended under a statement.
    DriverInterfaceError,
    InternalClientError,
)

_PASSING_STATES = ("08", "53", "57P", "40001", "40P01")
"""What PostgreSQL itself says (SQLSTATE) while it starts or ends, has no room for a connection, or gave way to another transaction."""


def is_transient(error: BaseException) -> bool:
    """Whether the same call may succeed in a moment, because a part is away and not because the call is wrong."""
    if isinstance(error, RPCError):
        # A case whose last task failed (its worker died in it) takes no update until the next one is through.
        failed_task = error.status is RPCStatusCode.FAILED_PRECONDITION and "failed state" in error.message.lower()
        return failed_task or error.status in _PASSING_STATUS
    if isinstance(error, _PASSING) or _unconnected(error):
        return True
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return True
    said = error.orig if isinstance(error, DBAPIError) else error
    return str(getattr(said, "sqlstate", None)).startswith(_PASSING_STATES)


def _unconnected(error: BaseException) -> bool:
    # The first call of a lazy client connects, and the SDK has no type of its own for an engine that is not there then.
    return isinstance(error, RuntimeError) and str(error).startswith("Failed client connect")


async def retry_transient(attempt: Callable[[], Awaitable[T]], patience: float = ORDER_RETRY_SECONDS) -> T:
    """The attempt's result; repeated while a part is away, for ``patience`` seconds in all.

    ``attempt`` must be safe to repeat. ``UserError`` ``system_unavailable`` when time is up; every other error at once.
    """
    loop = asyncio.get_running_loop()
    give_up = loop.time() + patience
    pause = 0.1
    while True:
        try:
            async with asyncio.timeout_at(give_up):
                return await attempt()
        except Exception as error:  # judged by is_transient, raised again where it is none of ours
            if not is_transient(error):
                raise
            # The SDK turns the caller's own cancellation into a time-out of the call: who is told to stop must not try again.
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise asyncio.CancelledError from error
            if loop.time() + pause > give_up:
                raise away(error) from error
        await asyncio.sleep(pause)
        pause = min(pause * 2, 1.0)


def away(error: BaseException) -> UserError:
    """The system did not answer in time."""
    return UserError(
        "system_unavailable",
        zh="系统暂时无法应答（引擎或数据库不可用）。操作可原样重试，不会重复生效。",
        en="The system does not answer (engine or database is away). Repeat the same call later; it takes effect once.",
        cause=type(error).__name__,
    )
