"""``sanzhang simulate``: the replied messages of a workbook under another policy, read and driven through :mod:`schemas.petition.simulation`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from gateway.workbook.message import DuplicateRow, Message, RefusedRow
from gateway.workbook.reading import read_workbook
from schemas.kernel.calendar import seed_calendar
from schemas.kernel.worktime import Calendar
from schemas.petition.measures import CaseFacts, facts_of, measure
from schemas.petition.simulation import (
    Recorded,
    RefusedMessage,
    SimulatedCase,
    SimulationOptions,
    SimulationRefusedError,
    SimulationResult,
    judge,
    play,
)
from schemas.petition.state import Complexity, Ledger
from schemas.policy import Policy
from schemas.proposals.ledger import propose_complexity, propose_ledger

Progress = Callable[[int, int], None]
"""Called with rows done and rows in all."""


def simulate(
    workbook_path: Path,
    policy: Policy,
    options: SimulationOptions | None = None,
    progress: Progress | None = None,
    *,
    calendar: Calendar | None = None,
    mapping: Mapping[str, str] | None = None,
    now: datetime | None = None,
) -> SimulationResult:
    """Drives every replied message of the workbook through the lifecycle.

    ``calendar`` defaults to the one that ships, ``now`` (against which future times are refused) to this moment, ``mapping`` names headings that are
    not recognised. Rows without a reply, with unreadable times or with a reply before the message are refused one by one; ``UserError`` when the file
    as a whole can't be read (see ``gateway.workbook.reading``).
    """
    options = options or SimulationOptions()
    calendar = calendar or seed_calendar()
    rows = read_workbook(workbook_path, mapping, now=now or datetime.now(UTC), require_reply=True).rows
    cases: list[SimulatedCase] = []
    refused: list[RefusedMessage] = []
    facts: list[CaseFacts] = []
    for done, row in enumerate(rows, start=1):
        outcome = _simulated(row, policy, calendar, options)
        if isinstance(outcome, RefusedMessage):
            refused.append(outcome)
        else:
            case, its_facts = outcome
            cases.append(case)
            facts.append(its_facts)
        if progress is not None:
            progress(done, len(rows))
    return SimulationResult(cases=tuple(cases), refused=tuple(refused), measures=measure(facts))


def _simulated(
    row: Message | RefusedRow | DuplicateRow, policy: Policy, calendar: Calendar, options: SimulationOptions
) -> tuple[SimulatedCase, CaseFacts] | RefusedMessage:
    if isinstance(row, RefusedRow):
        return _refused(row.row, row.message_id, row.code, row.zh, row.en)
    if isinstance(row, DuplicateRow):
        zh, en = f"与第 {row.first_row} 行相同，只计一次。", f"It repeats row {row.first_row}; counted once."
        return _refused(row.row, row.message_id, "duplicate_row", zh, en)
    recorded = _recorded(row, options)
    try:
        played = play(recorded, policy, calendar, options)
    except SimulationRefusedError as wrong:
        zh, en = wrong.refusal.zh, wrong.refusal.en
        return _refused(row.row, row.message_id, wrong.refusal.code, zh, en)
    facts = facts_of(played.events, played.events[-1].at, calendar)
    if facts is None:  # pragma: no cover - the first event is the filing, at or before the last
        raise ValueError(f"message {row.message_id} left no case")
    return judge(row.message_id, played.state, calendar), facts


def _recorded(message: Message, options: SimulationOptions) -> Recorded:
    if message.replied_at is None:  # pragma: no cover - read_workbook refuses such rows when a reply is required
        raise ValueError(f"message {message.message_id} has no reply")
    subject, text = message.subject, message.text
    return Recorded(
        message_id=message.message_id,
        title=subject,
        text=text,
        received_at=message.submitted_at,
        replied_at=message.replied_at,
        reply=message.reply,
        ledger=options.ledger or Ledger(propose_ledger(subject, text).value or Ledger.CLAIM),
        complexity=options.complexity or Complexity(propose_complexity(subject, text).value or Complexity.SIMPLE),
    )


def _refused(row: int, message_id: str, code: str, zh: str, en: str) -> RefusedMessage:
    return RefusedMessage(row=row, message_id=message_id, reason=f"{code}: {zh} / {en}")
