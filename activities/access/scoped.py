"""An engine through which PostgreSQL itself shows one actor's rows only.

Every transaction takes the door's role and the actor's marks for its own length (``SET LOCAL``), so that a connection that goes back to the pool
is nobody's again. The policies that read them stand in migration 0004.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection, event
from sqlalchemy.ext.asyncio import AsyncEngine

from schemas.access import eyes
from schemas.kernel.actor import Actor

DOOR_ROLE: Final = "sanzhang_door"
"""Owns nothing, may not log in, and reads under the policies."""

STATION: Final = 2
"""Slashes in the path of a station."""

_TAKE: Final = (
    "SELECT set_config('role', $1, true), set_config('sanzhang.person', $2, true), set_config('sanzhang.role', $3, true),"
    " set_config('sanzhang.sees', CAST(CAST($4 AS text[]) AS text), true),"
    " set_config('sanzhang.being', CAST(CAST($5 AS text[]) AS text), true),"
    " set_config('transaction_read_only', 'on', true),"
    # A plan kept from one viewer would be made for how much that one sees.
    " set_config('plan_cache_mode', 'force_custom_plan', true), set_config('enable_indexscan', $6, true)"
)


def scoped(engine: AsyncEngine, actor: Actor) -> AsyncEngine:
    """The same pool, seen by ``actor``: read-only, and only rows the actor may see.

    A connection outside any transaction (``AUTOCOMMIT``) is refused with ``RuntimeError``: nothing would hold the role there.
    """
    sees, being = eyes(actor)
    # Of a large record a station sees so little that the planner can't know how little: it would walk through all cases in the order of
    # a list until a page is full. So it is made to begin with the marks.
    in_order = "off" if actor.reach.count("/") >= STATION else "on"

    def take(connection: Connection) -> None:
        if connection.get_execution_options().get("isolation_level") == "AUTOCOMMIT":
            raise RuntimeError("a scoped engine reads in transactions only: nothing holds the viewer outside of them")
        connection.exec_driver_sql(_TAKE, (DOOR_ROLE, actor.id, actor.role.value, sees, being, in_order))

    seen = engine.execution_options()
    event.listen(seen.sync_engine, "begin", take)
    return seen
