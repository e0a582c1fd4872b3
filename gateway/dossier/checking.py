"""Verifying one case on request, and what the log proves of it."""

from __future__ import annotations

from dataclasses import asdict

from activities.evidence.log import LogCutError
from activities.evidence.store import CheckpointStoreError
from activities.evidence.verify.verification import Counts, TrustAnchors, Verification
from gateway.doors import Door
from schemas.evidence.finding import Finding
from schemas.evidence.journal import EntryKind
from schemas.kernel.actor import Actor
from schemas.kernel.errors import UserError


async def verified(door: Door, actor: Actor, number: str) -> tuple[Finding, ...]:
    """What does not hold of a case; the check itself stands in the journal. Errors of the checkpoint store and of the audit keys are ``UserError``."""
    system = door.system
    own = system.log.key
    outside = TrustAnchors(
        store=system.log.store,
        keys=[own] if own is not None else await system.log.keys(),
        archives=system.archives,
        decisions=None,
    )
    counts = Counts()
    found = [finding async for finding in Verification(system.database, outside, counts=counts).case(number)]
    codes: dict[str, int] = {}
    for finding in found:
        codes[finding.code] = codes.get(finding.code, 0) + 1
    body = {"counts": asdict(counts), "found": len(found), "codes": codes}
    await system.journal.append(EntryKind.VERIFIED, actor, case_number=number, body=body)
    return tuple(found)


async def proved(door: Door, number: str) -> str:
    """The proof bundle as JSON. ``UserError`` where the case is in no checkpoint yet, or the store is not what it was."""
    try:
        return (await door.system.log.proof(number)).as_json()
    except (LogCutError, CheckpointStoreError) as error:
        raise UserError(
            "log_altered",
            zh="检查点的库外存储与数据库不一致，请执行 sanzhang audit verify。",
            en="The checkpoint store and the database do not agree; run sanzhang audit verify.",
        ) from error
