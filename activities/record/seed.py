"""What a fresh database starts with, so that the first petition can be filed without anybody importing anything."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from sqlalchemy.exc import IntegrityError

from activities.defaults import default_organisation, default_policy, demo_organisation
from activities.record.migrate import new_engine
from activities.record.reference import ORGANISATION, POLICY, ReferenceStore
from schemas.kernel.calendar import SEED_FROM, SEED_THROUGH, seed_days
from schemas.kernel.errors import UserError


async def seed(dsn: str, *, demo: bool = False) -> None:
    """Stores the first calendar, policy and organisation (``demo``: the city of the demonstration) where there is none yet.

    Idempotent, and safe from several processes at once; what is there already is never touched.
    """
    engine = new_engine(dsn, pool_size=1)
    try:
        store = ReferenceStore(engine)
        if not await _has_calendar(store):
            await _first(lambda: store.add_calendar(seed_days(), SEED_FROM, SEED_THROUGH, "seed"))
        if not await store.versions(POLICY):
            await _first(lambda: store.add_policy(default_policy()))
        if not await store.versions(ORGANISATION):
            organisation = demo_organisation() if demo else default_organisation()
            await _first(lambda: store.add_organisation(organisation))
    finally:
        await engine.dispose()


async def _has_calendar(store: ReferenceStore) -> bool:
    try:
        await store.calendar_days()
    except UserError:
        return False
    return True


async def _first(store: Callable[[], Awaitable[object]]) -> None:
    try:
        await store()
    except IntegrityError:
        # Another process seeded the same database in the same moment; its first version is as good.
        return
