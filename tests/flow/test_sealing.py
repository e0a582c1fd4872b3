"""From the seal of a case to its archive: every closed run is taken over once, whole, and can be read and replayed without the engine."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
import pytest_asyncio
from sqlalchemy import RowMapping, insert, select
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.client import Client, WorkflowHistory
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Replayer

from activities.codec import ENCODING
from activities.evidence.archive import Archives
from activities.evidence.journal import Journal
from activities.evidence.seal import PATIENCE, Sealer
from activities.plugin import SanzhangPlugin
from activities.record.migrate import migrate, new_engine
from schemas.evidence.archive import history_hash
from schemas.evidence.journal import EntryKind
from schemas.kernel.actor import Role
from schemas.kernel.errors import UserError
from schemas.petition import commands as c
from schemas.record import tables as t
from schemas.sealing.keys import KeyRing
from tests.databases import own_database
from tests.flow import paths
from tests.flow.house import CHIEF, HANDLER, OPERATOR, SUPERVISOR, House, opened
from workflows.petition import PetitionWorkflow

pytestmark = [pytest.mark.flow, pytest.mark.asyncio(loop_scope="session")]

PAYLOADS, AUDIT, LATER = (KeyRing([(f"k{each}", bytes([each]) * 32)]) for each in (1, 2, 3))


@pytest_asyncio.fixture(loop_scope="session")
async def house(engine: WorkflowEnvironment, database_dsn: str) -> AsyncIterator[House]:
    async with opened(engine, database_dsn, keyring=PAYLOADS) as house:
        yield house


def sealer(database: AsyncEngine, client: Client, *, ahead: timedelta = timedelta()) -> Sealer:
    def clock() -> datetime:
        return datetime.now(UTC) + ahead

    return Sealer(database, client, PAYLOADS, Archives(database, AUDIT), Journal(database), clock=clock)


def of(house: House) -> Sealer:
    return sealer(house.database, house.client)


async def seals(house: House, number: str) -> list[RowMapping]:
    query = select(t.seals).where(t.seals.c.case_number == number).order_by(t.seals.c.run)
    async with house.database.connect() as connection:
        return list((await connection.execute(query)).mappings().all())


async def replayed(histories: list[WorkflowHistory]) -> int:
    replayer = Replayer(workflows=[PetitionWorkflow], plugins=[SanzhangPlugin(None)])
    for history in histories:
        assert (await replayer.replay_workflow(history)).replay_failure is None
    return len(histories)


async def test_a_case_is_sealed_run_by_run_and_its_history_outlives_engine_and_keys(house: House) -> None:
    began = datetime.now(UTC)
    number = await paths.answered(house)
    assert (await of(house).sweep(began)).sealed == 0
    await paths.closed(house, number)
    both = await asyncio.gather(*(of(house).sweep(began) for _ in range(2)))
    assert sum(swept.sealed for swept in both) == 1
    assert (await of(house).sweep(began)).sealed == 0

    # The ring of the running system plays no part from here on.
    archives = Archives(house.database, KeyRing([("k3", bytes([3]) * 32), ("k2", bytes([2]) * 32)]))
    (seal,) = await seals(house, number)
    content = await archives.content(number, 1)
    assert seal["history"] == history_hash(content, seal["algorithm"])
    chain = await house.record.history(number)
    closing = next(each for each in chain if each.event.kind == "sealed")
    async with house.database.connect() as connection:
        found = await connection.execute(
            select(t.events.c.link).where(t.events.c.case_number == number, t.events.c.seq == closing.seq)
        )
        assert (seal["run"], seal["seq"], seal["link"]) == (1, closing.seq, found.scalar_one())
    document = await archives.get(number, 1)
    assert document.events == seal["history_events"] == await house.history_length(number)
    # In an engine's JSON, bytes stand in base64.
    assert (
        base64.b64encode(ENCODING) in json.dumps((await house.handle(number).fetch_history()).to_json_dict()).encode()
    )
    assert base64.b64encode(ENCODING) not in content
    assert await replayed(await archives.histories(number, 1)) == 1

    with pytest.raises(UserError, match="key_missing"):
        await Archives(house.database, LATER).get(number, 1)
    with pytest.raises(UserError, match="archive_missing"):
        await archives.get(number, 2)


async def test_a_reopened_case_is_sealed_again_with_all_that_ran_since(house: House) -> None:
    began = datetime.now(UTC)
    number = await paths.answered(house)
    await paths.closed(house, number)
    await paths.disclosed(house, number, c.RetractDisclosure(reason="写错地名"))
    await house.handle(number).result()
    # What happened after the seal is not part of it, although it had happened when the sweep came.
    assert (await of(house).sweep(began)).sealed == 1
    (first,) = await seals(house, number)
    assert first["seq"] == (await house.engine_state(number)).seq - len(("retraction_proposed", "disclosure_retracted"))

    await house.act(number, OPERATOR, paths.REOPEN)
    await house.act(number, CHIEF, c.Approve())
    assert (await of(house).sweep(began)).sealed == 0
    await house.act(number, SUPERVISOR, c.Assign(lead=paths.LEAD))
    await house.act(number, HANDLER, c.Accept())
    await house.act(number, HANDLER, paths.ANSWER)
    await paths.closed(house, number)
    swept = await of(house).sweep(began)
    assert (swept.sealed, swept.waiting) == (1, 0)
    kept, second = await seals(house, number)
    assert kept == first
    assert (second["run"], second["seq"]) == (2, (await house.engine_state(number)).seq)
    archives = Archives(house.database, AUDIT)
    assert await archives.runs(number) == [1, 2]
    assert await replayed(await archives.histories(number, 1)) == 1
    # The order to take the summary back, the second person's, and the run that the new facts began.
    assert await replayed(await archives.histories(number, 2)) == 3


async def test_a_history_the_engine_has_lost_is_said_once_and_not_sought_for_ever(
    engine: WorkflowEnvironment, database_dsn: str
) -> None:
    began = datetime.now(UTC)
    row = {"case_number": "LOST-1", "seq": 7, "kind": "sealed", "version": 1, "at": began, "recorded_at": began}
    row |= {"actor_id": "sup", "actor_role": Role.SUPERVISOR.value, "actor_unit": "XA/dc", "command_id": "x"}
    row |= {"payload": {}, "algorithm": "sha256", "link": b"tip"}
    async with own_database(database_dsn, "lost_history") as dsn:
        await migrate(dsn)
        database = new_engine(dsn, pool_size=4)
        try:
            async with database.begin() as connection:
                await connection.execute(insert(t.events), row)
            early = await sealer(database, engine.client).sweep()
            assert (early.waiting, early.lost, early.settled_before <= began) == (1, 0, True)
            late = sealer(database, engine.client, ahead=PATIENCE + timedelta(minutes=1))
            both = await asyncio.gather(*(late.sweep(early.settled_before) for _ in range(2)))
            assert sum(swept.lost for swept in both) == 1
            again = await late.sweep()
            assert (again.sealed, again.waiting, again.lost) == (0, 0, 0)
            (entry,) = [entry async for entry in Journal(database).entries(case_number="LOST-1")]
            assert entry.kind is EntryKind.HISTORY_LOST
            assert entry.body == {"run": 1, "seq": 7, "cause": "gone", "kept": []}
            assert await Archives(database, AUDIT).runs("LOST-1") == []
        finally:
            await database.dispose()
