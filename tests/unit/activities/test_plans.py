"""What a case does at each step finds its rows by an index, whatever is known of the tables.

PostgreSQL makes the plan of a statement that comes again and again once, without looking at its parameters. One made while a table was small
and uncounted may read through all of it; it is kept until the table has been counted, and until then each step costs as much as there are cases.
"""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import text

from activities.record.case_record import CaseRecord
from activities.record.intake import CaseNumberAllocator
from activities.record.migrate import migrate, new_engine
from schemas.petition.state import Complexity
from tests.bench.path import message
from tests.bench.peers import steps
from tests.bench.textbook_record import Entry, RecordActivities
from tests.databases import own_database
from tests.keys import RING

CASES = 40
ASKED = ("cases", "intake", "events", "commands", "outbox", "resemblances", "resemblance_bands")


async def test_no_step_of_a_case_reads_through_a_table(database_dsn: str) -> None:
    async with own_database(database_dsn, "plans") as dsn:
        await migrate(dsn)
        engine = new_engine(dsn, pool_size=1)
        async with engine.begin() as connection:
            for table in ASKED:
                # Nobody counts them while we look.
                await connection.execute(text(f"ALTER TABLE {table} SET (autovacuum_enabled = false)"))
        office, record = CaseNumberAllocator(engine, RING), RecordActivities(CaseRecord(engine))
        alike = message()
        for each in range(CASES):
            content = alike.model_copy(update={"source_event_id": str(each)})
            number = (await office.reserve(content, "XA", datetime.now(UTC))).number
            seq = 0
            for step in steps(Complexity.SIMPLE):
                seq = await record.record(Entry(number=number, seq=seq, step=step))
        async with engine.connect() as connection:
            await connection.execute(text("SELECT pg_stat_force_next_flush()"))
            await connection.rollback()
            read = await connection.execute(
                text("SELECT relname, seq_tup_read FROM pg_stat_user_tables WHERE relname = ANY(:asked)"),
                {"asked": list(ASKED)},
            )
            through = {table: rows for table, rows in read.all() if rows >= CASES}
        await engine.dispose()
    assert through == {}
