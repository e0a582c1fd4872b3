"""An engine and a database that others run: looked at before the system starts, never started or stopped by
us.
"""

from __future__ import annotations

import asyncio

from sqlalchemy import make_url, text
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.ext.asyncio import create_async_engine

from schemas.kernel.errors import UserError
from workers.machine.engine import engine_answers

_PATIENCE_SECONDS = 15.0
_PAUSE_SECONDS = 0.5


async def await_engine(target: str, namespace: str, patience_seconds: float = _PATIENCE_SECONDS) -> None:
    """Wait until the engine at `target` serves `namespace`; refuses with ``engine_unreachable``."""
    try:
        async with asyncio.timeout(patience_seconds):
            while not await engine_answers(target, namespace):  # noqa: ASYNC110 - nobody tells us: one must look
                await asyncio.sleep(_PAUSE_SECONDS)
    except TimeoutError:
        raise UserError(
            "engine_unreachable",
            zh=(
                f"SANZHANG_TEMPORAL 指定的流程引擎 {target}（命名空间 {namespace}）没有应答。请检查地址、"
                "命名空间，并确认它已启动。"
            ),
            en=(
                f"The engine {target} (namespace {namespace}) named by SANZHANG_TEMPORAL does not answer. "
                "Check the address and namespace, and that it runs."
            ),
            temporal=target,
            namespace=namespace,
        ) from None


async def await_database(dsn: str, patience_seconds: float = _PATIENCE_SECONDS) -> None:
    """Wait until the database of `dsn` answers; refuses with ``database_unreachable`` or ``dsn_malformed``."""
    try:
        url = make_url(dsn).set(drivername="postgresql+asyncpg")
    except ArgumentError:
        raise UserError(
            "dsn_malformed",
            zh="SANZHANG_DATABASE_DSN 不是有效的数据库地址，应形如 postgresql+asyncpg://用户@主机/库名。",
            en="SANZHANG_DATABASE_DSN is not a database address; write postgresql+asyncpg://user@host/name.",
        ) from None
    shown = url.render_as_string(hide_password=True)
    reason = f"no answer within {patience_seconds:.0f} s"
    engine = create_async_engine(url)
    try:
        async with asyncio.timeout(patience_seconds):
            while True:
                try:
                    async with engine.connect() as connection:
                        await connection.execute(text("select 1"))
                    return
                except (SQLAlchemyError, OSError) as error:
                    reason = str(error).splitlines()[0]
                await asyncio.sleep(_PAUSE_SECONDS)
    except TimeoutError:
        raise UserError(
            "database_unreachable",
            zh=f"SANZHANG_DATABASE_DSN 指定的数据库 {shown} 连接不上：{reason}。请检查地址、账户，并确认它已启动。",
            en=(
                f"The database {shown} named by SANZHANG_DATABASE_DSN cannot be reached: {reason}. Check "
                "address and account, and that it runs."
            ),
            database=shown,
            reason=reason,
        ) from None
    finally:
        await engine.dispose()
