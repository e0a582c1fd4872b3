"""Keeps what each release decided in its golden histories: a history tells what was carried out, not which events were offered to the record.

``make golden`` runs it after the histories are recorded. What has been kept is never written again, except of this release with ``--again``.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

from temporalio.client import WorkflowHistory

from schemas.evidence.chain import Recorded, payload
from schemas.evidence.upcast import event_of
from schemas.kernel.actor import SYSTEM
from schemas.petition.events import EVENT_VERSION
from workers.replay import Replaying, replaying
from workers.replay.replaying import taken_over

HISTORIES = Path(__file__).with_name("histories")
DECISIONS = Path(__file__).with_name("decisions")


class Golden(NamedTuple):
    """A history of a release, and where its decisions are kept."""

    release: str
    name: str

    @property
    def history(self) -> WorkflowHistory:
        kept = json.loads((HISTORIES / self.release / f"{self.name}.json").read_text("utf-8"))
        return WorkflowHistory.from_json(kept["workflow_id"], kept["history"])

    @property
    def decided(self) -> list[Recorded]:
        """The events of this run, as its record had them."""
        kept = json.loads(self.kept_in.read_text("utf-8"))
        return [
            Recorded(
                case_number=kept["case"],
                seq=seq,
                recorded_at=datetime.fromtimestamp(0, UTC),
                actor=SYSTEM,
                command_id="",
                event=event_of(stored, kept["version"]),
            )
            for seq, stored in enumerate(kept["events"], start=kept["first"])
        ]

    @property
    def kept_in(self) -> Path:
        return DECISIONS / self.release / f"{self.name}.json"


def golden() -> Iterator[Golden]:
    """Every history of every release, in order."""
    for file in sorted(HISTORIES.glob("*/*.json")):
        yield Golden(file.parent.name, file.stem)


async def _keep(replay: Replaying, one: Golden) -> None:
    run = await replay.one(one.history)
    if run.failure is not None:
        raise run.failure
    offers = [offer for offer in run.offers if offer.answer is not None]
    body = {
        "case": offers[0].order.number,
        "version": EVENT_VERSION,
        "first": offers[0].order.expected_seq + 1,
        "events": [payload(event) for offer in offers for event in taken_over(offer)],
    }
    one.kept_in.parent.mkdir(parents=True, exist_ok=True)
    one.kept_in.write_text(json.dumps(body, ensure_ascii=False, separators=(",", ":")) + "\n", "utf-8")


async def main() -> None:
    """Whatever is not kept yet."""
    async with replaying(None) as replay:
        for one in golden():
            anew = "--again" in sys.argv and one.release == version("sanzhang")
            if anew or not one.kept_in.exists():
                await _keep(replay, one)


if __name__ == "__main__":
    asyncio.run(main())
