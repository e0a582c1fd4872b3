"""Puts a timeline together from what the record holds."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta

from schemas.evidence.chain import Recorded
from schemas.evidence.journal import Entry, EntryKind
from schemas.evidence.timeline.as_of import written_by
from schemas.evidence.timeline.facts import (
    Attribution,
    Deed,
    Handled,
    Interval,
    Matter,
    NoticeKept,
    Person,
    Share,
    Timeline,
)
from schemas.evidence.timeline.stations import stations
from schemas.petition import events as e
from schemas.petition.rules import evolve
from schemas.petition.rules.deeds import right_of
from schemas.petition.state import Petition, Span
from schemas.petition.wording.due_reasons import due_reasons
from schemas.petition.wording.narration import narrate
from schemas.petition.wording.rights import authority_said
from schemas.sealing.personal import end_hidden


def timeline(
    events: Sequence[Recorded],
    moment: datetime,
    *,
    notices: Iterable[NoticeKept] = (),
    journal: Iterable[Entry] = (),
) -> Timeline | None:
    """The case of these events (oldest first) as of ``moment`` (aware), with its notices and what the journal says of it.

    None where nothing had been written down by then.
    """
    seen = written_by(events, moment)
    state: Petition | None = None
    deeds: list[Deed] = []
    kinds: dict[str, set[str]] = {}
    for recorded in events:
        kinds.setdefault(recorded.command_id, set()).add(recorded.event.kind)
    for recorded in events:
        deeds.append(_deed(state, recorded, kinds[recorded.command_id]))
        state = evolve(state, recorded.event)
    state = None
    for recorded in seen:
        state = evolve(state, recorded.event)
    reasons = due_reasons([each.event for each in seen], moment)
    if state is None or reasons is None:
        return None
    return Timeline(
        number=state.number,
        moment=moment,
        state=state,
        matter=matter_of(each.event for each in seen),
        stations=stations(seen),
        deeds=tuple(deeds[: len(seen)]),
        unwritten=tuple(deed for deed in deeds[len(seen) :] if deed.at <= moment),
        clocks=reasons,
        attribution=attribution(state, [each.event for each in seen], moment),
        notices=tuple(_known(notice, moment) for notice in notices if notice.created_at <= moment),
        journal=tuple(_handled(entry) for entry in journal if entry.at <= moment),
    )


def _deed(before: Petition | None, recorded: Recorded, beside: Collection[str]) -> Deed:
    right = right_of(before, recorded.event, recorded.actor, beside)
    zh, en = narrate(recorded.event)
    right_zh, right_en = authority_said(right)
    return Deed(
        seq=recorded.seq,
        kind=recorded.event.kind,
        at=recorded.event.at,
        recorded_at=recorded.recorded_at,
        actor=recorded.actor,
        command_id=recorded.command_id,
        basis=right.basis,
        command=right.command,
        right_zh=right_zh,
        right_en=right_en,
        zh=zh,
        en=en,
    )


def matter_of(events: Iterable[e.Event]) -> Matter:
    """What the petition says after these events. ``ValueError`` if the first is not its filing."""
    matter: Matter | None = None
    events = list(events)
    for event in events:
        if isinstance(event, e.Filed):
            content = event.content
            matter = Matter(
                title=content.title,
                text=content.text,
                submitted_at=content.submitted_at,
                source=content.source,
                source_event_id=content.source_event_id,
                petitioners=_masked(petitioners_of(events)),
            )
        elif isinstance(event, e.Amended) and matter is not None:
            matter = matter.model_copy(update=e.corrected_texts(event))
    if matter is None:
        raise ValueError("the first event of a case is its filing")
    return matter


def petitioners_of(events: Iterable[e.Event]) -> tuple[e.Petitioner, ...]:
    """Who petitions after these events, personal data sealed."""
    petitioners: tuple[e.Petitioner, ...] = ()
    for event in events:
        if isinstance(event, e.Filed):
            petitioners = event.content.petitioners
        elif isinstance(event, e.Amended) and event.petitioners is not None:
            petitioners = event.petitioners
    return petitioners


def _masked(petitioners: Iterable[e.Petitioner]) -> tuple[Person, ...]:
    return tuple(
        Person(alias=each.alias, representative=each.representative)
        if each.sealed is None
        else Person(
            alias=each.alias,
            representative=each.representative,
            name=each.sealed.masked_name,
            phone=end_hidden(each.sealed.masked_phone),
            id_number=end_hidden(each.sealed.masked_id),
            address=each.sealed.masked_address,
        )
        for each in petitioners
    )


def attribution(state: Petition, events: Sequence[e.Event], moment: datetime) -> Attribution:
    """Whose time the case's life was, up to ``moment`` or to its seal."""
    stretches = tuple(_stretch(span, moment) for span in state.spans)
    shares: dict[str, list[timedelta]] = {}
    for each in stretches:
        lived = each.until - each.since
        share = shares.setdefault(each.unit, [timedelta(0), timedelta(0)])
        share[0] += lived
        share[1] += lived if each.paused else timedelta(0)
    attributed = sum((share[0] for share in shares.values()), timedelta(0))
    lives = _lives(events, moment)
    whole = sum((end - begin for begin, end in lives), timedelta(0))
    return Attribution(
        whole=whole.total_seconds(),
        attributed=attributed.total_seconds(),
        sums=_joined(stretches) == lives and attributed == whole,
        shares=tuple(
            Share(unit=unit, seconds=lived.total_seconds(), paused=paused.total_seconds())
            for unit, (lived, paused) in shares.items()
        ),
        stretches=stretches,
    )


