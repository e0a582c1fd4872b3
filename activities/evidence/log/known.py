"""What the database knows of the log: its checkpoints, and how many leaves there are."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import RowMapping, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from schemas.evidence.checkpoint import Checkpoint, Note
from schemas.kernel.errors import UserError
from schemas.record import tables as t


class LogCutError(RuntimeError):
    """The database lacks leaves that a checkpoint was made over, or has them in another order: they were removed or altered."""


class SignedCheckpoint(NamedTuple):
    """A checkpoint and the note it was read from. Whether the signature holds is for whoever trusts a key to check."""

    checkpoint: Checkpoint
    note: str


async def leaf_count(connection: AsyncConnection) -> int:
    """How many leaves there are, those that no checkpoint is over yet included."""
    return (await connection.execute(select(func.coalesce(func.max(t.log_leaves.c.index) + 1, 0)))).scalar_one()


async def newest(connection: AsyncConnection) -> RowMapping | None:
    """The row of the newest checkpoint, or None."""
    query = select(t.checkpoints).order_by(t.checkpoints.c.number.desc()).limit(1)
    return (await connection.execute(query)).mappings().one_or_none()


async def numbered(connection: AsyncConnection, number: int, head: Checkpoint) -> SignedCheckpoint:
    """The checkpoint of that number. ``UserError`` ``checkpoint_unknown``; ``head`` is the newest, for what is said then."""
    query = select(t.checkpoints).where(t.checkpoints.c.number == number)
    row = (await connection.execute(query)).mappings().one_or_none()
    if row is None:
        raise UserError(
            "checkpoint_unknown",
            zh=f"没有第 {number} 号检查点；现有 1 至 {head.number} 号。",
            en=f"There is no checkpoint {number}; there are 1 to {head.number}.",
            number=number,
        )
    return signed(row)


def signed(row: RowMapping) -> SignedCheckpoint:
    """The checkpoint of a row. ``CheckpointError`` where its note is none."""
    return SignedCheckpoint(Checkpoint.parse(Note.parse(row["note"]).text), row["note"])


def no_checkpoint() -> UserError:
    """Nothing can be proven yet."""
    return UserError(
        "no_checkpoint_yet",
        zh="还没有检查点。每日零点十分自动生成，本机管理员也可执行 sanzhang audit checkpoint。",
        en="There is no checkpoint yet. One is made daily at 00:10; the administrator of this machine can make one now "
        "with sanzhang audit checkpoint.",
    )


def not_in_log(case_number: str, head: Checkpoint) -> UserError:
    """The newest checkpoint has nothing of that case."""
    return UserError(
        "case_not_in_log",
        zh=f"检查点 {head.number} 中没有案件 {case_number}：编号有误，或案件在该检查点之后才登记。",
        en=f"Checkpoint {head.number} has no case {case_number}: the number is wrong, or the case was filed after it.",
        case=case_number,
        checkpoint=head.number,
    )
