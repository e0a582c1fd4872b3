"""What is wrong with one case, whatever it is, neither holds up the others nor goes unsaid: sealing, checkpoint and reconciliation."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from temporalio.client import Client
from temporalio.service import RPCError

from activities.evidence import seal as sealing
from activities.evidence.archive import Archives
from activities.evidence.histories import EngineRun
from activities.evidence.journal import Journal
from activities.evidence.log import MerkleLog
from activities.evidence.reconcile import Span, looking, reconcile_all
from activities.evidence.seal import Sealer
from activities.evidence.signing import Signer
from activities.evidence.store import CheckpointStore
from schemas.evidence.journal import Entry, EntryKind
from schemas.kernel.actor import SYSTEM
from schemas.petition import commands as c
from schemas.sealing.keys import KeyRing
from tests.databases import by_owner
from tests.flow.house import SUPERVISOR, House, own_house
from tests.flow.paths import approved, straight_simple
from workflows.contract import PETITION_WORKFLOW, PetitionStart, workflow_id

pytestmark = [pytest.mark.flow, pytest.mark.evidence, pytest.mark.asyncio(loop_scope="module")]

AUDIT = KeyRing([("k1", bytes(32))])
HOURS_LATER = timedelta(hours=2)
"""Later than any patience with one case."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(database_dsn: str) -> AsyncIterator[House]:
    """On an engine and a record of its own: what is done to it here would hold up whoever shared it."""
    async with own_house(database_dsn, "hindered") as house:
        yield house


def sealer(house: House, *, client: Client | None = None, ahead: timedelta = HOURS_LATER) -> Sealer:
    database = house.database

    def clock() -> datetime:
        return datetime.now(UTC) + ahead

    return Sealer(database, client or house.client, None, Archives(database, AUDIT), Journal(database), clock=clock)


async def closed(house: House) -> str:
    [number] = await straight_simple(house)
    await house.handle(number).result()
    return number


async def still_run(house: House, number: str) -> None:
    """The engine runs the case, on a queue that nobody serves."""
    with contextlib.suppress(RPCError):
        await house.handle(number).terminate()
    state = await house.record.state(number)
    start = PetitionStart(number=number, state=None if state is None else state.model_copy(update={"seq": 1}))
    await house.client.start_workflow(PETITION_WORKFLOW, start, id=workflow_id(number), task_queue="nobody-listens")


async def hindrances(house: House) -> dict[str, str]:
    """By case, the cause the journal names; each once."""
    found = [entry async for entry in Journal(house.database).entries(kinds=[EntryKind.SEAL_HINDERED])]
    causes = {entry.case_number: entry.body["cause"] for entry in found}
    assert len(causes) == len(found)
    return causes


async def test_a_case_that_cannot_be_sealed_is_named_and_the_others_are_sealed(house: House) -> None:
    # In the order of their numbers, which is that of the sweep: the healthy one comes last.
    unsealed, garbled, running, terminated, unknown, healthy = [await closed(house) for _ in range(6)]
    await by_owner(house.database, "INSERT INTO archives VALUES (:n, 1, 'k1', '', now())", n=unsealed)
    await by_owner(
        house.database,
        "UPDATE events SET kind = 'reopened' WHERE case_number = :n AND seq = 2",
        n=garbled,
    )
    await still_run(house, running)
    await by_owner(
        house.database, "UPDATE events SET case_number = 'XA-2026-C-900000' WHERE case_number = :n", n=unknown
    )
    number = await approved(house)
    await house.handle(number).terminate()
    await by_owner(
        house.database,
        "INSERT INTO events SELECT case_number, seq + 1, 'sealed', version, at, recorded_at, actor_id, actor_role, actor_unit,"
        " command_id, payload, algorithm, link FROM events WHERE case_number = :n ORDER BY seq DESC LIMIT 1",
        n=number,
    )
    early = await sealer(house, ahead=timedelta()).sweep()
    # Ended by hand is ended: its history is kept as it is.
    assert (early.sealed, early.hindered, early.waiting, early.lost) == (3, 2, 2, 0)
    assert await Archives(house.database, AUDIT).runs(healthy) == [1]
    assert await Archives(house.database, AUDIT).runs(number) == [1]
    assert await Archives(house.database, AUDIT).runs(terminated) == [1]
    assert await hindrances(house) == {}

    late = await sealer(house).sweep(early.settled_before)
    assert (late.sealed, late.hindered, late.waiting, late.lost) == (0, 3, 0, 1)
    expected = {unsealed: "UnsealedArchiveError", garbled: "KeyError", running: "RunStillOpenError"}
    assert await hindrances(house) == expected
    # Tried again each time, told of once.
    again = await sealer(house).sweep(late.settled_before)
    assert (again.hindered, again.lost) == (3, 0)
    assert await hindrances(house) == expected

    await by_owner(house.database, "DELETE FROM archives WHERE case_number = :n", n=unsealed)
    await by_owner(house.database, "UPDATE events SET kind = 'approved' WHERE case_number = :n AND seq = 2", n=garbled)
    await house.handle(running).terminate()
    mended = await sealer(house).sweep(late.settled_before)
    assert (mended.sealed, mended.hindered) == (3, 0)


