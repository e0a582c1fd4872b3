"""The seals of a case's closed runs and the histories behind them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from activities.evidence.archive import Archives
from activities.evidence.verify.chain.links import Chain
from activities.evidence.verify.rows import CaseRows, SealRow
from schemas.evidence.archive import history_hash, read
from schemas.evidence.finding import Finding, finding
from schemas.kernel.errors import UserError
from schemas.petition.wording.witnesses import WITNESSES
from schemas.record import tables as t
from schemas.sealing.keys import SealBrokenError

PATIENCE = timedelta(hours=1)
"""How long a closed run may be without its seal: they are sealed every minute, and an outage is no forgery."""


def closed_runs(chain: Chain) -> Iterator[tuple[int, int, datetime]]:
    """The closed runs of a case: which, by which event, recorded when."""
    run = 1
    for each in chain.links:
        kind = each.stored.get("kind")
        if kind == "reopened" and isinstance(each.stored.get("run"), int):
            run = each.stored["run"]
        elif kind == "sealed":
            yield run, each.row.seq, each.row.recorded_at


def seals(case: CaseRows, chain: Chain, lost: set[tuple[str, int]], now: datetime) -> Iterator[Finding]:
    """Whether every run that was closed has its seal, and every seal its run and its archive."""
    closed = {run: (seq, at) for run, seq, at in closed_runs(chain)}
    sealed = {seal.run: seal for seal in case.seals}
    archived = {archive.run for archive in case.archives}
    logged = {leaf.run: leaf.history for leaf in case.heads_logged if leaf.run}
    doubtful = bool(chain.doubtful or chain.missing)
    for run, (seq, at) in closed.items():
        if run in sealed or seq in chain.doubtful:
            continue
        # Whoever can delete a seal can also say in the journal that there never was a history; not so in what has been signed.
        excused = run in archived or now - at <= PATIENCE or (case.number, seq) in lost
        if run in logged or not excused:
            yield finding("seal_missing", case.number, run)
    for run in logged.keys() - closed.keys() - sealed.keys():
        yield finding("seal_missing", case.number, run)
    for run, seal in sealed.items():
        if run not in archived:
            yield finding("archive_missing", case.number, run)
        if run not in closed and not doubtful and seal.seq <= chain.last:
            yield finding("seal_unfounded", case.number, run)
    for run in archived - sealed.keys():
        yield finding("archive_unsealed", case.number, run)


async def archives(connection: AsyncConnection, case: CaseRows, opener: Archives | None) -> list[Finding]:
    """Whether the archived histories are those that were sealed. Without ``opener`` only seal and log are held against each other."""
    logged = {leaf.run: leaf.history for leaf in case.heads_logged if leaf.run and leaf.history}
    archived = {archive.run for archive in case.archives}
    found: list[Finding] = []
    for seal in case.seals:
        known = logged.get(seal.run)
        agrees = known is None or known == seal.history.hex()
        if not agrees:
            found.append(_seal(seal, "history", seal.history.hex(), known, "log"))
        if opener is not None and seal.run in archived:
            found += await _archive(connection, seal, opener, known, agrees=agrees)
    return found


async def _archive(
    connection: AsyncConnection, seal: SealRow, opener: Archives, known: str | None, *, agrees: bool
) -> list[Finding]:
    table = t.archives
    query = select(table.c.key_id, table.c.sealed).where(
        table.c.case_number == seal.case_number, table.c.run == seal.run
    )
    row = (await connection.execute(query)).one()
    case, run = seal.case_number, seal.run
    try:
        content = await asyncio.to_thread(opener.opened, row.key_id, row.sealed)
        document = read(content)
    except (SealBrokenError, ValueError):
        return [finding("archive_unreadable", case, run)]
    except UserError as error:
        return [finding("archive_locked", case, run, reason_zh=error.zh, reason=error.en)]
    try:
        hashed = history_hash(content, seal.algorithm)
    except ValueError:
        return [_seal(seal, "algorithm", seal.algorithm, None, "archive")]
    found: list[Finding] = []
    if (document.case, document.run) != (case, run):
        found.append(finding("archive_altered", case, run, found=f"{document.case}/{document.run}"))
    elif hashed != seal.history:
        for algorithm in ("sha256", "sm3"):
            if algorithm != seal.algorithm and history_hash(content, algorithm) == seal.history:
                return [_seal(seal, "algorithm", seal.algorithm, algorithm, "archive")]
        if known == hashed.hex():
            return []
        if agrees:
            found.append(finding("archive_altered", case, run, found=hashed.hex(), expected=seal.history.hex()))
    elif document.events != seal.history_events:
        found.append(_seal(seal, "history_events", str(seal.history_events), str(document.events), "archive"))
    return found


def _seal(seal: SealRow, name: str, found: str, expected: str | None, witness: str) -> Finding:
    zh, en = WITNESSES[witness]
    return finding(
        "seal_altered",
        seal.case_number,
        seal.run,
        field=name,
        found=found,
        expected=expected,
        witness_zh=zh,
        witness=en,
    )
