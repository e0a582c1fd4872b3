"""What keeps a case from being altered unseen: its seals, and the last checkpoint that holds it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from schemas.record import tables as t


@dataclass(frozen=True)
class Sealed:
    """A closed run whose engine history is archived under its hash."""

    run: int
    at: datetime


@dataclass(frozen=True)
class KeptProof:
    """``checkpoint``: the number and the moment of the last that holds the case; None before the first."""

    seals: tuple[Sealed, ...]
    checkpoint: tuple[int, datetime] | None


async def kept_proof(engine: AsyncEngine, number: str) -> KeptProof:
    """Of one case; whoever asks has been let see it."""
    seals, leaves, checkpoints = t.seals, t.log_leaves, t.checkpoints
    sealed = select(seals.c.run, seals.c.sealed_at).where(seals.c.case_number == number).order_by(seals.c.run)
    held = (
        select(checkpoints.c.number, checkpoints.c.made_at)
        .join_from(leaves, checkpoints, checkpoints.c.number == leaves.c.checkpoint)
        .where(leaves.c.case_number == number)
        .order_by(leaves.c.index.desc())
        .limit(1)
    )
    async with engine.connect() as connection:
        runs = (await connection.execute(sealed)).all()
        last = (await connection.execute(held)).one_or_none()
    return KeptProof(
        seals=tuple(Sealed(run=row.run, at=row.sealed_at) for row in runs),
        checkpoint=(last.number, last.made_at) if last is not None else None,
    )
