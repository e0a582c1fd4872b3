"""What a door tries again: parts that are away, and nothing else."""

from __future__ import annotations

import pytest
from asyncpg.exceptions import (
    AdminShutdownError,
    CannotConnectNowError,
    DataError,
    InterfaceError,
    InternalClientError,
    PostgresError,
    UniqueViolationError,
)
from sqlalchemy import text
from sqlalchemy.dialects.postgresql.asyncpg import AsyncAdapt_asyncpg_dbapi
from sqlalchemy.exc import DBAPIError

from activities.record.driver.direct import RawExecutor
from activities.record.migrate import new_engine
from gateway.retry import is_transient


def wrapped(error: PostgresError) -> DBAPIError:
    """As SQLAlchemy raises what the driver said while connecting."""
    return DBAPIError("", {}, AsyncAdapt_asyncpg_dbapi.Error("said", error))


@pytest.mark.parametrize(
    ("error", "passing"),
    [
        (wrapped(CannotConnectNowError("the database system is starting up")), True),
        (wrapped(UniqueViolationError("duplicate key")), False),
        (AdminShutdownError("terminating connection due to administrator command"), True),
        (UniqueViolationError("duplicate key"), False),
        (InterfaceError("the underlying connection is closed"), True),
        (InternalClientError("got result for unknown protocol state"), True),
        (DataError("invalid input for query argument $1"), False),
        (ConnectionRefusedError(), True),
        (RuntimeError("Failed client connect: Server connection error: refused"), True),
        (RuntimeError("a defect"), False),
        (ValueError("a defect"), False),
    ],
)
def test_a_part_that_is_away_is_waited_for(error: Exception, passing: bool) -> None:
    assert is_transient(error) is passing


async def test_a_parameter_that_cannot_be_written_is_no_part_that_is_away(database_dsn: str) -> None:
    engine = new_engine(database_dsn, pool_size=1)
    async with engine.connect() as connection:
        with pytest.raises(DBAPIError) as through_sqlalchemy:
            await connection.execute(text("SELECT CAST(:number AS integer)"), {"number": "no number"})
    with pytest.raises(DataError) as by_the_driver:
        await RawExecutor(engine).rows("SELECT CAST($1 AS integer)", "no number")
    assert not is_transient(through_sqlalchemy.value)
    assert not is_transient(by_the_driver.value)
    await engine.dispose()
