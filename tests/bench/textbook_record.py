"""The peer's activity: the same rows as ours in the same transaction, by the same code (`CaseRecord.commit`)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from temporalio import activity

from activities.record.case_record import CaseRecord
from schemas.kernel.actor import Actor, Role
from schemas.kernel.calendar import seed_calendar
from schemas.kernel.refusal import Refusal
from schemas.kernel.worktime import local_day
from schemas.petition import commands as c
from schemas.petition import events as e
from schemas.petition.commit import CommitOrder
from schemas.petition.rules import decide
from schemas.petition.state import Complexity, Ground, Outcome
from tests.bench.path import OFFICE, POLICY, UNIT, message


@dataclass
class Step:
    """What a person did."""

    name: str
    person: str
    role: str
    unit: str
    complexity: str
    text: str = ""


@dataclass
class Entry:
    """A step to record on top of event ``seq``."""

    number: str
    seq: int
    step: Step


class RecordActivities:
    """Bound to one record."""

    def __init__(self, record: CaseRecord) -> None:
        self._record = record
        today = local_day(datetime.now(UTC))
        self._calendar = seed_calendar().slice(today, today + timedelta(days=370))

    @activity.defn
    async def record(self, entry: Entry) -> int:
        """The number of events after the step."""
        step = entry.step
        events = self._events(entry)
        actor = Actor(id=step.person, role=Role(step.role), unit=step.unit)
        order = CommitOrder(
            number=entry.number, command_id=step.name, expected_seq=entry.seq, actor=actor, events=events
        )
        await self._record.commit(order)
        return entry.seq + len(events)

    def _events(self, entry: Entry) -> tuple[e.Event, ...]:
        at, step = datetime.now(UTC), entry.step
        match step.name:
            case "file":
                return self._filed(entry, at)
            case "approve":
                return (e.Approved(at=at, unit=step.unit),)
            case "assign":
                return (e.Assigned(at=at, lead=OFFICE),)
            case "accept":
                return (e.Accepted(at=at, unit=OFFICE),)
            case "reply":
                due = at + timedelta(days=7)
                outcome = Outcome.SUPPORTED
                return (e.Replied(at=at, unit=OFFICE, round=1, outcome=outcome, text=step.text, due=due, on_time=True),)
            case "record_revisit":
                satisfied = e.RevisitRecorded(
                    at=at, reached=True, solved=True, satisfied_with_office=True, satisfied_with_unit=True
                )
                return (satisfied,)
            case "sign_off":
                return (e.SignedOff(at=at, ground=Ground.SATISFIED, by=(step.person,)),)
            case "disclose":
                return (e.DisclosureProposed(at=at, by=step.person, published=False, exemption="privacy"),)
            case _:
                return (
                    e.Disclosed(at=at, published=False, exemption="privacy", countersigned_by="chief"),
                    e.Accounted(at=at, no_fault=True, by_policy=True),
                    e.Sealed(at=at, ground=Ground.SATISFIED),
                )

    def _filed(self, entry: Entry, at: datetime) -> tuple[e.Event, ...]:
        step = entry.step
        complexity = Complexity(step.complexity)
        command = c.File(
            number=entry.number,
            content=message(complexity).model_copy(update={"text": step.text, "unit": UNIT}),
            policy=POLICY.figures("claim", complexity),
            calendar=self._calendar,
        )
        actor = Actor(id=step.person, role=Role(step.role), unit=step.unit)
        decided = decide(None, c.Order(actor=actor, command=command), at)
        if isinstance(decided, Refusal):
            raise ValueError(decided.en)
        return tuple(decided)
