"""The checkpoints themselves: every note signed, and the same in database and store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from activities.evidence.store import CheckpointStore
from activities.evidence.verify.log.logged import Logged, Signed
from schemas.evidence.checkpoint import Checkpoint, CheckpointError, PublicKey, SignatureError, checkpoint_path
from schemas.evidence.finding import Finding, finding
from schemas.petition.wording.witnesses import WITNESSES
from schemas.record import tables as t

PATIENCE = timedelta(hours=1)
"""How old a checkpoint may be whose row is not in the database yet: a crash between the two is finished by the next call."""


class CheckpointRow(NamedTuple):
    """A row of ``checkpoints``."""

    number: int
    size: int
    root: bytes
    algorithm: str
    note: str
    made_at: datetime


class Notes:
    """The notes of the store."""

    def __init__(self, store: CheckpointStore, stored: set[int], keys: Sequence[PublicKey]) -> None:
        self.numbers = stored
        self.keys = keys
        self._store = store

    async def get(self, number: int) -> bytes | None:
        """A checkpoint as it was signed."""
        return await self._store.get(checkpoint_path(number)) if number in self.numbers else None


async def checkpoints(
    rows: Mapping[int, CheckpointRow], notes: Notes, begun: int, now: datetime, told: Logged
) -> list[Signed]:
    """``begun``: the newest checkpoint of which the database has leaves."""
    newest = max(rows, default=0)
    ahead = max(notes.numbers, default=0)
    if ahead > max(newest, begun):
        told.findings.append(finding("database_older", seq=newest + 1, found=str(newest), expected=str(ahead)))
    signed: list[Signed] = []
    for number in range(1, max(newest, min(begun, ahead)) + 1):
        row, note = rows.get(number), await notes.get(number)
        vouched = _vouched(number, row, note, notes.keys, told)
        if note is None and notes.numbers:
            told.findings.append(finding("checkpoint_lost", seq=number))
        elif row is None and (number <= newest or vouched is None or now - vouched.made_at > PATIENCE):
            told.findings.append(finding("checkpoint_missing", seq=number))
        if vouched is not None:
            signed.append(vouched)
    told.checkpoints = len(signed)
    told.size = max((each.size for each in signed), default=0)
    return signed


async def begun(connection: AsyncConnection) -> int:
    query = select(func.coalesce(func.max(t.log_leaves.c.checkpoint), 0))
    return (await connection.execute(query)).scalar_one()


async def checkpoint_rows(connection: AsyncConnection) -> dict[int, CheckpointRow]:
    query = select(*(t.checkpoints.c[name] for name in CheckpointRow._fields)).order_by(t.checkpoints.c.number)
    return {row.number: CheckpointRow(*row) for row in (await connection.execute(query)).all()}


def _vouched(
    number: int, row: CheckpointRow | None, note: bytes | None, keys: Sequence[PublicKey], told: Logged
) -> Signed | None:
    """The checkpoint by the copy whose signature holds; what stands in the row must say the same."""
    outside = None if note is None else _opened(note.decode(errors="replace"), keys)
    inside = None if row is None else _opened(row.note, keys)
    if note is not None and outside is None:
        told.findings.append(_unsigned(number, "store"))
    same_text = note is not None and row is not None and row.note.encode() == note
    if row is not None and inside is None and not same_text:
        told.findings.append(_unsigned(number, "database"))
    true = outside or inside
    if true is None:
        return None
    if true.number != number:
        told.findings.append(
            _altered(number, "number", str(number), str(true.number), "note"),
        )
        return None
    if outside is not None and inside is not None and not same_text:
        told.findings.append(_altered(number, "note", None, None, "store"))
    if row is not None:
        for name, found, expected in (
            ("size", str(row.size), str(true.size)),
            ("root", row.root.hex(), true.root.hex()),
            ("algorithm", row.algorithm, true.algorithm),
            ("made_at", row.made_at.isoformat(), true.made_at.isoformat()),
        ):
            if found != expected:
                told.findings.append(_altered(number, name, found, expected, "note"))
    return Signed(number, true.size, true.root, true.algorithm, true.made_at)


def _opened(note: str, keys: Sequence[PublicKey]) -> Checkpoint | None:
    try:
        return Checkpoint.signed(note, keys)
    except (CheckpointError, SignatureError):
        return None


def _unsigned(number: int, place: str) -> Finding:
    zh, en = WITNESSES[place]
    return finding("checkpoint_unsigned", seq=number, field=place, place_zh=zh, place=en)


def _altered(number: int, name: str, found: str | None, expected: str | None, witness: str) -> Finding:
    zh, en = WITNESSES[witness]
    return finding(
        "checkpoint_altered", seq=number, field=name, found=found, expected=expected, witness_zh=zh, witness=en
    )
