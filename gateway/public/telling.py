"""A case in plain words for the people who brought it; nothing of how offices talk among themselves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from schemas import events as e
from schemas.evidence.chain import Recorded
from schemas.evidence.timeline.facts import Station
from schemas.evidence.timeline.stations import stations
from schemas.lifecycle import fold
from schemas.petition import ClockName, Ground, Petition, Stage

NOW: dict[Stage, tuple[str, str]] = {
    Stage.APPROVE: ("已收到，正在由负责人审批。", "Received; the chief is deciding on it."),
    Stage.ASSIGN: ("已受理，正在交给办理单位。", "Accepted; it is being given to an office."),
    Stage.SUPERVISE: ("办理单位正在办理。", "The office is working on it."),
    Stage.REVISIT: (
        "已答复，回访员会联系您，请告诉他们是否满意。",
        "Answered; a visitor will call you and ask whether you are satisfied.",
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


@dataclass(frozen=True)
class Reply:
    """An answer as it was given to the petitioner."""

    at: datetime
    outcome: str
    text: str
    measures: str


@dataclass(frozen=True)
class Told:
    """What a petitioner is told. ``promised``: by when it is to be answered, while that is still owed."""

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


def told_of(history: Sequence[Recorded]) -> Told | None:
    """The case of these events; None for no events."""
    events = [each.event for each in history]
    state = fold(events)
    if state is None:
        return None
    zh, en = ENDED.get(state.ground or Ground.SATISFIED, NOW[state.stage]) if not _going_on(state) else NOW[state.stage]
    finish = state.clock(ClockName.FINISH)
    return Told(
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
        asks=state.stage is Stage.REVISIT and state.rating is None,
    )


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
