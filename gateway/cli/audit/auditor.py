"""Who audits: a person with the auditor's role, or the administrator of this machine; through a door the database itself keeps read-only."""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from pydantic import ValidationError

from activities.record.queries import case_unknown
from gateway.cli.output import actor_of, settings_for
from gateway.doors import ADMINISTRATOR, Door, open_door
from schemas.kernel.actor import Actor, Role
from schemas.kernel.errors import UserError
from schemas.petition.rules import fold, may_see


@dataclass(frozen=True)
class AuditDoor:
    """A door, and who came through it. ``viewer``: None for the administrator, who sees what the machine's owner sees."""

    door: Door
    actor: Actor
    viewer: Actor | None


async def case_meant(audit: AuditDoor, named: str, elsewhere: Callable[[str], Awaitable[bool]]) -> str:
    """The number of the case an auditor names; ``elsewhere``: whether there is still something of a number of which the read model has no row.

    ``UserError`` ``case_unknown`` also of a case the auditor may not see, as at every other door.
    """
    try:
        number = await audit.door.number(named)
    except UserError as unknown:
        number = named.strip().upper()
        if unknown.code != "case_unknown" or not await elsewhere(number):
            raise
    if audit.viewer is not None and await _is_hidden(audit.door, number, audit.viewer):
        raise case_unknown(named)
    return number


async def in_events(audit: AuditDoor, number: str) -> bool:
    """Whether there are events of a case, though its row in the read model may be gone."""
    return bool(await audit.door.system.record.history(number))


async def _is_hidden(door: Door, number: str, auditor: Actor) -> bool:
    try:
        state = await door.system.record.state(number)
    except ValidationError:
        # A row that was tampered with is what an audit is to find; then the events say whom the case accuses.
        state = None
    if state is None:
        state = fold(recorded.event for recorded in await door.system.record.history(number))
    return state is not None and not may_see(state, auditor)


@asynccontextmanager
async def audit_door(
    data_dir: str | None, person: str | None, *, pool_size: int = 5, may_repair: bool = False
) -> AsyncGenerator[AuditDoor]:
    """A door for auditing. ``UserError`` ``auditors_only`` for anybody else.

    ``may_repair``: for mending cases from the record, which an auditor may not do (``auditors_change_nothing``).
    """
    async with open_door(settings_for(data_dir), os.environ, pool_size=pool_size, read_only=not may_repair) as door:
        if person is None:
            yield AuditDoor(door, ADMINISTRATOR, None)
            return
        actor = await actor_of(door, person)
        if actor.role is not Role.AUDITOR:
            raise UserError(
                "auditors_only",
                zh=f"{person} 不是审计员；审计命令只供审计员和本机管理员使用。",
                en=f"{person} is no auditor; audit commands are for auditors and the administrator of this machine.",
                person=person,
            )
        if may_repair:
            raise UserError(
                "auditors_change_nothing",
                zh="审计员只读不改；修复请由本机管理员执行（不带 --as）。",
                en="Auditors read and change nothing; the administrator of this machine repairs (without --as).",
                person=person,
            )
        yield AuditDoor(door, actor, actor)
