"""Was anything altered: cases as people carried them through the engine, sealed and signed for, and then one of them rewritten by the owner."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from activities.evidence.archive import Archives
from activities.evidence.journal import Journal
from activities.evidence.log import MerkleLog
from activities.evidence.seal import Sealer
from activities.evidence.store import CheckpointStore
from activities.evidence.verify.verification import TrustAnchors, Verification
from schemas.evidence.finding import Finding
from tests.clean_record import ORIGIN, RING, SIGNER, Cast
from tests.databases import as_owner
from tests.flow.house import House, own_house
from tests.flow.paths import handed_on, merged, overdue, reopened, straight_simple
from tests.tampering import Crime
from workers.replay.decisions import decisions_by
from workers.replay.replaying import replaying
from workers.replay.sources import Sources

pytestmark = [pytest.mark.flow, pytest.mark.evidence, pytest.mark.asyncio(loop_scope="session")]


@pytest_asyncio.fixture(loop_scope="session")
async def place(database_dsn: str, tmp_path: Path) -> AsyncIterator[tuple[House, MerkleLog]]:
    """A house with a record, an engine and a log of its own: two records behind one engine would take each other's cases."""
    async with own_house(database_dsn, "verified") as house:
        yield house, MerkleLog(house.database, CheckpointStore.at(str(tmp_path)), SIGNER, origin=ORIGIN)


async def test_what_people_did_holds_and_what_the_owner_did_is_named(place: tuple[House, MerkleLog]) -> None:
    house, log = place
    [simple] = await straight_simple(house)
    for path in (merged, reopened, handed_on, overdue):
        await path(house)
    archives = Archives(house.database, RING)
    sealer = Sealer(house.database, house.client, None, archives, Journal(house.database))
    assert (await sealer.sweep()).sealed == 2
    await log.checkpoint()

    sources = Sources(house.database, house.client, None, lambda: archives)
    async with replaying(None) as replay:
        outside = TrustAnchors(log.store, [SIGNER.key], archives, decisions_by(sources, replay))

        async def found() -> list[Finding]:
            return [each async for each in Verification(house.database, outside).everything()]

        assert await found() == []

        events = {row.event.kind: row.seq for row in await house.record.history(simple)}
        async with as_owner(house.database) as connection:
            crime = Crime(connection, Path(), Cast("", "", "", "", "", "", "", {}, await house.now(simple)))
            await crime.do(
                "UPDATE events SET payload = jsonb_set(payload, '{text}', '\"没有修。\"') WHERE case_number = :n AND seq = :s",
                n=simple,
                s=events["replied"],
            )
            await crime.relink(simple, events["replied"])
        assert [
            (each.code, each.case_number, each.seq, each.field, each.found, each.expected) for each in await found()
        ] == [
            ("chain_rewritten", simple, 1, "", None, None),
            ("decision_differs", simple, events["replied"], "payload.text", "没有修。", "已修复。"),
        ]
