"""All cases in memory, each as the fold of its events."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from schemas.evidence.chain import Recorded
from schemas.kernel.worktime import Calendar
from schemas.petition.events import Amended, Event, Filed, Reopened
from schemas.petition.measures import CaseFacts, Measures, facts_of, measure
from schemas.petition.rules import evolve
from schemas.petition.state import Petition, Stage

JUDGED_ANEW = timedelta(seconds=30)
"""After so long an open case is measured again although nothing happened: terms end by themselves."""


@dataclass
class Seen:
    """A case as last seen. ``kinds`` counts the events of its present run; ``moved_at`` is when its last event was written down."""

    state: Petition
    title: str
    source: str
    key: str
    moved_at: datetime
    events: list[Event] = field(default_factory=list[Event])
    kinds: Counter[str] = field(default_factory=Counter[str])
    facts: CaseFacts | None = None
    judged_at: datetime | None = None


@dataclass(frozen=True)
class Happening:
    """A new event, who gave the order, and the stage in which the case stands after it."""

    number: str
    seq: int
    event: Event
    actor: str
    recorded_at: datetime
    stage: Stage


class Book:
    """``cases`` by their numbers."""

    def __init__(self) -> None:
        self.cases: dict[str, Seen] = {}
        self._keys: dict[tuple[str, str], str] = {}
        self._measures: Measures | None = None

    def number(self, source: str, key: str) -> str:
        """The case of a source's message; empty if it has not been filed."""
        return self._keys.get((source, key), "")

    def take(self, row: Recorded) -> Happening:
        """Folds the next event of its case."""
        event, seen = row.event, self.cases.get(row.case_number)
        state = evolve(seen.state if seen is not None else None, event)
        if seen is None:
            content = event.content if isinstance(event, Filed) else None
            seen = Seen(
                state=state,
                title=content.title if content else "",
                source=content.source if content else "",
                key=content.source_event_id if content else "",
                moved_at=row.recorded_at,
            )
            self.cases[row.case_number] = seen
            self._keys[seen.source, seen.key] = row.case_number
        seen.state, seen.moved_at, seen.facts = state, row.recorded_at, None
        seen.events.append(event)
        if isinstance(event, Reopened):
            seen.kinds.clear()
        if isinstance(event, Amended):
            seen.title = next((change.new for change in event.changes if change.field == "title"), seen.title)
        seen.kinds[event.kind] += 1
        return Happening(
            number=row.case_number,
            seq=row.seq,
            event=event,
            actor=row.actor.id,
            recorded_at=row.recorded_at,
            stage=state.stage,
        )

    def measures(self, now: datetime, calendar: Calendar) -> Measures:
        """Over all cases as of ``now``; a case at rest is measured anew only now and then."""
        stale = [seen for seen in self.cases.values() if _stale(seen, now)]
        for seen in stale:
            seen.facts, seen.judged_at = facts_of(seen.events, now, calendar), now
        if stale or self._measures is None:
            self._measures = measure([seen.facts for seen in self.cases.values() if seen.facts is not None])
        return self._measures


def _stale(seen: Seen, now: datetime) -> bool:
    old = seen.judged_at is None or now - seen.judged_at > JUDGED_ANEW
    return seen.facts is None or (seen.state.open and old)
