"""The part of a dossier that proves the rest: the events as they are linked, the sealed history, and that both stand in the log."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import RowMapping, select

from activities.evidence.histories import as_kept, runs_of_case
from schemas.access.redaction import Redactor
from schemas.evidence.archive import ArchiveDocument, written
from schemas.evidence.chain import content
from schemas.evidence.links import encoded
from schemas.evidence.proof import ProofBundle
from schemas.kernel.errors import UserError
from schemas.record import tables as t
from workers.composition import System

UNPROVEN = ("no_checkpoint_yet", "case_not_in_log")
"""Why a case may have no proof without anything being wrong: the log is signed once a day."""


@dataclass(frozen=True)
class Evidence:
    """``events``: the rows as they were linked. ``history``: the document of the newest sealed run, byte for byte; of an unsealed case that
    of the run under way; empty where the engine has none. ``unproven``: why there is no proof, in both languages. ``withheld``: some events are
    there by their links only, and the history is not.
    """

    events: tuple[dict[str, Any], ...]
    history: bytes
    sealed_history: bool
    seals: tuple[dict[str, Any], ...]
    proof: ProofBundle | None
    unproven: tuple[str, str]
    keys: tuple[str, ...]
    withheld: bool = False

    def masked(self, redactor: Redactor) -> Evidence:
        """Without what is not for everybody: such events leave by their links only, and the engine's history, which repeats them, by the hash
        in its seal.
        """
        events = tuple(_by_link(each) if redactor.withheld(each["body"]["event"]) else each for each in self.events)
        if events == self.events:
            return self
        return replace(self, events=events, history=b"", withheld=True)

    @property
    def events_file(self) -> bytes:
        """``events.jsonl``: on each line the event as it is hashed, the algorithm, and the link after it."""
        return b"".join(encoded(each) + b"\n" for each in self.events)

    @property
    def seal_file(self) -> bytes:
        """``seal.json``."""
        return (json.dumps(list(self.seals), ensure_ascii=False, indent=2, sort_keys=True) + "\n").encode()


async def evidence_of(system: System, number: str) -> Evidence:
    """What the record, the archive and the log hold of a case.

    ``UserError`` ``archive_missing`` where a sealed run has no archive, ``key_missing``; errors of the log's store where it does not bear the
    proof out: nobody should be handed a dossier that hides that.
    """
    events, seals = t.events, t.seals
    async with system.database.connect() as connection:
        rows = (
            (await connection.execute(select(events).where(events.c.case_number == number).order_by(events.c.seq)))
            .mappings()
            .all()
        )
        sealed = (
            (await connection.execute(select(seals).where(seals.c.case_number == number).order_by(seals.c.run)))
            .mappings()
            .all()
        )
    history = await _history(system, number, rows, sealed)
    try:
        proof, unproven = await system.log.proof(number), ("", "")
    except UserError as error:
        if error.code not in UNPROVEN:
            raise
        proof, unproven = None, (error.zh, error.en)
    keys = tuple(key.vkey for key in await system.log.keys()) if proof is not None else ()
    return Evidence(
        events=tuple(map(_linked, rows)),
        history=history,
        sealed_history=bool(sealed),
        seals=tuple(map(_seal, sealed)),
        proof=proof,
        unproven=unproven,
        keys=keys,
    )


async def _history(system: System, number: str, rows: Sequence[RowMapping], sealed: Sequence[RowMapping]) -> bytes:
    if sealed:
        return await system.archives.content(number, sealed[-1]["run"])
    closed = max((row["seq"] for row in rows if row["kind"] == "sealed"), default=0)
    run = next((row["payload"]["run"] for row in reversed(rows) if row["kind"] == "reopened"), 1)
    kept = [
        as_kept(each)
        for each in await runs_of_case(system.client, system.keyring, number)
        if each.start_seq >= closed or run == 1
    ]
    return written(ArchiveDocument(case=number, run=run, histories=tuple(kept))) if kept else b""


def _linked(row: RowMapping) -> dict[str, Any]:
    actor = (row["actor_id"], row["actor_role"], row["actor_unit"])
    body = content(
        row["case_number"],
        row["seq"],
        row["version"],
        row["recorded_at"],
        actor,
        row["command_id"],
        row["payload"],
        row["credential"],
    )
    return {"body": json.loads(body), "algorithm": row["algorithm"], "link": row["link"].hex()}


def _by_link(line: dict[str, Any]) -> dict[str, Any]:
    body = line["body"]
    said = {
        "case": body["case"],
        "seq": body["seq"],
        "kind": body["event"]["kind"],
        "recorded_at": body["recorded_at"],
    }
    return {"withheld": said, "algorithm": line["algorithm"], "link": line["link"]}


def _seal(row: RowMapping) -> dict[str, Any]:
    return {
        "case": row["case_number"],
        "run": row["run"],
        "seq": row["seq"],
        "link": row["link"].hex(),
        "history": row["history"].hex(),
        "algorithm": row["algorithm"],
        "sealed_at": row["sealed_at"].isoformat(),
    }