async def test_what_has_hindered_for_days_is_left_to_the_daily_sweep(house: House) -> None:
    number = await closed(house)
    await by_owner(house.database, "INSERT INTO archives VALUES (:n, 1, 'k1', '', now())", n=number)
    days_later = sealer(house, ahead=timedelta(days=3))
    whole = await days_later.sweep()
    assert whole.hindered == 1
    assert whole.whole_at is not None
    since = await days_later.sweep(whole.settled_before)
    assert (since.hindered, since.whole_at) == (0, None)
    assert (await days_later.sweep()).hindered == 1
    await by_owner(house.database, "DELETE FROM archives WHERE case_number = :n", n=number)
    assert (await sealer(house).sweep()).sealed == 1


async def test_a_history_that_never_comes_holds_up_nobody(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    number, other = await closed(house), await closed(house)
    of_case = sealing.runs_of_case

    async def stuck(client: Client, keyring: KeyRing | None, case: str) -> list[EngineRun]:
        if case == number:
            await asyncio.Event().wait()
        return await of_case(client, keyring, case)

    with monkeypatch.context() as patched:
        patched.setattr(sealing, "CASE_MAY_TAKE", 0.3)
        patched.setattr(sealing, "runs_of_case", stuck)
        swept = await sealer(house).sweep()
    assert (swept.sealed, swept.hindered) == (1, 1)
    assert await Archives(house.database, AUDIT).runs(other) == [1]
    assert (await hindrances(house))[number] == "TimeoutError"
    assert (await sealer(house).sweep()).sealed == 1


async def test_an_engine_that_is_away_is_no_fault_of_a_case(house: House) -> None:
    number = await closed(house)
    before = await hindrances(house)
    nowhere = await Client.connect("127.0.0.1:1", namespace="sanzhang", lazy=True)
    with pytest.raises((RPCError, RuntimeError)):
        await sealer(house, client=nowhere).sweep()
    assert await hindrances(house) == before
    assert (await sealer(house).sweep()).sealed == 1
    assert await Archives(house.database, AUDIT).runs(number) == [1]


async def test_a_leaf_somebody_made_unreadable_keeps_no_head_from_being_signed(house: House, tmp_path: Path) -> None:
    number = await approved(house)
    store = CheckpointStore.at(str(tmp_path))
    log = MerkleLog(house.database, store, Signer(bytes(32), "test"), origin="test")
    first = await log.checkpoint()
    assert first is not None
    await by_owner(house.database, "UPDATE log_leaves SET leaf = 'no leaf' WHERE case_number = :n", n=number)
    await house.act(number, SUPERVISOR, c.Assign(lead="XA/A3/02"))
    second = await log.checkpoint()
    assert second is not None
    assert second.size == first.size + 1
    assert f'"case":"{number}"' in (await log.proof(number)).leaf


async def test_a_case_that_cannot_be_compared_is_named_and_the_others_are_compared(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(looking, "PAUSE", 0.02)
    number, unserved, old, whole = (
        await approved(house),
        await approved(house),
        await closed(house),
        await approved(house),
    )
    await still_run(house, unserved)
    await still_run(house, old)
    rows_of = looking.rows_of

    async def failing(connection: Any, case: str) -> Any:
        if case == number:
            raise IndexError(case)
        return await rows_of(connection, case)

    monkeypatch.setattr(looking, "rows_of", failing)
    # Were it waited for, this would take longer than any test may.
    monkeypatch.setattr(looking, "ANSWER_SECONDS", 3600.0)
    async with asyncio.timeout(60):
        outcome = await reconcile_all(
            house.database,
            house.client,
            span=Span(days=7),
            clock=lambda: datetime.now(UTC) + timedelta(days=10),
            journal=Journal(house.database),
            actor=SYSTEM,
        )
    named: dict[str, set[str]] = {}
    for each in outcome.found:
        named.setdefault(each.case, set()).add(each.code)
    assert named[number] == {"look_failed"}
    assert "engine_silent" in named[unserved]
    assert named[old] == {"run_of_sealed_case"}
    assert "look_failed" not in named.get(whole, set())
    entry = await told(house)
    assert entry.body["named"]["look_failed"] == [number]


async def told(house: House) -> Entry:
    entry = await Journal(house.database).latest(EntryKind.RECONCILED)
    assert entry is not None
    return entry
