"""Who audits: a person with the auditor's role, or the administrator of this machine; through a door the database itself keeps read-only."""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from gateway.cli.output import actor_of, settings_for
from gateway.doors import ADMINISTRATOR, Door, open_door
from schemas.kernel.actor import Actor, Role
from schemas.kernel.errors import UserError


@dataclass(frozen=True)
class AuditDoor:
    """A door, and who came through it. ``viewer``: None for the administrator, who sees what the machine's owner sees."""

    door: Door
    actor: Actor
    viewer: Actor | None


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