def _stretch(span: Span, moment: datetime) -> Interval:
    until = span.until if span.until is not None else max(moment, span.since)
    return Interval(
        unit=span.unit,
        stage=span.stage,
        paused=span.paused,
        since=span.since,
        until=until,
        open=span.until is None,
    )


def _lives(events: Sequence[e.Event], moment: datetime) -> list[tuple[datetime, datetime]]:
    """From each filing or reopening to its seal, read from the events alone and not from the spans they made."""
    lives: list[tuple[datetime, datetime]] = []
    begun: datetime | None = None
    latest = events[0].at
    for event in events:
        latest = max(latest, event.at)
        if isinstance(event, e.Filed | e.Reopened):
            begun = latest
        elif isinstance(event, e.Sealed) and begun is not None:
            lives.append((begun, latest))
            begun = None
    if begun is not None:
        lives.append((begun, max(moment, latest)))
    return lives


def _joined(stretches: Iterable[Interval]) -> list[tuple[datetime, datetime]]:
    """The stretches that follow each other without a gap, as one."""
    joined: list[tuple[datetime, datetime]] = []
    for each in stretches:
        if joined and joined[-1][1] == each.since:
            joined[-1] = joined[-1][0], each.until
        else:
            joined.append((each.since, each.until))
    return joined


def _known(notice: NoticeKept, moment: datetime) -> NoticeKept:
    """What was known of a notice then: a delivery of later had not happened."""

    def by_then(at: datetime | None) -> datetime | None:
        return at if at is not None and at <= moment else None

    carried = tuple(
        each.model_copy(update={"delivered_at": by_then(each.delivered_at), "gave_up_at": by_then(each.gave_up_at)})
        for each in notice.carried
    )
    received = tuple(
        each.model_copy(update={"read_at": by_then(each.read_at)})
        for each in notice.received
        if each.delivered_at <= moment
    )
    return notice.model_copy(
        update={
            "delivered_at": by_then(notice.delivered_at),
            "gave_up_at": by_then(notice.gave_up_at),
            "carried": carried,
            "received": received,
        }
    )


def _handled(entry: Entry) -> Handled:
    reading = entry.kind is EntryKind.REVEALED or (entry.kind is EntryKind.EXPORTED and entry.body.get("full") is True)
    return Handled(
        number=entry.number,
        at=entry.at,
        kind=entry.kind,
        actor=entry.actor,
        reason=entry.reason,
        reading=reading,
        body=entry.body,
    )
