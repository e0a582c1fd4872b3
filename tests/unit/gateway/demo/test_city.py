"""The city settles once: in a database of another city as a new version, in its own not again."""

from __future__ import annotations

from sqlalchemy import delete

from activities.defaults import default_organisation, demo_organisation
from activities.record.migrate import migrate, new_engine
from activities.record.reference import ORGANISATION, ReferenceStore
from gateway.demo.city import settle
from schemas.record import tables as t


async def test_the_city_settles_once(database_dsn: str) -> None:
    await migrate(database_dsn)
    engine = new_engine(database_dsn, pool_size=1)
    try:
        async with engine.begin() as connection:
            await connection.execute(delete(t.documents).where(t.documents.c.kind == ORGANISATION))
        reference = ReferenceStore(engine)
        await reference.add_organisation(default_organisation())
        settled = await settle(reference)
        assert settled.version == 2
        assert settled.people == demo_organisation().people
        assert await settle(reference) == settled
        assert await reference.versions(ORGANISATION) == [1, 2]
    finally:
        async with engine.begin() as connection:
            await connection.execute(delete(t.documents).where(t.documents.c.kind == ORGANISATION))
        await engine.dispose()
