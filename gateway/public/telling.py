"""A case in plain words for the people who brought it; nothing of how offices talk among themselves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from schemas.evidence.chain import Recorded
from schemas.evidence.timeline.facts import Station
from schemas.evidence.timeline.stations import stations
from schemas.kernel.refusal import Refusal
from schemas.petition import events as e
from schemas.petition.commands import ContradictRevisit, Order
from schemas.petition.rules import decide, fold
from schemas.petition.rules.awaited import possible
from schemas.petition.state import ClockName, Ground, Petition, Stage, petitioner_of

NOW: dict[Stage, tuple[str, str]] = {
    Stage.APPROVE: ("已收到，正在由负责人审批。", "Received; the chief is deciding on it."),
    Stage.ASSIGN: ("已受理，正在交给办理单位。", "Accepted; it is being given to an office."),
    Stage.SUPERVISE: ("办理单位正在办理。", "The office is working on it."),
    Stage.REVISIT: (
        "已答复。请您评价是否满意；回访员也会联系您。",
        "Answered. Please say whether you are satisfied; a visitor will call you too.",
    ),
    Stage.SIGN_OFF: ("回访已完成，正在由负责人把关。", "The revisit is done; the chief is signing off."),
    Stage.ARCHIVE: ("已办结，正在归档。", "Settled; it is being archived."),
    Stage.ARCHIVED: (
        "已办结归档。如有新情况，可凭编号再次提出。",
        "Settled and archived. With new facts it can be taken up again.",
    ),
}
ENDED: dict[Ground, tuple[str, str]] = {
    Ground.DECLINED: (
        "依法不予受理，书面告知书已送达。",
        "Not accepted, on a legal ground; the written notice says why.",
    ),
    Ground.TRANSFERRED: ("已转送有权处理的机关。", "Handed on to the authority in charge."),
    Ground.WITHDRAWN: ("已按您的意愿撤回。", "Withdrawn, as you asked."),
    Ground.TERMINATED: ("已依法终结。", "Terminated by law."),
}


NOT_SATISFIED = (
    "您评价为不满意。此件不会按满意结案，将退回重办，或依法作出处理。",
    "You are not satisfied. The case is not closed as if you were: it is worked on again, or decided on a legal ground.",
)


@dataclass(frozen=True)
class Rated:
    """What they answered themselves, the latest last."""

    at: datetime
    solved: bool
    satisfied_with_unit: bool
    satisfied_with_office: bool
    remark: str
    taken_down: bool


@dataclass(frozen=True)
class Visited:
    """A revisit as it was recorded, the how-manieth, by an office; ``contradicted``: when they said that it was otherwise, and in what ``words``."""

    place: int
    at: datetime
    office: str
    reached: bool
    solved: bool
    satisfied_with_unit: bool
    satisfied_with_office: bool
    comment: str
    contradicted: datetime | None = None
    words: str = ""


@dataclass(frozen=True)
class Reissued:
    """Their code was issued anew, by an office."""

    at: datetime
    office: str


@dataclass(frozen=True)
class Reply:
    """An answer as it was given to the petitioner."""

    at: datetime
    outcome: str
    text: str
    measures: str


@dataclass(frozen=True)
class PublicCase:
    """What a petitioner is told. ``promised``: by when it is to be answered, while that is still owed. ``asks``: they may rate it now.

    ``rated``: what they have answered to the reply that stands. ``issue``: of their code (0: the filing's own). ``open_to_contradiction``: the
    revisits they may contradict now.
    """

    number: str
    title: str
    received_at: datetime
    zh: str
    en: str
    stations: tuple[Station, ...]
    promised: datetime | None
    unit: str
    replies: tuple[Reply, ...]
    extended: tuple[str, ...]
    asks: bool
    rated: tuple[Rated, ...]
    visits: tuple[Visited, ...]
    open_to_contradiction: tuple[int, ...]
    reissued: tuple[Reissued, ...]
    issue: int


def told_of(history: Sequence[Recorded], now: datetime) -> PublicCase | None:
    """The case of these events, at ``now`` (aware); None for no events."""
    events = [each.event for each in history]
    state = fold(events)
    if state is None:
        return None
    zh, en = _how_it_stands(state)
    finish = state.clock(ClockName.FINISH)
    return PublicCase(
        number=state.number,
        title=_title(events),
        received_at=state.received_at,
        zh=zh,
        en=en,
        stations=stations(history),
        promised=finish.due if finish is not None and finish.running else None,
        unit=state.lead or state.unit,
        replies=tuple(
            Reply(at=each.at, outcome=each.outcome.value, text=each.text, measures=each.measures)
            for each in events
            if isinstance(each, e.Replied)
        ),
        extended=tuple(each.told for each in events if isinstance(each, e.ExtensionGranted)),
        asks=possible(state, "rate", petitioner_of(state.number), now) is None,
        rated=tuple(_rated(events)) if state.own_rating is not None else (),
        visits=(visits := _visits(history)),
        open_to_contradiction=tuple(
            each.place for each in visits if each.contradicted is None and _may_contradict(state, each.place, now)
        ),
        reissued=tuple(
            Reissued(at=each.event.at, office=each.actor.unit)
            for each in history
            if isinstance(each.event, e.CodeReissued)
        ),
        issue=state.code.issue if state.code is not None else 0,
    )


def _may_contradict(state: Petition, place: int, now: datetime) -> bool:
    order = Order(actor=petitioner_of(state.number), command=ContradictRevisit(revisit=place))
    return not isinstance(decide(state, order, now), Refusal)


def _visits(history: Sequence[Recorded]) -> tuple[Visited, ...]:
    visits: list[Visited] = []
    for each in history:
        event = each.event
        if isinstance(event, e.RevisitRecorded):
            facts = {name: getattr(event, name) for name in ("reached", "solved", "comment", *_SATISFIED)}
            visits.append(Visited(place=len(visits) + 1, at=event.at, office=each.actor.unit, **facts))
        elif isinstance(event, e.RevisitContradicted):
            at = event.revisit - 1
            visits[at] = replace(visits[at], contradicted=event.at, words=event.words)
    return tuple(visits)


_SATISFIED = ("satisfied_with_unit", "satisfied_with_office")


def _how_it_stands(state: Petition) -> tuple[str, str]:
    own, ended = state.own_rating, ENDED.get(state.ground or Ground.SATISFIED)
    if _going_on(state) or ended is None:
        unsatisfied = own is not None and not own.satisfied and state.stage in (Stage.REVISIT, Stage.SIGN_OFF)
        return NOT_SATISFIED if unsatisfied else NOW[state.stage]
    return ended


def _rated(events: Sequence[e.Event]) -> list[Rated]:
    said: list[Rated] = []
    for each in events:
        if isinstance(each, e.Replied):
            said = []
        elif isinstance(each, e.Rated):
            facts = {name: getattr(each, name) for name in Rated.__dataclass_fields__}
            said.append(Rated(**facts))
    return said


def _going_on(state: Petition) -> bool:
    return state.stage not in (Stage.SIGN_OFF, Stage.ARCHIVE, Stage.ARCHIVED)


def _title(events: Sequence[e.Event]) -> str:
    title = ""
    for event in events:
        if isinstance(event, e.Filed):
            title = event.content.title
        elif isinstance(event, e.Amended):
            title = str(dict(e.corrected_texts(event)).get("title", title))
    return title
