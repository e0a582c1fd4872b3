"""The newest version of reference data is read once, and a newer one is seen at once by every store."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from sqlalchemy.ext.asyncio import AsyncEngine

from activities.defaults import default_policy, demo_organisation
from activities.record.migrate import migrate, new_engine
from activities.record.reference import ReferenceStore
from activities.record.seed import seed
from schemas.kernel.calendar import SEED_FROM, SEED_THROUGH, seed_days
from schemas.kernel.errors import UserError
from tests.databases import own_database


@pytest_asyncio.fixture
async def empty(database_dsn: str) -> AsyncIterator[AsyncEngine]:
    async with own_database(database_dsn, "reference_versions") as dsn:
        await migrate(dsn)
        engine = new_engine(dsn, pool_size=2)
        yield engine
        await engine.dispose()


async def test_the_newest_is_kept_until_there_is_a_newer(empty: AsyncEngine) -> None:
    await seed(str(empty.url.render_as_string(hide_password=False)))
    reading, importing = ReferenceStore(empty), ReferenceStore(empty)
    before = await reading.calendar(), await reading.policy(), await reading.organisation()
    again = await reading.calendar(), await reading.policy(), await reading.organisation()
    assert all(one is other for one, other in zip(before, again, strict=True))
    await importing.add_calendar(seed_days(), SEED_FROM, SEED_THROUGH, "again")
    await importing.add_policy(default_policy())
    await importing.add_organisation(demo_organisation())
    after = await reading.calendar(), await reading.policy(), await reading.organisation()
    assert [each.version for each in after] == [2, 2, 2]
    assert after[2].city_code == demo_organisation().city_code
    assert [(await reading.policy(1)).version, (await reading.calendar(1)).version] == [1, 1]


async def test_where_there_is_none_it_says_what_to_import(empty: AsyncEngine) -> None:
    store = ReferenceStore(empty)
    for asked in (store.calendar, store.policy, store.organisation):
        with pytest.raises(UserError) as refused:
            await asked()
        assert refused.value.code.endswith("_missing")
